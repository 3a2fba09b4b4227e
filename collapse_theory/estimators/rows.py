"""Rows of a table, and the parameters of an estimator, as estimators take and keep them."""

from types import SimpleNamespace

import numpy as np
from sklearn.utils.validation import validate_data

from ..arguments import as_floating, check_finite
from ..arrays import array_namespace, is_complex, shape
from ..labels import as_label_array

__all__ = ["parameters_of", "rows_of"]


def parameters_of(estimator):
    """The parameters of an estimator, to be kept by what it fits."""
    return SimpleNamespace(**estimator.get_params(deep=False))


def rows_of(estimator, X, *labels, reset):
    """Rows, and labels if they are given, as scikit-learn wants them; `reset` remembers the number of features.

    Raises TypeError or ValueError, which begins with X, if the rows are no rows, not finite, or of another number of
    features.
    """
    if getattr(X, "ndim", 2) > 2:
        shaped = ", and image_shape=(C, H, W) says how" if hasattr(estimator, "image_shape") else ""
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
