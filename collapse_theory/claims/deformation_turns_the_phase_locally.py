"""A deformation turns the phase of a wavelet coefficient by the displacement at its place.

    |(x_τ ∗ ψ)(u) − e^{−iξ·τ(u)} (x ∗ ψ)(u)|  ≤  √(τ(u)ᵀ S τ(u)) ‖ψ‖₂ ‖x‖₂  +  ‖∇τ‖ ‖∇x‖ Σ_v |v| |ψ(v)|

for every image x, every displacement field τ and every u, with x_τ(u) = x(u − τ(u)) of the trigonometric interpolant; ξ
and S are measured on [−π, π)², √(τᵀ S τ) ≤ σ |τ|, |v| is the distance to 0 on the torus, and the gradients are bounded
on the continuous torus: ‖∇x‖ = (1/HW) Σ_ω |ω| |x̂(ω)|, likewise ‖∇τ‖ with the length of the vector τ̂(ω).

Proof. Fix u. x moved by the constant τ(u) obeys translation_turns_the_phase: the first term. What x_τ differs from it
by is Σ_v ψ(v) [x(u − v − τ(u − v)) − x(u − v − τ(u))]. As |e^{ia} − e^{ib}| ≤ |a − b| in the sum over ω, the bracket is
at most ‖∇x‖ |τ(u − v) − τ(u)|, and for the same reason that is at most ‖∇x‖ ‖∇τ‖ |v|: the second term.
The first term is sharp for constant τ, as it is there. The second one, for the difference ψ = (δ_{−1} − δ_1)/2, x =
sin(ku)/k and τ = ε sin(ku)/k, k = 2π/H: where τ(u) = 0 the left side is |x(1) − x(1 − τ(1))| and the right side is ε.
The ratio tends to sin(2k)/2k as ε → 0, and to 1 on large tori. A turn the other way, or none, exceeds the first term.

Broken: neither term is enough. Without the second one the bound vanishes with τ(u); without the first one, the gradient
alone does not see that a slow displacement is a long one.
Source: Guth, Zarka & Mallat (2022) for the idea; Mallat (2012) for deformations.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..processes import smooth_displacements
from ..torus import deform, frequencies
from ..wavelets import FilterBank, morlet_bank
from .degenerate_images import some_degenerate
from .translation_turns_the_phase import filtered, matched

SIDE = 256
SLOWEST = 2 * np.pi / SIDE
SHORTEST = 1e-3
# Of the first term and of the second one.
SHARPNESS = [1.0, float((np.sin(SLOWEST) - np.sin(SLOWEST - SHORTEST * np.sin(SLOWEST))) / (SLOWEST * SHORTEST))]
BROKEN = ({"terms": ("shift",)}, {"terms": ("gradient",)})
BROKEN_BY = "either term alone"


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([8, 9, 12], 2))
    bank = morlet_bank(shape, int(rng.integers(1, 3)), 4)
    index, constant = rng.integers(len(bank), size=1), rng.normal(size=2) * rng.exponential()
    amplitude, correlation = rng.uniform(0, 1.5), rng.uniform(1, 4)
    seed = int(rng.integers(1000))
    field = smooth_displacements(1, shape, amplitude=amplitude, correlation=correlation, seed=seed)
    displacement = constant + int(rng.integers(2)) * field
    x = some_degenerate(rng, rng.normal(size=(1, *shape)))
    x = matched(bank, index, constant, bool(rng.integers(2))) if rng.integers(2) else x
    return x, {"bank": bank, "index": index, "displacement": displacement, "terms": ("shift", "gradient")}


def hardest():
    u, constant = np.arange(SIDE)[:, None] * np.ones(4), np.array([SHORTEST, 0.0])
    ramp, packet = np.sin(SLOWEST * u) / SLOWEST, morlet_bank((SIDE, 4), 2, 4).psi_hat[5]
    filters_hat = np.stack([np.ones_like(ramp), packet, 1j * np.sin(frequencies((SIDE, 4))[..., 0])])
    bank, index = FilterBank(filters_hat, np.zeros(2), np.zeros(2)), np.array([0, 1])
    x = np.concatenate([np.roll(matched(bank, index[:1], constant, False), 3, axis=1) / SLOWEST, ramp[None]])
    displacement = np.stack([np.ones_like(ramp), ramp])[..., None] * constant
    return x, {"bank": bank, "index": index, "displacement": displacement, "terms": ("shift", "gradient")}


def deviation(x, *, bank, index, displacement, terms):
    """Of each image, deformed by its own displacement, with the wavelet of its own index."""
    xp = array_namespace(x)
    phases = np.sum(displacement * bank.center(unwrapped=False)[index][:, None, None, :], axis=-1)
    deformed = filtered(deformed_by(x, displacement), bank.psi_hat[index])
    return xp.abs(deformed - place(np.exp(-1j * phases), like=x) * filtered(x, bank.psi_hat[index]))


def bound(x, *, bank, index, displacement, terms):
    xp, axes = array_namespace(x), (-2, -1)
    along = np.einsum("nuvi,nij,nuvj->nuv", displacement, bank.covariance(unwrapped=False)[index], displacement)
    size = np.sqrt(along * np.mean(np.abs(bank.psi_hat[index]) ** 2, axis=axes, keepdims=True))
    shift_term = place(size, like=x) * xp.linalg.vector_norm(x, axis=axes, keepdims=True)
    gradient_term = place(stretches(bank, index, displacement), like=x) * gradients(x)
    return float("shift" in terms) * shift_term + float("gradient" in terms) * gradient_term


def stretches(bank, index, displacement):
    """‖∇τ‖ Σ_v |v| |ψ(v)| of each displacement and the wavelet of its index, (N, 1, 1)."""
    field_hat = np.linalg.norm(np.fft.fft2(displacement, axes=(1, 2)), axis=-1)
    stretch = np.mean(np.linalg.norm(frequencies(bank.shape), axis=-1) * field_hat, axis=(-2, -1), keepdims=True)
    psi = np.fft.ifft2(bank.psi_hat[index])
    return stretch * np.sum(distances(bank.shape) * np.abs(psi), axis=(-2, -1), keepdims=True)


def gradients(x):
    """‖∇x‖ = (1/HW) Σ_ω |ω| |x̂(ω)| of each image.  (..., H, W) -> (..., 1, 1)."""
    speed = place(np.linalg.norm(frequencies(x.shape[-2:]), axis=-1), like=x)
    xp = array_namespace(x)
    return xp.mean(speed * xp.abs(fft2(x)), axis=(-2, -1), keepdims=True)


def deformed_by(x, displacement):
    """Each image deformed by its own displacement.  (N, H, W), (N, H, W, 2) -> (N, H, W)."""
    xp = array_namespace(x)
    return xp.stack([deform(x[n, ...], field) for n, field in enumerate(displacement)])


def distances(shape):
    """|v|, the distance of each sample to the first one on the torus, (H, W)."""
    return np.linalg.norm(frequencies(shape) * shape / (2 * np.pi), axis=-1)
