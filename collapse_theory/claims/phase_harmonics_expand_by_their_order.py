"""The k-th phase harmonic turns k times as fast as its argument, and expands distances by at most max(1, |k|).

    [z]^k = |z| e^{ikα},  z = |z| e^{iα}:     [e^{ia} z]^k = e^{ika} [z]^k,     |[z]^k − [w]^k|  ≤  max(1, |k|) |z − w|

for all complex z, w and every integer k, [0]^k = 0. k = 0 is the phase collapse, k = 1 the identity, k = −1 the
conjugate. Of the others none is invariant and none is equivariant, and each keeps amplitudes: k = 2 lies between a
collapse, which turns 0 times, and a reduction, which turns once.

Proof. The first is the definition. In polar coordinates the squared length of a step is dr² + r² dα², and that of its
image dr² + k² r² dα² ≤ max(1, k²) (dr² + r² dα²). Along the segment from w to z, which the image of a path is at least
as long as its end points are apart, this gives the bound; it is continuous at 0. Equality on a ray if k = 0; else as
z → w on a circle, where the ratio is sin(kδ/2) / (k sin(δ/2)) for an angle δ between them.

Broken: without the factor |k|.
Source: Mallat, Zhang & Rochette (2020).
"""

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import turn_phase
from .degenerate_images import some_degenerate

ANGLE, ORDER = 0.02, 3
# Of the third harmonic on a circle, and of amplitudes on a ray.
SHARPNESS = [float(np.sin(ORDER * ANGLE / 2) / (ORDER * np.sin(ANGLE / 2))), 1 / ORDER]
BROKEN = {"expanding": False}
BROKEN_BY = "no factor for the order"


def instance(rng):
    z = (rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))) * 10 ** rng.uniform(-2, 1, size=(8, 8))
    near = z + np.exp(1j * rng.uniform(0, 7, z.shape)) * 10 ** rng.uniform(-3, 0, z.shape)
    return some_degenerate(rng, np.stack([z, near])), {"order": int(rng.integers(-4, 5)), "expanding": True}


def hardest():
    turn = np.exp(1j * ANGLE)
    return np.array([[1j, 2.0 * turn], [1j * turn, turn]]), {"order": ORDER, "expanding": True}


def deviation(z, *, order, expanding):
    harmonics = turn_phase(z, order)
    return array_namespace(z).abs(harmonics[0, ...] - harmonics[1, ...])


def bound(z, *, order, expanding):
    return (max(1, abs(order)) if expanding else 1) * array_namespace(z).abs(z[0, ...] - z[1, ...])
