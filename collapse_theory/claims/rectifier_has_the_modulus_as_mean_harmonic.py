"""A rectifier of a real part is |z|/π, half the real part, and even harmonics of the phase.

    |ReLU(Re z) − |z| (1/π + cos(α)/2 + (2/π) Σ_{1≤k≤n} (−1)^{k+1} cos(2kα) / (4k² − 1))|  ≤  |z| / (π (2n + 1))

for every z = |z| e^{iα} and n ≥ 0, with equality where Re z = 0. The term that does not depend on the phase, |z|/π, is
a phase collapse: the mean over all rotations. The first harmonic is linear, the others turn with the phase.

Proof. Fourier series of max(cos α, 0). Its tail is at most (2/π) Σ_{k>n} 1/(4k² − 1), which telescopes: 1/(4k² − 1) is
half of 1/(2k − 1) − 1/(2k + 1). At α = ±π/2 all terms have the same sign.

Broken: a rectifier with a bias is not homogeneous, and has no such expansion.
Source: classical Fourier series; phase harmonics in Mallat, Zhang & Rochette (2020).
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import collapse_phase, rectify, unit_amplitude

SHARPNESS = 1.0
BROKEN = {"bias": 0.5}
BROKEN_BY = "a bias"


def instance(rng):
    z = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    return z * rng.exponential(size=(8, 8)), {"harmonics": int(rng.integers(0, 9)), "bias": 0.0}


def hardest():
    return np.array([1j, 1.0, -1j, -1.0]), {"harmonics": 4, "bias": 0.0}


def deviation(z, *, harmonics, bias):
    xp, turn = array_namespace(z), unit_amplitude(z)
    series = 1 / np.pi + xp.real(turn) / 2
    for k in range(1, harmonics + 1):
        series = series + (-1) ** (k + 1) * 2 / np.pi / (4 * k**2 - 1) * xp.real(turn ** (2 * k))
    return xp.abs(rectify(xp.real(z), bias) - collapse_phase(z) * series)


def bound(z, *, harmonics, bias):
    return collapse_phase(z) / (np.pi * (2 * harmonics + 1))
