"""A phase collapse is stable to translations and deformations, as no coefficient is that keeps its phase.

    ||x_τ ∗ ψ|(u) − |x ∗ ψ|(u)|  ≤  √(τ(u)ᵀ S τ(u)) ‖ψ‖₂ ‖x‖₂  +  ‖∇τ‖ ‖∇x‖ Σ_v |v| |ψ(v)|

under the hypotheses and with the notations of deformation_turns_the_phase_locally: the frequency ξ of the wavelet has
left the bound, only its spread √S ≤ σ is in it. A translation is the case ∇τ = 0.

Proof. ||a| − |b|| ≤ |a − e^{−iξ·τ(u)} b|, and the right side is bounded there. For a small constant τ and
x̂ = i conj(ψ̂) (ω − ξ)·τ the bound is reached as τ → 0: x ∗ ψ vanishes at 0 because ξ is the mean of ω under |ψ̂|², and
there, but for the phase e^{−iξ·τ}, x_τ ∗ ψ is the mean of |ψ̂|² ((ω − ξ)·τ)² to first order, √(τᵀ S τ) ‖ψ‖₂ ‖x‖₂.
The second term is as sharp as in deformation_turns_the_phase_locally: where τ vanishes, both coefficients of the ramp
are real and positive, and their moduli differ as they do.

Broken: without the collapse the coefficient turns by ξ·τ(u), and at one octave above the finest |ξ| exceeds σ.
Source: Guth, Zarka & Mallat (2022); Mallat (2012).
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import named
from ..torus import frequencies
from . import deformation_turns_the_phase_locally as local
from .translation_turns_the_phase import filtered

SHARPNESS = [1.0, local.SHARPNESS[1]]  # of the first term and of the second one
BROKEN = {"nonlinearity": "identity"}
BROKEN_BY = "no collapse"


def instance(rng):
    x, parameters = local.instance(rng)
    return x, parameters | {"nonlinearity": "phase collapse"}


def hardest():
    x, parameters = local.hardest()
    bank, constant = parameters["bank"], parameters["displacement"][0, 0, 0]
    away = (frequencies(bank.shape) - bank.center(unwrapped=False)[0]) @ constant
    still = np.fft.ifft2(1j * np.conj(bank.psi_hat[0]) * away)
    x = np.concatenate([still[None] / np.max(np.abs(still)), x[1:]])
    return x, parameters | {"nonlinearity": "phase collapse"}


def deviation(x, *, bank, index, displacement, terms, nonlinearity):
    deformed, still = (
        named(nonlinearity)(filtered(images, bank.psi_hat[index])) for images in (local.deformed_by(x, displacement), x)
    )
    return array_namespace(x).abs(deformed - still)


def bound(x, *, nonlinearity, **parameters):
    return local.bound(x, **parameters)
