"""A second collapse may bring class means closer, although energy and mean energy behave.

    |μ_1 − μ_2|  at depth 0, 1, 2  is  0,  2.35,  0.12    (images of 8 x 8, energy 64 a class)

for two classes of eight images: waves along the rows, on the even columns or on the odd ones,

    x(u) = 2 cos(π u_1 / 4 + phase) [u_2 even],  or [u_2 odd],    phase in {0, π/4 .. 7π/4}

so both classes have mean zero, and so have all their wavelet coefficients. Within each class the variance still falls
and the mean energy rises at each depth, as they must; separation has to be measured, it is implied by nothing.

Proof. x is the sum of two waves, at (π/4, 0) and (π/4, π). Where a wavelet sees both, |x ∗ ψ| beats from column to
column; the beats of the two classes are opposite, and are all that tells their means apart at depth 1. They are waves
at (0, π): the next modulus flattens them, the low-pass of depth 2 stops them. Computed, in the certificate.

Broken: at depth 1 instead of 2 there is nothing to flatten yet, and the distance has not fallen.
Source: none; the warning is ours. For classes that are stationary it cannot happen, as the next claim says.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..scattering import cascade
from ..separation import class_means, mean_energy
from ..wavelets import morlet_bank

REQUIRED = {
    "first-order means": (0.0, 0.0),
    "distance at depth 1": (2.3, np.inf),
    "distance falls by": (15.0, np.inf),
    "mean energy rises by": (1e-3, np.inf),
}
BROKEN = {"depth": 1}
BROKEN_BY = "depth 1"


def witness():
    phases = np.arange(8) * np.pi / 4
    waves = 2 * np.cos(np.pi / 4 * np.arange(8)[:, None] + phases[:, None, None]) * np.ones(8)
    even = np.arange(8) % 2 == 0
    return np.stack([waves * even, waves * ~even]).reshape(16, 1, 8, 8), {"depth": 2}


def certificate(x, *, depth):
    xp, labels = array_namespace(x), place(np.repeat([0, 1], 8), like=x)
    layers = list(cascade(x, morlet_bank(8, 2, 4).tight("real"), "phase collapse", depth=depth))
    distances, energies = [], []
    for layer in layers:
        means = class_means(layer, labels, classes=2)
        distances.append(xp.linalg.vector_norm(means[0, ...] - means[1, ...]))
        energies.append(mean_energy(layer, labels, classes=2))
    return {
        "first-order means": xp.max(xp.abs(class_means(x, labels, classes=2))) / xp.max(xp.abs(x)),
        "distance at depth 1": distances[1],
        "distance falls by": distances[1] / distances[-1],
        "mean energy rises by": energies[-1] - energies[-2],
    }
