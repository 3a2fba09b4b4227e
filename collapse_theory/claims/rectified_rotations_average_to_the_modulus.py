"""The modulus is the average of rectified rotations, and finitely many of them come as close as a cotangent says.

    x cot(x) |z|  ≤  R_A(z)  ≤  x / sin(x) |z|,     R_A(z) = (π/A) Σ_{k<A} ReLU(Re(e^{−2πik/A} z)),   x = π / 2n

for every complex z and A ≥ 2, n being A if A is odd and A/2 if it is even: 5 rotations are as good as 10. Both bounds
are reached, and tend to |z| as A grows, so that |z| = ½ ∫_{−π}^{π} ReLU(Re(e^{−ia} z)) da:

    A = 4: [π/4, π/√8] = [0.785, 1.111];   8: [0.948, 1.026];   16: [0.987, 1.006];   64: [0.9992, 1.0004]

Proof. ReLU(t) = (t + |t|)/2, and the rotations of z sum to 0: R_A = (π/2A) Σ |Re(e^{−2πik/A} z)|. Up to sign there are
n lines, at angles π/n, each taken A/n times. With δ in [−π/2n, π/2n] the angle of z to the middle of the nearest n
lines, Σ_{k < n} |cos| is a sum over an arithmetic progression, cos δ / sin(π/2n): R_A = x cos(δ) / sin(x) |z|.

Broken: rotations over three quarters of a turn.
Source: elementary; phases as rectifiers in Mallat, Zhang & Rochette (2020).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import collapse_phase, rectify
from .degenerate_images import some_degenerate

SHARPNESS = [1.0, 1.0]  # from below, from above
BROKEN = {"turn": 1.5 * np.pi}
BROKEN_BY = "three quarters of a turn"


def instance(rng):
    z = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    return some_degenerate(rng, z * rng.exponential(size=(8, 8))), {
        "rotations": int(rng.integers(2, 65)),
        "turn": 2 * np.pi,
    }


def hardest():
    return np.exp(1j * np.pi / 10 * np.arange(20)), {"rotations": 5, "turn": 2 * np.pi}


def deviation(z, *, rotations, turn):
    low, _ = bounds(rotations)
    return array_namespace(z).stack([low * collapse_phase(z), average(z, rotations, turn)])


def bound(z, *, rotations, turn):
    _, high = bounds(rotations)
    return array_namespace(z).stack([average(z, rotations, turn), high * collapse_phase(z)])


def bounds(rotations):
    """x cot x and x / sin x."""
    lines = rotations if rotations % 2 else rotations // 2
    x = np.pi / (2 * lines)
    return float(x * np.cos(x) / np.sin(x)), float(x / np.sin(x))


def average(z, rotations, turn=2 * np.pi):
    """R_A(z), over the given turn.  (...) complex -> (...) real."""
    xp, angles = array_namespace(z), turn * np.arange(rotations) / rotations
    rotated = xp.real(z[..., None] * place(np.exp(-1j * angles), like=z))
    return np.pi * xp.mean(rectify(rotated), axis=-1)
