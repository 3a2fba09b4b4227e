"""Which wavelets led to each channel of the windowed scattering transform."""

import numpy as np

from ..arguments import check_count
from ..wavelets import directions

__all__ = ["check_path_counts", "paths"]

_COLUMNS = [("order", "i8"), ("scale1", "i8"), ("angle1", "f8"), ("scale2", "i8"), ("angle2", "f8")]


def paths(scales, angles=8, order=2):
    """The table of the paths of `scatter`, a row for each of its channels.

        x ∗ φ,   |x ∗ ψ_1| ∗ φ,   ||x ∗ ψ_1| ∗ ψ_2| ∗ φ,   scale of ψ_2 > scale of ψ_1

    scales : J
    angles : L, over the half circle
    order : the largest, 0, 1 or 2

    Returns a NumPy record array (P,), P = 1 + J L + J (J − 1) L² / 2 at order 2: "order"; "scale1" and "scale2",
    octaves from 0, −1 where there is none; "angle1" and "angle2", in radians, NaN where there is none. The last column
    runs fastest.
    Raises ValueError if an argument is out of range.
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
