"""Class moments of a stream of labelled features: exact under any batching, order and merging, with intervals."""

import numpy as np

from .arguments import check_choice, check_count
from .arrays import array_namespace, check_finite, floating, is_complex, shape, to_host
from .cells import Cells, cell_bytes
from .jackknife import jackknife_interval, matrices_without_each_group, totals_without_each_group
from .reduction import reduce_rows
from .summary import fisher_full

__all__ = ["ClassMoments", "Statistics", "UnbiasedMoments"]

_CHUNK_BYTES = 2**24
_CHUNK_ROWS = 256  # short sums, merged, lose fewer digits than long ones


class Statistics:
    """The numbers that class moments give, as host floats in float64. See `Summary` for their definitions."""

    @property
    def within_class_variance(self):
        """Σ_y p_y E|x − μ_y|², summed over the features."""
        return self._total("within_class_variance")

    @property
    def between_class_variance(self):
        """Σ_y p_y |μ_y − μ|², summed over the features. Raises ValueError if there is one class."""
        self._check_classes()
        return self._total("between_class_variance")

    @property
    def mean_energy(self):
        """Σ_y p_y |μ_y|², summed over the features."""
        return self._total("mean_energy")

    @property
    def fisher_trace(self):
        """Between-class over within-class variance. Raises ValueError if there is one class."""
        self._check_classes()
        return self._total("fisher_trace")

    def fisher_full(self, ridge=None):
        """(1/K) Tr((Σ_W + ridge I)⁻¹ Σ_B); by default ridge = 1e-3 Tr(Σ_W) / D.

        Raises ValueError if there is one class, or the moments were not made with covariance=True.
        """
        self._check_classes()
        moments = self._moments
        if not moments.covariance:
            raise ValueError("fisher_full needs one D x D matrix a class: make ClassMoments(covariance=True)")
        return fisher_full(self._corrected(moments._pool().matrices(moments._origin)), ridge)

    def per_feature(self):
        """A `Summary` whose fields and statistics have one number a feature: (K, ...) and (...), features' shape."""
        moments = self._moments
        summary = self._corrected(moments._pool().per_feature(moments._origin))
        shaped = (values.reshape(-1, *moments._feature_shape) for values in (summary.variances, summary.energies))
        return type(summary)(summary.counts, *shaped, summary.between_class_variance.reshape(moments._feature_shape))

    def interval(self, name, confidence=0.95):
        """Jackknife interval (low, high) of the statistic `name`, centred on it; see the module `jackknife`.

        It depends on the order of the samples within a class, which puts them in groups; the number itself does not.
        Raises ValueError if the moments have no groups, or a class has fewer samples than groups.
        """
        check_choice("name", name, (*_TOTALS, "fisher_full"))
        moments = self._moments
        if moments.groups < 2:
            raise ValueError("interval needs groups of samples: make ClassMoments(groups=20)")
        if moments.counts.min() < moments.groups:
            few = moments.classes[np.argmin(moments.counts)]
            raise ValueError(
                f"interval: class {few!r} has {moments.counts.min()} samples, expected at least {moments.groups}, "
                "one a group"
            )
        full = name == "fisher_full"
        value = self.fisher_full() if full else getattr(self, name)
        without_each = (matrices_without_each_group if full else totals_without_each_group)(
            moments._cells, moments._origin
        )
        summaries = (self._corrected(summary) for summary in without_each)
        replicates = [fisher_full(s) if full else getattr(s, name) for s in summaries]
        return jackknife_interval(value, np.array(replicates), confidence)

    def _total(self, name):
        moments = self._moments
        each = moments._pool().per_feature(moments._origin)
        total = type(each)(
            each.counts, each.variances.sum(axis=1), each.energies.sum(axis=1), each.between_class_variance.sum()
        )
        return float(getattr(self._corrected(total), name))

    def _check_classes(self):
        if len(self._moments.classes) < 2:
            raise ValueError(f"labels: expected at least two classes to compare, got {list(self._moments.classes)}")


_TOTALS = ("within_class_variance", "between_class_variance", "mean_energy", "fisher_trace")


