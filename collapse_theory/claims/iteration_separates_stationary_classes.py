"""Iterated collapses separate stationary classes: B never falls, and F rises where B > 0 and a wavelet is excited.

    B_{d+1} = B_d + H W Σ_k Var_y(E|Z_k|),    V_{d+1} = V_d − H W Σ_y p_y Σ_k (E|Z_k|)²,    F = B / V
    B = Σ_y p_y |μ_y − μ|²,   V = Σ_y p_y E|X_y − μ_y|²,   Var_y(m) = Σ_y p_y |m_y − Σ_y' p_y' m_y'|²

Z_k are the wavelet coefficients, at one sample, of the maps of a class at depth d, k over maps and wavelets. B rises if
and only if E|Z_k| differs between classes for some k. If V_{d+1} > 0, F rises if and only if B_{d+1} > 0 and a class of
positive weight excites a wavelet. Hypotheses: the law of each class is invariant by every whole shift, here a mixture
of full orbits of templates; X_{d+1} = P |W| X_d on the torus, the low-pass kept, W tight for the maps it meets,
PᴴP = I, P real or W tight for complex maps. With a subsampling by 2 the right-hand sides are divided by 4, and what is
said of F remains.

Proof. The means are constant over the image at every depth, since |W| and P commute with shifts, and so are their
differences. ψ̂(0) = 0 and |φ̂(0)| = 1: the low-pass keeps what B_d is made of, and a wavelet channel adds its own
variance between classes, at each of the H W samples. The gain G of collapse_turns_variance_into_means is what V loses,
and E Z_k = 0. P keeps both. Leaving out samples keeps means and variances at a sample, and a quarter of the samples.
For F, let D be what B gains: (B_d + D) / (V_d − G) > B_d / V_d if and only if D V_d + B_d G > 0. Without excited
wavelets G = D = 0. With one, G > 0, and the sum is positive if and only if D > 0 or B_d > 0, hence if B_{d+1} > 0.
F is compared as B / (B + V), which rises with it, and is a number where V = 0, as for classes of one constant each.

Broken: a bank that is not tight; classes without their shifts; PPᴴ = I alone, a projection of the means.
Source: derived here; the question is that of Guth, Zarka & Mallat (2022).
"""

from itertools import pairwise

import numpy as np

from ..arrays import array_namespace, place
from ..scattering import Mixing, cascade
from ..separation import between_class_variance, class_means, within_class_variance
from ..wavelets import wavelet_transform
from .collapse_keeps_stationary_classes_apart import orbits
from .collapse_turns_variance_into_means import amplitude, tight_bank
from .degenerate_images import some_degenerate

BROKEN = ({"tight": False}, {"moved": False}, {"mixing": Mixing(outputs=4)})
BROKEN_BY = "a bank that is not tight; no shifts; fewer outputs than inputs"


def instance(rng):
    subsample = bool(rng.integers(2))
    shape = tuple(int(side) for side in (rng.choice([4, 6], 2) if subsample else rng.integers(4, 6, 2)))
    classes = int(rng.integers(2, 4))
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, int(rng.integers(0, 2)))])
    x = rng.normal(size=(len(labels), 1, *shape)) + rng.normal(size=(len(labels), 1, 1, 1))
    x[0] *= rng.integers(2)  # a class may excite no wavelet
    x = some_degenerate(rng, x)
    signals = str(rng.choice(["real", "complex"]))
    mixing = Mixing(int(rng.integers(9, 12)), int(rng.integers(8)), "real" if signals == "real" else "complex")
    parameters = {"labels": labels, "signals": signals, "tight": True, "moved": True, "subsample": subsample}
    return x, parameters | {"depth": 1, "mixing": mixing if rng.integers(2) else None}


def hardest():
    x = np.random.default_rng(0).normal(size=(3, 1, 6, 6))
    parameters = {"labels": np.array([0, 0, 1]), "signals": "complex", "tight": True, "moved": True}
    return x, parameters | {"subsample": False, "depth": 2, "mixing": None}


def sides(x, *, labels, signals, tight, moved, subsample, depth, mixing):
    """B, V and B / (B + V) at depth 1 .. depth, and what is predicted of them at the depth before."""
    xp, bank = array_namespace(x), tight_bank(x.shape[-2:], signals, tight)
    size = xp.linalg.vector_norm(x)
    x = x / (size if size > 0 else 1.0)
    samples, classes = orbits(x) if moved else x, int(labels.max()) + 1
    y = place(np.tile(labels, samples.shape[0] // len(labels)), like=x)
    options = {"depth": depth, "subsample": subsample, "mixing": mixing, "allow_loss": True}
    layers = list(cascade(samples, bank, "phase collapse", **options))
    shares, kept = place(np.bincount(labels) / len(labels), like=x), 1 / 4 if subsample else 1.0
    measured, predicted = [], []
    for layer, following in pairwise(layers):
        between, within = spreads(layer, y, classes)
        more, less = increments(layer, y, shares, bank.at(layer.shape[-2:]))
        predicted += with_share(kept * (between + more), kept * (within - less))
        measured += with_share(*spreads(following, y, classes))
    return xp.stack(measured), xp.stack(predicted)


def spreads(features, labels, classes):
    """B and V."""
    functions = (between_class_variance, within_class_variance)
    return [function(features, labels, classes=classes) for function in functions]


def with_share(between, within):
    """B, V and B / (B + V), 0 if there is no variance at all."""
    xp, total = array_namespace(between), between + within
    return [between, within, between / xp.where(total > 0, total, xp.ones_like(total))]


def increments(x, labels, shares, bank):
    """H W Σ_k Var_y(E|Z_k|) and H W Σ_y p_y Σ_k (E|Z_k|)² of maps (N, C, H, W) of stationary classes."""
    xp, (height, width) = array_namespace(x), x.shape[-2:]
    moduli = amplitude(wavelet_transform(x, bank)[..., 1:, :, :])
    means = xp.reshape(class_means(moduli, labels, classes=shares.shape[0])[..., 0, 0], (shares.shape[0], -1))
    second = xp.sum(shares * xp.sum(means**2, axis=1))
    return height * width * (second - xp.sum((shares @ means) ** 2)), height * width * second
