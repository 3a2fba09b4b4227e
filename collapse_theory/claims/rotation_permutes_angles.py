"""Rotating a square image by a right angle permutes the angles of a full-circle bank, exactly.

    (R x) ∗ ψ_{j,t}  =  R (x ∗ ψ_{j, t − π/2}),    (R x) ∗ φ = R (x ∗ φ),    (R x)(u_1, u_2) = x(u_2, −u_1)

for every real or complex N x N image, and a bank whose angles t = 2πl / L are closed under quarter turns: 4 | L. So it
is after subsampling by a divisor of N. R turns the image about its sample (0, 0): `rot90`, which turns it about its
middle, then a circular shift by one along the rows.

Proof. R maps the torus (Z/N)² to itself and a wave of frequency ω to one of frequency Rω, modulo 2π. The envelope and
the wave of ψ_t are those of ψ_0 turned by t, and the sum over aliases does not change under R: ψ_{t + π/2} = R ψ_t.
R maps the samples that are kept to themselves.

Broken: six angles are not closed under quarter turns. `rot90` alone is as good on the full grid, but if N is even it
moves the samples that are kept to samples that are not.
Source: elementary; covariance to rotations is what oriented wavelets are made for, Mallat (2012).
"""

import numpy as np

from ..arrays import array_namespace
from ..torus import subsample
from ..wavelets import morlet_bank, wavelet_transform

BROKEN = ({"angles": 6}, {"about": "middle"})
BROKEN_BY = "six angles; `rot90` alone under subsampling"


def instance(rng):
    step = int(rng.choice([1, 2]))
    side = step * int(rng.choice([4, 5, 6]))
    x = rng.normal(size=(side, side)) + (1j * rng.normal(size=(side, side)) if rng.integers(2) else 0)
    scales, angles = int(rng.integers(1, 3)), int(rng.choice([4, 8, 12]))
    return x, {"scales": scales, "angles": angles, "about": "sample", "step": step}


def hardest():
    return np.random.default_rng(0).normal(size=(8, 8)), {"scales": 2, "angles": 8, "about": "sample", "step": 2}


def sides(x, *, scales, angles, about, step):
    bank = morlet_bank(x.shape[-2:], scales, angles, "full")
    z, turned = (subsample(wavelet_transform(image, bank), step) for image in (x, rotate(x, about)))
    return turned, rotate(turn_angles(z, angles), about)


def rotate(x, about="sample"):
    """(R x)(u_1, u_2) = x(u_2, −u_1), about the sample (0, 0); or about the "middle".  (..., N, N) -> same shape."""
    xp = array_namespace(x)
    turned = xp.flip(xp.matrix_transpose(x), axis=-2)
    return xp.roll(turned, 1, axis=-2) if about == "sample" else turned


def turn_angles(z, angles):
    """In place of each angle the one a quarter turn below; angles fall with l.  (1 + J L, N, N) -> same shape."""
    xp, (height, width) = array_namespace(z), z.shape[-2:]
    waves = xp.roll(xp.reshape(z[1:, ...], (-1, angles, height, width)), -(angles // 4), axis=1)
    return xp.concat([z[:1, ...], xp.reshape(waves, (-1, height, width))], axis=0)
