"""Channels mixed at every pixel, by a fixed matrix: the P of the theory."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..arguments import as_floating, check_choice, check_count, host_numbers
from ..arrays import Array, array_namespace, is_complex, place, shape, to_complex
from ..contexts import matmul, uncompiled

__all__ = ["Mixing", "mix_channels", "semi_unitary"]


@dataclass(frozen=True)
class Mixing:
    """A fixed random mixing of channels, drawn anew for each layer: see `semi_unitary`.

    outputs : channels after the mixing, None for as many as before
    seed : of the draw, together with the number of the layer
    kind : "real", which keeps real maps real, or "complex"
    """

    outputs: int | None = None
    seed: int = 0
    kind: str = "real"

    def matrix(self, inputs, layer=0):
        """(outputs, inputs) NumPy array, read-only.

        inputs : channels before the mixing
        layer : its number, from 0

        Raises ValueError if a field is out of range.
        """
        return _drawn_once(inputs if self.outputs is None else self.outputs, inputs, (self.seed, layer), self.kind)


@uncompiled
def mix_channels(x: Array, matrix: np.ndarray) -> Array:
    """Apply a matrix to the channels at every pixel: the only operation here that mixes colours.

    x : (..., C, H, W)
    matrix : (outputs, C) NumPy array, real or complex

    Returns (..., outputs, H, W), complex if either is.
    Raises ValueError if the matrix does not have C columns.
    """
    x = as_floating(x)
    if x.ndim < 3:
        raise ValueError(f"x: expected images (..., C, H, W) with at least 3 axes, got shape {shape(x)}")
    xp, matrix, channels = array_namespace(x), host_numbers("mixing", matrix), shape(x)[-3]
    if matrix.ndim != 2 or matrix.shape[1] != channels:
        raise ValueError(f"mixing: expected a matrix with {channels} columns, one per channel, got {matrix.shape}")
    matrix = place(matrix, like=x)
    if is_complex(matrix) != is_complex(x):
        matrix, x = to_complex(matrix), to_complex(x)
    mixed = matmul(matrix, xp.reshape(x, (*shape(x)[:-2], -1)))
    return xp.reshape(mixed, (*shape(x)[:-3], shape(matrix)[0], *shape(x)[-2:]))


def semi_unitary(outputs: int, inputs: int, *, seed: int, kind: str = "real") -> np.ndarray:
    """A random matrix with orthonormal columns or rows, whichever are fewer, uniformly distributed.

        PᴴP = I, and |Px| = |x|, if outputs ≥ inputs;   PPᴴ = I, and energy is lost, if outputs < inputs

    outputs, inputs : numbers of rows and columns
    seed : of the draw, whatever `numpy.random.default_rng` takes
    kind : "real" (orthogonal) or "complex" (unitary)

    Returns (outputs, inputs) NumPy array: the unitary factor of a Gaussian matrix.
    Raises ValueError if an argument is out of range.
    """
    check_count("outputs", outputs)
    check_count("inputs", inputs)
    check_choice("kind", kind, ("real", "complex"))
    rng = np.random.default_rng(seed)
    gaussian = rng.normal(size=(outputs, inputs))
    if kind == "complex":
        gaussian = gaussian + 1j * rng.normal(size=(outputs, inputs))
    # The triangular factor has the same singular values, and is small: several times faster for the networks' matrices.
    tall = gaussian if outputs >= inputs else gaussian.conj().T
    columns, triangle = np.linalg.qr(tall)
    left, _, right = np.linalg.svd(triangle)
    unitary = columns @ (left @ right)
    return unitary if outputs >= inputs else unitary.conj().T


@lru_cache(maxsize=32)
def _drawn_once(outputs, inputs, seed, kind):
    """`semi_unitary`, shared by all batches of a cascade and therefore read-only."""
    matrix = semi_unitary(outputs, inputs, seed=seed, kind=kind)
    matrix.flags.writeable = False
    return matrix
