"""An amplitude reduction is not stable to translations: each has an image that goes beyond the bound of the collapse.

    sup_u |ρ(x_τ ∗ ψ) − ρ(x ∗ ψ)|  >  σ |τ| ‖ψ‖₂ ‖x‖₂,     x̂ = conj(ψ̂), scaled; ξ, σ measured on [−π, π)²

for a wavelet of the second octave, τ along ξ, and ρ a soft threshold at any λ < (1 − σ/|ξ|) ‖ψ‖₂ ‖x‖₂ as τ → 0, at
λ = 0.4 ‖ψ‖₂ ‖x‖₂ for a shift by one sample; ρ the tanh, sigmoid or unit amplitude, x scaled small.

Proof. x is matched to ψ: |x ∗ ψ| has its peak p = ‖ψ‖₂ ‖x‖₂ at 0, where it is flat, so that to first order x_τ ∗ ψ is
e^{−iξ·τ} x ∗ ψ there. ρ commutes with the phase, so that to first order the left side is at least |ρ|(p) |ξ·τ|. This
exceeds σ |τ| p if and only if |ρ|(p)/p > σ/|ξ|. The quotient is 1 − λ/p for the soft threshold; as p → 0 it tends to 1
for tanh, and to infinity for the sigmoid, whose |ρ| tends to 1/2, and for the unit amplitude. For the shift by one
sample the ratio is recomputed; with L = 4 angles, where σ/|ξ| is largest, it is least.

Broken: a collapse after the reduction removes the turn, and all ratios fall under 1.
Source: Guth, Zarka & Mallat (2022) for the idea.
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import collapse_phase, soft_threshold
from ..nonlinearities import nonlinearity as named
from ..torus import convolve, translate
from ..wavelets import morlet_bank

REDUCTIONS = ("tanh", "sigmoid", "unit amplitude")
REQUIRED = dict.fromkeys(("soft threshold", "soft threshold, one sample", *REDUCTIONS), (1.0, np.inf))
BROKEN = {"collapsed": True}


def witness():
    bank, index = morlet_bank(32, 2, 4), 5
    x = np.fft.ifft2(np.conj(bank.psi_hat[index]))
    return x / np.linalg.norm(x), {"bank": bank, "index": index, "collapsed": False}


def certificate(x, *, bank, index, collapsed):
    psi_hat, spread = bank.psi_hat[index], bank.spread(unwrapped=False)[index]
    center = np.linalg.norm(bank.center(unwrapped=False)[index])
    peak = float(np.sqrt(np.mean(np.abs(psi_hat) ** 2)))
    xp = array_namespace(x)

    def ratio(reduction, length, scale=1.0):
        moved, still = (
            reduction(convolve(scale * image, psi_hat)) for image in (translate(x, np.array([length, 0.0])), x)
        )
        change = collapse_phase(moved) - collapse_phase(still) if collapsed else moved - still
        return xp.max(xp.abs(change)) / float(spread * length * peak * scale)

    critical = (1 - spread / center) * peak
    return {
        "soft threshold": ratio(lambda z: soft_threshold(z, 0.9 * critical), 0.01),
        "soft threshold, one sample": ratio(lambda z: soft_threshold(z, 0.4 * peak), 1.0),
    } | {name: ratio(named(name), 0.01, scale=0.1) for name in REDUCTIONS}
