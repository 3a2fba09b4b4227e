"""A deformation turns the phase of a wavelet coefficient by the displacement at its place.

    |(x_τ ∗ ψ)(u) − e^{−iξ·τ(u)} (x ∗ ψ)(u)|  ≤  √(τ(u)ᵀ S τ(u)) ‖ψ‖₂ ‖x‖₂  +  ‖∇τ‖ ‖∇x‖ Σ_v |v| |ψ(v)|

for every image x, every displacement field τ and every u, with x_τ(u) = x(u − τ(u)) of the trigonometric interpolant; ξ
and S are measured on [−π, π)², √(τᵀ S τ) ≤ σ |τ|, |v| is the distance to 0 on the torus, and the gradients are bounded
on the continuous torus: ‖∇x‖ = (1/HW) Σ_ω |ω| |x̂(ω)|, likewise ‖∇τ‖ with the length of the vector τ̂(ω).

Proof. Fix u. x moved by the constant τ(u) obeys translation_turns_the_phase: the first term. What x_τ differs from it
by is Σ_v ψ(v) [x(u − v − τ(u − v)) − x(u − v − τ(u))]. As |e^{ia} − e^{ib}| ≤ |a − b| in the sum over ω, the bracket is
at most ‖∇x‖ |τ(u − v) − τ(u)|, and for the same reason that is at most ‖∇x‖ ‖∇τ‖ |v|: the second term.
The first term is sharp for constant τ. The second one, for the difference ψ = (δ_{−1} − δ_1)/2, x = sin(ku)/k and
τ = ε sin(ku)/k, k = 2π/H: where τ(u) = 0 the left side is |x(1) − x(1 − τ(1))| and the right side is ε. The ratio tends
to sin(2k)/2k as ε → 0, and to 1 on large tori.

Broken: neither term is enough. Without the second one the bound vanishes with τ(u); without the first one, the gradient
alone does not see that a slow displacement is a long one.
Source: Guth, Zarka & Mallat (2022) for the idea; Mallat (2012) for deformations.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..processes import smooth_displacements
from ..torus import convolve, deform, frequencies
from ..wavelets import FilterBank, morlet_bank
from .translation_turns_the_phase import matched

SIDE = 256
SLOWEST = 2 * np.pi / SIDE
SHORTEST = 1e-3
SHARPNESS = (np.sin(SLOWEST) - np.sin(SLOWEST - SHORTEST * np.sin(SLOWEST))) / (SLOWEST * SHORTEST)
BROKEN = ({"terms": ("shift",)}, {"terms": ("gradient",)})


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([8, 9, 12], 2))
    bank = morlet_bank(shape, int(rng.integers(1, 3)), 4)
    index, constant = int(rng.integers(len(bank))), rng.normal(size=2) * rng.exponential()
    amplitude, correlation = rng.uniform(0, 1.5), rng.uniform(1, 4)
    seed = int(rng.integers(1000))
    field = smooth_displacements(1, shape, amplitude=amplitude, correlation=correlation, seed=seed)[0]
    displacement = constant + int(rng.integers(2)) * field
    x = matched(bank, index, constant, bool(rng.integers(2))) if rng.integers(2) else rng.normal(size=shape)
    return x, {"bank": bank, "index": index, "displacement": displacement, "terms": ("shift", "gradient")}


def hardest():
    u = np.arange(SIDE)[:, None]
    ramp = np.sin(SLOWEST * u) / SLOWEST
    filters_hat = np.stack([np.ones_like(ramp), 1j * np.sin(frequencies((SIDE, 1))[..., 0])])
    bank = FilterBank(filters_hat, np.zeros(1), np.zeros(1))
    displacement = SHORTEST * ramp[..., None] * np.array([1.0, 0.0])
    x = np.stack([ramp, 1j**u])
    return x, {"bank": bank, "index": 0, "displacement": displacement, "terms": ("shift", "gradient")}


def deviation(x, *, bank, index, displacement, terms):
    turn = np.exp(-1j * displacement @ bank.center(unwrapped=False)[index])
    deformed, still = (convolve(image, bank.psi_hat[index]) for image in (deform(x, displacement), x))
    return array_namespace(x).abs(deformed - place(turn, like=x) * still)


def bound(x, *, bank, index, displacement, terms):
    xp, shape = array_namespace(x), bank.shape
    psi = np.fft.ifft2(bank.psi_hat[index])
    along = np.sum(displacement @ bank.covariance(unwrapped=False)[index] * displacement, axis=-1)
    norm = xp.linalg.vector_norm(x, axis=(-2, -1), keepdims=True)
    shift_term = place(np.sqrt(along) * np.linalg.norm(psi), like=x) * norm
    speed = np.linalg.norm(frequencies(shape), axis=-1) / np.prod(shape)
    stretch = np.sum(speed * np.linalg.norm(np.fft.fft2(displacement, axes=(0, 1)), axis=-1))
    reach = np.sum(distances(shape) * np.abs(psi))
    gradient = xp.sum(place(speed, like=x) * xp.abs(fft2(x)), axis=(-2, -1), keepdims=True)
    gradient_term = float(stretch * reach) * gradient
    return float("shift" in terms) * shift_term + float("gradient" in terms) * gradient_term


def distances(shape):
    """|v|, the distance of each sample to the first one on the torus, (H, W)."""
    return np.linalg.norm(frequencies(shape) * shape / (2 * np.pi), axis=-1)
