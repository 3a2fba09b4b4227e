"""On a class that is only invariant by translations, a reduction leaves a mean: at most σ|τ| of the amplitude.

    |E ρ(Z)|  ≤  min_τ √(τᵀ S τ) / |1 − e^{−iξ·τ}| · √(E|Z|²),    Z = (X ∗ ψ)(u),   τ over all whole shifts

for a class X whose law is invariant by whole shifts, here all shifts of some templates, and a non-expansive amplitude
reduction ρ; ξ and S are the mean and the covariance of the frequency under E|Ẑ|², measured modulo 2π around the centre
of ψ (those of ψ if X is white). The mean is small if the phase turns by π before the envelope decays; it is zero for
linear ρ, and for a class closed under roots of unity. The variance falls short of the energy by its square: before the
reduction variance / energy = 1, after it 1 − |E ρ(Z)|² / E|ρ(Z)|², near 1 unless ρ takes nearly all of the energy.

Proof. X_τ has the law of X, and ρ(e^{−ia} z) = e^{−ia} ρ(z): (1 − e^{−iξ·τ}) E ρ(Z) = E[ρ(Z_τ) − ρ(e^{−iξ·τ} Z)] with
Z_τ = (X_τ ∗ ψ)(u). As ρ is non-expansive this is at most E|Z_τ − e^{−iξ·τ} Z|, thus its root mean square, which in
Fourier is at most √(τᵀ S τ) √(E|Z|²), as in the first claim. The next claim has a mean that is not small.
Sharpness, an interval: a thresholded pulse loses something in each of the three steps; which image, wavelet and
threshold lose least has no closed form.

Broken: a phase collapse leaves the mean E|Z|, three times the bound.
Source: Guth, Zarka & Mallat (2022) for the idea; the bound is derived here.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..nonlinearities import NONLINEARITIES
from ..torus import convolve, frequencies
from ..wavelets import morlet_bank

SHARPNESS = (0.2, 0.5)
BROKEN = {"reduction": "phase collapse", "threshold": None}


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([5, 8, 12], 2))
    x = rng.normal(size=(int(rng.integers(1, 4)), *shape)) if rng.integers(2) else rng.random((1, *shape)) ** 8
    scales, angles = int(rng.integers(1, 3)), int(rng.choice([4, 8]))
    reduction = str(rng.choice(["soft threshold", "tanh"]))
    threshold = float(0.5 * rng.random()) if reduction == "soft threshold" else None
    index = int(rng.integers(scales * angles))
    return x, {"scales": scales, "angles": angles, "index": index, "reduction": reduction, "threshold": threshold}


def hardest():
    x = np.zeros((1, 12, 12))
    x[0, 0, 0] = 1.0
    parameters = {"scales": 3, "angles": 8, "index": 19, "reduction": "soft threshold"}
    peak = np.mean(morlet_bank((12, 12), 3, 8).psi_hat[19])
    return x, parameters | {"threshold": float(0.5 * peak)}


def deviation(x, *, reduction, threshold, **wavelet):
    """|E ρ(Z)|: over all shifts of a template the expectation at a sample is the mean over the samples."""
    xp, parameters = array_namespace(x), {} if threshold is None else {"threshold": threshold}
    return xp.abs(xp.mean(NONLINEARITIES[reduction](coefficients(x, **wavelet)[0], **parameters)))


def bound(x, *, reduction, threshold, **wavelet):
    xp, (z, center) = array_namespace(x), coefficients(x, **wavelet)
    density = xp.reshape(xp.mean(xp.abs(fft2(z)) ** 2, axis=0), (-1, 1))
    w = frequencies(x.shape[-2:]).reshape(-1, 2)
    w = place(center + (w - center + np.pi) % (2 * np.pi) - np.pi, like=x)
    shifts = place(np.argwhere(np.ones(x.shape[-2:]))[1:].astype(float), like=x)
    mean = xp.sum(density * w, axis=0) / xp.sum(density)
    spread = xp.sqrt(xp.sum(density * ((w - mean) @ xp.matrix_transpose(shifts)) ** 2, axis=0) / xp.sum(density))
    turned = 2 * xp.abs(xp.sin(shifts @ mean / 2))
    return xp.min(spread / xp.clip(turned, min=1e-9)) * xp.sqrt(xp.mean(xp.abs(z) ** 2))


def coefficients(x, *, scales, angles, index):
    bank = morlet_bank(x.shape[-2:], scales, angles)
    return convolve(x, bank.psi_hat[index]), bank.center()[index]
