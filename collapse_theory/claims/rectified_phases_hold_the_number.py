"""An even number of rectified phases holds the complex number exactly, and its modulus up to the error of a cotangent.

    (4/A) Σ_{k<A} e^{ia_k} ReLU(Re(e^{−ia_k} z))  =  z,      a_k = 2πk/A,   A even, A ≥ 4

for every complex z: the A rectifiers carry what a skip connection beside a phase collapse does, (z, |z|), the number by
this linear map and the modulus by their sum (rectified_rotations_average_to_the_modulus). For real numbers, two of them
are enough (opposite_rectifiers_span_number_and_modulus).

Proof. ReLU(t) = (t + |t|)/2. As Re(e^{−ia} z) = (e^{−ia} z + e^{ia} z*)/2, the sum of the first halves is A z/4 plus
(z*/4) Σ e^{2ia_k}, which is 0 for A ≥ 3. In the second ones |Re(e^{−ia} z)| has the period π in a, over which e^{ia}
changes sign: the terms at a and a + π cancel, if A is even.

Broken: 2, 3 or 5 rectifiers. With odd A the second half leaves harmonics of |cos|, which fall with A but never vanish.
Source: elementary; phases as rectifiers in Mallat, Zhang & Rochette (2020).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import rectify
from .degenerate_images import some_degenerate

BROKEN = ({"phases": 2}, {"phases": 3}, {"phases": 5})
BROKEN_BY = "2, 3 or 5 phases"


def instance(rng):
    z = (rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))) * rng.exponential(size=(8, 8))
    return some_degenerate(rng, z), {"phases": int(rng.choice([4, 6, 8, 10, 12, 16, 64]))}


def hardest():
    return np.exp(1j * np.pi / 10 * np.arange(20)), {"phases": 4}


def sides(z, *, phases):
    turns = place(np.exp(2j * np.pi * np.arange(phases) / phases), like=z)
    xp, rotated = array_namespace(z), z[..., None] * array_namespace(z).conj(turns)
    return 4 * xp.mean(turns * rectify(xp.real(rotated)), axis=-1), z
