"""A collapse never brings the means of stationary classes closer, at any depth, and sets them apart by a known amount.

    |μ_1 − μ_2|²  at depth d + 1  =  |μ_1 − μ_2|² at depth d  +  H W Σ_k (E|Z_k| − E|Z'_k|)²

with Z_k, Z'_k the wavelet coefficients at one sample of the maps of the two classes at depth d, k over maps and
wavelets. Hypotheses: the law of each class is invariant by every whole shift, here a mixture of orbits of templates;
X_{d+1} = P |W| X_d, |φ̂(0)| = 1 and ψ̂(0) = 0, as in a tight bank, and PᴴP = I. For the first half of the title it
suffices that μ_1 − μ_2 is constant over the image in each channel at depth d; stationarity gives it at every depth, as
|W| and P commute with shifts.

Proof. ψ̂(0) = 0, so a constant difference is seen by the low-pass alone, and |φ̂(0)| = 1: it is kept.
In a wavelet channel the means are E|Z_k| and E|Z'_k|, at each of the H W samples, as the class is stationary. P keeps
distances. The means are as close as before if and only if E|Z_k| = E|Z'_k| for all k: x and −x under all shifts stay
2 √(HW) |mean of x| apart at every depth, if P does not mix them.

Broken: without the shifts, x and −x are 2 |x| apart at depth 0, and then only the low-pass still tells them apart; with
fewer outputs than inputs, P projects the means.
Source: elementary; Guth, Zarka & Mallat (2022) for the question.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..scattering import Mixing, cascade
from ..separation import class_means
from ..wavelets import wavelet_transform
from .collapse_turns_variance_into_means import amplitude, tight_bank

BROKEN = ({"moved": False}, {"mixing": Mixing(outputs=3)})
BROKEN_BY = "no shifts; fewer outputs than inputs"
DEGREE = 2


def instance(rng):
    shape = tuple(int(side) for side in rng.integers(4, 7, 2))
    labels = np.concatenate([[0, 1], rng.integers(0, 2, int(rng.integers(0, 3)))])
    x = rng.normal(size=(len(labels), 1, *shape)) + rng.normal(size=(len(labels), 1, 1, 1))
    x[0] *= rng.integers(2)  # a class may hold nothing but zeros
    mixing = Mixing(seed=int(rng.integers(8))) if rng.integers(2) else None
    signals = str(rng.choice(["real", "complex"]))
    depth = int(rng.integers(1, 3)) if signals == "real" else 1
    return x, {"labels": labels, "signals": signals, "moved": True, "depth": depth, "mixing": mixing}


def hardest():
    x = np.random.default_rng(0).normal(size=(3, 1, 6, 6)) + 0.25
    parameters = {"signals": "complex", "moved": True, "depth": 2, "mixing": None}
    return x, parameters | {"labels": np.array([0, 1, 1])}


def sides(x, *, labels, signals, moved, depth, mixing):
    """|μ_1 − μ_2|² at depth 1 .. depth, and what is predicted at the depth before."""
    xp, bank = array_namespace(x), tight_bank(x.shape[-2:], signals)
    samples = orbits(x) if moved else x
    y = place(np.tile(labels, samples.shape[0] // len(labels)), like=x)
    layers = list(cascade(samples, bank, "phase collapse", depth=depth, mixing=mixing, allow_loss=True))
    distances = [distance(layer, y) for layer in layers]
    increments = [distance(amplitude(wavelet_transform(layer, bank)[..., 1:, :, :]), y) for layer in layers[:-1]]
    return xp.stack(distances[1:]), xp.stack([a + b for a, b in zip(distances, increments, strict=False)])


def distance(features, labels):
    """|μ_1 − μ_2|² of features (N, ...) of two classes."""
    xp, means = array_namespace(features), class_means(features, labels, classes=2)
    return xp.sum(xp.abs(means[0, ...] - means[1, ...]) ** 2)


def orbits(x):
    """Every image moved by every whole shift of the torus.  (N, C, H, W) -> (H W N, C, H, W), image fastest."""
    xp, (height, width) = array_namespace(x), x.shape[-2:]
    rows, columns = ((np.arange(side) - np.arange(side)[:, None]) % side for side in (height, width))
    source = rows[:, None, :, None] * width + columns[None, :, None, :]  # of x(u − τ), first τ, then u
    moved = xp.take(xp.reshape(x, (*x.shape[:-2], -1)), place(source.reshape(-1), like=x), axis=-1)
    moved = xp.moveaxis(xp.reshape(moved, (*x.shape[:-2], height * width, height * width)), -2, 0)
    return xp.reshape(moved, (-1, *x.shape[1:]))
