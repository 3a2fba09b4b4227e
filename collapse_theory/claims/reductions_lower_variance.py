"""A reduction lowers the within-class variance by at least that of what it takes away: it concentrates.

    V_{d+1} + V(R(Z))  ≤  V_d,    R(z) = min(|z|, λ) e^{iα} for a soft threshold at λ,  (|z| − tanh |z|) e^{iα} for tanh

with Z = X_d ∗ ψ_k, z = |z| e^{iα}, V = Σ_y p_y E|X_y − μ_y|², for every finite labelled sample and X_{d+1} =
P (X_d ∗ φ, ρ(X_d ∗ ψ_k)), the bank tight for complex maps, P semi-unitary. So V never rises, at any depth. A phase
collapse lowers the variance as well, and turns it into means; a reduction does not, where the claims on its means hold.

Proof. V = ½ Σ_y p_y E|X_y − X'_y|², X'_y an independent copy. Let ρ(z) = r(|z|) e^{iα} and R(z) = q(|z|) e^{iα}, r and
q ≥ 0 and non-decreasing, r(s) + q(s) = s. With c the cosine of the angle between z and w, s = |z| and t = |w|, the real
scalar product of ρ(z) − ρ(w) and R(z) − R(w) is (r(s) − r(t)) (q(s) − q(t)) + (1 − c) (r(s) q(t) + r(t) q(s)) ≥ 0, thus
|ρ(z) − ρ(w)|² + |R(z) − R(w)|² ≤ |z − w|²: ρ is firmly non-expansive. The transform keeps distances, and P does not
raise them. Equality where the product vanishes: the images of one class are positive multiples of a wave, and λ lies
between the amplitudes of its channels; those of another class are faint, and all of their coefficients are below λ.

Broken: unit amplitude expands what is near zero, and the variance of faint images with it; the identity takes nothing
away, and lowers nothing.
Source: elementary; the concentration by soft thresholds in tight frames is in Zarka, Guth & Mallat (2021).
"""

from itertools import pairwise

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import named
from ..scattering import Mixing, cascade
from ..separation import within_class_variance
from ..torus import frequencies
from ..wavelets import morlet_bank, wavelet_transform
from .collapse_turns_variance_into_means import amplitude
from .degenerate_images import some_degenerate

SHARPNESS = 1.0
BROKEN = ({"reduction": "unit amplitude"}, {"reduction": "identity"})
BROKEN_BY = "unit amplitude; the identity"
DEGREE = 2


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([5, 8], 2))
    labels = np.concatenate([np.arange(2), rng.integers(0, 2, int(rng.integers(1, 4)))])
    x = rng.normal(size=(len(labels), 1, *shape)) * rng.exponential(size=(len(labels), 1, 1, 1))
    mixing = Mixing(outputs=int(rng.integers(3, 7)), seed=int(rng.integers(1000)), kind="complex")
    parameters = {"labels": labels, "depth": int(rng.integers(1, 3)), "mixing": mixing if rng.integers(2) else None}
    reduction = str(rng.choice(["tanh", "soft threshold"]))
    return some_degenerate(rng, x), parameters | {"reduction": reduction, "threshold": float(rng.random())}


def hardest():
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8), indexing="ij"), axis=-1)
    wave = np.exp(1j * grid @ frequencies((8, 8))[3, 1])
    x = np.array([1.0, 0.2, 1.1, -0.2])[:, None, None, None] * wave
    parameters = {"labels": np.arange(4) % 2, "depth": 1, "mixing": None}
    return x, parameters | {"reduction": "soft threshold", "threshold": 0.2}


def deviation(x, **parameters):
    xp, (bank, variances, layers) = array_namespace(x), variances_and_layers(x, **parameters)
    y = place(parameters["labels"], like=x)
    taken = []
    for layer in layers[:-1]:
        z = wavelet_transform(layer, bank)[..., 1:, :, :]
        taken.append(
            within_class_variance(taken_away(z, parameters["reduction"], parameters["threshold"]), y, classes=2)
        )
    return xp.stack([after + loss for (_, after), loss in zip(pairwise(variances), taken, strict=True)])


def bound(x, **parameters):
    return array_namespace(x).stack(variances_and_layers(x, **parameters)[1][:-1])


def variances_and_layers(x, *, labels, depth, mixing, reduction, threshold):
    """The bank, and within-class variance and representation at depth 0 .. depth."""
    parameters = {"threshold": threshold} if reduction == "soft threshold" else {}
    bank, y = morlet_bank(x.shape[-2:], 1, 4, "full").tight("complex"), place(labels, like=x)
    layers = list(cascade(x, bank, named(reduction, **parameters), depth=depth, mixing=mixing))
    return bank, [within_class_variance(layer, y, classes=2) for layer in layers], layers


def taken_away(z, reduction, threshold):
    """R(z), by its own formula and not by ρ: of tanh, or of the soft threshold whatever the other reduction."""
    xp, size = array_namespace(z), amplitude(z)
    kept = xp.tanh(size) if reduction == "tanh" else size - xp.clip(size, max=threshold)
    return z * ((size - kept) / xp.where(size > 0, size, xp.ones_like(size)))