class ClassMoments(Statistics):
    """Moments of each class, updated batch by batch and merged: the statistics of the empirical measure.

    covariance : keep one D x D matrix a class (and group), for `fisher_full`
    groups : of samples, for `interval`: the k-th sample of each class goes to group k mod groups
    memory : most bytes that the moments may take; checked before anything is allocated

    Divides by n; `unbiased()` gives the numbers without finite-sample bias. State and answers are on the host, in
    float64; features are taken off the graph. The moments do not depend on order or batching beyond rounding:
    samples are shifted by the first one, and merged as Chan, Golub & LeVeque (1983).
    """

    def __init__(self, covariance=False, groups=0, memory=2**30):
        check_count("groups", groups, least=0)
        self.covariance, self.groups, self.memory = bool(covariance), int(groups), memory
        self._labels, self._cells, self._origin, self._feature_shape, self._pooled = [], None, None, None, None

    @property
    def classes(self):
        """(K,) labels, sorted."""
        return np.array(sorted(self._labels))

    @property
    def counts(self):
        """(K,) samples of each class."""
        return self._pool().counts[0]

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

        Works through chunks of rows whose copies in double precision take at most 16 MiB, or one row. Returns the
        moments themselves. Raises TypeError or ValueError, before anything changes, for arguments that do not fit
        or moments that would exceed `memory`.
        """
        features, labels = self._checked(features, labels)
        if len(labels) == 0:
            return self
        flat = array_namespace(features).reshape(features, (features.shape[0], -1))
        self._prepare(tuple(shape(features)[1:]), np.unique(labels).tolist(), is_complex(features))
        if self._origin is None:
            self._origin = to_host(flat[0, ...]).astype(self._cells.means.dtype)
        codes = np.searchsorted(self.classes, labels)
        groups = self._next_groups(codes)
        rows = min(_CHUNK_ROWS, max(1, _CHUNK_BYTES // (16 * flat.shape[1])))
        for start in range(0, len(labels), rows):
            part = slice(start, start + rows)
            self._add(flat[part, ...], groups[part], codes[part])
        self._pooled = None
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
        if other._cells is None:
            return self
        cells, classes = other._cells, list(other.classes.tolist())
        self._prepare(other._feature_shape, classes, np.iscomplexobj(cells.means))
        self._origin = other._origin.astype(self._cells.means.dtype) if self._origin is None else self._origin
        offset = other._origin - self._origin
        own = np.searchsorted(self.classes, classes)
        for group, number in zip(*np.nonzero(cells.counts), strict=True):
            here = (group, number)
            products = None if cells.products is None else cells.products[here]
            mean = cells.means[here] + offset
            self._cells.add((group, own[number]), cells.counts[here], mean, cells.squares[here], products)
        self._pooled = None
        return self

    @property
    def _moments(self):
        return self

    def _corrected(self, summary):
        return summary

    def _pool(self):
        if self._cells is None:
            raise ValueError("no samples yet: expected at least one update")
        if self._pooled is None:
            self._pooled = self._cells.pooled()
        return self._pooled

    def _checked(self, features, labels):
        features = floating(features, "features")
        if features.ndim < 1 or 0 in features.shape[1:]:
            raise ValueError(f"features: expected shape (N, ...), no feature axis empty, got {shape(features)}")
        labels = np.asarray(labels) if isinstance(labels, list | tuple | np.ndarray) else to_host(labels)
        if labels.shape != (features.shape[0],):
            raise ValueError(f"labels: expected shape ({features.shape[0]},), one a sample, got {labels.shape}")
        check_finite(features, "features")
        return features, labels

    def _prepare(self, feature_shape, labels, complex_features):
        """Make room for the classes and the dtype of a batch, once its size is known to be allowed."""
        if self._feature_shape not in (None, feature_shape):
            raise ValueError(f"features: expected shape (N, {self._feature_shape}) as before, got (N, {feature_shape})")
        known = sorted({*self._labels, *labels})
        dtype = np.result_type(np.complex128 if complex_features else np.float64, *self._held())
        if self._cells is not None and known == sorted(self._labels) and dtype == self._cells.means.dtype:
            return
        features, groups = int(np.prod(feature_shape, dtype=np.int64)), max(self.groups, 1)
        size = groups * len(known) * cell_bytes(features, self.covariance, dtype.kind == "c")
        if size > self.memory:
            raise ValueError(
                f"memory: {len(known)} classes x {features} features x {groups} groups"
                f"{' with covariance' if self.covariance else ''} take {size / 2**20:.0f} MiB, "
                f"more than the {self.memory / 2**20:.0f} MiB allowed"
            )
        old = sorted(self._labels)
        if self._cells is None:
            self._cells = Cells.empty(groups, len(known), features, self.covariance, dtype)
        else:
            order = [old.index(label) if label in old else -1 for label in known]
            self._cells = self._cells.in_order(order, dtype)
            self._origin = None if self._origin is None else self._origin.astype(dtype)
        self._labels, self._feature_shape = known, feature_shape

    def _held(self):
        return [] if self._cells is None else [self._cells.means.dtype]

    def _next_groups(self, codes):
        """The group of each sample of a batch: how many of its class came before it, modulo the number of groups."""
        before = self._cells.counts.sum(axis=0)
        rank = np.zeros(len(codes), np.int64)
        for code in np.unique(codes):
            here = codes == code
            rank[here] = before[code] + np.arange(here.sum())
        return rank % max(self.groups, 1)

    def _add(self, rows, groups, codes):
        """Reduce rows (n, D) to the moments of each cell, then merge these."""
        cells, index, counts = np.unique(np.stack([groups, codes]), axis=1, return_inverse=True, return_counts=True)
        reduced = reduce_rows(rows, index.reshape(-1), len(counts), self._origin, self.covariance)
        for cell, count, moments in zip(zip(*cells, strict=True), counts, reduced, strict=True):
            self._cells.add(cell, count, *moments)


class UnbiasedMoments(Statistics):
    """The statistics of some `ClassMoments` without finite-sample bias. Raises ValueError if a class has one sample."""

    def __init__(self, moments):
        alone = moments.classes[moments.counts < 2]
        if len(alone):
            raise ValueError(f"labels: class {alone[0]!r} has one sample, expected at least two for unbiased numbers")
        self._moments = moments

    @property
    def counts(self):
        """(K,) samples of each class."""
        return self._moments.counts

    def _corrected(self, summary):
        return summary.unbiased()
