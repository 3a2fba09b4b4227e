"""A translation turns the phase of a wavelet coefficient, and changes little else.

    sup_u |(x_τ ∗ ψ)(u) − e^{−iξ·τ} (x ∗ ψ)(u)|  ≤  √(τᵀ S τ) ‖ψ‖₂ ‖x‖₂  ≤  σ |τ| ‖ψ‖₂ ‖x‖₂

for every image x and every shift τ, with x_τ(u) = x(u − τ); ξ is the mean frequency of ψ under |ψ̂|², S its covariance
and σ² = Tr S. For a shift by whole samples, frequencies may be measured modulo 2π around the spectral peak. Between
samples, x̂_τ(ω) = e^{−iω·τ} x̂(ω) with ω in [−π, π)², and they must be measured there.

Proof. In Fourier the difference at u is (1/HW) Σ_ω x̂ ψ̂ (e^{−iω·τ} − e^{−iξ·τ}) e^{iω·u}. As |e^{ia} − e^{ib}| ≤
|a − b|, the bracket is at most |(ω − ξ)·τ|; for whole τ it does not change if ω moves by 2π. Cauchy-Schwarz with
the weights |ψ̂|² gives √(τᵀ S τ). Both steps become equalities for x̂ = conj(ψ̂ (e^{−iω·τ} − e^{−iξ·τ})) as τ tends
to 0.

Broken: with frequencies measured around the peak, a wavelet of the finest scale, which spills over the frequency π, and
a shift of a hundredth of a sample exceed the bound 2.7 times. Even with σ |τ| in it, L = 4 angles on a 64 x 64 torus
exceed it 2.07 times at τ = (0.05, 0).
Source: Guth, Zarka & Mallat (2022); Mallat, A Wavelet Tour of Signal Processing.
"""

import numpy as np

from ..arrays import array_namespace
from ..torus import convolve, frequencies, translate
from ..wavelets import morlet_bank

SHARPNESS = 1.0
BROKEN = {"unwrapped": True}


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([9, 32], 2))
    bank = morlet_bank(shape, int(rng.integers(1, 4)), int(rng.choice([3, 4, 8])))
    whole = bool(rng.integers(2))
    shift = rng.choice([-1, 1], 2) * rng.integers(1, 5, 2) if whole else rng.uniform(-3, 3, 2)
    parameters = {"bank": bank, "index": int(rng.integers(len(bank))), "shift": shift, "unwrapped": whole}
    x = matched(**parameters) if rng.integers(2) else rng.normal(size=shape)
    return x, parameters


def hardest():
    parameters = {"bank": morlet_bank((32, 32), 1, 4), "index": 1, "shift": np.array([0.01, 0.0]), "unwrapped": False}
    return matched(**parameters), parameters


def deviation(x, *, bank, index, shift, unwrapped):
    xp = array_namespace(x)
    turn = complex(np.exp(-1j * np.dot(bank.center(unwrapped)[index], shift)))
    difference = convolve(translate(x, shift), bank.psi_hat[index]) - turn * convolve(x, bank.psi_hat[index])
    return xp.max(xp.abs(difference))


def bound(x, *, bank, index, shift, unwrapped):
    norm = float(np.sqrt(np.mean(np.abs(bank.psi_hat[index]) ** 2)))
    along_shift = float(np.sqrt(shift @ bank.covariance(unwrapped)[index] @ shift))
    return along_shift * norm * array_namespace(x).linalg.vector_norm(x)


def matched(bank, index, shift, unwrapped):
    """The image that turns Cauchy-Schwarz into an equality, with norm one; a wave where the shift is zero."""
    bracket = np.exp(-1j * frequencies(bank.shape) @ shift) - np.exp(-1j * np.dot(bank.center(unwrapped)[index], shift))
    x = np.fft.ifft2(np.conj(bank.psi_hat[index] * bracket if np.any(shift) else bank.psi_hat[index]))
    return x / np.linalg.norm(x)
