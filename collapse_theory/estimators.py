"""scikit-learn's face of the package: scattering as a transformer, the separation of classes as something to score.

This module imports scikit-learn, and nothing of the package imports it. Rows of a table are flattened images. NumPy
arrays, lists and data frames are checked by scikit-learn; an array of torch, CuPy or another array-API library is kept
where it is, with and without scikit-learn's array_api_dispatch. What was fitted keeps the parameters that it was fitted
with: `set_params` has its effect at the next `fit`.
"""

import itertools
import math
import warnings
from types import SimpleNamespace

import numpy as np

from . import scattering
from .arguments import as_floating, check_choice, check_count, check_finite
from .arrays import array_namespace, device, is_complex, shape
from .extras import needing
from .labels import as_label_array
from .separation import ClassMoments
from .separation.ranges import host_weights
from .wavelets import directions, morlet_bank

with needing("figures"):
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["ClassSeparation", "ScatteringTransformer"]

_KINDS = ("scattering", "cascade")
_STATISTICS = ("fisher_trace", "fisher_full", "within_class_variance", "between_class_variance", "mean_energy")


class ScatteringTransformer(TransformerMixin, BaseEstimator):
    """Flattened images in, moduli of their wavelet coefficients out, averaged over the image or not.

    image_shape : (C, H, W) or (H, W) of the image in a row; None for the smallest square grey image that holds a row
        and the widest wavelet: where it is larger than the row, the rest is filled with zeros, with a warning
    scales, angles : of the wavelets, J and L, the angles over half the circle
    order : 1 or 2 of a scattering; of a cascade the number of layers
    kind : "scattering" for the classical windowed transform, `scattering.scatter`, of each channel; "cascade" for the
        last layer of `scattering.cascade`, phase collapses by a periodic bank tight for real images
    averaged : give the average of each channel over the image; False gives every sample of every channel
    batch : images transformed at a time, which bounds the memory: a cascade takes 32 C (1 + J L)^order H W bytes an
        image in double precision. It changes no result, and may be set after `fit`

    A row of the result is (C, P) or (C, P, H', W') of one image, flattened: paths in the order of `scattering.paths` or
    `scattering.cascade_paths`. Nothing is learnt from images but their number of features. Result and rows have the
    same library, device and precision; integers become double precision.
    """

    def __init__(self, image_shape=None, *, scales=2, angles=8, order=2, kind="scattering", averaged=True, batch=64):
        self.image_shape = image_shape
        self.scales = scales
        self.angles = angles
        self.order = order
        self.kind = kind
        self.averaged = averaged
        self.batch = batch

    def fit(self, X, y=None):
        """Check the parameters and the number of features of X (N, D); y is ignored.  Returns the transformer."""
        check_choice("kind", self.kind, _KINDS)
        for name in ("scales", "angles", "batch"):
            check_count(name, getattr(self, name))
        check_count("order", self.order, most=2 if self.kind == "scattering" else math.inf)
        rows = _checked(self, X, reset=True)
        self.image_shape_ = self._read_image_shape()
        self._fitted = _parameters(self)
        self._sides_out = shape(self._moduli(rows[:1, ...]))[-2:]
        return self

    def transform(self, X):
        """X (N, D) of any array library -> (N, features)."""
        check_is_fitted(self)
        check_count("batch", self.batch)
        rows = _checked(self, X, reset=False)
        count = int(rows.shape[0])
        parts = (slice(start, min(start + self.batch, count)) for start in range(0, count, self.batch))
        return array_namespace(rows).concat([self._features(rows[part, ...]) for part in parts], axis=0)

    def get_feature_names_out(self, input_features=None):
        """(features,) names of the columns of a result, as objects, for data frames and reports.

        order1_scale0_angle3            of a scattering, and order2_scale0_angle3_scale1_angle5
        layer1_scale0_angle3            of a cascade, and layer1_lowpass_layer2_scale1_angle5
        channel2_order0_row0_column7    of several channels, not averaged

        Scales are octaves from 0, angles their places in the order of `wavelets.directions`.

        input_features : as scikit-learn passes them; nothing depends on them

        Raises NotFittedError before `fit`.
        """
        check_is_fitted(self)
        fitted, (channels, *_) = self._fitted, self.image_shape_
        paths = list((_scattering_names if fitted.kind == "scattering" else _cascade_names)(fitted))
        names = [f"channel{c}_{path}" for c in range(channels) for path in paths] if channels > 1 else paths
        if not fitted.averaged:
            height, width = self._sides_out
            names = [f"{name}_row{r}_column{c}" for name in names for r in range(height) for c in range(width)]
        return np.array(names, object)

    def _read_image_shape(self):
        """(C, H, W) of the images in rows of `n_features_in_`."""
        features = self.n_features_in_
        if self.image_shape is None:
            side = max(math.isqrt(features - 1) + 1, 2**self.scales)
            if side**2 != features:
                warnings.warn(
                    f"image_shape: a row of {features} features is no square image of at least {2**self.scales} x "
                    f"{2**self.scales}; it is filled with zeros to {side} x {side}: name image_shape=(C, H, W)",
                    stacklevel=3,
                )
            return (1, side, side)
        sides = tuple(self.image_shape) if np.iterable(self.image_shape) else ()
        whole = all(isinstance(side, int | np.integer) and not isinstance(side, bool) and side > 0 for side in sides)
        if len(sides) not in (2, 3) or not whole or math.prod(map(int, sides)) != features:
            raise ValueError(
                f"image_shape: expected (C, H, W) or (H, W), positive integers, of n_features={features} samples, "
                f"got {self.image_shape!r}"
            )
        sides = tuple(map(int, sides))
        return sides if len(sides) == 3 else (1, *sides)

    def _features(self, rows):
        """Moduli of a few rows, averaged or not, as rows."""
        xp, moduli = array_namespace(rows), self._moduli(rows)
        moduli = xp.mean(moduli, axis=(-2, -1)) if self._fitted.averaged else moduli
        return xp.reshape(moduli, (rows.shape[0], -1))

    def _moduli(self, rows):
        """Moduli of a few rows: (n, C, P, H', W') of a scattering, (n, C P, H', W') of a cascade."""
        xp = array_namespace(rows)
        count, size = rows.shape[0], math.prod(self.image_shape_)
        filling = xp.zeros((count, size - rows.shape[1]), dtype=rows.dtype, device=device(rows))
        images = xp.reshape(xp.concat([rows, filling], axis=1), (count, *self.image_shape_))
        return (_scattered if self._fitted.kind == "scattering" else _cascaded)(images, self._fitted)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.array_api_support = True
        return tags


