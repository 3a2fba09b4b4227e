"""The coefficients of all Gaussian fields have the same sparsity, π/4, if the wavelet never sees both ω and −ω.

    (E|z|)²  =  (2/π) (1 + r)/2 E(m)² E|z|²,     m = 2r/(1 + r),   r = |E z²| / E|z|²,     z = (X ∗ ψ)(u)
    E|z|² = avg_ω S(ω) |ψ̂(ω)|²,   E z² = avg_ω S(ω) ψ̂(ω) ψ̂(−ω)

for every real stationary Gaussian field X of mean zero and spectrum S, E the complete elliptic integral of the second
kind; r is of no account where E|z|² = 0. The sparsity (E|z|)² / E|z|² decreases from π/4 at r = 0 to 2/π at r = 1. It
is π/4 for every spectrum if and only if ψ̂(ω) ψ̂(−ω) = 0 for every ω: then the means of the moduli tell of a Gaussian
class the energies E|z|² of its channels, and nothing else.

Proof. X = h ∗ n, n white, |ĥ|² = S: z = Σ_v (h ∗ ψ)(v) n(u − v) is Gaussian, with E|z|² = Σ|h ∗ ψ|², E z² = Σ(h ∗ ψ)²,
and Parseval gives the averages. But for a phase, z = a g₁ + i b g₂ with a², b² = (1 ± r)/2 E|z|² and g white. In polar
coordinates E|z| = √(π/2) avg_θ √(a² cos² θ + b² sin² θ) = √(π/2) (2/π) a E(1 − b²/a²). It is concave in the covariance
and, at a given E|z|², symmetric in a and b, hence largest at a = b. If ψ̂(ω) ψ̂(−ω) ≠ 0, the spectrum that lives on ±ω
has r > 0. One side is that average over angles from the smaller axis on, by nodes that crowd at its ends, where the
root bends if r is near 1; on the other one E(m) is an arithmetic-geometric mean.

Broken: π/4 for a wavelet that sees both ω and −ω.
Source: elementary; Abramowitz & Stegun (1964), 17.6, for E(m).
"""

import math

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..torus import at_opposite_frequencies, convolve
from ..wavelets import FilterBank, morlet_bank
from .degenerate_images import some_degenerate

BROKEN = {"circular": True}
BROKEN_BY = "π/4 for a wavelet that sees both ω and −ω"
DEGREE = 2


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([8, 9, 12], 2))
    bank = morlet_bank(shape, int(rng.integers(1, 3)), 3)
    share = rng.uniform(0, 0.7) * int(rng.integers(2))
    coloring = rng.normal(size=shape) * rng.exponential(size=shape) ** 2
    return some_degenerate(rng, coloring), {"bank": seeing_both(bank, share), "circular": False}


def hardest():
    coloring = np.zeros((8, 8))
    coloring[0, 0] = 1.0
    return coloring, {"bank": seeing_both(morlet_bank(8, 1, 4), 0.5), "circular": False}


def seeing_both(bank, share):
    """The bank of the wavelets ψ̂(ω) + share ψ̂(−ω)."""
    opposite = at_opposite_frequencies(bank.filters_hat)
    return FilterBank(bank.filters_hat + share * opposite, bank.scale, bank.angle)


def sides(x, *, bank, circular):
    xp = array_namespace(x)
    kernel = convolve(x, bank.psi_hat)
    energy = xp.sum(xp.abs(kernel) ** 2, axis=(-2, -1))
    mean = mean_modulus_between_axes(xp.reshape(kernel, (len(bank), -1)))
    opposite = at_opposite_frequencies(bank.psi_hat)
    spectrum = xp.abs(fft2(x)) ** 2
    both, own = (
        xp.mean(spectrum * place(weight, like=x), axis=(-2, -1))
        for weight in (bank.psi_hat * opposite, np.abs(bank.psi_hat) ** 2)
    )
    r = xp.abs(both) / xp.where(own > 0, own, xp.ones_like(own)) * (0.0 if circular else 1.0)
    return mean**2, energy * (1 + r) / math.pi * elliptic(2 * r / (1 + r)) ** 2


def mean_modulus_between_axes(kernel):
    """E|Σ_v k(v) n(v)| for white Gaussian n: √(π/2) avg_θ ‖Re(e^{−iθ} k)‖₂ to rounding.  (K, n) -> (K,)."""
    xp, (nodes, weights) = array_namespace(kernel), _between_0_and_1()
    squares = xp.sum(kernel**2, axis=-1)
    smaller_axis = xp.atan2(xp.imag(squares), xp.real(squares))[:, None] / 2 + math.pi / 2
    theta = (smaller_axis + place(math.pi / 2 * nodes, like=squares))[..., None]
    turned = xp.cos(theta) * xp.real(kernel)[:, None, :] + xp.sin(theta) * xp.imag(kernel)[:, None, :]
    return math.sqrt(math.pi / 2) * xp.linalg.vector_norm(turned, axis=-1) @ place(weights, like=squares)


def _between_0_and_1(steps=36, width=3.2):
    """Nodes and weights on [0, 1] that crowd doubly exponentially at its ends."""
    t = np.linspace(-width, width, 2 * steps + 1)
    slope = math.pi / 2 * np.cosh(t) / np.cosh(math.pi / 2 * np.sinh(t)) ** 2
    return (1 + np.tanh(math.pi / 2 * np.sinh(t))) / 2, slope / np.sum(slope)


def mean_modulus(kernel, angles):
    """√(π/2) avg_θ ‖Re(e^{−iθ} k)‖₂ over equispaced θ: of Gaussian white noise, E|Σ_v k(v) n(v)|.  (K, n) -> (K,)."""
    xp = array_namespace(kernel)
    theta = np.pi * np.arange(angles) / angles
    cosine, sine = (place(values[:, None], like=kernel) for values in (np.cos(theta), np.sin(theta)))
    turned = cosine * xp.real(kernel)[..., None, :] + sine * xp.imag(kernel)[..., None, :]
    return math.sqrt(math.pi / 2) * xp.mean(xp.linalg.vector_norm(turned, axis=-1), axis=-1)


def elliptic(m, steps=7):
    """E(m), 0 ≤ m ≤ 1, the complete elliptic integral of the second kind.  (K,) -> (K,)."""
    xp = array_namespace(m)
    m = xp.clip(m, max=1 - 2 * xp.finfo(m.dtype).eps)
    a, b, missing = xp.ones_like(m), xp.sqrt(1 - m), 1 - m / 2
    for step in range(steps):
        a, b, half = (a + b) / 2, xp.sqrt(a * b), (a - b) / 2
        missing = missing - 2.0**step * half**2
    return math.pi / (2 * a) * missing
