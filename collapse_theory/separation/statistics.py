"""How far apart the classes are and how wide each one is, as differentiable functions of arrays of any library.

All are statistics of the empirical measure: p_y = n_y / n, divisions by n. `ClassMoments` gives the same from a
stream of batches, without bias, with weights and with intervals. Source: Fisher (1936); for the use here, Guth, Zarka &
Mallat (2022).

Features may be of any size and any distance from 0: sums are in double precision, and no square leaves its range.
Ratios do not depend on the scale of the features; a variance or an energy that is too large or too small for the
precision of the features becomes infinite or 0.
"""

import numpy as np

from ..arguments import check_count, check_number
from ..arrays import array_namespace, device, is_complex
from ..pairs import sum_of_squares
from .by_class import rows_by_class
from .outer_products import outer_products, sum_of_outer_products

__all__ = [
    "between_class_variance",
    "class_means",
    "fisher_full",
    "fisher_trace",
    "mean_energy",
    "within_class_covariance",
    "within_class_variance",
]


def class_means(features, labels, *, classes):
    """Mean of each class, μ_y = E[x | y].

    features : (N, ...) real or complex
    labels : (N,) integers in 0 .. classes − 1, or booleans, of the library and on the device of `features`; each class
        occurs
    classes : K

    Beyond its arguments it takes 20 N bytes for the order of the rows, 40 K D for features of D numbers, and 10 MiB
    with NumPy, or 40 N' D if the N' = 256 rows that it works on at a time are more than that; twice so much if they are
    complex. The same is true of all statistics here. A torch graph keeps 16 N D bytes and the one-hot labels of all
    rows, 8 N min(K, 256) at most; a GPU takes 64 times as many rows at a time.

    Returns (K, ...), dtype of `features`.
    Raises TypeError for other dtypes or mixed libraries; ValueError if shapes, devices, labels or classes do not fit,
    or a feature is not finite.
    """
    rows = rows_by_class(features, labels, classes)
    means = rows.result(_scaled(rows.first + rows.means(), rows.scale))
    return array_namespace(means).reshape(means, (classes, *rows.given.shape[1:]))


def within_class_variance(features, labels, *, classes, chunk=None):
    """W = Σ_y p_y E|x − μ_y|², summed over the features.

    features, labels, classes : as `class_means`
    chunk : most rows at a time; by default those whose temporaries take the memory that `class_means` says

    Returns a real 0-d array. A torch graph keeps the temporaries of all rows.
    Raises what `class_means` does.
    """
    _check_chunk(chunk)
    rows = rows_by_class(features, labels, classes)
    return rows.result(_scaled(_within(rows, rows.means(chunk), chunk), rows.scale, rows.scale))


def within_class_covariance(features, labels, *, classes, chunk=None):
    """Σ_W = Σ_y p_y E[(x − μ_y)(x − μ_y)ᴴ], (D, D) for features of D numbers.  Arguments as `within_class_variance`.

    Beyond what `class_means` takes, D² numbers of the features' precision, and 256 rows at least at a time. A torch
    tensor on a CPU, out of a graph, goes by the NumPy array on its memory, whose symmetric products take half the
    operations.
    """
    _check_chunk(chunk)
    rows = rows_by_class(features, labels, classes)
    return rows.result(_scaled(_covariance(rows, rows.means(chunk), chunk), rows.scale, rows.scale))


def between_class_variance(features, labels, *, classes):
    """B = Σ_y p_y |μ_y − μ|², μ = Σ_y p_y μ_y.  Arguments as `class_means`, K at least 2; a real 0-d array."""
    rows = rows_by_class(features, labels, classes, least=2)
    return rows.result(_scaled(_average(rows, _offsets(rows, rows.means())), rows.scale, rows.scale))


def mean_energy(features, labels, *, classes):
    """M = Σ_y p_y |μ_y|², summed over the features; M + W is the energy E|x|².  Arguments as `class_means`."""
    rows = rows_by_class(features, labels, classes)
    return rows.result(_scaled(_average(rows, rows.first + rows.means()), rows.scale, rows.scale))


