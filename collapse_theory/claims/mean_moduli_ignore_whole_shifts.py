"""Spatial means of moduli are exactly invariant to shifts by whole samples.

    mean_u |(x_τ ∗ ψ)(u)|  =  mean_u |(x ∗ ψ)(u)|,    τ in Z²

for every image, every wavelet, and so after any cascade without subsampling.

Proof. (x_τ ∗ ψ)(u) = (x ∗ ψ)(u − τ), and u − τ runs over all samples.

Broken: a shift by half a sample shows the samples of |x ∗ ψ| at other places, and their mean is another one.
Source: elementary; invariant scattering, Mallat (2012).
"""

import numpy as np

from ..arrays import array_namespace
from ..torus import translate
from ..wavelets import morlet_bank, wavelet_transform

BROKEN = {"shift": (0.5, 0.0)}


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([7, 8, 16], 2))
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if rng.integers(2) else 0)
    return x, {"shift": tuple(rng.integers(-20, 21, 2)), "scales": int(rng.integers(1, 3)), "angles": 4}


def hardest():
    wave = np.cos(np.pi / 2 * np.arange(8))[:, None] * np.ones(8)
    return wave, {"shift": (3, -2), "scales": 1, "angles": 4}


def sides(x, *, shift, scales, angles):
    xp, bank = array_namespace(x), morlet_bank(x.shape[-2:], scales, angles)
    moved, still = (xp.abs(wavelet_transform(image, bank)) for image in (translate(x, shift), x))
    return xp.mean(moved, axis=(-2, -1)), xp.mean(still, axis=(-2, -1))
