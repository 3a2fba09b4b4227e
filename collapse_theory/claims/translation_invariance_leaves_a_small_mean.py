"""On a class only invariant by translations, a reduction leaves a small mean at every depth: σ|τ| against the turn ξ·τ.

    |E X_d| on a path  ≤  c √(E|Z|²),    c = min(1, min_τ √(τᵀ S τ) / |1 − e^{−iξ·τ}|),    Z = X_{j−1} ∗ ψ

for X_d = (X_{d−1} ∗ φ, ρ(X_{d−1} ∗ ψ_k)), |φ̂(0)| = 1, a class X_0 whose law is invariant by whole shifts, here all
shifts of some templates, and a non-expansive amplitude reduction ρ with ρ(0) = 0. Z, at one sample, is the coefficient
of the last wavelet of the path, in layer j; only the path that is low-pass in every layer is exempt. ξ and S are mean
and covariance of the frequency under E|Ẑ|², measured modulo 2π around the centre of ψ; τ runs over the whole shifts
that turn the phase, 1 ≠ e^{−iξ·τ}. The mean is small if the phase turns by π before the envelope decays; it is zero for
linear ρ, and for a class closed under roots of unity. Variance is 1 − |E ρ(Z)|² / E|ρ(Z)|² of the energy after ρ, near
all of it unless ρ takes nearly all of the energy.

Proof. A layer commutes with shifts: each map of X_{j−1} is stationary, and Z_τ = (X_{j−1, τ} ∗ ψ)(u) has the law of Z.
As ρ(e^{−ia} z) = e^{−ia} ρ(z), (1 − e^{−iξ·τ}) E ρ(Z) = E[ρ(Z_τ) − ρ(e^{−iξ·τ} Z)]. ρ being non-expansive, this is at
most E|Z_τ − e^{−iξ·τ} Z|, thus its root mean square, which in Fourier is at most √(τᵀ S τ) √(E|Z|²), as in the first
claim. Also |ρ(Z)| ≤ |Z|, hence c ≤ 1. The low-passes that follow multiply the mean by φ̂(0).
Sharpness: bright rows, one in three, under a threshold at the smaller of the two amplitudes, as in the claim
stationary_classes_keep_a_mean_after_a_threshold: |E ρ(Z)| = (a + b − √(a² + b² − ab))/3, E|Z|² = a² + b², the spectrum
is a² at 2π/3 and b² at 4π/3, so ξ = 2π/3 (a² + 2b²)/(a² + b²) and √S = 2π/3 ab/(a² + b²) along the rows; the shift by
one row is best. The ratio tends to 0.41 as b/a → 0 and to 0.45 as b/a → 1; the supremum is not known.

Broken: a phase collapse leaves the mean E|Z|, which is beyond the bound.
Source: Guth, Zarka & Mallat (2022) for the idea; the bound is derived here.
"""

import math

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..nonlinearities import named
from ..scattering import cascade
from ..torus import frequencies
from ..wavelets import morlet_bank, wavelet_transform
from .degenerate_images import some_degenerate

BROKEN = {"reduction": "phase collapse", "threshold": None}
BROKEN_BY = "the modulus"


def bank_of(shape, angles):
    """One octave of angles on the full circle, tight for complex maps."""
    return morlet_bank(shape, 1, angles, "full").tight("complex")


def rows_and_amplitudes():
    """One bright row in three, mean zero, (6, 6), and the amplitudes a, b of its two waves in a wavelet along them."""
    bright, psi_hat = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]) - 1 / 3, bank_of((6, 6), 4).psi_hat[1]
    return bright[:, None] * np.ones(6), *(float(psi_hat[row, 0]) / 3 for row in (2, -2))


def ratio_of_rows(a, b):
    """The bound is reached to this share by the rows, under a threshold at the smaller amplitude."""
    energy, third = a**2 + b**2, 2 * math.pi / 3
    turned = 2 * abs(math.sin(third * (a**2 + 2 * b**2) / energy / 2))
    left = (a + b - math.sqrt(energy - a * b)) / 3
    return left * turned / (third * a * b / energy * math.sqrt(energy))


