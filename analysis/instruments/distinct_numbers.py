"""Which numbers of a cascade of real images say something that others do not: one of each pair of opposite paths."""

from functools import lru_cache

import numpy as np

from collapse_theory.arrays import to_host
from collapse_theory.scattering import cascade_paths


def distinct_numbers(x, bank, depth):
    """The distinct numbers of a full-circle cascade of real images, as real rows.

        ψ_{t+π} = conj ψ_t,   so for real x:   z_{t+π} = conj z_t,   |z_{t+π}| = |z_t|

    x : (N, C (1 + K)^depth, H, W) of any library, unmixed: complex if each non-linearity commutes with the conjugation
        of its argument, real if each was a phase collapse
    bank : FilterBank over the full circle, of an even number of angles

    Returns (N, channels, H, W) real NumPy array. Of a complex x it has as many numbers as x, counted once each: real
    and imaginary parts of one path of every conjugate pair. Of a real x it has C (1 + K / 2)^depth channels.
    """
    x = to_host(x)
    channels = x.shape[1] // (1 + len(bank)) ** depth
    real, imaginary = _representatives(len(bank), len(np.unique(bank.angle)), depth, channels, np.iscomplexobj(x))
    if not len(imaginary):
        return x.real[:, real]
    return np.concatenate([x.real[:, real], x.imag[:, imaginary]], axis=1)


@lru_cache(maxsize=64)
def _representatives(wavelets, angles, depth, channels, is_complex):
    """Channels whose real part is kept, and those whose imaginary part is."""
    paths = cascade_paths(range(wavelets), depth=depth, channels=channels)
    steps = paths[:, 1:]
    if not is_complex:
        return np.flatnonzero(np.all((steps == 0) | ((steps - 1) % angles < angles // 2), axis=1)), np.array([], int)
    scale, turn = np.divmod(steps - 1, angles)
    turned = 1 + scale * angles + (turn + angles // 2) % angles
    opposite = np.concatenate([paths[:, :1], np.where(steps == 0, 0, turned)], axis=1)
    partner = np.ravel_multi_index(opposite.T, (channels, *(1 + wavelets,) * depth))
    own = np.arange(len(paths))
    return np.flatnonzero(own <= partner), np.flatnonzero(own < partner)
