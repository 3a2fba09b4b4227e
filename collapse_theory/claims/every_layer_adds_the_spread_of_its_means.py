"""Whatever the non-linearity, a layer adds to B the spread of its means over stationary classes, and nothing else.

    B_{d+1} = B_d + H W Σ_k Var_y(E ρ(Z_k))        B = Σ_y p_y |μ_y − μ|²,   Var_y(m) = Σ_y p_y |m_y − Σ_y' p_y' m_y'|²

for every pointwise ρ, Z_k being the wavelet coefficients, at one sample, of the maps of a class at depth d, k over maps
and wavelets. Hypotheses: classes invariant by every whole shift, here mixtures of full orbits; X_{d+1} = P (X_d ∗ φ,
ρ(X_d ∗ ψ_k)) on the torus, |φ̂(0)| = 1, ψ̂(0) = 0, PᴴP = I. A subsampling by 2 divides the right-hand side by 4.

This is the contest in one line. For the phase collapse the increment is the variance of E|Z_k|, amplitudes themselves.
For a non-expansive reduction it is bounded by the small means that translation invariance leaves
(reductions_add_little_between_classes). It is zero for a linear ρ; and for an odd one, as every reduction is, on
classes closed under a change of sign B is 0 at every depth (reductions_keep_zero_means).

Proof. The means are constant over the image at every depth, since a layer commutes with shifts, so their differences
pass the low-pass alone, which keeps them as |φ̂(0)| = 1. A wavelet channel has the mean E ρ(Z_k) at each of the H W
samples. B is the sum over channels and samples of Var_y of the mean, and P keeps it. ρ is never used. (Where it is not
continuous, as unit amplitude and sigmoid at 0, rounding decides what it makes of a coefficient that vanishes.)

Broken: classes without their shifts; the non-linearity on the low-pass too; PPᴴ = I alone, a projection of the means.
Source: derived here; the question is that of Guth, Zarka & Mallat (2022).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import named
from ..scattering import Mixing, cascade
from ..separation import between_class_variance, class_means
from ..wavelets import morlet_bank, wavelet_transform
from .collapse_keeps_stationary_classes_apart import orbits
from .degenerate_images import some_degenerate

BROKEN = ({"moved": False}, {"lowpass": "also"}, {"mixing": Mixing(outputs=3)})
BROKEN_BY = "no shifts; a non-linear low-pass; fewer outputs than inputs"
DEGREE = 2
OPERATIONS = (
    "phase collapse",
    "phase collapse beyond",
    "soft threshold",
    "tanh",
    "sigmoid",
    "unit amplitude",
    "identity",
)

NOT_CONTINUOUS = ("sigmoid", "unit amplitude")


def instance(rng):
    subsample = bool(rng.integers(2))
    shape = tuple(int(side) for side in (rng.choice([4, 6], 2) if subsample else rng.integers(4, 6, 2)))
    classes = int(rng.integers(2, 4))
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, int(rng.integers(0, 2)))])
    x = rng.normal(size=(len(labels), 1, *shape)) + rng.normal(size=(len(labels), 1, 1, 1))
    mixing = Mixing(int(rng.integers(5, 8)), int(rng.integers(8)), "complex") if rng.integers(2) else None
    parameters = {"labels": labels, "moved": True, "lowpass": "kept", "subsample": subsample, "mixing": mixing}
    operation = str(rng.choice(OPERATIONS))
    x = x if operation in NOT_CONTINUOUS else some_degenerate(rng, x)
    return x, parameters | {"operation": operation, "depth": 1}


def hardest():
    x = np.random.default_rng(0).normal(size=(2, 1, 6, 6)) + np.array([0.5, 1.0])[:, None, None, None]
    parameters = {"labels": np.arange(2), "moved": True, "lowpass": "kept", "subsample": False, "mixing": None}
    return x, parameters | {"operation": "soft threshold", "depth": 2}


def sides(x, *, labels, moved, lowpass, subsample, mixing, operation, depth):
    """B at depth 1 .. depth, and what is predicted of it at the depth before."""
    xp, rho = array_namespace(x), with_its_threshold(operation)
    bank = morlet_bank(x.shape[-2:], 1, 4, "full").tight("complex")
    samples, classes = orbits(x) if moved else x, int(labels.max()) + 1
    y, shares = place(np.tile(labels, samples.shape[0] // len(labels)), like=x), np.bincount(labels) / len(labels)
    options = {"depth": depth, "lowpass": lowpass, "subsample": subsample, "mixing": mixing}
    layers = list(cascade(samples, bank, rho, **options))
    spreads = [between_class_variance(layer, y, classes=classes) for layer in layers]
    predicted = []
    for layer, spread in zip(layers[:-1], spreads, strict=False):
        z = rho(wavelet_transform(layer, bank.at(layer.shape[-2:]))[..., 1:, :, :])
        means = xp.reshape(class_means(z, y, classes=classes)[..., 0, 0], (classes, -1))
        offsets = means - xp.sum(place(shares[:, None], like=x) * means, axis=0)
        added = xp.sum(place(shares[:, None], like=x) * xp.abs(offsets) ** 2)
        predicted.append((spread + layer.shape[-2] * layer.shape[-1] * added) / (4 if subsample else 1))
    return xp.stack(spreads[1:]), xp.stack(predicted)


def with_its_threshold(operation):
    """The non-linearity of that name, with a threshold of 0.2 if it needs one."""
    parameters = {"threshold": 0.2} if operation in ("soft threshold", "phase collapse beyond") else {}
    return named(operation, **parameters)