SHARPNESS = ratio_of_rows(*rows_and_amplitudes()[1:])


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([5, 6, 8], 2))
    x = rng.normal(size=(int(rng.integers(1, 4)), 1, *shape)) if rng.integers(2) else rng.random((1, 1, *shape)) ** 8
    reduction = str(rng.choice(["soft threshold", "tanh"]))
    threshold = float(0.5 * rng.random()) if reduction == "soft threshold" else None
    parameters = {"angles": int(rng.choice([4, 8])), "depth": int(rng.integers(1, 3))}
    return some_degenerate(rng, x), parameters | {"reduction": reduction, "threshold": threshold}


def hardest():
    x, a, b = rows_and_amplitudes()
    threshold = math.sqrt(a**2 + b**2 - a * b)
    return x[None, None], {"angles": 4, "depth": 1, "reduction": "soft threshold", "threshold": threshold}


def deviation(x, *, angles, depth, reduction, threshold):
    """|E X_d| on each path: over all shifts of a template the expectation at a sample is the mean over the samples."""
    xp, parameters = array_namespace(x), {} if threshold is None else {"threshold": threshold}
    bank = bank_of(x.shape[-2:], angles)
    *_, last = cascade(x, bank, named(reduction, **parameters), depth=depth)
    return xp.abs(xp.mean(last, axis=(0, -2, -1)))[1:]


def bound(x, *, angles, depth, reduction, threshold):
    xp, parameters = array_namespace(x), {} if threshold is None else {"threshold": threshold}
    bank = bank_of(x.shape[-2:], angles)
    bounds = None
    for layer in list(cascade(x, bank, named(reduction, **parameters), depth=depth))[:-1]:
        constants, energy = small_means(wavelet_transform(layer, bank)[..., 1:, :, :], bank)
        last = constants * xp.sqrt(energy)
        carried = xp.zeros_like(last[:1, :1]) if bounds is None else bounds[:, None]
        bounds = xp.reshape(xp.concat([carried, last], axis=1), (-1,))
    return bounds[1:]


def small_means(z, bank):
    """c and E|Z|² of the coefficients (N, C, K, H, W) of N templates under all shifts, each (C, K)."""
    xp, (height, width) = array_namespace(z), z.shape[-2:]
    energy = xp.mean(xp.abs(z) ** 2, axis=(0, -2, -1))
    density = xp.mean(xp.abs(fft2(z)) ** 2, axis=0)[..., None]
    density = density / xp.clip(
        xp.sum(density, axis=(-3, -2), keepdims=True), min=xp.finfo(energy.dtype).smallest_normal
    )
    center = bank.center()[:, None, None, :]
    w = place(center + (frequencies((height, width)) - center + np.pi) % (2 * np.pi) - np.pi, like=z)
    mean = xp.sum(density * w, axis=(-3, -2))
    offset = xp.reshape(w - mean[..., None, None, :], (*energy.shape, -1, 2))
    weighted = xp.reshape(density, (*energy.shape, -1, 1)) * offset
    covariance = xp.matmul(xp.matrix_transpose(weighted), offset)
    shifts = place(np.argwhere(np.ones((height, width)))[1:].astype(float), like=z)
    spread = xp.sqrt(xp.clip(xp.sum((shifts @ covariance) * shifts, axis=-1), min=0.0))
    turned = 2 * xp.abs(xp.sin(mean @ xp.matrix_transpose(shifts) / 2))
    least = xp.finfo(energy.dtype).eps ** 0.5  # a shift that turns by less does not turn: 0/0
    quotients = xp.where(turned > least, spread / xp.clip(turned, min=least), xp.ones_like(turned))
    return xp.min(xp.clip(quotients, max=1.0), axis=-1), energy
