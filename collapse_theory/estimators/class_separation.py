"""The separation of classes as an estimator of scikit-learn, to score pipelines by."""

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..arguments import check_choice
from ..separation import ClassMoments
from ..separation.ranges import host_weights
from .rows import parameters_of, rows_of

__all__ = ["ClassSeparation"]

_STATISTICS = ("fisher_trace", "fisher_full", "within_class_variance", "between_class_variance", "mean_energy")


class ClassSeparation(BaseEstimator):
    """How far apart the classes of labelled rows are: `separation.ClassMoments`, to fit, and to score pipelines by.

    statistic : what `score` returns: "fisher_trace", "fisher_full", "within_class_variance", "between_class_variance"
        or "mean_energy"
    unbiased : give the statistics without the bias of a finite sample: then a class needs two samples
    ridge : of "fisher_full", as in `ClassMoments.fisher_full`
    groups : of samples, for `interval`: 0 for none, else about 20

    y are labels of any kind that sorts, of one kind; see `labels.class_codes`. sample_weight are (N,) numbers of at
    least 0, of a list or any library, 1 each by default: a row of weight w counts as w equal rows, one of weight 0 is
    not there; see `ClassMoments.update`, and `ClassMoments.interval` for what that means to an interval.

    After `fit`, or any number of `partial_fit`: classes_ (K,), counts_ (K,), class_means_ (K, D), statistics_, whose
    attributes are these statistics, and `interval`. In a pipeline that ends here, `GridSearchCV` chooses what
    separates the classes of held-out rows best, with no classifier in between; give it cv=StratifiedKFold(), which
    scikit-learn takes by itself for classifiers alone: a fold must hold every class.
    """

    def __init__(self, statistic="fisher_trace", *, unbiased=True, ridge=None, groups=0):
        self.statistic = statistic
        self.unbiased = unbiased
        self.ridge = ridge
        self.groups = groups

    def fit(self, X, y, sample_weight=None):
        """Measure the rows X (N, D) of any array library, with labels y (N,).

        Returns the estimator.
        Raises TypeError or ValueError for arguments that do not fit, as `ClassMoments.update`; ValueError if the
        `statistic` is unknown, or no weight is above 0.
        """
        rows = rows_of(self, X, y, reset=True)
        fitted = parameters_of(self)
        self.moments_ = _measured(fitted, *rows, sample_weight)
        self._fitted = fitted
        return self

    def partial_fit(self, X, y, sample_weight=None):
        """Add rows to those measured, which gives what `fit` of all of them gives.

        Returns the estimator.
        Raises what `fit` does.
        """
        if not hasattr(self, "moments_"):
            return self.fit(X, y, sample_weight)
        rows, labels = rows_of(self, X, y, reset=False)
        self.moments_.update(rows, labels, _weights(sample_weight, rows))
        return self

    def score(self, X, y, sample_weight=None):
        """The statistic of other rows and their labels. Of the rows fitted, only their number of features matters.

        Returns a float.
        Raises NotFittedError before `fit`, and what `fit` does; ValueError if there is one class, and the statistic
        compares classes.
        """
        check_is_fitted(self)
        rows = rows_of(self, X, y, reset=False)
        statistics = self._statistics_of(_measured(self._fitted, *rows, sample_weight))
        if self._fitted.statistic == "fisher_full":
            return statistics.fisher_full(self._fitted.ridge)
        return getattr(statistics, self._fitted.statistic)

    def interval(self, confidence=0.95):
        """Jackknife interval (low, high) of the statistic of the rows fitted, with its ridge: `ClassMoments.interval`.

        It assumes that samples are independent.

        Raises NotFittedError before `fit`; ValueError if `groups` is 0, or a class has no sample in some group.
        """
        check_is_fitted(self)
        ridge = self._fitted.ridge if self._fitted.statistic == "fisher_full" else None
        return self.statistics_.interval(self._fitted.statistic, confidence, ridge=ridge)

    @property
    def classes_(self):
        """(K,) labels, sorted."""
        return self.moments_.classes

    @property
    def counts_(self):
        """(K,) samples of each class."""
        return self.moments_.counts

    @property
    def class_means_(self):
        """(K, D) mean of each class, in the order of `classes_`."""
        return self.moments_.class_means

    @property
    def statistics_(self):
        """The statistics of the rows fitted, unbiased or not as was asked."""
        return self._statistics_of(self.moments_)

    def _statistics_of(self, moments):
        return moments.unbiased() if self._fitted.unbiased else moments

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.array_api_support = True
        return tags


def _measured(parameters, rows, labels, sample_weight):
    """`ClassMoments` of some rows, of which one at least has a weight above 0."""
    check_choice("statistic", parameters.statistic, _STATISTICS)
    moments = ClassMoments(covariance=parameters.statistic == "fisher_full", groups=parameters.groups)
    weights = _weights(sample_weight, rows)
    if weights is not None and not weights.any():
        raise ValueError("sample_weight: expected one weight at least above 0, got zeros alone")
    return moments.update(rows, labels, weights)


def _weights(sample_weight, rows):
    return None if sample_weight is None else host_weights(sample_weight, rows.shape[0], "sample_weight")
