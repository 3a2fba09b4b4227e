"""On a class that is only invariant by translations, a thresholded coefficient may have a mean that is not zero.

    |E ρ(X ∗ ψ)|  >  5 %  of  √(E|X ∗ ψ|²),    E (X ∗ ψ) = 0

for the class of all shifts of one positive pulse, less its mean, and a soft threshold at half of the peak of ψ. The
pulses of both signs are a second class, of equal mean and spectrum; it is closed under x -> −x and has E ρ(X ∗ ψ) = 0.
So a reduction can separate the means of two stationary classes, a little: only circular ones are never separated.

Proof. E over all shifts is the mean over the samples of ρ(ψ). ψ has mean zero because a small negative remainder makes
up for its peak, where its phase is zero; a threshold takes off the remainder and leaves the peak. Computed below.

Broken: with pulses of both signs the mean vanishes.
Source: none; that translation invariance gives circular coefficients only approximately is in Guth, Zarka & Mallat
(2022).
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import soft_threshold
from ..torus import convolve
from ..wavelets import morlet_bank

REQUIRED = {"mean before": (0.0, 0.0), "mean after": (0.05, np.inf)}
BROKEN = {"signs": (1.0, -1.0)}


def witness():
    x = np.full((8, 8), -1 / 64)
    x[0, 0] += 1.0
    return x, {"signs": (1.0,)}


def certificate(x, *, signs):
    xp, psi_hat = array_namespace(x), morlet_bank(x.shape[-2:], 2, 8).psi_hat[13]
    z = convolve(xp.stack([sign * x for sign in signs]), psi_hat)
    kept, scale = soft_threshold(z, float(0.5 * np.mean(psi_hat))), xp.sqrt(xp.mean(xp.abs(z) ** 2))
    return {"mean before": xp.abs(xp.mean(z)) / scale, "mean after": xp.abs(xp.mean(kept)) / scale}
