"""Amplitude reductions keep the mean of every class at zero, through layers of any depth.

    Σ_k Φ(e^{2iπk/m} x) = 0,    Φ a composition of    x -> N P S ρ W x

for a class that with x holds e^{2iπk/m} x, k = 0 .. m − 1, m ≥ 2. W and P are linear over the complex numbers,
ρ(e^{ia} z) = e^{ia} ρ(z), S standardises each channel by the mean and standard deviation of the batch of all classes,
N divides each pixel by the norm of its channels; 0/0 is 0. So class means separate no classes, and all energy of a
class is in its variance. In evaluation mode S takes off a running mean and divides by a running deviation: if that mean
is 0, it is equivariant and the statement remains; else it is not equivariant. For m = 2 the images x and −x may be
real, and maps linear over the reals and ρ(−z) = −ρ(z) are enough.

Proof. Each of the maps commutes with a global phase, S since the statistics are those of the batch: its mean turns
along, its deviation does not. So Φ(e^{ia} X) = e^{ia} Φ(X) for the batch X. For a = 2π/m the batch e^{ia} X is X with
the images permuted inside each class, and Φ permutes with them: every class mean is e^{ia} times itself, thus zero. A
running mean m does not turn: S(e^{ia} z) − e^{ia} S(z) is (e^{ia} − 1) m over the running deviation, which is zero for
all a if and only if m = 0.

Broken: a phase collapse is no reduction: its means are not zero. Nor are they if one of the m phases is missing, or if
a running mean is not 0.
Source: Guth, Zarka & Mallat (2022), for a circular class; closed under m-th roots of unity it is exact for samples.
"""

import numpy as np

from ..arrays import array_namespace, place, to_complex
from ..nonlinearities import named
from ..scattering import Layer, Mixing, apply_layer, mix_channels
from ..separation import class_means
from ..wavelets import morlet_bank

BROKEN = ({"reduction": "phase collapse"}, {"missing": 1}, {"running_mean": 0.1})
BROKEN_BY = "the modulus; one phase missing; a running mean"
REDUCTIONS = ("soft threshold", "tanh", "sigmoid", "unit amplitude", "compression")


def instance(rng):
    roots, shape = int(rng.integers(2, 5)), tuple(int(side) for side in rng.integers(6, 11, 2))
    x = rng.normal(size=(int(rng.integers(2, 4)), 1, *shape))
    if roots > 2 or rng.integers(2):
        x = x + 1j * rng.normal(size=x.shape)
    reduction, depth, mixed = str(rng.choice(REDUCTIONS)), int(rng.integers(1, 3)), bool(rng.integers(2))
    x = x * 10.0 ** rng.integers(-3, 2)  # of faint images a threshold leaves nothing
    parameters = {"roots": roots, "missing": 0, "reduction": reduction, "depth": depth, "mixed": mixed}
    return x, parameters | {"running_mean": 0.0 if rng.integers(2) else None}


def hardest():
    x = np.random.default_rng(0).normal(size=(2, 1, 8, 8))
    parameters = {"roots": 3, "missing": 0, "reduction": "soft threshold", "depth": 2, "mixed": True}
    return x, parameters | {"running_mean": None}


def sides(x, *, roots, missing, reduction, depth, mixed, running_mean):
    """Features, and features less the mean of their class; image number n of `x` is of class n % 2."""
    xp, classes = array_namespace(x), np.arange(x.shape[0]) % 2
    turns = np.exp(2j * np.pi * np.arange(roots - missing) / roots)
    turns = np.real(turns) if roots == 2 else turns
    x = xp.concat([place(turn, like=x) * (x if roots == 2 else to_complex(x)) for turn in turns], axis=0)
    y = place(np.tile(classes, len(turns)), like=x)
    for number in range(depth):
        x = network_layer(x, reduction, Mixing(6, number, "complex") if mixed else None, running_mean)
    return x, x - xp.take(class_means(x, y, classes=2), y, axis=0)


def network_layer(x, reduction, mixing, running_mean):
    """N P S ρ W of a batch (N, C, H, W); S by the batch, or by a running mean and a running deviation of 0.5."""
    xp, threshold = array_namespace(x), {"threshold": 0.1} if reduction == "soft threshold" else {}
    bank = morlet_bank(x.shape[-2:], 1, 4, "full")
    z = apply_layer(x, Layer(bank, named(reduction, **threshold)))
    z = standardise(z, running_mean)
    z = z if mixing is None else mix_channels(z, mixing.matrix(int(z.shape[-3])))
    return divided(z, xp.linalg.vector_norm(z, axis=-3, keepdims=True))


def standardise(z, running_mean=None):
    """Each channel less its mean, over its deviation: those of the batch, or a running mean and a deviation of 0.5."""
    xp, axes = array_namespace(z), (0, -2, -1)
    if running_mean is not None:
        return (z - running_mean) / 0.5
    z = z - xp.mean(z, axis=axes, keepdims=True)
    return divided(z, xp.sqrt(xp.mean(xp.abs(z) ** 2, axis=axes, keepdims=True)))


def divided(z, sizes):
    """z / sizes, 0 where a size is rounding beside the largest: that quotient would be the phase of an error."""
    xp = array_namespace(z)
    small = sizes <= xp.finfo(sizes.dtype).eps ** 0.5 * xp.max(sizes)
    return xp.where(small, xp.zeros_like(z), z / xp.where(small, xp.ones_like(sizes), sizes))
