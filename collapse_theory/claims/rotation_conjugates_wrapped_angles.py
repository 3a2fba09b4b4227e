"""Rotating a square real image by a right angle permutes the moduli of a half-circle bank, exactly.

    (R x) ∗ ψ_{j,t}  =  R (x ∗ ψ_{j, t − π/2}),  or where the bank has no t − π/2,  R conj(x ∗ ψ_{j, t + π/2})

for every real N x N image, and a bank whose angles t = πl / L are closed under quarter turns modulo π: L even.

Proof. As for the full circle, and ψ_{t + π} is the conjugate of ψ_t: its envelope is the same, its wave runs backwards.
So x ∗ ψ_{t + π} is the conjugate of x ∗ ψ_t if x is real; a phase collapse does not see it.

Broken: the wrapped angles without their conjugate; three angles, which are not closed under quarter turns.
Source: elementary; Mallat (2012).
"""

import numpy as np

from ..arrays import array_namespace
from ..wavelets import morlet_bank, wavelet_transform
from .rotation_permutes_angles import rotate

BROKEN = ({"conjugated": False}, {"angles": 3})
BROKEN_BY = "no conjugate; three angles"


def instance(rng):
    side = int(rng.choice([4, 7, 8, 12]))
    parameters = {"scales": int(rng.integers(1, 3)), "angles": int(rng.choice([2, 4, 6, 8])), "conjugated": True}
    return rng.normal(size=(side, side)), parameters


def hardest():
    return np.random.default_rng(0).normal(size=(8, 8)), {"scales": 2, "angles": 4, "conjugated": True}


def sides(x, *, scales, angles, conjugated):
    xp, bank = array_namespace(x), morlet_bank(x.shape[-2:], scales, angles)
    z = wavelet_transform(x, bank)
    waves = xp.reshape(z[1:, ...], (scales, angles, *z.shape[-2:]))
    wrapped, kept = waves[:, : angles // 2, ...], waves[:, angles // 2 :, ...]
    waves = xp.concat([kept, xp.conj(wrapped) if conjugated else wrapped], axis=1)
    z = xp.concat([z[:1, ...], xp.reshape(waves, (-1, *z.shape[-2:]))], axis=0)
    return wavelet_transform(rotate(x), bank), rotate(z)
