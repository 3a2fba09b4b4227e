"""A second collapse separates stationary classes that a first one cannot: equal mean, spectrum and sparsity of all Z_k.

    E|X ∗ ψ_k| = E|X' ∗ ψ_k|  for all k,    E||X ∗ ψ_k| ∗ ψ_l|  differ by 19 %    (in norm, over all k, l)

for two mixtures of the full orbits of ten images of 8 x 8, which are twins of one pulse: |x̂| is the same for all of
them. The means at depth 1 agree to rounding, so do mean and spectrum, those at depth 2 do not.

Proof. First-layer means of a mixture are linear in its weights w_m. Nine linear equations, Σ_m w_m = 0 and
Σ_m w_m mean_u |x_m ∗ ψ_k| = 0 for eight wavelets, always have a solution w ≠ 0 in ten unknowns; twins satisfy those for
mean and spectrum by themselves. The positive and the negative part of w, each divided by its sum, are the two
mixtures. Second-layer means have no reason to agree, and do not. Computed below.

Broken: two of the twins by themselves are told apart by the first collapse already.
Source: the construction is ours; that deeper layers see more moments is in Bruna & Mallat (2013).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..processes import phase_randomised
from ..scattering import cascade
from ..wavelets import morlet_bank

REQUIRED = {
    "spectra": (0.0, 0.0),
    "first-layer means": (0.0, 0.0),
    "second-layer means": (0.1, np.inf),
}
BROKEN = {"weights": ((1.0,) + 9 * (0.0,), 9 * (0.0,) + (1.0,))}


def witness():
    pulse = np.zeros((8, 8))
    pulse[0, 0] = 1.0
    twins = phase_randomised(np.broadcast_to(pulse - 1 / 64, (10, 1, 8, 8)), seed=6)
    equations = np.concatenate([np.ones((10, 1)), layer_means(twins, 1)[:, 1:]], axis=1).T
    solution = np.linalg.svd(equations)[2][-1]
    parts = np.stack([np.maximum(solution, 0), np.maximum(-solution, 0)])
    return twins, {"weights": parts / np.sum(parts, axis=1, keepdims=True)}


def certificate(x, *, weights):
    xp, weights = array_namespace(x), place(np.asarray(weights), like=x)
    spectra = xp.abs(xp.reshape(fft2(x), (x.shape[0], -1))) ** 2
    second = xp.reshape(layer_means(x, 2), (-1, 9, 9))[:, 1:, 1:]
    features = {"spectra": spectra, "first-layer means": layer_means(x, 1), "second-layer means": second}
    return {name: _difference(weights @ xp.reshape(f, (x.shape[0], -1))) for name, f in features.items()}


def layer_means(x, depth):
    """Mean over all shifts, which is the mean over the image, of the features of each template.  (M, 9^depth)."""
    layers = list(cascade(x, morlet_bank((8, 8), 1, 8).tight("real"), "phase collapse", depth=depth))
    return array_namespace(x).mean(layers[-1], axis=(-2, -1))


def _difference(means):
    """|μ − μ'| / |μ + μ'| · 2 of a (2, D) array."""
    norm = array_namespace(means).linalg.vector_norm
    return 2 * norm(means[0, ...] - means[1, ...]) / norm(means[0, ...] + means[1, ...])
