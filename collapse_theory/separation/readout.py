"""The numbers that class moments give, with and without finite-sample bias, and their intervals."""

import numpy as np

from ..arguments import check_choice, check_number
from .jackknife import jackknife_interval
from .summary import Summary, fisher_full

__all__ = ["ClassStatistics", "UnbiasedClassStatistics"]

_TOTALS = ("within_class_variance", "between_class_variance", "mean_energy", "fisher_trace")


class ClassStatistics:
    """The statistics of labelled samples, as host floats in float64. See `Summary` for their definitions.

    A subclass gives `classes`, `counts`, `strata`, and the summaries that all statistics here are read from.
    """

    def _summaries(self, kind, *, leave_out=None):
        """An iterable of `Summary`, some of them made as they are asked for.

        kind : "total" for numbers summed over the features, "feature" for one of each, "matrix" for covariances
        leave_out : None for one summary of all samples; "group" for one without each group, of every class at once;
            "stratum" for one without each group of each class

        Raises ValueError at once if there are no samples, no covariances, or no groups.
        """
        raise NotImplementedError

    @property
    def within_class_variance(self) -> float:
        """Σ_y p_y E|x − μ_y|², summed over the features. Raises ValueError if there are no samples yet."""
        return self._total("within_class_variance")

    @property
    def between_class_variance(self) -> float:
        """Σ_y p_y |μ_y − μ|², summed over the features. Raises ValueError if there is one class."""
        self._check_classes()
        return self._total("between_class_variance")

    @property
    def mean_energy(self) -> float:
        """Σ_y p_y |μ_y|², summed over the features. Raises ValueError if there are no samples yet."""
        return self._total("mean_energy")

    @property
    def fisher_trace(self) -> float:
        """Between-class over within-class variance. Raises ValueError if there is one class."""
        self._check_classes()
        return self._total("fisher_trace")

    def fisher_full(self, ridge: float | None = None) -> float:
        """(1/K) Tr((Σ_W + ridge I)⁻¹ Σ_B).

        ridge : number of at least 0; None for 1e-3 Tr(Σ_W) / D

        The inverse of an estimated matrix biases it upwards, also after `unbiased()`. For n Gaussian samples
        of D features and K classes, without a ridge, the factor is (n − K) / (n − K − D − 1), about n / (n − D), in
        addition to what `unbiased()` corrects. Multiply by its inverse, or have ten times as many samples as features.

        Raises ValueError if there is one class, the moments were not made with covariance=True, `ridge` is negative, or
        Σ_W + ridge I is singular.
        """
        self._check_classes()
        ridge = None if ridge is None else check_number("ridge", ridge, least=0)
        (matrices,) = self._summaries("matrix")
        return fisher_full(matrices, ridge)

    def per_feature(self) -> Summary:
        """A `Summary` with one number per feature: its fields are (K, ...) and (...), of the shape of the features.

        Raises ValueError if there are no samples yet.
        """
        (summary,) = self._summaries("feature")
        return summary

    def replicates(self, name: str, *, ridge: float | None = None, stratified: bool = False) -> np.ndarray:
        """The statistic `name` without each group of samples: what an interval of it, or of a difference, is made of.

        ridge : of "fisher_full", as there
        stratified : leave out one group of one class at a time, class after class, instead of one of every class: for
            groups that have nothing to do with those of another class, as the templates of its images

        Returns (G,) floats, in the order of the groups; stratified, one for each group of each class that has samples.
        Raises ValueError as `interval`; for "fisher_full", stratified.
        """
        check_choice("name", name, (*_TOTALS, "fisher_full"))
        full = name == "fisher_full"
        if ridge is not None and not full:
            raise ValueError(f"ridge: expected none for {name!r}, which has no ridge, got {ridge!r}")
        if stratified and full:
            raise ValueError("stratified: expected False for 'fisher_full', got True")
        leave_out = "stratum" if stratified else "group"
        summaries = self._summaries("matrix" if full else "total", leave_out=leave_out)
        return np.array([fisher_full(each, ridge) if full else getattr(each, name) for each in summaries])

    def interval(
        self, name: str, confidence: float = 0.95, *, ridge: float | None = None, stratified: bool = False
    ) -> tuple[float, float]:
        """Jackknife interval (low, high) of the statistic `name`, centred on it; see the module `jackknife`.

        ridge, stratified : as in `replicates`

        It assumes that samples are independent: several views of one object, or neighbouring frames, make it too
        narrow, unless all of them are averaged first, make one sample, or are one group of a stratified interval. It
        depends on the order of the samples within a class, which puts them in groups; the number itself does not. A
        sample with a weight is one draw, in one group: copies of it, which go to several, would count as draws of their
        own, and narrow the interval. Where the true separation of the classes is 0 it is conservative.

        Raises ValueError for an unknown `name`, a `confidence` outside (0, 1), a `ridge` of another statistic, moments
        without groups, or a class that does not have a sample in each group; stratified, in two groups.
        """
        if not 0 < check_number("confidence", confidence) < 1:
            raise ValueError(f"confidence: expected a share between 0 and 1, got {confidence!r}")
        replicates = self.replicates(name, ridge=ridge, stratified=stratified)
        value = self.fisher_full(ridge) if name == "fisher_full" else getattr(self, name)
        return jackknife_interval(value, replicates, confidence, self.strata if stratified else None)

    def _total(self, name):
        (summary,) = self._summaries("total")
        return float(getattr(summary, name))

    def _check_classes(self):
        if len(self.counts) < 2:
            raise ValueError(f"labels: expected at least two classes to compare, got {self.classes.tolist()}")


class UnbiasedClassStatistics(ClassStatistics):
    """The statistics of some `ClassMoments` without finite-sample bias.

    Weights say how often a sample occurred: the class counts n_y of the corrections are sums of weights, so that a
    sample of weight 3 is corrected for as three samples are. Weights that say how much to trust a sample, or how
    likely it was drawn, have no such counts, so the corrections do not hold for them.

    Raises ValueError if a class has one sample, or weighs no more than one.
    """

    def __init__(self, moments):
        self._moments = moments
        self._check_counts(moments.counts)

    @property
    def classes(self):
        """(K,) labels, sorted."""
        return self._moments.classes

    @property
    def counts(self):
        """(K,) samples of each class."""
        return self._moments.counts

    @property
    def class_means(self):
        """(K, ...) mean of each class, which has no bias to begin with."""
        return self._moments.class_means

    @property
    def strata(self):
        """(R,) integers, as `ClassMoments.strata`."""
        return self._moments.strata

    def _summaries(self, kind, *, leave_out=None):
        return map(self._corrected, self._moments._summaries(kind, leave_out=leave_out))

    def _corrected(self, summary):
        self._check_counts(summary.counts)  # samples may have come since, or a group may be left out
        return summary.unbiased()

    def _check_counts(self, counts):
        least = np.argmin(counts)
        if not counts[least] > 1:
            has = "has one sample" if counts[least] == 1 else f"weighs {counts[least]:.3g} samples"
            (alone,) = self.classes[least : least + 1].tolist()
            raise ValueError(f"labels: class {alone!r} {has}, expected at least two for unbiased numbers")