def fisher_trace(features, labels, *, classes, chunk=None):
    """B / W: between-class over within-class variance.  Arguments as `within_class_variance`, K at least 2.

    Infinite if classes differ and nothing varies within them, NaN if nothing varies at all.
    """
    _check_chunk(chunk)
    rows = rows_by_class(features, labels, classes, least=2)
    means = rows.means(chunk)
    between, within = _average(rows, _offsets(rows, means)), _within(rows, means, chunk)
    with np.errstate(divide="ignore", invalid="ignore"):
        return rows.result(between / within)


def fisher_full(features, labels, *, classes, ridge=None, chunk=None):
    """(1/K) Tr((Σ_W + ridge I)⁻¹ Σ_B), on all features: D x D matrices.

    features, labels, classes : as `class_means`, K at least 2
    ridge : host number of at least 0; by default 1e-3 Tr(Σ_W) / D
    chunk : rows at a time, as `within_class_covariance`

    Biased upwards by the inverse of a matrix that is estimated: without a ridge, for Gaussian samples, by the factor
    n / (n − K − D − 1), beside the bias of Σ_B. `ClassMoments.unbiased` corrects Σ_W and Σ_B, and not the inverse.

    Returns a real 0-d array. Solves with a matrix, never inverts one.
    Raises what `class_means` does, and ValueError for a negative ridge.
    """
    _check_chunk(chunk)
    ridge = None if ridge is None else check_number("ridge", ridge, least=0)
    rows = rows_by_class(features, labels, classes, least=2, size=0.0 if ridge is None else ridge**0.5)
    xp, means, dtype = array_namespace(rows.features), rows.means(chunk), rows.features.dtype
    within = _covariance(rows, means, chunk)
    offsets = xp.astype(xp.astype(xp.sqrt(rows.shares), means.dtype) * _offsets(rows, means), dtype)
    ridge = 1e-3 * _trace(within) / within.shape[0] if ridge is None else ridge / rows.scale / rows.scale
    within = within + ridge * xp.eye(within.shape[0], dtype=dtype, device=device(within))
    try:
        ratio = xp.linalg.solve(within, outer_products(offsets))
    except (ValueError, RuntimeError) as error:  # of NumPy and array_api_strict, and of torch
        raise ValueError(f"ridge: the within-class covariance is singular ({error}), expected more ridge") from error
    return rows.result(_trace(ratio) / classes)


def _check_chunk(chunk):
    if chunk is not None:
        check_count("chunk", chunk)


def _offsets(rows, means):
    """(K, D) μ_y − μ, divided by the scale: from means that are taken from the first row of all, to lose no digits."""
    xp = array_namespace(means)
    means = means + (rows.first - rows.first[:1, ...])
    return means - xp.sum(xp.astype(rows.shares, means.dtype) * means, axis=0, keepdims=True)


def _average(rows, vectors):
    """Σ_y p_y |v_y|² of (K, D)."""
    xp = array_namespace(vectors)
    return xp.sum(rows.shares * xp.abs(vectors) ** 2)


def _within(rows, means, chunk):
    xp, count = array_namespace(means), rows.features.shape[0]
    return sum(xp.sum(sum_of_squares(piece)) for piece in rows.deviations(means, chunk)) / count


def _covariance(rows, means, chunk):
    """(D, D) within-class covariance divided by the scale squared, in the precision of the features."""
    xp, dtype = array_namespace(means), rows.features.dtype
    pieces = (xp.astype(piece, dtype, copy=False) for piece in rows.deviations(means, chunk, least=256))
    return sum_of_outer_products(pieces) / rows.features.shape[0]


def _scaled(value, *scales):
    with np.errstate(over="ignore"):
        for scale in scales:
            value = value if scale == 1 else value * scale
    return value


def _trace(matrix):
    """Re Tr of (D, D)."""
    xp = array_namespace(matrix)
    trace = xp.linalg.trace(matrix)
    return xp.real(trace) if is_complex(matrix) else trace
