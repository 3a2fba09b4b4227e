"""Which filters led to each channel: of the windowed scattering transform, and of a cascade."""

import numpy as np

from ..arguments import check_count
from ..wavelets import FilterBank, directions

__all__ = ["cascade_paths", "check_path_counts", "one_per_layer", "paths"]

_COLUMNS = [("order", "i8"), ("scale1", "i8"), ("angle1", "f8"), ("scale2", "i8"), ("angle2", "f8")]


def paths(scales: int, angles: int = 8, order: int = 2) -> np.ndarray:
    """The table of the paths of `scatter`, one row per channel.

        x ∗ φ,   |x ∗ ψ_1| ∗ φ,   ||x ∗ ψ_1| ∗ ψ_2| ∗ φ,   scale of ψ_2 > scale of ψ_1

    scales : J
    angles : L, over the half circle
    order : the largest, 0, 1 or 2

    Returns a NumPy record array (P,), P = 1 + J L + J (J − 1) L² / 2 at order 2: "order"; "scale1" and "scale2",
    octaves from 0, −1 where there is none; "angle1" and "angle2", in radians, NaN where there is none. The last column
    runs fastest.
    Raises ValueError if an argument is out of range.

        >>> table = scattering.paths(scales=2, angles=4)
        >>> [int(np.sum(table["order"] == order)) for order in (0, 1, 2)]
        [1, 8, 16]
    """
    check_path_counts(scales, angles, order)
    wavelets = [(scale, angle) for scale in range(scales) for angle in directions(angles)]
    none = (-1, np.nan)
    rows = [(0, *none, *none)]
    if order > 0:
        rows += [(1, *first, *none) for first in wavelets]
    if order > 1:
        rows += [(2, *first, *second) for first in wavelets for second in wavelets if second[0] > first[0]]
    return np.array(rows, dtype=_COLUMNS)


def check_path_counts(scales, angles, order):
    """Raise ValueError unless scales and angles are at least 1 and order is 0, 1 or 2."""
    check_count("scales", scales)
    check_count("angles", angles)
    check_count("order", order, least=0, most=2)


def cascade_paths(bank: FilterBank | list | tuple, *, depth: int, channels: int = 1) -> np.ndarray:
    """The table of the paths of an unmixed cascade: which filters led to each channel at `depth`.

    bank : FilterBank, or a list or tuple with one per layer
    depth : how many layers
    channels : C, of the input

    Returns (C (1 + K)^depth, 1 + depth) integers: the input channel, then for each layer 0 for the low-pass or 1 + k
    for the wavelet of scale bank.scale[k] and angle bank.angle[k]. Rows are in the order of the channels of `cascade`.
    Raises ValueError if a number is out of range, or there are not `depth` banks.
    """
    check_count("depth", depth, least=0)
    check_count("channels", channels)
    sizes = (channels, *(1 + len(b) for b in one_per_layer("bank", bank, depth)))
    return np.indices(sizes).reshape(len(sizes), -1).T


def one_per_layer(name, value, depth):
    """A list of `depth` values, from one for all or from as many.  Raises ValueError if there are not as many."""
    if not isinstance(value, list | tuple):
        return [value] * depth
    if len(value) != depth:
        raise ValueError(f"{name}: expected one value, or {depth} of them, one per layer, got {len(value)}")
    return list(value)
