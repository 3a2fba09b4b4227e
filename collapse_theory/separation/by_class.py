"""Labelled rows, given out a few at a time with their classes: sums over classes are made of them.

A sum over the rows of each class is the product of a one-hot matrix with the rows: differentiable, and the same bits
on a GPU each time. With many classes the rows are sorted by class, so that a
few rows have few classes and the matrix stays small. A row of its class is subtracted from each row, and what some rows
add up to is added in double precision, so that no digit is lost to a large mean. Of three rows it is the one that is
nearest to the others: from an outlier, all others would be far.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import as_floating, check_count, check_finite
from ..arrays import (
    array_namespace,
    device,
    in_double,
    is_complex,
    is_numpy_array,
    numpy_view,
    place,
    real_dtype,
    shape,
    to_host,
    widest_dtype,
)
from ..contexts import holds, is_recorded, matmul
from ..machine.sizes import FEW_CLASSES, LEAST_ROWS, MOST_ROWS, numbers_at_once

__all__ = ["FewRows", "RowsByClass", "rows_by_class"]


@dataclass(frozen=True)
class RowsByClass:
    """Rows of K classes; those of a torch tensor on the host, out of a graph, as the NumPy array on its memory.

    given : (N, ...) floating features, as they came
    features : (N, D) the same, flat
    order : (N,) integers, the places in `features` of the rows of class 0, then 1, ...; or None, for rows as they came
    labels : (N,) integers, the class of each row, in that order
    three : (3, K) integers, the places in `features` of three rows of each class, which may be one
    counts : (K, 1) rows of each class, in double precision
    scale : power of two that the features are divided by
    """

    given: Any
    features: Any
    order: Any
    labels: Any
    three: Any
    counts: Any
    scale: float = 1.0

    @property
    def shares(self):
        """(K, 1) share p_y of each class."""
        return self.counts / self.features.shape[0]

    def means(self, chunk=None):
        """A row of each class, and the mean of the class from there: their sum would lose digits.

        chunk : most rows at a time

        Returns (K, D) in the precision of the features, off the graph, and (K, D) in double; divided by `scale`.
        """
        features = self.features.detach() if hasattr(self.features, "detach") else self.features
        origins = _nearest_to_others(
            [array_namespace(features).take(features, places, axis=0) for places in self.three]
        )
        origins = origins if self.scale == 1 else origins / self.scale
        xp, closed, total, last = array_namespace(self.features), [], None, None
        for few in self.pieces(chunk):
            sums = in_double(few.sums(origins))
            if self.order is None:
                total = sums if total is None else total + sums
                continue
            if few.low == last:  # more of a class that began before
                sums = xp.concat([total[-1:, ...] + sums[:1, ...], sums[1:, ...]], axis=0)
                total = total[:-1, ...]
            closed += [] if total is None else [total]
            total, last = sums, few.high
        total = xp.concat([*closed, total], axis=0)
        return origins, total / xp.astype(self.counts, total.dtype)

    def pieces(self, chunk=None, least=1):
        """Yields `FewRows`, at most `chunk`, by default at least `least`, at a time."""
        start, classes, (total, features) = 0, self.counts.shape[0], self.features.shape
        count = min(chunk or total, total, max(least, self._rows_at_once()))
        # Fresh memory for each piece would take as long to get as to fill.
        room = np.empty((count, features), self.features.dtype) if is_numpy_array(self.features) else None
        for rows in self._rows(count):
            labels = self.labels[start : start + rows.shape[0]]
            low, high = (0, classes - 1) if self.order is None else (int(labels[0]), int(labels[-1]))
            yield FewRows(rows if self.scale == 1 else rows / self.scale, labels, low, high, room)
            start += rows.shape[0]

    def result(self, value):
        """A number or an array in the library and precision, and on the device, of the features as they came."""
        xp = array_namespace(self.features)
        with np.errstate(over="ignore", under="ignore"):
            value = xp.astype(value, self.features.dtype if is_complex(value) else real_dtype(self.features))
        return place(value, like=self.given)[()] if is_numpy_array(self.features) else value

    def _rows_at_once(self):
        """As many as fit in a cache with their one-hot matrix, whatever the number of classes."""
        numbers, (_, features) = numbers_at_once(self.features) // 16, self.features.shape
        return max(1, min(numbers // features, max(LEAST_ROWS, numbers // self.counts.shape[0]), MOST_ROWS))

    def _rows(self, count):
        """Yields `count` rows at a time, in order, as they came."""
        xp, x, total = array_namespace(self.features), self.features, self.features.shape[0]
        if not getattr(x, "requires_grad", False):
            for start in range(0, total, count):
                part = slice(start, min(start + count, total))
                yield x[part, ...] if self.order is None else xp.take(x, self.order[part], axis=0)
            return
        # The way back through a slice takes as long as through all rows; through this it goes once.
        rows, whole = x if self.order is None else xp.take(x, self.order, axis=0), total // count * count
        if whole:
            yield from xp.unstack(xp.reshape(rows[:whole, ...], (-1, count, rows.shape[1])), axis=0)
        if whole < total:
            yield rows[whole:, ...]


@dataclass(frozen=True)
class FewRows:
    """Some rows (n, D), and the class (n,) of each, from the class `low` to the class `high`.

    room : of NumPy arrays, memory for as many rows, which `less` writes to; or None
    """

    rows: Any
    labels: Any
    low: int
    high: int
    room: Any = None

    def sums(self, origins):
        """(high − low + 1, D) sum over each class of the rows, taken from the origin of their class, of (K, D)."""
        return matmul(self._member(), self.less(origins))

    def less(self, vectors):
        """(n, D) rows minus the vector of their class, one of (K, D). Valid until the next rows are asked for."""
        if is_numpy_array(self.rows):
            here = None if self.room is None else self.room[: len(self.labels)]
            here = np.take(vectors, self.labels, axis=0, out=here, mode="clip")
            return np.subtract(self.rows, here, out=here)
        xp = array_namespace(self.rows)
        return self.rows - matmul(xp.matrix_transpose(self._member()), vectors[self.low : self.high + 1, ...])

    def _member(self):
        xp, labels = array_namespace(self.rows), self.labels
        every = xp.arange(self.low, self.high + 1, dtype=labels.dtype, device=device(labels))
        return xp.astype(every[:, None] == labels[None, :], self.rows.dtype)


def rows_by_class(features, labels, classes, least=1):
    """`RowsByClass` of features (N, ...) and their labels (N,), integers in 0 .. `classes` − 1.

    least : number of classes

    Raises what `class_means` does, but for features that are not finite, which `ranges.in_range` finds.
    """
    given = features = as_floating(features, "features")
    check_count("classes", classes, least)
    _check_labels(features, labels)
    host, host_labels = numpy_view(features), numpy_view(labels)
    if host is not None and host_labels is not None:
        features, labels = host, host_labels
    xp = array_namespace(features)
    order, labels, three, counts = _ordered(labels, classes)
    flat = xp.reshape(features, (features.shape[0], -1))
    return RowsByClass(given, flat, order, labels, three, in_double(counts)[:, None])


def _nearest_to_others(vectors):
    """(K, D): at each place that of three vectors which is the nearest to both others."""
    xp, (a, b, c) = array_namespace(vectors[0]), vectors
    with np.errstate(over="ignore", invalid="ignore"):  # features that are not finite are found later
        ab, ac, bc = (xp.sum(xp.abs(one - other), axis=1) for one, other in ((a, b), (a, c), (b, c)))
        is_a, is_b = (ac <= bc) & (ab <= bc), ab <= ac
    return xp.where(is_a[:, None], a, xp.where(is_b[:, None], b, c))


def _check_labels(features, labels):
    try:
        xp = array_namespace(features, labels)
    except TypeError as error:
        raise TypeError(f"labels: {error}") from None
    if features.ndim < 1 or 0 in features.shape:
        raise ValueError(f"features: expected shape (N, ...), no axis empty, got {shape(features)}")
    check_finite(features[:0, ...], "features")  # only that it has values; if they are finite is seen later
    if tuple(labels.shape) != (features.shape[0],):
        raise ValueError(f"labels: expected shape ({features.shape[0]},), one per sample, got {shape(labels)}")
    try:
        whole = xp.isdtype(labels.dtype, ("bool", "integral"))
    except (TypeError, ValueError):  # of a dtype that is in no standard
        whole = False
    if not whole or isinstance(labels, np.ma.MaskedArray):
        raise TypeError(f"labels: expected integers, and no mask, got {type(labels).__name__} of {labels.dtype}")
    if device(labels) != device(features):
        raise ValueError(f"labels: expected the device of the features, {device(features)}, got {device(labels)}")


def _ordered(labels, classes):
    """Rows in the order of classes, or None for few; their labels; three rows of each class, and how many it has."""
    xp, given, count = array_namespace(labels), labels, labels.shape[0]
    wide = widest_dtype(xp, "signed integer")
    labels, order = xp.astype(labels, wide), None  # which makes those negative that are too large for it
    fit = classes <= count and holds(xp.min(labels) >= 0) and holds(xp.max(labels) < classes)
    if fit:
        every = xp.arange(classes, dtype=wide, device=device(labels))
        if classes <= FEW_CLASSES or is_recorded():
            member = every[:, None] == labels[None, :]
            counts, half = xp.count_nonzero(member, axis=1), count // 2
            member = xp.astype(member, xp.uint8)
            first, last = xp.argmax(member, axis=1), count - 1 - xp.argmax(xp.flip(member, axis=1), axis=1)
            later = half + xp.argmax(member[:, half:], axis=1)
            three = (first, xp.where(last < half, first, later), last)
        else:
            narrow = xp.int16 if classes <= 2**15 else wide  # short integers are sorted in linear time
            order = xp.argsort(xp.astype(labels, narrow), stable=True)
            labels = xp.take(labels, order, axis=0)
            starts = xp.searchsorted(labels, every)
            counts = xp.searchsorted(labels, every, side="right") - starts
            starts, rest = xp.where(counts > 0, starts, 0), xp.clip(counts - 1, min=0)
            three = tuple(xp.take(order, starts + more, axis=0) for more in (0 * rest, rest // 2, rest))
        fit = holds(xp.all(counts > 0))
    if not fit:
        found = np.unique(to_host(given))
        inside = np.sum((found >= 0) & (found < classes))
        got = f"{inside} of them, labels {found[0]} to {found[-1]}"
        raise ValueError(f"labels: expected every class in 0 .. {classes - 1}, and no other label, got {got}")
    return order, labels, three, counts
