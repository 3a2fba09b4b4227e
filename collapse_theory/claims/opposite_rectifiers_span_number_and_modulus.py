"""A pair of opposite rectifiers carries what a number and its modulus carry: a skip connection beside a phase collapse.

    a = ReLU(a) − ReLU(−a),     |a| = ReLU(a) + ReLU(−a)          for every real a

so that {a, |a|} and {ReLU(a), ReLU(−a)} span the same functions: the matrix [[1, −1], [1, 1]] between them is √2 times
a rotation, which keeps energies up to a factor 2. A linear map after one pair can do what one after the other can.

Proof. One of ReLU(±a) is zero, and the other is |a|.

Broken: with a bias neither a nor |a| comes back.
Source: Guth, Zarka & Mallat (2022); elementary.
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import collapse_phase, rectify

BROKEN = ({"bias": 0.25}, {"bias": -0.25})
BROKEN_BY = "a bias"


def instance(rng):
    return rng.normal(size=(8, 8)) * rng.exponential(size=(8, 8)), {"bias": 0.0}


def hardest():
    return np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), {"bias": 0.0}


def sides(a, *, bias):
    xp, up, down = array_namespace(a), rectify(a, bias), rectify(-a, bias)
    return xp.stack([up - down, up + down]), xp.stack([a, collapse_phase(a)])
