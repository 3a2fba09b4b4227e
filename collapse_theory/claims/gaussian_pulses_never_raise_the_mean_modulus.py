"""Sparse Gaussian pulses never have a larger mean modulus than the Gaussian field of their spectrum.

    √d E|G ∗ ψ|  ≤  E|X ∗ ψ|  ≤  E|G ∗ ψ|        while E|X ∗ ψ|² = E|G ∗ ψ|²

for X = h ∗ p, p(u) = b(u) g(u)/√d, b Bernoulli of density d and g Gaussian, all independent; G = h ∗ n, n white and
Gaussian; any h and ψ, 0 < d ≤ 1. If h ∗ ψ ≠ 0, the upper bound is reached at d = 1 alone: otherwise the modulus tells a
sparse class from the Gaussian one of its spectrum. The lower one, √d times the upper one, is reached where h ∗ ψ is a
single sample.

Proof. Given b, z = (X ∗ ψ)(u) is Gaussian: E[|z| | b] = √(π/2) avg_θ √(Σ_v b(v) k_θ(v)²/d), k_θ = Re(e^{−iθ} h ∗ ψ).
The square root is strictly concave and E b = d: Jensen, for each angle θ alone, gives the upper bound. If the weights
k_θ² sum to 1, √(Σ k_θ² b/d) ≥ Σ k_θ² √(b/d) = Σ k_θ² b/√d, whose mean is √d: the lower one. Here E is the exact sum
over all patterns b of a small torus, and the angles are finitely many, which keeps both steps true.

Broken: not every non-Gaussian field lowers it. Pulses of a fixed size and random sign do not: a single sample of
them has E|z| = √d (E|z|²)^½, more than the Gaussian √(2/π) if d > 2/π.
Source: elementary; sparsity as in Guth, Zarka & Mallat (2022).
"""

import itertools
import math

import numpy as np

from ..arrays import array_namespace, place
from ..torus import convolve
from ..wavelets import morlet_bank
from .degenerate_images import some_degenerate
from .gaussian_fields_share_their_sparsity import mean_modulus

ANGLES = 32
DENSITY = 0.9
SHARPNESS = [math.sqrt(DENSITY), 1.0]  # from above, from below
BROKEN = {"amplitude": "sign"}
BROKEN_BY = "pulses of one size and random sign"


def instance(rng):
    shape = (int(rng.integers(2, 4)), int(rng.integers(2, 4)))
    bank = morlet_bank(shape, 1, 4)
    index = int(rng.integers(len(bank)))
    coloring = rng.normal(size=shape) * rng.exponential(size=shape) ** 2
    return some_degenerate(rng, coloring), {
        "psi_hat": bank.psi_hat[index],
        "density": rng.uniform(0.05, 1),
        "amplitude": "Gaussian",
    }


def hardest():
    one_sample = np.eye(1, 4).reshape(2, 2)
    return one_sample, {"psi_hat": np.ones((2, 2)), "density": DENSITY, "amplitude": "Gaussian"}


def deviation(x, *, psi_hat, density, amplitude):
    kernel = _samples(convolve(x, psi_hat))
    sparse = mean_modulus_of_pulses(kernel, density, amplitude)
    return array_namespace(x).stack([sparse, math.sqrt(density) * mean_modulus(kernel, ANGLES)])


def bound(x, *, psi_hat, density, amplitude):
    kernel = _samples(convolve(x, psi_hat))
    sparse = mean_modulus_of_pulses(kernel, density, amplitude)
    return array_namespace(x).stack([mean_modulus(kernel, ANGLES), sparse])


def mean_modulus_of_pulses(kernel, density, amplitude="Gaussian"):
    """E|Σ_v k(v) p(v)|, the sum over all 2ⁿ, or with random signs 3ⁿ, patterns of pulses.  (n,) -> scalar."""
    xp, values = array_namespace(kernel), (0, 1) if amplitude == "Gaussian" else (-1, 0, 1)
    patterns = np.array(list(itertools.product(values, repeat=kernel.shape[0])))
    pulses = np.abs(patterns).sum(axis=1)
    sizes = (1 if amplitude == "Gaussian" else 2) ** pulses
    probability = density**pulses * (1 - density) ** (kernel.shape[0] - pulses) / sizes
    given = place(patterns / math.sqrt(density), like=kernel) * kernel
    moduli = mean_modulus(given, ANGLES) if amplitude == "Gaussian" else xp.abs(xp.sum(given, axis=-1))
    return xp.sum(place(probability, like=kernel) * moduli)


def _samples(kernel):
    return array_namespace(kernel).reshape(kernel, (-1,))
