"""On images of a limited band, stability to deformations needs no gradient of the image: C(ψ) ‖∇τ‖ ‖x‖ bounds it.

    ‖∇x‖  ≤  √(mean_ω |ω|² [ω in Ω]) ‖x‖₂       if x̂ = 0 outside of Ω;   ‖∇x‖ = (1/HW) Σ_ω |ω| |x̂(ω)|

for every image x on the discrete torus and every set Ω of its frequencies, on all of which it is √(mean_ω |ω|²). So the
gradient term of deformation_turns_the_phase_locally and of collapse_is_stable_to_deformations is at most C(ψ) ‖∇τ‖ ‖x‖₂
with C(ψ) = √(mean_ω |ω|² [ω in Ω]) Σ_v |v| |ψ(v)|. The constant depends on the band, and grows with it: the one of
Mallat (2012), which does not depend on scale because it compares x ∗ ψ with a ψ that is deformed too, is not claimed.

Proof. Cauchy-Schwarz in (1/HW) Σ_ω |ω| |x̂(ω)|, with Parseval for the second factor. Equality for |x̂| = |ω| on Ω.

Broken: an image with frequencies outside of Ω.
Source: elementary.
"""

import math

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..torus import convolve, frequencies
from .degenerate_images import some_degenerate

SHARPNESS = 1.0
BROKEN = {"assumed": 0.5}
BROKEN_BY = "frequencies outside of the band"


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([5, 8, 12], 2))
    x = some_degenerate(rng, rng.normal(size=shape) + (1j * rng.normal(size=shape) if rng.integers(2) else 0))
    return x, {"band": float(rng.uniform(0, 5)), "assumed": 1.0}


def hardest():
    return np.fft.ifft2(np.linalg.norm(frequencies((8, 8)), axis=-1)), {"band": 2.0, "assumed": 1.0}


def deviation(x, *, band, assumed):
    """‖∇x‖ of x, limited to |ω| ≤ band."""
    xp, speed = array_namespace(x), speeds(x)
    return xp.sum(place(speed, like=x) * xp.abs(fft2(limited(x, band)))) / math.prod(x.shape)


def bound(x, *, band, assumed):
    """Of an image that is assumed to be limited to a part of its band."""
    speed = speeds(x)
    constant = float(np.sqrt(np.mean(speed**2 * (speed <= assumed * band))))
    return constant * array_namespace(x).linalg.vector_norm(limited(x, band))


def limited(x, band):
    """x without the frequencies above the band."""
    return convolve(x, (speeds(x) <= band) * 1.0)


def speeds(x):
    """|ω|, (H, W)."""
    return np.linalg.norm(frequencies(x.shape[-2:]), axis=-1)
