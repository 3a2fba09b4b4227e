"""A phase collapse is stable to translations and deformations, as no coefficient is that keeps its phase.

    ||x_τ ∗ ψ|(u) − |x ∗ ψ|(u)|  ≤  √(τ(u)ᵀ S τ(u)) ‖ψ‖₂ ‖x‖₂  +  ‖∇τ‖ ‖∇x‖ Σ_v |v| |ψ(v)|

under the hypotheses and with the notations of deformation_turns_the_phase_locally: the frequency ξ of the wavelet has
left the bound, only its spread √S ≤ σ is in it. A translation is the case ∇τ = 0.

Proof. ||a| − |b|| ≤ |a − e^{−iξ·τ(u)} b|, and the right side is bounded there. For a small constant τ and
x̂ = i conj(ψ̂) (ω − ξ)·τ the bound is reached as τ → 0: x ∗ ψ vanishes at 0 because ξ is the mean of ω under |ψ̂|², and
there, but for the phase e^{−iξ·τ}, x_τ ∗ ψ is the mean of |ψ̂|² ((ω − ξ)·τ)² to first order, √(τᵀ S τ) ‖ψ‖₂ ‖x‖₂.

Broken: without the collapse the coefficient turns by ξ·τ(u), and at one octave above the finest |ξ| exceeds σ.
Source: Guth, Zarka & Mallat (2022); Mallat (2012).
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import nonlinearity as named
from ..torus import convolve, deform, frequencies
from ..wavelets import morlet_bank
from . import deformation_turns_the_phase_locally as local

SHARPNESS = 1.0
BROKEN = {"nonlinearity": "identity"}


def instance(rng):
    x, parameters = local.instance(rng)
    return x, parameters | {"nonlinearity": "phase collapse"}


def hardest():
    bank, index = morlet_bank(16, 2, 4), 5
    shift = np.array([0.01, 0.0])
    away = (frequencies(bank.shape) - bank.center(unwrapped=False)[index]) @ shift
    x = np.fft.ifft2(np.conj(bank.psi_hat[index]) * np.stack([1j * away, np.ones_like(away)]))
    displacement = np.broadcast_to(shift, (*bank.shape, 2))
    terms = ("shift", "gradient")
    return x, {
        "bank": bank,
        "index": index,
        "displacement": displacement,
        "terms": terms,
        "nonlinearity": "phase collapse",
    }


def deviation(x, *, bank, index, displacement, terms, nonlinearity):
    deformed, still = (
        named(nonlinearity)(convolve(image, bank.psi_hat[index])) for image in (deform(x, displacement), x)
    )
    return array_namespace(x).abs(deformed - still)


def bound(x, *, nonlinearity, **parameters):
    return local.bound(x, **parameters)
