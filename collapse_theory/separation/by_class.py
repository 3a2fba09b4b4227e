"""Labelled rows in the order of their classes, a few at a time: what the sums over classes are made of.

A few rows that follow each other are of few classes, so that their sums are the product of a small one-hot matrix with
them, whatever the number of all classes: differentiable, and the same bits on a GPU each time. Rows are in double
precision, divided by a power of two where their squares would leave its range, and taken from the first row of their
class, so that no digit is lost to a large mean.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import check_count
from ..arrays import (
    array_namespace,
    check_finite,
    device,
    floating,
    is_complex,
    is_numpy_array,
    numbers_at_once,
    numpy_view,
    place,
    real_dtype,
    shape,
    to_host,
)

__all__ = ["RowsByClass", "rows_by_class"]

_LEAST_ROWS = 256  # at a time, unless they are longer than the processor's cache


@dataclass(frozen=True)
class RowsByClass:
    """Rows of K classes, sorted; on host memory those of a torch tensor as the NumPy array that they are.

    given : (N, ...) floating features, as they came
    features : (N, D) the same, flat
    order : (N,) integers, the places in `features` of the rows of class 0, then 1, ...
    labels : (N,) integers, the class of each row in that order
    counts : (K, 1) rows of each class, in double precision
    first : (K, D) the first row of each class, in double precision, divided by `scale`
    scale : power of two
    """

    given: Any
    features: Any
    order: Any
    labels: Any
    counts: Any
    first: Any
    scale: float

    @property
    def shares(self):
        """(K, 1) share p_y of each class."""
        return self.counts / self.features.shape[0]

    def means(self, chunk=None):
        """(K, D) mean of each class less its `first` row, divided by `scale`, from at most `chunk` rows at a time."""
        xp, closed, last, still = array_namespace(self.features), [], -1, None  # of the last class: more may come
        for low, member, rows in self.pieces(chunk):
            sums = member @ rows
            if still is not None:
                if low == last:
                    sums = xp.concat([still + sums[:1, ...], sums[1:, ...]], axis=0)
                else:
                    closed.append(still)
            if sums.shape[0] > 1:
                closed.append(sums[:-1, ...])
            still, last = sums[-1:, ...], low + member.shape[0] - 1
        return xp.concat([*closed, still], axis=0) / xp.astype(self.counts, still.dtype)

    def deviations(self, means, chunk=None, least=1):
        """Yields x − μ_y, (n, D) divided by `scale`, of at most `chunk` rows, or at least `least`, at a time."""
        xp = array_namespace(self.features)
        for low, member, rows in self.pieces(chunk, least):
            yield rows - xp.matrix_transpose(member) @ means[low : low + member.shape[0], ...]

    def pieces(self, chunk=None, least=1):
        """Yields the first class of some rows, (k, n) whether row is of a class, and the rows less their `first`."""
        xp, dtype, start = array_namespace(self.features), self.first.dtype, 0
        for rows in self._rows(min(chunk or self.features.shape[0], max(least, self._rows_at_once()))):
            labels = self.labels[start : start + rows.shape[0]]
            low, high = int(labels[0]), int(labels[-1])
            every = xp.arange(low, high + 1, dtype=labels.dtype, device=device(labels))
            member = xp.astype(every[:, None] == labels[None, :], dtype)
            rows = xp.astype(rows, dtype, copy=False)
            rows = rows if self.scale == 1 else rows / self.scale
            yield low, member, rows - xp.matrix_transpose(member) @ self.first[low : high + 1, ...]
            start += rows.shape[0]

    def result(self, value):
        """A number or an array in the library and precision, and on the device, of the features as they came."""
        xp = array_namespace(self.features)
        with np.errstate(over="ignore"):
            if is_numpy_array(self.features):
                return place(value, like=self.given)[()]
            return xp.astype(value, self.features.dtype if is_complex(value) else real_dtype(self.features))

    def _rows_at_once(self):
        """As many as fit in a cache, or take 128 MiB of a GPU, with their one-hot matrix, whatever the classes."""
        (classes, features), numbers = self.first.shape, numbers_at_once(self.features) // 16
        return max(1, min(numbers // features, max(_LEAST_ROWS, numbers // classes)))

    def _rows(self, count):
        """Yields `count` rows at a time, in order, as they came."""
        xp, total = array_namespace(self.features), self.features.shape[0]
        if not getattr(self.features, "requires_grad", False):
            for start in range(0, total, count):
                yield xp.take(self.features, self.order[start : min(start + count, total)], axis=0)
            return
        rows, whole = xp.take(self.features, self.order, axis=0), total // count * count
        if whole:  # the way back through a slice takes as long as through all rows: this one goes back at once
            yield from xp.unstack(xp.reshape(rows[:whole, ...], (-1, count, rows.shape[1])), axis=0)
        if whole < total:
            yield rows[whole:, ...]


def rows_by_class(features, labels, classes, *, least=1, size=0.0):
    """`RowsByClass` of features (N, ...) and their labels (N,), integers in 0 .. `classes` − 1.

    least : number of classes
    size : a number whose square must stay in the range too, as those of the features do

    Raises what `class_means` does.
    """
    given = features = floating(features, "features")
    check_count("classes", classes, least)
    _check_labels(features, labels)
    host, host_labels = numpy_view(features), numpy_view(labels)
    if host is not None and host_labels is not None:
        features, labels = host, host_labels
    xp, count = array_namespace(features), features.shape[0]
    flat = xp.reshape(features, (count, -1))
    largest = _largest(flat)
    order, labels, starts = _sorted(labels, classes)
    ends = xp.concat([starts[1:], xp.asarray([count], dtype=starts.dtype, device=device(starts))])
    first = xp.take(_off_the_graph(flat), xp.take(order, starts, axis=0), axis=0)
    scale = _scale(max(largest, size), xp.finfo(flat.dtype).bits == 32)
    return RowsByClass(
        given=given,
        features=flat,
        order=order,
        labels=labels,
        counts=xp.astype(ends - starts, xp.float64)[:, None],
        first=xp.astype(first, xp.complex128 if is_complex(flat) else xp.float64) / scale,
        scale=scale,
    )


def _check_labels(features, labels):
    try:
        xp = array_namespace(features, labels)
    except TypeError as error:
        raise TypeError(f"labels: {error}") from None
    if features.ndim < 1 or 0 in features.shape:
        raise ValueError(f"features: expected shape (N, ...), no axis empty, got {shape(features)}")
    if tuple(labels.shape) != (features.shape[0],):
        raise ValueError(f"labels: expected shape ({features.shape[0]},), one a sample, got {shape(labels)}")
    try:
        whole = xp.isdtype(labels.dtype, ("bool", "integral"))
    except (TypeError, ValueError):  # of a dtype that is in no standard
        whole = False
    if not whole:
        raise TypeError(f"labels: expected integers, got {labels.dtype}")
    if device(labels) != device(features):
        raise ValueError(f"labels: expected the device of the features, {device(features)}, got {device(labels)}")


def _sorted(labels, classes):
    """The order of rows by class, the labels in that order, and where each class starts.  All integers."""
    xp, given, count = array_namespace(labels), labels, labels.shape[0]
    labels = xp.astype(labels, xp.int64)  # what is too large for it becomes negative, and is refused as too large is
    fit = classes <= count and int(xp.min(labels)) >= 0 and int(xp.max(labels)) < classes
    if fit:
        narrow = xp.int16 if classes <= 2**15 else xp.int64  # short integers are sorted in linear time
        order = xp.argsort(xp.astype(labels, narrow), stable=True)
        labels = xp.take(labels, order, axis=0)
        every = xp.arange(classes, dtype=xp.int64, device=device(labels))
        starts = xp.searchsorted(labels, every)
        fit = bool(xp.all(starts[1:] > starts[:-1])) and int(labels[-1]) == classes - 1
    if not fit:
        host = to_host(given)
        found = np.unique(host)
        inside = np.sum((found >= 0) & (found < classes))
        got = f"{inside} of them, labels {found[0]} to {found[-1]}"
        raise ValueError(f"labels: expected every class in 0 .. {classes - 1}, and no other label, got {got}")
    return order, labels, starts


def _largest(features):
    """The largest |x| of real and imaginary parts, as a float.  Raises ValueError if one is not finite."""
    x = _off_the_graph(features)
    xp = array_namespace(x)
    parts = (xp.real(x), xp.imag(x)) if is_complex(x) else (x,)
    ends = [float(end) for part in parts for end in (xp.max(part), -xp.min(part))]
    if not all(map(math.isfinite, ends)):
        check_finite(features, "features")
    return max(ends)


def _scale(largest, single):
    """The power of two to divide by: 1, unless squares of numbers so large, or their products, leave the range."""
    bound = 2.0**30 if single else 2.0**300
    return 1.0 if not largest or 1 / bound <= largest <= bound else 2.0 ** (math.frexp(largest)[1] - 1)


def _off_the_graph(x):
    return x.detach() if hasattr(x, "detach") else x
