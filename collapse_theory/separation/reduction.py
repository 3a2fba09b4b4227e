"""Some samples of one cell reduced to their moments, in the library of the samples."""

import numpy as np

from ..arrays import array_namespace, is_complex, place, to_complex, to_host
from ..pairs import sum_of_squares

__all__ = ["reduce_rows"]

_SINGLE = (1e-30, 1e30)  # where sums of squares must lie, for single precision to hold the squares
_EXCESS = 0.96  # share of the squares about the first row that its distance to the mean may take: a digit is lost


def reduce_rows(features, index, origin, covariance):
    """Moments of the rows: about the first of them in single precision, about their mean in double.

        m = x_0 + d,   S = Σ|x − x_0|² − n |d|²,   d the mean of x − x_0

    features : (N, D) real or complex, of any library
    index : (n,) host integers, the rows to take, so few that their sums lose nothing
    origin : (D,) host numbers taken off the mean
    covariance : whether to give the products too

    Real rows in single precision are reduced in single precision, but for features where x_0 lies so far out that S
    would lose a digit, or whose squares are too large or too small; all others, and products, in double. Returns the
    mean (D,), squared deviations (D,) and products (D, D) or None, on the host in double precision.
    """
    xp, rows = array_namespace(features), _rows(features, index)
    rows = to_complex(rows) if np.iscomplexobj(origin) else rows  # the origin comes off in both parts
    if len(index) == 1:
        return _host(rows[0, ...]) - origin, 0.0, 0.0 if covariance else None
    if rows.dtype != xp.float32 or covariance:
        return _in_double(rows, origin, covariance)
    first = xp.astype(rows[0, ...], rows.dtype, copy=True)
    rows -= first
    with np.errstate(over="ignore"):
        offset, squares = _host(xp.sum(rows, axis=0)) / len(index), _host(sum_of_squares(rows))
    excess, mean = len(index) * offset**2, _host(first) + offset - origin
    poor = np.flatnonzero(~((squares > _SINGLE[0]) & (squares < _SINGLE[1]) & (excess < _EXCESS * squares)))
    squares -= excess
    if len(poor):
        columns = xp.take(_rows(features, index), place(poor, like=rows), axis=1)
        mean[poor], squares[poor], _ = _in_double(columns, origin[poor], covariance=False)
    return mean, squares, None


def _rows(features, index):
    return array_namespace(features).take(features, place(index, like=features), axis=0)


def _in_double(rows, origin, covariance):
    xp = array_namespace(rows)
    rows = xp.astype(rows, xp.complex128 if is_complex(rows) else xp.float64)
    mean, squares, rest = _centred(rows)
    slip = xp.mean(rest, axis=0)  # what rounding left in the mean
    squares = squares - rows.shape[0] * xp.abs(slip) ** 2
    products = None
    if covariance:
        products = to_host(xp.matrix_transpose(rest) @ (xp.conj(rest) if is_complex(rest) else rest))
    return _host(rows[0, ...]) - origin + _host(mean + slip), _host(squares), products


def _centred(rows):
    """Mean and squared deviations of the rows, the mean relative to the first row; and the deviations."""
    xp = array_namespace(rows)
    shifted = rows - rows[:1, ...]
    mean = xp.mean(shifted, axis=0)
    rest = shifted - mean
    return mean, sum_of_squares(rest), rest


def _host(values):
    values = to_host(values)
    return values.astype(np.complex128 if np.iscomplexobj(values) else np.float64)
