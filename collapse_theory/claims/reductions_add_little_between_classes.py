"""What a non-expansive reduction adds to B between stationary classes is bounded by the small means that it leaves.

    B_{d+1} − B_d  ≤  H W Σ_k c_k² Σ_y p_y E|Z_k|²

with the constants c_k ≤ 1 of translation_invariance_leaves_a_small_mean, the largest over the classes; Z_k are the
wavelet coefficients, at one sample, of the maps of a class at depth d, k over maps and wavelets. Hypotheses: classes
invariant by every whole shift, here full orbits of templates; X_{d+1} = P (X_d ∗ φ, ρ(X_d ∗ ψ_k)), |φ̂(0)| = 1, PᴴP = I,
ρ a non-expansive amplitude reduction with ρ(0) = 0. Means that turn by π within a narrow spectrum are small, and so is
all that such layers do for the separation. The increment of a phase collapse, H W Σ_k Var_y(E|Z_k|), has no such bound.

Proof. The increment is H W Σ_k Var_y(E ρ(Z_k)) by every_layer_adds_the_spread_of_its_means. A variance is at most the
second moment, Σ_y p_y |E ρ(Z_k)|², and each mean is at most c_k √(E|Z_k|²). The first step is an equality for x and −x
of equal weights, whose means are opposite; the second is as sharp as there, its ratio now squared.

Broken: a phase collapse, if its classes have amplitudes that differ.
Source: derived here; the idea that reductions do not separate is that of Guth, Zarka & Mallat (2022).
"""

from itertools import pairwise

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import named
from ..scattering import Mixing, cascade
from ..separation import between_class_variance
from ..wavelets import wavelet_transform
from . import translation_invariance_leaves_a_small_mean as small
from .collapse_keeps_stationary_classes_apart import orbits
from .degenerate_images import some_degenerate

SHARPNESS = small.SHARPNESS**2
BROKEN = {"reduction": "phase collapse", "threshold": None, "contrast": 4.0}
BROKEN_BY = "the modulus"
DEGREE = 2


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([4, 5], 2))
    x = some_degenerate(rng, rng.normal(size=(int(rng.integers(2, 4)), 1, *shape)))
    threshold = float(rng.random()) if rng.integers(2) else None
    mixing = Mixing(int(rng.integers(5, 8)), int(rng.integers(8)), "complex") if rng.integers(2) else None
    parameters = {"reduction": "tanh" if threshold is None else "soft threshold", "threshold": threshold}
    return x, parameters | {"angles": 4, "depth": 1 if mixing else 2, "mixing": mixing, "contrast": 1.0}


def hardest():
    x, parameters = small.hardest()
    return np.concatenate([x, -x]), parameters | {"mixing": None, "contrast": 1.0}


def deviation(x, **parameters):
    xp, (_, layers) = array_namespace(x), orbits_and_layers(x, **parameters)
    y = place(np.arange(layers[0].shape[0]) % x.shape[0], like=x)
    spreads = [between_class_variance(layer, y, classes=x.shape[0]) for layer in layers]
    return xp.stack([following - spread for spread, following in pairwise(spreads)])


def bound(x, **parameters):
    xp, (bank, layers), bounds = array_namespace(x), orbits_and_layers(x, **parameters), []
    for layer in layers[:-1]:
        z = wavelet_transform(layer[: x.shape[0], ...], bank)[..., 1:, :, :]  # of the templates, unmoved
        classes = [small.small_means(z[y : y + 1, ...], bank) for y in range(x.shape[0])]
        constants, energies = (xp.stack(values) for values in zip(*classes, strict=True))
        bounds.append(x.shape[-2] * x.shape[-1] * xp.sum(xp.max(constants, axis=0) ** 2 * xp.mean(energies, axis=0)))
    return xp.stack(bounds)


def orbits_and_layers(x, *, angles, depth, reduction, threshold, mixing, contrast):
    """The bank and the representations of all shifts of each image, a class of its own; `contrast` of the first one."""
    parameters = {} if threshold is None else {"threshold": threshold}
    x = place(np.where(np.arange(x.shape[0]) > 0, 1.0, contrast)[:, None, None, None], like=x) * x
    bank = small.bank_of(x.shape[-2:], angles)
    return bank, list(cascade(orbits(x), bank, named(reduction, **parameters), depth=depth, mixing=mixing))