def _scattered(images, parameters):
    return scattering.scatter(images, parameters.scales, angles=parameters.angles, order=parameters.order)


def _cascaded(images, parameters):
    bank = morlet_bank(shape(images)[-2:], parameters.scales, parameters.angles).tight("real")
    *_, last = scattering.cascade(images, bank, "phase collapse", depth=parameters.order)
    return last


def _scattering_names(parameters):
    place = {angle: number for number, angle in enumerate(directions(parameters.angles))}
    for path in scattering.paths(parameters.scales, parameters.angles, parameters.order):
        wavelets = [(path[f"scale{n}"], path[f"angle{n}"]) for n in range(1, path["order"] + 1)]
        yield "_".join([f"order{path['order']}", *(f"scale{scale}_angle{place[angle]}" for scale, angle in wavelets)])


def _cascade_names(parameters):
    filters = ["lowpass", *(f"scale{s}_angle{a}" for s in range(parameters.scales) for a in range(parameters.angles))]
    for path in itertools.product(filters, repeat=parameters.order):
        yield "_".join(f"layer{number}_{name}" for number, name in enumerate(path, 1))


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
        """Measure the rows X (N, D) of any array library, with labels y (N,).  Returns the estimator."""
        rows = _checked(self, X, y, reset=True)
        fitted = _parameters(self)
        self.moments_ = _measured(fitted, *rows, sample_weight)
        self._fitted = fitted
        return self

    def partial_fit(self, X, y, sample_weight=None):
        """Add rows to those measured: exactly what `fit` of all of them gives.  Returns the estimator."""
        if not hasattr(self, "moments_"):
            return self.fit(X, y, sample_weight)
        rows, labels = _checked(self, X, y, reset=False)
        self.moments_.update(rows, labels, _weights(sample_weight, rows))
        return self

    def score(self, X, y, sample_weight=None):
        """The statistic of other rows and their labels: nothing of the rows fitted but their number of features."""
        check_is_fitted(self)
        rows = _checked(self, X, y, reset=False)
        statistics = self._statistics_of(_measured(self._fitted, *rows, sample_weight))
        if self._fitted.statistic == "fisher_full":
            return statistics.fisher_full(self._fitted.ridge)
        return getattr(statistics, self._fitted.statistic)

    def interval(self, confidence=0.95):
        """Jackknife interval (low, high) of the statistic of the rows fitted, with its ridge: `ClassMoments.interval`.

        It assumes that samples are independent.
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


def _parameters(estimator):
    """The parameters of an estimator, to be kept by what it fits."""
    return SimpleNamespace(**estimator.get_params(deep=False))


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


def _checked(estimator, X, *labels, reset):
    """Rows, and labels if they are given, as scikit-learn wants them; `reset` remembers the number of features."""
    if getattr(X, "ndim", 2) > 2:
        shaped = ", and image_shape=(C, H, W) says how" if isinstance(estimator, ScatteringTransformer) else ""
        raise ValueError(
            f"X: expected rows (N, D), got shape {shape(X)}, {X.ndim} dimensions; "
            f"X.reshape(len(X), -1) makes a row of each image{shaped}"
        )
    try:
        elsewhere = not isinstance(X, np.ndarray) and array_namespace(X) is not None
    except TypeError:
        elsewhere = False
    if not elsewhere:
        if np.ma.is_masked(X):
            raise ValueError("X: expected every value to count, got a masked array")
        labels = map(_labels_for_scikit_learn, labels)
        return validate_data(estimator, X, *labels, reset=reset, dtype=[np.float64, np.float32])
    rows = as_floating(X, "X")
    if rows.ndim != 2 or 0 in rows.shape or is_complex(rows):
        raise ValueError(f"X: expected real rows (N, D), N and D at least 1, got shape {shape(rows)} in {rows.dtype}")
    check_finite(rows, "X")
    if reset:
        estimator.n_features_in_ = int(rows.shape[1])
    elif rows.shape[1] != estimator.n_features_in_:
        expected = f"{type(estimator).__name__} is expecting {estimator.n_features_in_} features as input"
        raise ValueError(f"X has {rows.shape[1]} features, but {expected}")
    return (rows, *labels) if labels else rows


def _labels_for_scikit_learn(y):
    """Labels that it takes as they are: of a list, NumPy would merge 1 and "1"; it knows no StringDType and no mask."""
    y = as_label_array(y) if isinstance(y, list | tuple | np.ma.MaskedArray) else y
    return y.astype(object) if isinstance(y, np.ndarray) and y.dtype.kind == "T" else y
