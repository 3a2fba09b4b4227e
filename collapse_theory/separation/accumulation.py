"""A batch of samples added to the moments of their cells, whatever its size and library, or refused as a whole."""

import math
from functools import partial

import numpy as np

from ..arrays import array_namespace, is_numpy_array
from ..machine.cores import free_cores, on_cores, split_among_cores
from ..machine.loops import Loop
from .cells import cell_bytes
from .ranges import check_values, may_leave_the_range
from .reduction import reduce_rows, rows_at_once

__all__ = ["accumulate"]

_LONG = 16  # rows a chunk, on average: the moments of all chunks then take less than half of the features
_HELD_BACK = 2**28  # bytes of the moments of all chunks
_SHARED_NUMBERS = 2**15  # of a chunk, below which one core is done before two have begun
_AT_ONCE = 16  # short chunks, shared by the cores


def accumulate(cells, features, places, *, origin, weights=None):
    """Add rows to cells.

    cells : Cells
    features : (N, D) real or complex, of any library
    places : (N,) host integers, the cell of each row: group times the number of classes, plus class
    origin : (D,) host numbers taken off the means
    weights : (N,) host numbers above 0, or None for 1 each

    Raises ValueError, the cells unchanged, if a feature is not finite or the features leave the range. Where chunks of
    rows of one cell are long, their moments show it, and are held back until all are there; where that would take too
    much, and for products, every number is looked at first.
    """
    covariance = cells.products is not None
    rows = rows_at_once(features, origin, covariance, weighted=weights is not None)
    counts = np.bincount(places)
    chunks = np.sum(-(-counts // rows))
    held_back = chunks * cell_bytes(len(origin), False, is_complex=True)
    if not covariance and len(places) >= _LONG * chunks and held_back <= _HELD_BACK:
        _add_long_chunks(cells, features, list(_chunks(places, counts, rows)), origin, weights)
    else:
        check_values(features, cells, origin)
        plain = is_numpy_array(features) and features.flags.c_contiguous and not np.iscomplexobj(cells.means)
        _add_rows.count(math.prod(features.shape))
        if plain and not covariance and weights is None and _add_rows.ready:
            _add_single_rows(cells, features, places, origin)
        else:
            _add_short_chunks(cells, features, list(_chunks(places, counts, rows)), origin, weights)
    cells.samples += np.bincount(places, minlength=cells.samples.size).reshape(cells.samples.shape)


def _chunks(places, counts, rows):
    """Of each cell with samples in a batch, their rows, at most so many at a time, in order: (cell, index)."""
    order, ends = np.argsort(places, kind="stable"), np.cumsum(counts)
    for cell in np.flatnonzero(counts):
        here = order[ends[cell] - counts[cell] : ends[cell]]
        for start in range(0, len(here), rows):
            yield int(cell), here[start : start + rows]


def _add_long_chunks(cells, features, chunks, origin, weights):
    reduced = _reduced(features, chunks, origin, covariance=False, weights=weights)
    in_double = features.dtype not in (array_namespace(features).float32, array_namespace(features).complex64)
    if may_leave_the_range(reduced, origin, in_double):
        check_values(features, cells, origin)
    _add(cells, chunks, reduced, weights)


def _add_short_chunks(cells, features, chunks, origin, weights):
    covariance = cells.products is not None
    at_once = 1 if covariance else _AT_ONCE  # deviations take room, and their products use all cores
    for start in range(0, len(chunks), at_once):
        part = chunks[start : start + at_once]
        _add(cells, part, _reduced(features, part, origin, covariance, weights), weights)


def _reduced(features, chunks, origin, covariance, weights):
    """The moments of each chunk, by all cores if there is enough to do for them."""
    numbers = sum(len(index) for _, index in chunks) * features.shape[1]
    workers = free_cores() if numbers > len(chunks) * _SHARED_NUMBERS else 1

    def reduce(worker):
        return [
            reduce_rows(features, index, origin, covariance, weights=None if weights is None else weights[index])
            for _, index in chunks[worker::workers]
        ]

    moments = [None] * len(chunks)
    for worker, found in enumerate(on_cores(reduce, range(workers), like=features)):
        moments[worker::workers] = found
    return moments


def _add(cells, chunks, moments, weights):
    classes = cells.counts.shape[1]
    if weights is not None:
        cells.counts = cells.counts.astype(np.float64, copy=False)
    for (cell, index), each in zip(chunks, moments, strict=True):
        count = len(index) if weights is None else weights[index].sum()
        cells.add(divmod(cell, classes), count, *each)


def _add_single_rows(cells, features, places, origin):
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
