"""Of stationary classes of equal mean and spectrum, a first collapse separates those whose sparsity differs, no others.

    |μ_1 − μ_2|²  =  H W Σ_k e_k (√s_k − √s'_k)²,    |μ_1|²  =  H W (φ̂(0)² (E X)² + Σ_k e_k s_k)      at depth 1
    s_k = (E|Z_k|)² / E|Z_k|²,   Z_k = (X ∗ ψ_k)(u)

with the energies e_k = E|Z_k|² = mean_ω S(ω) |ψ̂_k(ω)|², the same for both classes; here classes are mixtures of the
full orbits of templates, S(ω) is the mean of |x̂(ω)|² / (H W). So the means differ if and only if s_k ≠ s'_k for some
wavelet with e_k > 0. Sparser coefficients have the smaller s_k.

Proof. By stationarity all means are constant over the image. That of the low-pass is E X φ̂(0), the same; that of |Z_k|
is √(e_k s_k). By Parseval e_k depends on the spectrum alone.

Broken: with twice the contrast a class has another spectrum; its sparsity is what it was, its means are not.
Source: Guth, Zarka & Mallat (2022) for the role of sparsity; phase-randomised twins, Theiler et al. (1992).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..processes import phase_randomised
from ..scattering import cascade
from ..separation import class_means
from ..torus import convolve
from ..wavelets import morlet_bank
from .collapse_keeps_stationary_classes_apart import orbits
from .collapse_turns_variance_into_means import amplitude
from .degenerate_images import some_degenerate

BROKEN = {"contrast": 2.0}
BROKEN_BY = "twice the contrast"
DEGREE = 2


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([4, 6, 7], 2))
    pulses = rng.normal(size=(1, 1, *shape)) * (rng.random(shape) < 0.2)
    pulses[..., 0, 0] = 3.0
    pulses = some_degenerate(rng, pulses)
    twins = phase_randomised(np.repeat(pulses, int(rng.integers(1, 3)), axis=0), seed=int(rng.integers(1000)))
    return np.concatenate([pulses, twins]), {"contrast": 1.0}


def hardest():
    pulse = np.zeros((1, 1, 6, 6))
    pulse[..., 0, 0] = 6.0
    return np.concatenate([pulse, phase_randomised(pulse, seed=0)]), {"contrast": 1.0}


def sides(x, *, contrast):
    """Squared distance, and size, of the class means: of image 0 under all shifts, and of all the others, its twins."""
    xp, (height, width) = array_namespace(x), x.shape[-2:]
    x = place(np.where(np.arange(x.shape[0]) > 0, contrast, 1.0)[:, None, None, None], like=x) * x
    bank, labels = morlet_bank((height, width), 1, 4), np.minimum(np.arange(x.shape[0]), 1)
    features = list(cascade(orbits(x), bank, "phase collapse", depth=1))[1]
    means = class_means(features, place(np.tile(labels, height * width), like=x), classes=2)
    spectrum = xp.abs(fft2(x[0, ...])) ** 2 / (height * width)
    energy = xp.mean(spectrum * place(np.abs(bank.psi_hat) ** 2, like=x), axis=(-2, -1))
    roots = [root_of_sparsity(convolve(part, bank.psi_hat)) for part in (x[:1, ...], x[1:, ...])]
    lowpass = (float(bank.lowpass_hat[0, 0]) * xp.mean(x[0, ...])) ** 2
    predicted = [xp.sum(energy * (roots[0] - roots[1]) ** 2), lowpass + xp.sum(energy * roots[0] ** 2)]
    measured = [xp.sum((means[0, ...] - means[1, ...]) ** 2), xp.sum(means[0, ...] ** 2)]
    return xp.stack(measured), height * width * xp.stack(predicted)


def root_of_sparsity(z):
    """√s_k = E|Z_k| / √(E|Z_k|²), 0 if Z_k = 0, of coefficients (N, K, H, W) of templates under all shifts.  (K,)."""
    xp, size = array_namespace(z), amplitude(z)
    energy = xp.mean(size**2, axis=(0, -2, -1))
    root = xp.mean(size, axis=(0, -2, -1)) / xp.sqrt(xp.where(energy > 0, energy, xp.ones_like(energy)))
    return xp.where(energy > 0, root, xp.zeros_like(root))
