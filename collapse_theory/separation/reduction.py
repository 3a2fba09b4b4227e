"""Some samples of one cell reduced to their moments, in the library of the samples."""

import math
from functools import partial

import numpy as np

from ..arrays import array_namespace, is_complex, is_numpy_array, place, to_complex, to_host, widest_dtype
from ..machine.loops import Loop
from ..machine.sizes import CACHE_NUMBERS

__all__ = ["reduce_rows", "rows_at_once", "sum_of_squares"]

_CHUNK_ROWS = 256  # short sums, merged, lose fewer digits than long ones
_SINGLE = (1e-30, 1e30)  # where sums of squares must lie, for single precision to hold the squares
_EXCESS = 0.96  # share of the squares about the first row that its distance to the mean may take: a digit is lost


def rows_at_once(features, origin, covariance, *, weighted=False):
    """How many rows of (N, D) features `reduce_rows` should get at a time: they fit in a cache, or are not copied."""
    numbers = math.prod(features.shape)
    single = not weighted and _in_single(features, origin, covariance)
    if covariance or (single and _loop_pays(features, numbers)):
        return _CHUNK_ROWS  # with covariance the matrix is larger than they are, and the fewer products the better
    return min(_CHUNK_ROWS, max(1, CACHE_NUMBERS // (numbers // features.shape[0])))


@np.errstate(invalid="ignore", over="ignore")  # what is not finite, or leaves the range, shows in the moments
def reduce_rows(features, index, origin, covariance, *, weights=None):
    """Moments of the rows: about the first of them in single precision, about their mean in double.

        m = x_0 + d,   S = Σ|x − x_0|² − n |d|²,   d the mean of x − x_0

    features : (N, D) real or complex, of any library
    index : (n,) host integers, the rows to take, so few that their sums lose nothing
    origin : (D,) host numbers taken off the mean
    covariance : whether to give the deviations too
    weights : (n,) host numbers above 0 that the rows count for, 1 by default; deviations are multiplied by their roots

    Real rows in single precision are reduced in single precision, but for features where x_0 lies so far out that S
    would lose a digit, or whose squares are too large or too small, if they are not constant; all others, deviations,
    and all with weights, in double. Returns the mean (D,), squared deviations (D,) and deviations from the mean (n, D),
    or None, on the host in double precision.
    """
    if len(index) == 1:
        mean = _host(_for(origin, features[int(index[0]), ...])) - origin
        return mean, 0.0, np.zeros((1, len(origin)), mean.dtype) if covariance else None
    if weights is not None or not _in_single(features, origin, covariance):
        return _in_double(_for(origin, _rows(features, index)), origin, covariance, weights)
    first = _host(features[int(index[0]), ...])
    sums, squares = _sums_about_first(features, index)
    offset, squares = sums / len(index), squares.astype(np.float64)
    excess, mean = len(index) * offset**2, first + offset - origin
    rich = (squares > _SINGLE[0]) & (squares < _SINGLE[1]) & (excess < _EXCESS * squares)
    poor = np.flatnonzero(~rich & ((squares != 0) | (sums != 0)))
    squares -= excess
    for start in range(0, len(poor), CACHE_NUMBERS // len(index)):
        some = poor[start : start + CACHE_NUMBERS // len(index)]
        mean[some], squares[some], _ = _in_double(_columns(features, index, some), origin[some], covariance=False)
    return mean, squares, None


def _in_single(features, origin, covariance):
    return features.dtype == array_namespace(features).float32 and not np.iscomplexobj(origin) and not covariance


def _sums_about_first(features, index):
    """Σ(x − x_0) and Σ|x − x_0|² over some rows of a real array in single precision.  Both (D,), on the host."""
    if _loop_pays(features, 0):
        sums, squares = np.zeros((2, features.shape[1]), np.float32)
        _add_about_first(features, index, sums, squares)
        return _host(sums), squares
    xp, rows = array_namespace(features), _rows(features, index)
    rows -= xp.astype(rows[0, ...], rows.dtype, copy=True)
    with np.errstate(over="ignore"):
        return _host(xp.sum(rows, axis=0)), _host(sum_of_squares(rows))


def _loop_pays(features, numbers):
    _add_about_first.count(numbers)
    return is_numpy_array(features) and features.flags.c_contiguous and _add_about_first.ready


@partial(Loop, saved=1.5)
def _add_about_first(features, index, sums, squares):
    """`_sums_about_first`, added to `sums` and `squares`, in one pass over the rows: four at a time, in the cache."""
    for low in range(0, features.shape[1], 2048):
        here = slice(low, low + 2048)
        first, total, square = features[index[0], here], sums[here], squares[here]
        whole = len(index) // 4 * 4
        for start in range(0, whole, 4):
            a, b = features[index[start], here], features[index[start + 1], here]
            c, d = features[index[start + 2], here], features[index[start + 3], here]
            for j in range(len(first)):
                p, q, r, s = a[j] - first[j], b[j] - first[j], c[j] - first[j], d[j] - first[j]
                total[j] += (p + q) + (r + s)
                square[j] += (p * p + q * q) + (r * r + s * s)
        for row in index[whole:]:
            a = features[row, here]
            for j in range(len(first)):
                p = a[j] - first[j]
                total[j] += p
                square[j] += p * p


def sum_of_squares(rows):
    """Σ_n |r_n|², real, in one pass over the memory where the library has a way.  (N, D) real or complex -> (D,)."""
    xp = array_namespace(rows)
    if xp.isdtype(rows.dtype, "complex floating"):
        return sum_of_squares(xp.real(rows)) + sum_of_squares(xp.imag(rows))
    return np.einsum("nd,nd->d", rows, rows) if is_numpy_array(rows) else xp.sum(rows * rows, axis=0)


def _rows(features, index):
    return array_namespace(features).take(features, place(index, like=features), axis=0)


def _columns(features, index, columns):
    if is_numpy_array(features):
        return features[index[:, None], columns]
    return array_namespace(features).take(_rows(features, index), place(columns, like=features), axis=1)


def _for(origin, rows):
    """The rows, complex if the origin is: it comes off in both parts."""
    return to_complex(rows) if np.iscomplexobj(origin) else rows


def _in_double(rows, origin, covariance, weights=None):
    xp = array_namespace(rows)
    rows = xp.astype(rows, widest_dtype(xp, "complex floating" if is_complex(rows) else "real floating"))
    weights = None if weights is None else place(weights[:, None], like=rows)
    shifted = rows - rows[:1, ...]
    mean = _mean(shifted, weights)
    rest = shifted - mean
    slip = _mean(rest, weights)  # what rounding left in the mean
    rest = rest if weights is None else xp.sqrt(weights) * rest
    total = rows.shape[0] if weights is None else xp.sum(weights)
    squares = sum_of_squares(rest) - total * xp.abs(slip) ** 2
    return _host(rows[0, ...]) - origin + _host(mean + slip), _host(squares), _host(rest) if covariance else None


def _mean(rows, weights):
    xp = array_namespace(rows)
    return xp.mean(rows, axis=0) if weights is None else xp.sum(weights / xp.sum(weights) * rows, axis=0)


def _host(values):
    values = to_host(values)
    return values.astype(np.complex128 if np.iscomplexobj(values) else np.float64)
