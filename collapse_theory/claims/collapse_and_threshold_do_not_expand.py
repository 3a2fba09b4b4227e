"""The modulus, the soft threshold and the tanh never expand a distance; the unit amplitude and the sigmoid do, at zero.

    |ρ(z) − ρ(w)|  ≤  |z − w|     for all complex z, w and ρ = |·|, soft threshold at any level, tanh

and 1 is their Lipschitz constant. That of z/|z| is infinite: |ρ(ε) − ρ(−ε)| = 2 for every ε; so is the sigmoid's, for
which it tends to 1 as ε → 0. They are continuous everywhere else.

Proof. For the modulus, the triangle inequality. The others are r(|z|) e^{iα}, r(0) = 0, r non-decreasing of slope at
most 1. With c the cosine of the angle between z and w, |ρ(z) − ρ(w)|² = (r(|z|) − r(|w|))² + 2 r(|z|) r(|w|) (1 − c) is
at most (|z| − |w|)² + 2 |z| |w| (1 − c), which is |z − w|². Equality for the modulus where c = 1; for the soft
threshold where moreover both amplitudes are above it; for tanh in the limit, at 0.

Broken: the unit amplitude and the sigmoid, on either side of zero.
Source: elementary; soft thresholding as a proximal map, Combettes & Wajs (2005).
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import named

SHARPNESS = 1.0
BROKEN = (
    {"nonlinearity": "unit amplitude", "parameters": {}},
    {"nonlinearity": "sigmoid", "parameters": {}},
)
BROKEN_BY = "unit amplitude; sigmoid"


def instance(rng):
    z = (rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))) * 10 ** rng.uniform(-2, 1, size=(8, 8))
    near = z + np.exp(1j * rng.uniform(0, 7, z.shape)) * 10 ** rng.uniform(-3, 0, z.shape)
    name = str(rng.choice(["phase collapse", "soft threshold", "tanh"]))
    parameters = {"threshold": rng.exponential()} if name == "soft threshold" else {}
    return np.stack([z, near]), {"nonlinearity": name, "parameters": parameters}


def hardest():
    pairs = np.array([[1e-3, 2.0, 3j], [-1e-3, 1.0, 2j]])
    return pairs, {"nonlinearity": "soft threshold", "parameters": {"threshold": 0.5}}


def deviation(z, *, nonlinearity, parameters):
    reduced = named(nonlinearity, **parameters)(z)
    return array_namespace(z).abs(reduced[0, ...] - reduced[1, ...])


def bound(z, **_):
    return array_namespace(z).abs(z[0, ...] - z[1, ...])
