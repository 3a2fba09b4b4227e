"""Spatial means of moduli ignore whole shifts, and shifts between samples up to the bandwidth of the coefficients.

    |mean_u |z_τ(u)| − mean_u |z(u)||  ≤  √(δᵀ S δ) √(mean_u |z(u)|²),    z = x ∗ ψ,  z_τ = x_τ ∗ ψ,  δ = τ − round(τ)

for every shift τ, S being the covariance of the frequency under |ẑ|², measured on [−π, π)². The bound is 0 for whole
shifts, and the narrower the wavelet in frequency, the less its mean modulus moves.

Proof. A whole shift moves z(u) to another sample, so only δ counts. ||z_δ| − |z|| ≤ |z_δ − e^{−ia} z| at each sample,
for every a; the mean is at most the root mean square, which by Parseval is that of e^{−iω·δ} − e^{−ia} under |ẑ|², and
so at most that of ω·δ − a. a = ξ·δ, ξ the mean of ω, is best.
Sharpness: z is a wave times a pulse at every p-th row. As δ → 0 a pulse loses nothing in first order, the samples
between gain |δ D(v)|, v = 1 .. p − 1, D the derivative of the interpolated pulse, and the right-hand side is |δ| times
the root mean square of D, with D(0) = 0. The ratio is at most √(1 − 1/p), with equality where |D(v)| does not depend on
v ≥ 1: for p = 2 and p = 3, √(2/3). Whether other images come closer to 1 is not known.

Broken: at one sample, without the mean, a modulus moves more than the bound.
Source: elementary; that only an average over a continuous torus is exactly invariant is in Mallat (2012).
"""

import math

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..nonlinearities import collapse_phase
from ..torus import convolve, frequencies, translate
from ..wavelets import morlet_bank
from .degenerate_images import some_degenerate

SHARPNESS = math.sqrt(2 / 3)
BROKEN = {"averaged": False}
BROKEN_BY = "no spatial mean"


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([7, 8, 16], 2))
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if rng.integers(2) else 0)
    parameters = {"scales": 2, "angles": 4, "index": int(rng.integers(8)), "averaged": True}
    shift = rng.uniform(-1.5, 1.5, 2) if rng.integers(4) else rng.integers(-20, 21, 2)
    return some_degenerate(rng, x), parameters | {"shift": tuple(float(step) for step in shift)}


def hardest():
    parameters = {"shift": (1e-3, 0.0), "scales": 1, "angles": 4, "index": 1, "averaged": True}
    z_hat = np.zeros((6, 8))
    z_hat[[1, 3, 5], 0] = 1 / morlet_bank((6, 8), 1, 4).psi_hat[1, [1, 3, 5], 0]
    return 16 * np.fft.ifft2(z_hat), parameters


def deviation(x, *, shift, averaged, **wavelet):
    xp, psi_hat = array_namespace(x), _psi_hat(x, **wavelet)
    moved, still = (collapse_phase(convolve(image, psi_hat)) for image in (translate(x, shift), x))
    return xp.abs(xp.mean(moved) - xp.mean(still)) if averaged else xp.max(xp.abs(moved - still))


def bound(x, *, shift, averaged, **wavelet):
    xp, psi_hat = array_namespace(x), _psi_hat(x, **wavelet)
    energy = xp.abs(fft2(x) * place(psi_hat, like=x)) ** 2
    turn = place(frequencies(x.shape[-2:]) @ (np.asarray(shift) - np.round(shift)), like=x)
    total = xp.clip(xp.sum(energy), min=xp.finfo(energy.dtype).smallest_normal)
    turn = turn - xp.sum(energy * turn) / total
    return xp.sqrt(xp.sum(energy * turn**2)) / math.prod(x.shape)


def _psi_hat(x, *, scales, angles, index):
    return morlet_bank(x.shape[-2:], scales, angles).psi_hat[index]
