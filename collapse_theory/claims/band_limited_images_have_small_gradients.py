"""On images of a limited band, stability to deformations needs no gradient of the image: C(ψ) ‖∇τ‖ ‖x‖ bounds it.

    ||x_τ ∗ ψ|(u) − |x ∗ ψ|(u)|  ≤  √(τ(u)ᵀ S τ(u)) ‖ψ‖₂ ‖x‖₂  +  C(ψ) ‖∇τ‖ ‖x‖₂
    ‖∇x‖  ≤  √(mean_ω |ω|² [ω in Ω]) ‖x‖₂,     C(ψ) = √(mean_ω |ω|² [ω in Ω]) Σ_v |v| |ψ(v)|

for every image x with x̂ = 0 outside of Ω, a set of frequencies of the discrete torus; the mean is over all of these.
The other notations are those of deformation_turns_the_phase_locally, ‖∇x‖ = (1/HW) Σ_ω |ω| |x̂(ω)|. The constant depends
on the band, and grows with it: the one of Mallat (2012), which does not depend on scale because it compares x ∗ ψ with
a ψ that is deformed too, is not claimed.

Proof. The second line is Cauchy-Schwarz in (1/HW) Σ_ω |ω| |x̂(ω)|, with Parseval for the second factor; equality for
|x̂| = |ω| on Ω, up to a factor. Put into collapse_is_stable_to_deformations, it gives the first one. The ramp for which
that is sharp, sin(ku)/k, has the frequencies ±k alone: with Ω = {|ω| ≤ k} both lines are as sharp as they can be.

Broken: an image with frequencies outside of Ω.
Source: elementary.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..torus import convolve, frequencies
from . import collapse_is_stable_to_deformations as stable
from . import deformation_turns_the_phase_locally as local

SHARPNESS = [1.0, local.SHARPNESS[1]]  # of the gradient, and of what becomes of the gradient term
BROKEN = {"assumed": 0.5}
BROKEN_BY = "frequencies outside of the band"


def instance(rng):
    x, parameters = stable.instance(rng)
    return x, parameters | {"band": float(rng.uniform(0, 5)), "assumed": 1.0}


def hardest():
    x, parameters = stable.hardest()
    one = {name: parameters[name][1:] for name in ("index", "displacement")}
    return x[1:], parameters | one | {"band": 1.5 * local.SLOWEST, "assumed": 1.0}


def deviation(x, *, band, assumed, **parameters):
    """‖∇x‖, and what the collapse of a deformed image moves by, of x limited to |ω| ≤ band."""
    xp, x = array_namespace(x), limited(x, band)
    moved = stable.deviation(x, **parameters)
    return xp.stack([xp.broadcast_to(local.gradients(x), moved.shape), moved])


def bound(x, *, band, assumed, **parameters):
    """Of an image that is assumed to be limited to a part of its band."""
    xp, speed, x = array_namespace(x), speeds(x), limited(x, band)
    constant = float(np.sqrt(np.mean(speed**2 * (speed <= assumed * band))))
    gradient = constant * xp.linalg.vector_norm(x, axis=(-2, -1), keepdims=True)
    stretch = local.stretches(*(parameters[name] for name in ("bank", "index", "displacement")))
    moved = stable.bound(x, **parameters | {"terms": ("shift",)}) + place(stretch, like=x) * gradient
    return xp.stack([xp.broadcast_to(gradient, moved.shape), moved])


def limited(x, band):
    """x without the frequencies above the band."""
    return convolve(x, (speeds(x) <= band) * 1.0)


def speeds(x):
    """|ω|, (H, W)."""
    return np.linalg.norm(frequencies(x.shape[-2:]), axis=-1)
