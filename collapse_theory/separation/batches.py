"""A batch of samples added to the moments of their cells, whatever its size and library, or refused as a whole.

There are two ways. Chunks of rows of one cell are reduced to their moments, in the library of the features, and merged;
or, where cells have few rows each, a compiled loop adds one row after the other.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from ..arrays import array_namespace, in_double, is_numpy_array, place, to_complex, to_host
from ..machine.cores import free_cores, on_cores, split_among_cores
from ..machine.loops import Loop
from ..machine.sizes import CACHE_NUMBERS, CHUNK_ROWS, CHUNKS_AT_ONCE, HELD_BYTES, LONG_ROWS, SHARED_NUMBERS
from .cells import cell_bytes
from .outer_products import sum_of_squares
from .ranges import check_values, may_leave_the_range

__all__ = ["Way", "add_batch", "reduce_rows", "way_to_add"]


class Way(NamedTuple):
    """How a batch is added.

    row_by_row : whether the compiled loop adds one row after the other
    rows : the most rows of a chunk
    chunks : the most chunks whose moments are held before they are merged
    checked : whether every number is read beforehand; if not, all moments are held, and show what is not finite
    """

    row_by_row: bool
    rows: int
    chunks: int
    checked: bool


def add_batch(cells, features, places, *, origin, weights=None):
    """Add rows to cells.

    cells : Cells
    features : (N, D) real or complex, of any library
    places : (N,) host integers, the cell of each row: group times the number of classes, plus class
    origin : (D,) host numbers taken off the means
    weights : (N,) host numbers above 0, or None for 1 each

    Raises ValueError, the cells unchanged, if a feature is not finite or the features leave the range.
    """
    covariance, counts = cells.products is not None, np.bincount(places)
    loop = None if covariance or weights is not None else _loop_for(features, cells, counts)
    if loop is not None:
        loop.count(features.size)
    compiled = loop is not None and loop.ready
    way = way_to_add(counts, features.shape[1], covariance=covariance, compiled=compiled)
    if way.checked:
        check_values(features, cells, origin)
    if way.row_by_row:
        _add_row_by_row(cells, features, places, origin)
    else:
        chunks = list(_chunks(places, counts, way.rows))
        reduce = partial(reduce_rows, features, origin=origin, deviations=covariance, compiled=compiled)
        for start in range(0, len(chunks), way.chunks):
            some = chunks[start : start + way.chunks]
            moments = _reduced(reduce, features, some, weights)
            if not way.checked and may_leave_the_range(moments, origin, features):
                check_values(features, cells, origin)
            _merge(cells, some, moments, weights)
    cells.samples += np.bincount(places, minlength=cells.samples.size).reshape(cells.samples.shape)


def way_to_add(counts, features, *, covariance, compiled):
    """The `Way` to add a batch, which depends on its sizes alone.

    counts : (cells,) rows of each cell
    features : D
    covariance : whether products are kept; their deviations take memory, so chunks are then added one at a time
    compiled : whether the loop for these counts is compiled; it reads the rows in place, without a copy
    """
    samples = int(counts.sum())
    if compiled and _are_short(counts):
        return Way(row_by_row=True, rows=1, chunks=1, checked=True)
    rows = CHUNK_ROWS if covariance or compiled else min(CHUNK_ROWS, max(1, CACHE_NUMBERS // features))
    if covariance:
        return Way(row_by_row=False, rows=rows, chunks=1, checked=True)
    chunks = int(np.sum(-(-counts // rows)))
    held = samples >= LONG_ROWS * chunks and chunks * cell_bytes(features, False, is_complex=True) <= HELD_BYTES
    return Way(row_by_row=False, rows=rows, chunks=chunks if held else CHUNKS_AT_ONCE, checked=not held)


def _are_short(counts):
    return counts.sum() < LONG_ROWS * np.count_nonzero(counts)


def _loop_for(features, cells, counts):
    """The loop that would add real rows in the memory of the host, or None."""
    plain = is_numpy_array(features) and features.flags.c_contiguous and not np.iscomplexobj(cells.means)
    return (_add_rows if _are_short(counts) else _add_about_first) if plain else None


def _chunks(places, counts, rows):
    """Of each cell with samples in a batch, their rows, at most so many at a time, in order: (cell, index)."""
    order, ends = np.argsort(places, kind="stable"), np.cumsum(counts)
    for cell in np.flatnonzero(counts):
        here = order[ends[cell] - counts[cell] : ends[cell]]
        for start in range(0, len(here), rows):
            yield int(cell), here[start : start + rows]


def _reduced(reduce, features, chunks, weights):
    """The moments of each chunk, computed by all cores if there is enough work for them."""
    numbers = sum(len(index) for _, index in chunks) * features.shape[1]
    workers = free_cores() if numbers > len(chunks) * SHARED_NUMBERS else 1

    def work(worker):
        room = _Room()
        return [
            reduce(index=index, weights=None if weights is None else weights[index], room=room)
            for _, index in chunks[worker::workers]
        ]

    moments = [None] * len(chunks)
    for worker, found in enumerate(on_cores(work, range(workers), like=features)):
        moments[worker::workers] = found
    return moments


def _merge(cells, chunks, moments, weights):
    classes = cells.counts.shape[1]
    if weights is not None:
        cells.counts = cells.counts.astype(np.float64, copy=False)
    for (cell, index), each in zip(chunks, moments, strict=True):
        count = len(index) if weights is None else weights[index].sum()
        cells.add(divmod(cell, classes), count, *each)


class _Room:
    """Memory that one chunk after the other uses: to allocate it anew would take as long as to fill it."""

    def __init__(self):
        self._numbers = None

    def take(self, shape, dtype):
        """An array that is good until the next one is taken: of the same dtype, and never of more rows."""
        if self._numbers is None or len(self._numbers) < shape[0]:
            self._numbers = np.empty(shape, dtype)
        return self._numbers[: shape[0]]


@np.errstate(invalid="ignore", over="ignore")  # what is not finite, or leaves the range, shows in the moments
def reduce_rows(features, index, *, origin, deviations=False, weights=None, compiled=False, room=None):
    """Moments of rows of one cell, in double precision, in one pass: about the first of them, x_0.

        m = x_0 + d,   S = Σ|x − x_0|² − n |d|²,   d the mean of x − x_0

    Σ|x − x_0|² is at most n S, since x_0 is one of the rows: for 256 rows S loses two digits of sixteen at worst. With
    weights, where x_0 may weigh next to nothing, and where deviations are asked for, all is taken about the mean.

    features : (N, D) real or complex, of any library
    index : (n,) host integers, the rows to take, at most CHUNK_ROWS
    origin : (D,) host numbers taken off the mean
    deviations : whether to give them too
    weights : (n,) host numbers above 0, 1 by default; the deviations returned are multiplied by their square roots
    compiled : whether to use the compiled loop, for real C-contiguous NumPy features
    room : `_Room` for the differences of NumPy rows

    Returns the mean (D,), squared deviations (D,) and deviations from the mean (n, D), or None, on the host.
    """
    if len(index) == 1:
        mean = _host(_for(origin, features[int(index[0]), ...])) - origin
        return mean, 0.0, np.zeros((1, len(origin)), mean.dtype) if deviations else None
    if deviations or weights is not None:
        return _about_mean(in_double(_for(origin, _rows(features, index))), origin, deviations, weights)
    if compiled:
        sums, squares = np.zeros((2, len(origin)))
        _add_about_first(features, index, sums, squares)
    else:
        differences = _differences(features, index, room or _Room())
        sums, squares = _host(_sum(differences)), _host(sum_of_squares(differences))
    offset = sums / len(index)
    mean = _host(features[int(index[0]), ...]) - origin + offset  # in this order: far from 0, the sum would lose digits
    return mean, squares - len(index) * (offset.real**2 + offset.imag**2), None


def _differences(features, index, room):
    """(n, D) x − x_0, in double precision."""
    xp = array_namespace(features)
    if is_numpy_array(features):
        rows = room.take((len(index), features.shape[1]), np.result_type(features.dtype, np.float64))
        rows[...] = features[index]
    else:
        rows = in_double(_rows(features, index))
    rows -= xp.astype(rows[0, ...], rows.dtype, copy=True)
    return rows


def _about_mean(rows, origin, deviations, weights):
    """What `reduce_rows` returns, for rows in double precision: about their mean, corrected for its rounding."""
    xp = array_namespace(rows)
    weights = None if weights is None else place(weights[:, None], like=rows)
    shifted = rows - rows[:1, ...]
    mean = _mean(shifted, weights)
    rest = shifted - mean
    left = _mean(rest, weights)
    rest = rest if weights is None else xp.sqrt(weights) * rest
    total = rows.shape[0] if weights is None else xp.sum(weights)
    squares = sum_of_squares(rest) - total * xp.abs(left) ** 2
    return _host(rows[0, ...]) - origin + _host(mean + left), _host(squares), _host(rest) if deviations else None


def _mean(rows, weights):
    xp = array_namespace(rows)
    return xp.mean(rows, axis=0) if weights is None else xp.sum(weights / xp.sum(weights) * rows, axis=0)


def _sum(rows):
    """(D,) Σ_n r_n: of NumPy arrays by BLAS, which takes less time than a sum over the first axis."""
    return np.ones(len(rows)) @ rows if is_numpy_array(rows) else array_namespace(rows).sum(rows, axis=0)


def _rows(features, index):
    return array_namespace(features).take(features, place(index, like=features), axis=0)


def _for(origin, rows):
    """The rows, complex if the origin is: it comes off in both parts."""
    return to_complex(rows) if np.iscomplexobj(origin) else rows


def _host(values):
    values = to_host(values)
    return values.astype(np.complex128 if np.iscomplexobj(values) else np.float64, copy=False)


@partial(Loop, saved=0.8)
def _add_about_first(features, index, sums, squares):
    """Σ(x − x_0) and Σ|x − x_0|², added to `sums` and `squares`, in one pass: eight rows at a time, in the cache."""
    for low in range(0, features.shape[1], 2048):
        here = slice(low, low + 2048)
        first, total, square = features[index[0], here], sums[here], squares[here]
        whole = len(index) // 8 * 8
        for i in range(0, whole, 8):
            a, b = features[index[i], here], features[index[i + 1], here]
            c, d = features[index[i + 2], here], features[index[i + 3], here]
            e, f = features[index[i + 4], here], features[index[i + 5], here]
            g, h = features[index[i + 6], here], features[index[i + 7], here]
            for j in range(len(first)):
                x = np.float64(first[j])
                p, q, r, s = a[j] - x, b[j] - x, c[j] - x, d[j] - x
                t, u, v, w = e[j] - x, f[j] - x, g[j] - x, h[j] - x
                total[j] += ((p + q) + (r + s)) + ((t + u) + (v + w))
                square[j] += ((p * p + q * q) + (r * r + s * s)) + ((t * t + u * u) + (v * v + w * w))
        for row in index[whole:]:
            a = features[row, here]
            for j in range(len(first)):
                p = a[j] - np.float64(first[j])
                total[j] += p
                square[j] += p * p


def _add_row_by_row(cells, features, places, origin):
    means, squares = (values.reshape(-1, len(origin)) for values in (cells.means, cells.squares))
    counts = cells.counts.astype(np.float64).ravel()

    def add(columns):
        _add_rows(features, places, origin, counts, means, squares, *columns)

    on_cores(add, split_among_cores(features, axis=1), like=features)
    cells.counts += np.bincount(places, minlength=cells.counts.size).reshape(cells.counts.shape)


@partial(Loop, saved=20)
def _add_rows(features, places, origin, counts, means, squares, low, high):
    """`Cells.add` of one row after the other, features `low` to `high`; `counts` are left as they are."""
    counts = counts.copy()
    for row in range(len(places)):
        place = places[row]
        share = 1 / (counts[place] + 1)
        weight = counts[place] * share
        counts[place] += 1
        x, first = features[row, low:high], origin[low:high]
        mean, square = means[place, low:high], squares[place, low:high]
        for j in range(len(x)):
            difference = x[j] - first[j] - mean[j]
            mean[j] += share * difference
            square[j] += weight * difference * difference
