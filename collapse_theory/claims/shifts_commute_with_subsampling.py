"""Whole shifts by multiples of 2^d commute with a cascade that subsamples by 2 at each of d layers.

    Φ(x_τ)(u) = Φ(x)(u − τ / 2^d),    τ in 2^d Z²,    Φ = d layers of wavelets, pointwise ρ, subsampling, mixing

for every image whose sides are multiples of 2^d, on the periodic boundary.

Proof. Convolutions, pointwise maps and mixings commute with whole shifts; y(2u − 2τ) is the subsampled y shifted by τ.
Induction over the layers.

Broken: a shift that is not a multiple of 2^d lands between the samples that are kept.
Source: elementary.
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import soft_threshold
from ..scattering import Mixing, cascade
from ..torus import roll
from ..wavelets import morlet_bank

BROKEN = {"offset": 1}


def instance(rng):
    depth = int(rng.integers(1, 3))
    shape = tuple(2**depth * int(side) for side in rng.choice([2, 3, 4], 2))
    reduction, mixing = bool(rng.integers(2)), Mixing(outputs=4, seed=int(rng.integers(1000)))
    parameters = {"shift": rng.integers(-5, 6, 2), "offset": 0, "depth": depth, "reduction": reduction}
    return rng.normal(size=(1, *shape)), parameters | {"mixing": mixing if rng.integers(2) else None}


def hardest():
    parameters = {"shift": np.array([1, 2]), "offset": 0, "depth": 2, "reduction": True, "mixing": None}
    return np.random.default_rng(0).normal(size=(1, 16, 16)), parameters


def sides(x, *, shift, offset, depth, reduction, mixing):
    def features(image):
        bank = morlet_bank(image.shape[-2:], 1, 4, "full")
        return list(cascade(image, bank, rho, depth=depth, subsample=True, mixing=mixing))[-1]

    rho = _slightly_threshold if reduction else array_namespace(x).abs
    return features(roll(x, 2**depth * shift + offset)), roll(features(x), shift)


def _slightly_threshold(z):
    return soft_threshold(z, 0.1)
