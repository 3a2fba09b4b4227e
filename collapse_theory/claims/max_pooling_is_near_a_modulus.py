"""Max-pooling of a real band-pass convolution is near a modulus, if the phase turns all the way round within the pool.

    cos(δ) |z(u)| − ε  ≤  max_{v in V} Re z(u − v)  ≤  |z(u)| + ε,     z = x ∗ ψ,   ε = max_{v in V} √(vᵀ S v) ‖ψ‖₂ ‖x‖₂

for every real image x, so that Re z = x ∗ Re ψ, and every pool V of whole shifts; ξ and S are the mean and covariance
of the frequency under |ψ̂|², measured modulo 2π around the peak, and δ < π/2 is half of the largest gap between the
phases ξ·v, v in V, on the circle. So pooling forgets the phase as a phase collapse does, up to 1 − cos(δ) and up to ε,
what the envelope changes within the pool. On images ε is large, and how near pooling comes to a modulus is measured:
max_pooling_follows_the_modulus_of_narrow_wavelets.

Proof. z(u − v) is the coefficient of x moved by v: by translation_turns_the_phase it differs from e^{−iξ·v} z(u) by at
most ε. So Re z(u − v) is |z| cos(α − ξ·v) up to ε, α the phase of z(u). The cosine is at most 1, and for the phase ξ·v
that is nearest to α at least cos(δ). For a wave, whose ε is 0, both bounds are reached: where α is in the middle of the
gap, and where it is one of the phases.

Broken: a pool of two samples, whose gaps are larger than those of three.
Source: Leterme, Polisano, Perrier & Alahari (2022) for the idea; the bound is derived here.
"""

import numpy as np

from ..arrays import array_namespace
from ..torus import convolve, frequencies, roll
from ..wavelets import FilterBank, morlet_bank
from .degenerate_images import some_degenerate

SHARPNESS = [1.0, 1.0]  # from below, from above
BROKEN = {"sides": (2, 1)}
BROKEN_BY = "a smaller pool"


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([8, 9, 12], 2))
    bank, index, side = morlet_bank(shape, 2, 4), int(rng.integers(8)), int(rng.integers(3, 7))
    while half_gap(bank.center()[index], (side, side)) >= np.pi / 2:
        side += 1
    x = some_degenerate(rng, rng.normal(size=(2, *shape)))
    return x, {"bank": bank, "index": index, "sides": (side, side), "assumed": (side, side)}


def hardest():
    filters_hat = np.zeros((2, 8, 4))
    filters_hat[0, 0, 0] = filters_hat[1, 3, 0] = 1.0  # one wave, whose phase turns by 3π/4 from row to row
    phases = np.array([0.0, 3 * np.pi / 8])[:, None, None] + frequencies((8, 4))[3, 0, 0] * np.arange(8)[:, None]
    bank = FilterBank(filters_hat, np.zeros(1), np.zeros(1))
    return np.cos(phases) * np.ones(4), {"bank": bank, "index": 0, "sides": (3, 1), "assumed": (3, 1)}


def deviation(x, *, bank, index, sides, assumed):
    xp, z = array_namespace(x), convolve(x, bank.psi_hat[index])
    return xp.stack([float(np.cos(half_gap(bank.center()[index], assumed))) * xp.abs(z), pooled(z, sides)])


def bound(x, *, bank, index, sides, assumed):
    xp, z = array_namespace(x), convolve(x, bank.psi_hat[index])
    change = changes(x, bank, index, sides)
    return xp.stack([pooled(z, sides) + change, xp.abs(z) + change])


def changes(x, bank, index, sides):
    """ε of each image.  (..., H, W) -> (..., 1, 1)."""
    pool, norm = window(sides), np.sqrt(np.mean(np.abs(bank.psi_hat[index]) ** 2))
    spread = np.sqrt(np.max(np.sum(pool @ bank.covariance()[index] * pool, axis=-1)))
    return float(spread * norm) * array_namespace(x).linalg.vector_norm(x, axis=(-2, -1), keepdims=True)


def pooled(z, sides):
    """max_{v in V} Re z(u − v).  (..., H, W) complex -> real."""
    xp = array_namespace(z)
    return xp.max(xp.stack([xp.real(roll(z, shift)) for shift in window(sides)]), axis=0)


def window(sides):
    """The shifts of a pool, (n, 2)."""
    return np.argwhere(np.ones(sides))


def half_gap(center, sides):
    """δ, half of the largest gap between the phases ξ·v on the circle."""
    phases = np.sort(window(sides) @ center % (2 * np.pi))
    return float(np.max(np.diff(phases, append=phases[0] + 2 * np.pi))) / 2
