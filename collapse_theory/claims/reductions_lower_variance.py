"""A non-expansive reduction never raises the within-class variance, at any depth: it concentrates.

    V_d ≤ V_{d−1},    V = Σ_y p_y E|X_y − μ_y|²

for every finite labelled sample, with X_d = P_d (X_{d−1} ∗ φ, ρ(X_{d−1} ∗ ψ_k)), the bank tight for complex maps, P
semi-unitary, and |ρ(z) − ρ(w)| ≤ |z − w|: soft thresholds, tanh. A phase collapse lowers the variance as well, and
turns it into means; what a reduction does with the energy is the next claim.

Proof. V = ½ Σ_y p_y E|X_y − X'_y|², X'_y an independent copy, and no map of a layer raises a distance. Equality as the
threshold tends to zero: what it takes off two coefficients is at most its double, whatever they are.

Broken: unit amplitude expands what is near zero, and the variance of faint images with it.
Source: elementary; the concentration by soft thresholds in tight frames is in Zarka, Guth & Mallat (2021).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import nonlinearity
from ..scattering import Mixing, cascade
from ..separation import within_class_variance
from ..wavelets import morlet_bank

SHARPNESS = 1.0
BROKEN = {"reduction": "unit amplitude", "threshold": None}


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([5, 8, 9], 2))
    labels = np.concatenate([np.arange(2), rng.integers(0, 2, int(rng.integers(1, 4)))])
    x = rng.normal(size=(len(labels), 1, *shape)) * rng.exponential(size=(len(labels), 1, 1, 1))
    mixing = Mixing(outputs=int(rng.integers(3, 7)), seed=int(rng.integers(1000)), kind="complex")
    parameters = {"labels": labels, "depth": int(rng.integers(1, 3)), "mixing": mixing if rng.integers(2) else None}
    threshold = float(rng.random()) if rng.integers(2) else None
    return x, parameters | {"reduction": "tanh" if threshold is None else "soft threshold", "threshold": threshold}


def hardest():
    x = 1e-2 * np.random.default_rng(0).normal(size=(4, 1, 8, 8))
    parameters = {"labels": np.arange(4) % 2, "depth": 1, "mixing": None}
    return x, parameters | {"reduction": "soft threshold", "threshold": 1e-7}


def deviation(x, **parameters):
    return variances(x, **parameters)[1:]


def bound(x, **parameters):
    return variances(x, **parameters)[:-1]


def variances(x, *, labels, depth, mixing, reduction, threshold):
    """Within-class variance at depth 0 .. depth, (1 + depth,)."""
    parameters = {} if threshold is None else {"threshold": threshold}
    bank, y = morlet_bank(x.shape[-2:], 1, 4, "full").tight("complex"), place(labels, like=x)
    layers = cascade(x, bank, nonlinearity(reduction, **parameters), depth=depth, mixing=mixing)
    return array_namespace(x).stack([within_class_variance(layer, y, classes=2) for layer in layers])
