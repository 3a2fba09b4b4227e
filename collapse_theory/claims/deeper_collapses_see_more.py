"""A hierarchy: stationary classes whose means agree through depth d, and differ at depth d + 1, for d = 1, 2, 3.

    E X_d = E X'_d,    |E X_{d+1} − E X'_{d+1}|  is  5.8, 2.9, 0.95 %  of their norm for d = 1, 2, 3

for mixtures of the full orbits of 140 images of 8 x 8, which are twins of one pulse: |x̂| is the same for all of them,
so both classes have one mean and one spectrum. X_d = |W| X_{d−1}, W of one octave and two angles. No cascade of this
bank that is shallower separates their means. Another one may: eight angles do at depth 1, by 2, 0.7 and 0.6 %.

Proof. The means at depth d of a mixture, constant over the image, are linear in its weights w_m: 3^d numbers. Those of
all depths before are among them, as the low-pass has |φ̂(0)| = 1, and so is the mean of a pulse times Σ_m w_m. Since
3^d < 140, some w ≠ 0 makes all of them zero; take the one that is largest at depth d + 1. Its positive and its negative
part, each divided by its sum, are the two mixtures. The means at depth d + 1 have no reason to agree, and do not: what
an iteration adds (iteration_separates_stationary_classes) does not end with the second. Computed below.

Broken: two of the twins alone are told apart by the first collapse already.
Source: the construction is ours; that deeper layers see more moments is in Bruna & Mallat (2013).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..fourier import fft2
from ..processes import phase_randomised
from ..scattering import cascade
from ..wavelets import morlet_bank

TWINS = 140
LEAST = {1: 0.05, 2: 0.025, 3: 0.009, 4: 0.003}  # of the difference at depth d + 1
REQUIRED = {"spectra": (0.0, 0.0)}
REQUIRED |= {f"means at depth {d}, equal to depth {d}": (0.0, 0.0) for d in (1, 2, 3)}
REQUIRED |= {f"means at depth {d + 1}, equal to depth {d}": (LEAST[d], np.inf) for d in (1, 2, 3)}
REQUIRED |= {f"eight angles at depth 1, equal to depth {d}": (0.005, np.inf) for d in (1, 2, 3)}
_TWO = np.eye(TWINS)[:2]
BROKEN = {"weights": (_TWO, _TWO, _TWO)}
BROKEN_BY = "two of the twins alone"


def witness(deepest=3):
    pulse = np.zeros((8, 8))
    pulse[0, 0] = 1.0
    twins = phase_randomised(np.broadcast_to(pulse, (TWINS, 1, 8, 8)), seed=0)
    means = layer_means(twins, deepest + 1)
    return twins, {"weights": tuple(mixtures(*means[depth : depth + 2]) for depth in range(1, deepest + 1))}


def mixtures(equal, unequal):
    """Weights of two mixtures, (2, M), of equal means (M, A), whose means (M, B) differ most."""
    free = np.linalg.qr(equal, mode="complete")[0][:, equal.shape[1] :]
    solution = free @ np.linalg.svd(unequal.T @ free, full_matrices=False)[2][0]
    parts = np.stack([np.maximum(solution, 0), np.maximum(-solution, 0)])
    return parts / np.sum(parts, axis=1, keepdims=True)


def certificate(x, *, weights):
    """The relative differences of the spectra, and for d = 1, 2 .. of the means at depth d and d + 1."""
    xp, means = array_namespace(x), layer_means(x, len(weights) + 1)
    spectra = xp.reshape(xp.abs(fft2(x)) ** 2, (x.shape[0], -1))
    numbers, eight = {"spectra": difference(spectra, weights[0])}, layer_means(x, 1, angles=8)[1]
    for d, mixture in enumerate(weights, start=1):
        for depth in (d, d + 1):
            numbers[f"means at depth {depth}, equal to depth {d}"] = difference(means[depth], mixture)
        numbers[f"eight angles at depth 1, equal to depth {d}"] = difference(eight, mixture)
    return numbers


def layer_means(x, depth, angles=2):
    """At depth 0 .. depth the mean over all shifts, which is that over the image, of each template.  (M, channels)."""
    bank = morlet_bank((8, 8), 1, angles).tight("real")
    layers = cascade(x, bank, "phase collapse", depth=depth, allow_loss=True)
    return [array_namespace(x).mean(layer, axis=(-2, -1)) for layer in layers]


def difference(features, weights):
    """2 |μ − μ'| / |μ + μ'| of the means of two mixtures of templates, whose features are (M, D)."""
    xp = array_namespace(features)
    means = place(weights, like=xp.real(features)) @ features
    norm = xp.linalg.vector_norm
    return 2 * norm(means[0, ...] - means[1, ...]) / norm(means[0, ...] + means[1, ...])
