"""A translation turns the phase of a wavelet coefficient, and changes little else.

    sup_u |(x_τ ∗ ψ)(u) − e^{−iξ·τ} (x ∗ ψ)(u)|  ≤  √(τᵀ S τ) ‖ψ‖₂ ‖x‖₂  ≤  σ |τ| ‖ψ‖₂ ‖x‖₂

for every image x and every shift τ, with x_τ(u) = x(u − τ); ξ is the mean frequency of ψ under |ψ̂|², S its covariance
and σ² = Tr S. For a shift by whole samples, frequencies may be measured modulo 2π around the spectral peak. Between
samples, x̂_τ(ω) = e^{−iω·τ} x̂(ω) with ω in [−π, π)², and they must be measured there.

Proof. In Fourier the difference at u is (1/HW) Σ_ω x̂ ψ̂ (e^{−iω·τ} − e^{−iξ·τ}) e^{iω·u}. As |e^{ia} − e^{ib}| ≤
|a − b|, the bracket is at most |(ω − ξ)·τ|; for whole τ it does not change if ω moves by 2π. Cauchy-Schwarz with
the weights |ψ̂|² gives √(τᵀ S τ). Both steps become equalities for x̂ = conj(ψ̂ (e^{−iω·τ} − e^{−iξ·τ})) as τ tends
to 0. For this image, with a wavelet of the second octave, a turn by ξ·τ the other way exceeds the bound 3.3 times, and
no turn 1.7 times: the phase is not lost in the bound.

Broken: with frequencies measured around the peak, a wavelet of the finest scale, which spills over the frequency π, and
a shift of a hundredth of a sample exceed the bound 2.7 times. Even with σ |τ| in it, L = 4 angles on a 64 x 64 torus
exceed it 2.07 times at τ = (0.05, 0).
Source: Guth, Zarka & Mallat (2022); Mallat, A Wavelet Tour of Signal Processing.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..torus import convolve, frequencies, translate
from ..wavelets import morlet_bank
from .degenerate_images import some_degenerate

SHARPNESS = [1.0, 1.0]  # of the first and the second octave
BROKEN = {"unwrapped": True}
BROKEN_BY = "frequencies measured around the peak, between samples"


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([9, 32], 2))
    bank = morlet_bank(shape, int(rng.integers(1, 4)), int(rng.choice([3, 4, 8])))
    whole = bool(rng.integers(2))
    shift = rng.choice([-1, 1], 2) * rng.integers(1, 5, 2) if whole else rng.uniform(-3, 3, 2)
    parameters = {"bank": bank, "index": rng.integers(len(bank), size=1), "shift": shift, "unwrapped": whole}
    x = matched(**parameters) if rng.integers(2) else some_degenerate(rng, rng.normal(size=(1, *shape)))
    return x, parameters


def hardest():
    shift, index = np.array([0.01, 0.0]), np.array([1, 5])
    parameters = {"bank": morlet_bank((32, 32), 2, 4), "index": index, "shift": shift, "unwrapped": False}
    return np.roll(matched(**parameters), (3, 2), axis=(-2, -1)), parameters  # whose deviation is not largest at 0


def deviation(x, *, bank, index, shift, unwrapped):
    """Of each image with the wavelet of its own index."""
    xp = array_namespace(x)
    turn = place(np.exp(-1j * bank.center(unwrapped)[index] @ shift)[:, None, None], like=x)
    moved, still = (filtered(image, bank.psi_hat[index]) for image in (translate(x, shift), x))
    return xp.max(xp.abs(moved - turn * still), axis=(-2, -1))


def bound(x, *, bank, index, shift, unwrapped):
    norm = np.sqrt(np.mean(np.abs(bank.psi_hat[index]) ** 2, axis=(-2, -1)))
    along_shift = np.sqrt(np.matmul(bank.covariance(unwrapped)[index] @ shift, shift))
    return place(along_shift * norm, like=x) * array_namespace(x).linalg.vector_norm(x, axis=(-2, -1))


def filtered(x, filters_hat):
    """Each image with its own filter.  (N, H, W) -> (N, H, W) complex."""
    xp = array_namespace(x)
    return xp.stack([convolve(x[n, ...], psi_hat) for n, psi_hat in enumerate(filters_hat)])


def matched(bank, index, shift, unwrapped):
    """The images, of norm one, that make Cauchy-Schwarz an equality; waves where the shift is zero.  (N, H, W)."""
    turns = np.exp(-1j * bank.center(unwrapped)[index] @ shift)[:, None, None]
    bracket = np.exp(-1j * frequencies(bank.shape) @ shift) - turns
    x = np.fft.ifft2(np.conj(bank.psi_hat[index] * (bracket if np.any(shift) else 1)))
    return x / np.linalg.norm(x, axis=(-2, -1), keepdims=True)
