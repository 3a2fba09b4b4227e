"""A collapse never brings the means of stationary classes closer, at any depth.

    |μ_1 − μ_2|²  at depth d + 1  =  |μ_1 − μ_2|² at depth d  +  H W Σ_k (E|Z_k| − E|Z'_k|)²

with Z_k, Z'_k the wavelet coefficients at one sample of the maps of the two classes at depth d, k over maps and
wavelets. Hypotheses: the law of each class is invariant by every whole shift, here a mixture of orbits of templates;
X_{d+1} = P |W| X_d, W tight for real maps, PᴴP = I, real. It suffices that μ_1 − μ_2 is constant over the image in each
channel at depth d; stationarity gives it at every depth, as |W| and P commute with shifts.

Proof. ψ̂(0) = 0, so a constant difference is seen by the low-pass alone, and |φ̂(0)| = 1 as W is tight: it is kept.
The wavelet channels can only add to it; for stationary classes their means are constant too. P keeps distances.
Equality where E|Z_k| = E|Z'_k| for all k: x and −x under all shifts stay 2 √(HW) |mean of x| apart at every depth, if P
does not mix them.

Broken: without the shifts, x and −x are 2 |x| apart at depth 0, and then only the low-pass still tells them apart.
Source: elementary; Guth, Zarka & Mallat (2022) for the question.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..scattering import Mixing, cascade
from ..separation import class_means
from ..wavelets import morlet_bank

SHARPNESS = 1.0
BROKEN = {"moved": False}


def instance(rng):
    shape = tuple(int(side) for side in rng.integers(4, 7, 2))
    labels = np.concatenate([[0, 1], rng.integers(0, 2, int(rng.integers(0, 3)))])
    x = rng.normal(size=(len(labels), 1, *shape)) + rng.normal(size=(len(labels), 1, 1, 1))
    mixing = Mixing(seed=int(rng.integers(1000))) if rng.integers(2) else None
    return x, {"labels": labels, "moved": True, "depth": int(rng.integers(1, 3)), "mixing": mixing}


def hardest():
    x = np.cos(np.arange(8) * np.pi / 4)[:, None] + np.cos(np.arange(8) * np.pi / 2) + 0.25
    return np.stack([x, -x])[:, None], {"labels": np.array([0, 1]), "moved": True, "depth": 2, "mixing": None}


def deviation(x, **parameters):
    return distances(x, **parameters)[:-1]


def bound(x, **parameters):
    return distances(x, **parameters)[1:]


def distances(x, *, labels, moved, depth, mixing):
    """|μ_1 − μ_2| at depth 0 .. depth, (1 + depth,)."""
    xp, bank = array_namespace(x), morlet_bank(x.shape[-2:], 1, 4).tight("real")
    samples = orbits(x) if moved else x
    y = place(np.tile(labels, samples.shape[0] // len(labels)), like=x)
    layers = cascade(samples, bank, "phase collapse", depth=depth, mixing=mixing)
    means = [class_means(layer, y, classes=2) for layer in layers]
    return xp.stack([xp.linalg.vector_norm(mean[0, ...] - mean[1, ...]) for mean in means])


def orbits(x):
    """Every image moved by every whole shift of the torus.  (N, C, H, W) -> (H W N, C, H, W), image fastest."""
    xp, (height, width) = array_namespace(x), x.shape[-2:]
    rows, columns = ((np.arange(side) - np.arange(side)[:, None]) % side for side in (height, width))
    source = rows[:, None, :, None] * width + columns[None, :, None, :]  # of x(u − τ), first τ, then u
    moved = xp.take(xp.reshape(x, (*x.shape[:-2], -1)), place(source.reshape(-1), like=x), axis=-1)
    moved = xp.moveaxis(xp.reshape(moved, (*x.shape[:-2], height * width, height * width)), -2, 0)
    return xp.reshape(moved, (-1, *x.shape[1:]))
