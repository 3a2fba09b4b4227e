"""Class moments of a stream of labelled features: exact under any batching, order and merging, with intervals."""

import numpy as np

from ..arguments import as_floating, check_count, check_finite, check_number, host_array, host_copy
from ..arrays import Array, array_namespace, is_complex, is_torch_array, numpy_view, place, shape, to_host
from ..contexts import is_recorded
from ..labels import as_array, check_one_kind, class_codes, in_order
from .batches import add_batch
from .cells import Cells, cell_bytes
from .jackknife import matrices_without_each_group, totals_without_each_group
from .ranges import host_weights
from .readout import ClassStatistics, UnbiasedClassStatistics

__all__ = ["ClassMoments"]


class ClassMoments(ClassStatistics):
    """Moments of each class, updated batch by batch and merged: the statistics of the empirical measure.

    covariance : keep one D x D matrix per class (and group), for `fisher_full`
    groups : of samples, for `interval`: the k-th sample of each class goes to group k mod groups, whatever it weighs
    memory : most bytes that the moments may take, as `bytes_for` counts them; checked before they are allocated

    All statistics divide by n, the number of samples or the sum of weights; `unbiased()` has no finite-sample bias.
    State and results are on the host, in float64, off the graph; order and batching change them by rounding alone.

    Raises ValueError for a `groups` or `memory` that is negative or no number.
    Memory: `bytes_for`, and as much as one group while a statistic is read.
    Source: Chan, Golub & LeVeque (1983); samples are shifted by the first one, and merged as there.

        >>> moments = separation.ClassMoments().update(np.asarray([1.0, 3.0, 7.0, 9.0]), ["a", "a", "b", "b"])
        >>> moments.class_means, moments.within_class_variance, moments.unbiased().within_class_variance
        (array([2., 8.]), 1.0, 2.0)
    """

    def __init__(self, covariance: bool = False, groups: int = 0, memory: float = 2**30):
        check_count("groups", groups, least=0)
        check_number("memory", memory, least=0)
        self.covariance, self.groups, self.memory = bool(covariance), int(groups), memory
        self._labels, self._cells, self._origin, self._feature_shape = [], None, None, None
        self._forget_readout()

    @property
    def classes(self) -> np.ndarray:
        """(K,) labels, sorted."""
        return as_array(self._labels)

    @property
    def counts(self) -> np.ndarray:
        """(K,) samples of each class; or the sum of their weights, as floats, once some were weighted.

        Raises ValueError before the first `update`, as all statistics do.
        """
        return self._filled().counts.sum(axis=0)

    @property
    def class_means(self) -> np.ndarray:
        """(K, ...) mean of each class, in the order of `classes`.  Raises as `counts`."""
        return (self._origin + self._pool().means[0]).reshape(-1, *self._feature_shape)

    @property
    def strata(self) -> np.ndarray:
        """(R,) place in `classes` of the class of which a stratified replicate lacks a group; raises as `counts`."""
        return np.nonzero(self._filled().samples.T)[0]

    def unbiased(self) -> UnbiasedClassStatistics:
        """The same statistics without finite-sample bias.  Raises ValueError if a class weighs one sample or less."""
        return UnbiasedClassStatistics(self)

    @staticmethod
    def bytes_for(
        classes: int, features: int, *, covariance: bool = False, groups: int = 0, is_complex: bool = False
    ) -> int:
        """Bytes that the moments take for so many classes and features per sample; `memory` bounds them.

        G K (16 D + [8 D²])   for real features,   G K (24 D + [16 D²])   for complex ones,   [..] with covariance
        """
        return max(groups, 1) * classes * cell_bytes(features, covariance, is_complex)

    def update(
        self, features: Array, labels: Array | list, weights: Array | None = None, *, groups: np.ndarray | None = None
    ) -> "ClassMoments":
        """Add a batch.

        features : (N, ...) real, complex or integer, of any library: numbers of at most 1e100. Those under 1e-100
            count as 0 beside larger ones, and are refused where nothing else has come
        labels : (N,) of any kind that sorts, on the host or in any library: numbers, text, times, ...; see
            `labels.class_codes`. Floats are labels as others are, but for NaN. All batches have labels of one kind
        weights : (N,) numbers from 0 to 1e30, on the host or in any library; 1 each by default. A sample of weight w
            counts as w equal samples, one of weight 0 is not there
        groups : (N,) host integers from 0 to `groups` − 1, the group of each sample, as the template that it is a copy
            of; by default the k-th sample of each class goes to group k mod groups

        Returns the moments themselves. An update that is interrupted may have added to some classes only.
        Raises TypeError or ValueError, before anything changes, for arguments that do not fit, features that leave the
        range, or too little `memory`.
        Memory: rows are taken in chunks of one class: at most 2 MiB, or one row, in double precision; with covariance
            256 rows. Each core has one chunk at a time, and about four temporary arrays of its size with covariance or
            weights. Unless the features have to be looked at twice, the moments of all chunks wait until all are known
            to be finite: 24 D bytes per chunk of 16 rows or more, 256 MiB at most. With real NumPy rows in C order, no
            groups, no weights and a compiled loop, all this and the moments take 16 D (M + K) + 50 D + 26 N bytes for K
            classes and M chunks of at most 256 rows (measured within 10 % on one core). Integers are converted at once,
            and rows are copied where one beside them has weight 0.
        """
        given = weights
        features, names, codes, weights = self._checked(features, labels, weights)
        if groups is not None:
            groups = self._checked_groups(
                groups, None if given is None else host_copy("weights", given) != 0, len(codes)
            )
        if len(codes) == 0:
            return self
        view = numpy_view(features)
        features = features if view is None else view
        flat = array_namespace(features).reshape(features, (features.shape[0], -1))
        before = self._labels, self._cells, self._origin, self._feature_shape
        try:
            self._prepare(tuple(shape(features)[1:]), names, is_complex(features))
            if self._origin is None:
                self._origin = to_host(flat[0, ...]).astype(self._cells.means.dtype)
            codes = self._places_of(names)[codes]
            places = (self._next_groups(codes) if groups is None else groups) * len(self._labels) + codes
            add_batch(self._cells, flat, places, origin=self._origin, weights=weights)
        except BaseException:
            self._labels, self._cells, self._origin, self._feature_shape = before
            raise
        finally:
            self._forget_readout()
        return self

    def merge(self, other: "ClassMoments") -> "ClassMoments":
        """Add the samples of other moments with the same settings, group g to group g.

        What workers of joblib or dask have returned becomes one by `functools.reduce(ClassMoments.merge, found)`.
        Returns the moments themselves.
        Raises TypeError if `other` is no ClassMoments, or its labels are of another kind; ValueError if its settings or
        the shape of its features differ, or the moments would take more than `memory`.
        """
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
        check_one_kind([*self._labels[:1], *classes[:1]], "other")
        self._prepare(other._feature_shape, classes, np.iscomplexobj(cells.means))
        self._origin = other._origin.astype(self._cells.means.dtype) if self._origin is None else self._origin
        offset = other._origin - self._origin
        own = self._places_of(classes)
        if cells.counts.dtype.kind == "f":
            self._cells.counts = self._cells.counts.astype(np.float64)
        for group, number in zip(*np.nonzero(cells.counts), strict=True):
            here = (group, number)
            products = None if cells.products is None else cells.products[here]
            mean = cells.means[here] + offset
            self._cells.add((group, own[number]), cells.counts[here], mean, cells.squares[here], products=products)
        self._cells.samples[:, own] += cells.samples
        self._forget_readout()
        return self

    def _summaries(self, kind, *, leave_out=None):
        if leave_out:
            self._check_groups(stratified=leave_out == "stratum")
        if kind == "matrix" and not self.covariance:
            raise ValueError("fisher_full needs one D x D matrix per class: make ClassMoments(covariance=True)")
        pool = self._pool()
        if kind == "matrix":
            matrices = matrices_without_each_group
            return matrices(self._cells, pool, self._origin) if leave_out else [pool.matrices(self._origin)]
        if leave_out:
            return self._totals_without(leave_out)
        each = pool.per_feature(self._origin)
        return [each.total() if kind == "total" else each.reshaped(self._feature_shape)]

    def _totals_without(self, leave_out):
        if leave_out not in self._replicates:
            stratified = leave_out == "stratum"
            self._replicates[leave_out] = totals_without_each_group(self._cells, self._origin, stratified)
        return self._replicates[leave_out]

    def _filled(self):
        if self._cells is None:
            raise ValueError("no samples yet: expected at least one update")
        return self._cells

    def _forget_readout(self):
        self._pooled, self._replicates = None, {}

    def _pool(self):
        if self._pooled is None:
            self._pooled = self._filled().pooled()
        return self._pooled

    def _check_groups(self, *, stratified):
        if self.groups < 2:
            raise ValueError("interval needs groups of samples: make ClassMoments(groups=20)")
        samples = self._filled().samples
        if stratified:
            alone = np.argmin((samples > 0).sum(axis=0))
            if (samples[:, alone] > 0).sum() < 2:
                raise ValueError(f"interval: class {self._labels[alone]!r} has one group, expected at least two")
            return
        few = np.argmin(samples.min(axis=0))
        if samples[:, few].min() == 0:
            raise ValueError(
                f"interval: class {self._labels[few]!r} has {samples[:, few].sum()} samples, none in some group; "
                f"expected at least {self.groups}, one per group"
            )

    def _checked_groups(self, groups, there, count):
        """The groups of the samples that are `there`, `count` of them; None: all."""
        groups = host_array("groups", groups)
        if there is not None and groups.shape == there.shape:
            groups = groups[there]
        if groups.shape != (count,) or groups.dtype.kind not in "iu":
            raise ValueError(f"groups: expected {count} integers, one per sample, got {groups.shape} {groups.dtype}")
        if count and not 0 <= groups.min() <= groups.max() < max(self.groups, 1):
            expected = f"from 0 to {max(self.groups, 1) - 1}, as of ClassMoments(groups={self.groups})"
            raise ValueError(f"groups: expected integers {expected}, got {groups.min()} to {groups.max()}")
        return groups.astype(np.int64)

    def _checked(self, features, labels, weights):
        """Features, their classes, the class of each row, and weights: of rows that have one above 0."""
        features = as_floating(features, "features")
        if features.ndim < 1 or 0 in features.shape[1:]:
            raise ValueError(f"features: expected shape (N, ...), no feature axis empty, got {shape(features)}")
        check_finite(features[:0, ...], "features")  # only that it has values; if they are finite is seen later
        _check_brought_to_the_host(features)
        names, codes = class_codes(labels, features.shape[0])
        check_one_kind([*self._labels[:1], *names[:1]])
        if weights is None:
            return features, names, codes, None
        weights = host_weights(weights, features.shape[0])
        there = np.flatnonzero(weights)
        if len(there) == len(weights):
            return features, names, codes, weights
        found, codes = np.unique(codes[there], return_inverse=True)
        rows = array_namespace(features).take(features, place(there, like=features), axis=0)
        return rows, [names[code] for code in found], codes, weights[there]

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
        settings = {"covariance": self.covariance, "groups": groups, "is_complex": dtype.kind == "c"}
        size = self.bytes_for(len(known), features, **settings)
        if size > self.memory:
            raise ValueError(
                f"memory: {len(known)} classes x {features} features x {groups} groups"
                f"{' with covariance' if self.covariance else ''} take {size / 2**20:.0f} MiB, "
                f"more than the {self.memory / 2**20:.0f} MiB allowed"
            )
        if self._cells is None:
            self._cells = Cells.empty(groups, len(known), features, self.covariance, dtype)
        else:
            places = {label: number for number, label in enumerate(self._labels)}
            self._cells = self._cells.in_order([places.get(label, -1) for label in known], dtype)
            self._origin = None if self._origin is None else self._origin.astype(dtype)
        self._labels, self._feature_shape = known, feature_shape

    def _places_of(self, names):
        """(K',) the places of some classes among all."""
        places = {label: number for number, label in enumerate(self._labels)}
        return np.array([places[name] for name in names], np.int64)

    def _next_groups(self, codes):
        """The group of each sample of a batch: how many of its class came before it, modulo the number of groups."""
        if self.groups < 2:
            return np.zeros(len(codes), np.int64)
        classes = len(self._labels)
        sortable = codes.astype(np.min_scalar_type(classes))  # integers of 16 bits or less are sorted in linear time
        order, counts = np.argsort(sortable, kind="stable"), np.bincount(codes, minlength=classes)
        before = self._cells.samples.sum(axis=0) - (np.cumsum(counts) - counts)
        rank = np.empty(len(codes), np.int64)
        rank[order] = np.arange(len(codes)) + np.repeat(before, counts)
        return rank % self.groups


def _check_brought_to_the_host(features):
    """Raise TypeError where torch records or vectorises operations: the moments would be those of an example."""
    try:
        recorded = is_recorded() and is_torch_array(features)
        to_host(features[:0, ...])
    except RuntimeError:  # of tensors under torch.func, which have no memory of their own
        recorded = True
    if recorded:
        raise TypeError("features: expected numbers that are there, got a tensor that torch records or vectorises")
