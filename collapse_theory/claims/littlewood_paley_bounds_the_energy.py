"""The Littlewood-Paley sum bounds the energy of the wavelet transform from both sides, and both bounds are reached.

    min LP ‖x‖²  ≤  ‖x ∗ φ‖² + Σ_k ‖x ∗ ψ_k‖²  ≤  max LP ‖x‖²,     LP(ω) = |φ̂(ω)|² + Σ_k |ψ̂_k(ω)|²

for every complex image x; for a real one with the mean of LP(ω) and LP(−ω) in the place of LP(ω).

Proof. Parseval: the energy is (1/HW) Σ_ω LP(ω) |x̂(ω)|², an average of LP with weights that sum to ‖x‖². For real x they
are even in ω, and LP may be replaced by its even part. The extremes are reached by the wave at an extreme of LP; for
the even part, by the cosine.

Broken: the real sum does not bound complex images, of which wavelets on half a circle see one half of the spectrum.
Source: Mallat, A Wavelet Tour of Signal Processing.
"""

import numpy as np

from ..arrays import array_namespace
from ..torus import frequencies
from ..wavelets import morlet_bank, wavelet_transform
from .degenerate_images import some_degenerate

SHARPNESS = [1.0, 1.0]  # from below, from above
BROKEN = {"signals": "real"}
BROKEN_BY = "the real sum for complex images"
DEGREE = 2


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([8, 9, 12], 2))
    bank = morlet_bank(shape, int(rng.integers(1, 3)), 3, str(rng.choice(["half", "full"])))
    signals = str(rng.choice(["real", "complex"]))
    x = extremes(bank, signals) if rng.integers(2) else some_degenerate(rng, rng.normal(size=(2, *shape)))
    return (x * np.exp(1j * rng.uniform(0, 6)) if signals == "complex" else x), {"bank": bank, "signals": signals}


def hardest():
    bank = morlet_bank(16, 2, 4)
    return extremes(bank, "complex"), {"bank": bank, "signals": "complex"}


def extremes(bank, signals):
    """The waves, or cosines, at the minimum and at the maximum of the Littlewood-Paley sum, (2, H, W)."""
    energy = bank.littlewood_paley(signals)
    peaks = [np.unravel_index(find(energy), bank.shape) for find in (np.argmin, np.argmax)]
    grid = np.stack(np.meshgrid(*map(np.arange, bank.shape), indexing="ij"), axis=-1)
    waves = np.exp(1j * np.stack([grid @ frequencies(bank.shape)[peak] for peak in peaks]))
    return waves.real if signals == "real" else waves


def deviation(x, *, bank, signals):
    low = float(np.min(bank.littlewood_paley(signals)))
    return array_namespace(x).stack([low * energy(x, axes=2), energy(wavelet_transform(x, bank), axes=3)])


def bound(x, *, bank, signals):
    high = float(np.max(bank.littlewood_paley(signals)))
    return array_namespace(x).stack([energy(wavelet_transform(x, bank), axes=3), high * energy(x, axes=2)])


def energy(x, axes):
    """‖x‖² over the last `axes` axes."""
    xp = array_namespace(x)
    return xp.sum(xp.abs(x) ** 2, axis=tuple(range(-axes, 0)))
