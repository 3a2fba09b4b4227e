"""Spatial means of moduli are invariant to shifts between samples only up to the bandwidth of the coefficients.

    |mean_u |z_τ(u)| − mean_u |z(u)||  ≤  √(τᵀ S τ) √(mean_u |z(u)|²),    z = x ∗ ψ,  z_τ = x_τ ∗ ψ

for every shift τ, S being the covariance of the frequency under |ẑ|², measured on [−π, π)². As whole shifts change
nothing, τ may be taken in [−½, ½]²; the narrower the wavelet in frequency, the less its mean modulus moves.

Proof. ||z_τ| − |z|| ≤ |z_τ − e^{−ia} z| at each sample, for every a; the mean is at most the root mean square, which by
Parseval is that of e^{−iω·τ} − e^{−ia} under |ẑ|², and so at most that of ω·τ − a. a = ξ·τ, ξ the mean of ω, is best.
Sharpness: for z = cos(π u_1 / 2), whose moduli 1, 0, 1, 0 become cos θ, sin θ .. at θ = π τ_1 / 2, the left-hand side
is (cos θ + sin θ − 1) / 2 and the right-hand side θ / √2; their ratio tends to 1/√2 as τ tends to 0.

Broken: at one sample, without the mean, a modulus moves √2 times the bound.
Source: elementary; that only an average over a continuous torus is exactly invariant is in Mallat (2012).
"""

import math

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..torus import convolve, frequencies, translate
from ..wavelets import morlet_bank

SHARPNESS = 1 / math.sqrt(2)
BROKEN = {"averaged": False}


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([7, 8, 16], 2))
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if rng.integers(2) else 0)
    parameters = {"shift": tuple(rng.uniform(-1.5, 1.5, 2)), "scales": 2, "angles": 4, "index": int(rng.integers(8))}
    return x, parameters | {"averaged": True}


def hardest():
    parameters = {"shift": (1e-4, 0.0), "scales": 1, "angles": 4, "index": 1, "averaged": True}
    gain = morlet_bank((8, 8), 1, 4).psi_hat[1, [2, -2], 0]
    waves = np.exp(1j * np.pi / 2 * np.outer(np.arange(8), [1, -1])) / gain
    return np.sum(waves, axis=1)[:, None] * np.ones(8), parameters


def deviation(x, *, shift, averaged, **wavelet):
    xp, psi_hat = array_namespace(x), _psi_hat(x, **wavelet)
    moved, still = (xp.abs(convolve(image, psi_hat)) for image in (translate(x, shift), x))
    return xp.abs(xp.mean(moved) - xp.mean(still)) if averaged else xp.max(xp.abs(moved - still))


def bound(x, *, shift, averaged, **wavelet):
    xp, psi_hat = array_namespace(x), _psi_hat(x, **wavelet)
    energy = xp.abs(fft2(x) * place(psi_hat, like=x)) ** 2
    turn = place(frequencies(x.shape[-2:]) @ np.asarray(shift), like=x)
    turn = turn - xp.sum(energy * turn) / xp.sum(energy)
    return xp.sqrt(xp.sum(energy * turn**2)) / math.prod(x.shape)


def _psi_hat(x, *, scales, angles, index):
    return morlet_bank(x.shape[-2:], scales, angles).psi_hat[index]
