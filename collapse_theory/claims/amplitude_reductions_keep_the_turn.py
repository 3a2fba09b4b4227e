"""An amplitude reduction keeps the turn of the phase: each has an image that moves beyond the bound of the collapse.

    sup_u |ρ(x_τ ∗ ψ) − ρ(x ∗ ψ)|  >  σ |τ| ‖ψ‖₂ ‖x‖₂,     x̂ = conj(ψ̂), scaled; ξ, σ measured on [−π, π)²

for a wavelet of the second octave, τ along ξ, and ρ a soft threshold at any λ < (1 − σ/|ξ|) ‖ψ‖₂ ‖x‖₂ as τ → 0, at
λ = 0.4 ‖ψ‖₂ ‖x‖₂ for a shift by one sample; ρ the tanh, sigmoid or unit amplitude, x scaled small.

Proof. x is matched to ψ: |x ∗ ψ| has its peak p = ‖ψ‖₂ ‖x‖₂ at 0, where it is flat, so that to first order x_τ ∗ ψ is
e^{−iξ·τ} x ∗ ψ there. ρ commutes with the phase, so that to first order the left side is at least |ρ|(p) |ξ·τ|. This
exceeds σ |τ| p if and only if |ρ|(p)/p > σ/|ξ|. The quotient is 1 − λ/p for the soft threshold; as p → 0 it tends to 1
for tanh, and to infinity for the sigmoid, whose |ρ| tends to 1/2, and for the unit amplitude. For the shift by one
sample the ratio is recomputed; with L = 4 angles, where σ/|ξ| is largest, it is least.
How far beyond: a non-expansive ρ moves by at most |(x_τ − x) ∗ ψ| ≤ √(|ξ|² + σ²) |τ| ‖ψ‖₂ ‖x‖₂, which is √(1 + ξ²/σ²)
times the bound of the collapse: a larger constant, and no instability. For the sigmoid and the unit amplitude the ratio
|ρ|(p) |ξ| / (p σ) is unbounded as x → 0.

Broken: a collapse after the reduction removes the turn, and with it the first order.
Source: Guth, Zarka & Mallat (2022) for the idea.
"""

import math

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import collapse_phase, named
from ..torus import convolve, translate
from ..wavelets import morlet_bank

# Of each reduction: the scale of x, and |ρ|(p) at the threshold λ, if it has one.
REDUCTIONS = {
    "soft threshold": (1.0, lambda p, threshold: p - threshold),
    "tanh": (0.1, lambda p, threshold: math.tanh(p)),
    "sigmoid": (0.1, lambda p, threshold: 1 / (1 + math.exp(-p))),
    "unit amplitude": (0.1, lambda p, threshold: 1.0),
}
NON_EXPANSIVE = ("soft threshold", "tanh")
REQUIRED = dict.fromkeys([*REDUCTIONS, "soft threshold, one sample"], (1.0, np.inf)) | dict.fromkeys(
    [f"{name} at 0, over |ρ|(p) |ξ·τ|" for name in REDUCTIONS], (0.999, 1.001)
)
REQUIRED |= dict.fromkeys([f"{name}, over √(1 + ξ²/σ²)" for name in NON_EXPANSIVE], (0.0, 1.0))
BROKEN = {"collapsed": True}
BROKEN_BY = "a collapse after the reduction"


def witness():
    bank, index = morlet_bank(32, 2, 4), 5
    x = np.fft.ifft2(np.conj(bank.psi_hat[index]))
    return x / np.linalg.norm(x), {"bank": bank, "index": index, "collapsed": False}


def certificate(x, *, bank, index, collapsed):
    xp, spread = array_namespace(x), float(bank.spread(unwrapped=False)[index])
    center = float(np.linalg.norm(bank.center(unwrapped=False)[index]))
    peak = float(np.sqrt(np.mean(np.abs(bank.psi_hat[index]) ** 2)))

    def change(reduction, length, scale=1.0):
        images = (scale * translate(x, np.array([length, 0.0])), scale * x)
        moved, still = (reduction(convolve(image, bank.psi_hat[index])) for image in images)
        return xp.abs(collapse_phase(moved) - collapse_phase(still) if collapsed else moved - still)

    one_sample = change(named("soft threshold", threshold=0.4 * peak), length=1.0)
    numbers = {"soft threshold, one sample": xp.max(one_sample) / (spread * peak)}
    level, length = 0.9 * (1 - spread / center) * peak, 0.01
    for name, (scale, amplitude) in REDUCTIONS.items():
        reduction = named(name, threshold=level) if name == "soft threshold" else named(name)
        turned = change(reduction, length, scale)
        numbers[name] = xp.max(turned) / (spread * length * peak * scale)
        at_peak = amplitude(peak * scale, level)
        numbers[f"{name} at 0, over |ρ|(p) |ξ·τ|"] = turned[0, 0] / (at_peak * center * length)
    for name in NON_EXPANSIVE:
        numbers[f"{name}, over √(1 + ξ²/σ²)"] = numbers[name] / float(np.hypot(1, center / spread))
    return numbers
