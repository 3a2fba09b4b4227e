"""A rectifier with a bias is half a collapse of the sign and half a soft threshold that keeps it.

    ReLU(a − b) = ½ max(|a| − b, 0) + ½ sign(a) max(|a| − b, 0)     for every real a and every bias b ≥ 0

The even part of the rectifier forgets the sign, the phase of a real number; the odd part reduces the amplitude.

Proof. For a ≥ 0 both halves are max(a − b, 0)/2; for a < 0 they cancel, and a − b < 0.

Broken: a negative bias, with which the rectifier is not zero on the negative numbers.
Source: Guth, Zarka & Mallat (2022).
"""

import numpy as np

from ..nonlinearities import collapse_beyond, rectify, soft_threshold

BROKEN = {"bias": -0.5}
BROKEN_BY = "a negative bias"


def instance(rng):
    a = rng.normal(size=(8, 8)) * rng.exponential()
    return np.stack([a, -a]), {"bias": rng.exponential() * int(rng.integers(2))}


def hardest():
    return np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]), {"bias": 0.5}


def sides(a, *, bias):
    halves = (half(a, bias, checked=False) / 2 for half in (collapse_beyond, soft_threshold))  # also below 0
    return rectify(a, bias), sum(halves)
