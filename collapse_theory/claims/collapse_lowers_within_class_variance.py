"""A tight collapse never raises the within-class variance, at any depth.

    V_d ≤ V_{d−1},     V = Σ_y p_y E|X_y − μ_y|²

for every finite labelled sample, with X_d = P_d |W| X_{d−1}, W tight for the maps it meets and P semi-unitary,
real. If PᴴP = I the energy is kept, so the mean energy Σ_y p_y |μ_y|² never falls. Nothing is said of the distance
between the class means.

Proof. Conditionally on the class, E|Z| ≥ |EZ| for each coefficient Z of W X (Jensen), hence |E |W| X|² ≥ |W E X|²,
which is |E X|²; the energy is the same on both sides. PᴴP = I keeps both, while PPᴴ = I projects and can only lower
the variance. Equality where all images of a class are positive multiples of one of them: then |EZ| = E|Z|.

Broken: a bank that is not tight amplifies what its Littlewood-Paley sum amplifies, and the variance with it.
Source: elementary; Guth, Zarka & Mallat (2022) and Mallat (2012) for the setting.
"""

import numpy as np

from ..separation import within_class_variance
from ..torus import frequencies
from ..wavelets import morlet_bank
from .collapse_turns_variance_into_means import instance, statistics

__all__ = ["BROKEN", "SHARPNESS", "bound", "deviation", "hardest", "instance"]

SHARPNESS = 1.0
BROKEN = {"tight": False}


def hardest():
    bank, w = morlet_bank(8, 2, 8, "full"), frequencies((8, 8))
    loudest = w[np.unravel_index(np.argmax(bank.littlewood_paley()), (8, 8))]
    rows, columns = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    wave = np.cos(loudest[0] * rows + loudest[1] * columns)
    x = np.array([1.0, 2.0, 4.0, 0.5])[:, None, None, None] * wave
    return x, {"labels": np.array([0, 0, 1, 1]), "bank": bank, "tight": True, "depth": 1, "mixing": None}


def deviation(x, **parameters):
    return statistics(x, (within_class_variance,), **parameters)[0][1:]


def bound(x, **parameters):
    return statistics(x, (within_class_variance,), **parameters)[0][:-1]
