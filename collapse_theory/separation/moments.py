"""Class moments of a stream of labelled features: exact under any batching, order and merging, with intervals."""

import numpy as np

from ..arguments import check_count, check_number
from ..arrays import array_namespace, check_finite, floating, is_complex, numpy_view, shape, to_host
from .accumulation import accumulate
from .answers import Statistics, UnbiasedMoments
from .cells import Cells, cell_bytes
from .jackknife import totals_without_each_group
from .labels import host_labels, in_order

__all__ = ["ClassMoments"]


class ClassMoments(Statistics):
    """Moments of each class, updated batch by batch and merged: the statistics of the empirical measure.

    covariance : keep one D x D matrix a class (and group), for `fisher_full`
    groups : of samples, for `interval`: the k-th sample of each class goes to group k mod groups
    memory : most bytes that the moments may take; checked before anything is allocated. The groups pooled, which the
        answers are read from, are kept besides: as much as one group

    Divides by n; `unbiased()` gives the numbers without finite-sample bias. State and answers are on the host, in
    float64; features are taken off the graph. The moments do not depend on order or batching beyond rounding:
    samples are shifted by the first one, and merged as Chan, Golub & LeVeque (1983).
    """

    def __init__(self, covariance=False, groups=0, memory=2**30):
        check_count("groups", groups, least=0)
        check_number("memory", memory, least=0)
        self.covariance, self.groups, self.memory = bool(covariance), int(groups), memory
        self._labels, self._cells, self._origin, self._feature_shape = [], None, None, None
        self._forget_answers()

    @property
    def classes(self):
        """(K,) labels, sorted."""
        return np.array(self._labels)

    @property
    def counts(self):
        """(K,) samples of each class."""
        return self._filled().counts.sum(axis=0)

    @property
    def class_means(self):
        """(K, ...) mean of each class, in the order of `classes`."""
        return (self._origin + self._pool().means[0]).reshape(-1, *self._feature_shape)

    def unbiased(self):
        """The same statistics without finite-sample bias.  Raises ValueError if a class has one sample."""
        return UnbiasedMoments(self)

    def update(self, features, labels):
        """Add a batch.

        features : (N, ...) real, complex or integer, of any library
        labels : (N,) of any sortable kind, on the host, or integers of the library of `features`

        Works through chunks of rows of one class: each temporary takes at most 2 MiB, or one row in double precision,
        or 256 rows with covariance, and about four live at a time on each core. The moments of long chunks, of sixteen
        rows and more on average, are held back until all features are known to be finite, where they take 256 MiB at
        most. With real rows in single precision, no groups and a compiled loop, all this and the moments take
        16 D (M + K) + 50 D + 26 N bytes for K classes and M chunks of at most 256 rows (measured within 10 % on one
        core). Integers are converted at once.

        Returns the moments themselves. An update that is interrupted may have added to some classes only.
        Raises TypeError or ValueError, before anything changes, for arguments that do not fit or too little `memory`.
        """
        features, labels = self._checked(features, labels)
        if len(labels) == 0:
            return self
        view = numpy_view(features)
        features = features if view is None else view
        flat = array_namespace(features).reshape(features, (features.shape[0], -1))
        before = self._labels, self._cells, self._origin, self._feature_shape
        try:
            self._prepare(tuple(shape(features)[1:]), in_order(set(labels.tolist())), is_complex(features))
            if self._origin is None:
                self._origin = to_host(flat[0, ...]).astype(self._cells.means.dtype)
            codes = np.searchsorted(self.classes, labels)
            accumulate(self._cells, flat, self._next_groups(codes) * len(self._labels) + codes, self._origin)
        except BaseException:
            self._labels, self._cells, self._origin, self._feature_shape = before
            raise
        finally:
            self._forget_answers()
        return self

    def merge(self, other):
        """Add the samples of other moments of the same settings, group g to group g.  Returns the moments."""
        if not isinstance(other, ClassMoments):
            raise TypeError(f"other: expected ClassMoments, got {type(other).__name__}")
        if (self.covariance, self.groups) != (other.covariance, other.groups):
            raise ValueError(
                f"other: expected covariance={self.covariance} and groups={self.groups}, "
                f"got covariance={other.covariance} and groups={other.groups}"
            )
        cells, classes = other._cells, other._labels
        if cells is None:
            return self
        self._prepare(other._feature_shape, classes, np.iscomplexobj(cells.means))
        self._origin = other._origin.astype(self._cells.means.dtype) if self._origin is None else self._origin
        offset = other._origin - self._origin
        own = np.searchsorted(self.classes, classes)
        for group, number in zip(*np.nonzero(cells.counts), strict=True):
            here = (group, number)
            products = None if cells.products is None else cells.products[here]
            mean = cells.means[here] + offset
            self._cells.add((group, own[number]), cells.counts[here], mean, cells.squares[here], products=products)
        self._forget_answers()
        return self

    @property
    def _moments(self):
        return self

    def _corrected(self, summary):
        return summary

    def _filled(self):
        if self._cells is None:
            raise ValueError("no samples yet: expected at least one update")
        return self._cells

    def _forget_answers(self):
        self._pooled = self._replicates = None

    def _pool(self):
        if self._pooled is None:
            self._pooled = self._filled().pooled()
        return self._pooled

    def _without_each_group(self):
        if self._replicates is None:
            self._replicates = totals_without_each_group(self._cells, self._origin)
        return self._replicates

    def _check_groups(self):
        if self.groups < 2:
            raise ValueError("interval needs groups of samples: make ClassMoments(groups=20)")
        few = np.argmin(self._filled().counts.min(axis=0))
        if self._cells.counts[:, few].min() == 0:
            raise ValueError(
                f"interval: class {self._labels[few]!r} has {self.counts[few]} samples, none in some group; "
                f"expected at least {self.groups}, one a group"
            )

    def _checked(self, features, labels):
        features = floating(features, "features")
        if features.ndim < 1 or 0 in features.shape[1:]:
            raise ValueError(f"features: expected shape (N, ...), no feature axis empty, got {shape(features)}")
        check_finite(features[:0, ...], "features")  # that it holds values at all; which, is seen on the way
        labels = host_labels(labels, features.shape[0])
        return features, labels

    def _prepare(self, feature_shape, labels, complex_features):
        """Make room for the classes and the dtype of a batch, once its size is known to be allowed."""
        if self._feature_shape not in (None, feature_shape):
            raise ValueError(f"features: expected samples of shape {self._feature_shape}, got {feature_shape}")
        known = in_order({*self._labels, *labels})
        complex_features = complex_features or np.iscomplexobj(self._origin)
        dtype = np.dtype(np.complex128 if complex_features else np.float64)
        if self._cells is not None and known == self._labels and dtype == self._cells.means.dtype:
            return
        features, groups = int(np.prod(feature_shape, dtype=np.int64)), max(self.groups, 1)
        size = groups * len(known) * cell_bytes(features, self.covariance, dtype.kind == "c")
        if size > self.memory:
            raise ValueError(
                f"memory: {len(known)} classes x {features} features x {groups} groups"
                f"{' with covariance' if self.covariance else ''} take {size / 2**20:.0f} MiB, "
                f"more than the {self.memory / 2**20:.0f} MiB allowed"
            )
        if self._cells is None:
            self._cells = Cells.empty(groups, len(known), features, self.covariance, dtype)
        else:
            order = [self._labels.index(label) if label in self._labels else -1 for label in known]
            self._cells = self._cells.in_order(order, dtype)
            self._origin = None if self._origin is None else self._origin.astype(dtype)
        self._labels, self._feature_shape = known, feature_shape

    def _next_groups(self, codes):
        """The group of each sample of a batch: how many of its class came before it, modulo the number of groups."""
        before = self._cells.counts.sum(axis=0)
        rank = np.zeros(len(codes), np.int64)
        for code in np.unique(codes):
            here = codes == code
            rank[here] = before[code] + np.arange(here.sum())
        return rank % max(self.groups, 1)
