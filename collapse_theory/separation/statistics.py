"""How far apart the classes are and how wide each one is, as differentiable functions of arrays of any library.

All are statistics of the empirical measure: p_y = n_y / n, divisions by n. `ClassMoments` gives the same from a
stream of batches, without bias, with weights and with intervals. Source: Fisher (1936); for the use here, Guth, Zarka &
Mallat (2022).

Features may be of any size and any distance from 0: sums are in double precision, and no square leaves its range.
Ratios do not depend on the scale of the features; a variance or an energy that is too large or too small for the
precision of the features becomes infinite or 0.
"""

from dataclasses import replace

import numpy as np

from ..arguments import check_count, check_number
from ..arrays import array_namespace, device, in_double, is_complex
from .by_class import rows_by_class
from .outer_products import outer_products, sum_of_outer_products, sum_of_squares
from .ranges import in_range

__all__ = [
    "between_class_variance",
    "class_means",
    "fisher_full",
    "fisher_trace",
    "mean_energy",
    "within_class_covariance",
    "within_class_variance",
]


def class_means(features, labels, *, classes: int):
    """Mean of each class, μ_y = E[x | y].

    features : (N, ...) real or complex
    labels : (N,) integers in 0 .. classes − 1, or booleans, of the library and on the device of `features`; each class
        occurs
    classes : K

    Returns (K, ...), dtype of `features`.
    Raises TypeError for other dtypes or mixed libraries; ValueError if shapes, devices, labels or classes do not fit,
    or a feature is not finite.
    Memory: beyond the arguments, for this and all statistics here, at most 40 N + 48 K D + 20 N' (D + min(K, N')) bytes
        with NumPy (measured; more than half of it is usually used). All terms but the first double for complex
        features. N' = min(4096, 2^18 / D, max(256, 2^18 / K)) rows, and at least 1, are worked on at a time, for
        features of D numbers; on a GPU 2^24 replaces 2^18. A torch graph keeps these arrays for all N rows.
    """
    rows = rows_by_class(features, labels, classes)
    means, scale = in_range(rows, _means_and_largest)
    means = rows.result(_scaled(means, scale))
    return array_namespace(means).reshape(means, (classes, *rows.given.shape[1:]))


def within_class_variance(features, labels, *, classes: int, chunk: int | None = None):
    """W = Σ_y p_y E|x − μ_y|², summed over the features.

    features, labels, classes : as `class_means`
    chunk : most rows N' at a time, for less memory than `class_means` takes by default

    Returns a real 0-d array.
    Raises what `class_means` does; ValueError if `chunk` is no integer of at least 1.
    """
    _check_chunk(chunk)
    return _total(rows_by_class(features, labels, classes), lambda rows: _within(rows, *rows.means(chunk), chunk))


def within_class_covariance(features, labels, *, classes: int, chunk: int | None = None):
    """Σ_W = Σ_y p_y E[(x − μ_y)(x − μ_y)ᴴ], for features of D numbers.

    features, labels, classes, chunk : as `within_class_variance`

    A torch tensor on a CPU, out of a graph, is read as the NumPy array on its memory, whose symmetric products take
    half the operations.

    Returns (D, D), dtype of `features`.
    Raises what `within_class_variance` does.
    Memory: 2 D² numbers of the features' precision beyond what `class_means` takes, with 256 rows at least at a time.
    """
    _check_chunk(chunk)
    rows = rows_by_class(features, labels, classes)
    within, scale = in_range(rows, lambda rows: _covariance(rows, *rows.means(chunk), chunk))
    return rows.result(_scaled(within, scale, scale))


def between_class_variance(features, labels, *, classes: int):
    """B = Σ_y p_y |μ_y − μ|², μ = Σ_y p_y μ_y.

    features, labels, classes : as `class_means`, K at least 2

    Returns a real 0-d array.
    Raises what `class_means` does.
    """
    return _total(rows_by_class(features, labels, classes, least=2), lambda rows: _between(rows, *rows.means()))


def mean_energy(features, labels, *, classes: int):
    """M = Σ_y p_y |μ_y|², summed over the features; M + W is the energy E|x|².

    features, labels, classes : as `class_means`

    Returns a real 0-d array.
    Raises what `class_means` does.
    """
    return _total(rows_by_class(features, labels, classes), lambda rows: _average(rows, sum(rows.means())))


def fisher_trace(features, labels, *, classes: int, chunk: int | None = None):
    """B / W: between-class over within-class variance.

    features, labels, classes, chunk : as `within_class_variance`, K at least 2

    Returns a real 0-d array: infinite if classes differ and nothing varies within them, NaN if nothing varies at all.
    Raises what `within_class_variance` does.
    """

    def both(rows):
        means = rows.means(chunk)
        parts = _between(rows, *means), _within(rows, *means, chunk)
        return parts, parts

    _check_chunk(chunk)
    rows = rows_by_class(features, labels, classes, least=2)
    (between, within), _ = in_range(rows, both)
    with np.errstate(divide="ignore", invalid="ignore"):
        return rows.result(between / within)


def fisher_full(features, labels, *, classes: int, ridge: float | None = None, chunk: int | None = None):
    """(1/K) Tr((Σ_W + ridge I)⁻¹ Σ_B), on all features: D x D matrices.

    features, labels, classes : as `class_means`, K at least 2
    ridge : host number of at least 0; by default 1e-3 Tr(Σ_W) / D
    chunk : most rows at a time, as `within_class_covariance`

    The inverse of an estimated matrix biases it upwards: without a ridge, for Gaussian samples, by the factor
    n / (n − K − D − 1), in addition to the bias of Σ_B. `ClassMoments.unbiased` corrects Σ_W and Σ_B, and not the
    inverse.

    Returns a real 0-d array. A linear system is solved; no matrix is inverted.
    Raises what `within_class_variance` does, and ValueError for a negative ridge.
    Memory: 8 D² numbers of the features' precision beyond what `class_means` takes.
    """

    def both(rows):
        means = rows.means(chunk)
        within, seen = _covariance(rows, *means, chunk)
        offsets = _offsets(rows, *means)
        return (within, xp.astype(xp.astype(xp.sqrt(rows.shares), offsets.dtype) * offsets, dtype)), seen

    _check_chunk(chunk)
    ridge = None if ridge is None else check_number("ridge", ridge, least=0)
    rows = rows_by_class(features, labels, classes, least=2)
    xp, dtype = array_namespace(rows.features), rows.features.dtype
    (within, offsets), scale = in_range(rows, both, size=(ridge or 0.0) ** 0.5)
    ridge = 1e-3 * _trace(within) / within.shape[0] if ridge is None else ridge / scale / scale
    within = within + ridge * xp.eye(within.shape[0], dtype=dtype, device=device(within))
    try:
        ratio = xp.linalg.solve(within, outer_products(offsets))
    except (ValueError, RuntimeError) as error:  # of NumPy and array_api_strict, and of torch
        raise ValueError(f"ridge: the within-class covariance is singular ({error}), expected more ridge") from error
    return rows.result(_trace(ratio) / classes)


def _check_chunk(chunk):
    if chunk is not None:
        check_count("chunk", chunk)


def _total(rows, statistic):
    """A sum of squares of rows, as a result."""

    def seen(rows):
        value = statistic(rows)
        return value, (value,)

    value, scale = in_range(rows, seen)
    return rows.result(_scaled(value, scale, scale))


def _scaled(value, *scales):
    with np.errstate(over="ignore"):
        for scale in scales:
            value = value if scale == 1 else value * scale
    return value


def _means_and_largest(rows):
    means = sum(rows.means())
    xp = array_namespace(means)
    return means, (xp.max(xp.abs(means)),)


def _offsets(rows, origins, means):
    """(K, D) μ_y − μ, divided by the scale."""
    xp, origins = array_namespace(means), in_double(origins)
    means = means + (origins - origins[:1, ...])
    return means - xp.sum(xp.astype(rows.shares, means.dtype) * means, axis=0, keepdims=True)


def _average(rows, vectors):
    """Σ_y p_y |v_y|² of (K, D)."""
    xp = array_namespace(vectors)
    return xp.sum(rows.shares * xp.abs(vectors) ** 2)


def _between(rows, origins, means):
    return _average(rows, _offsets(rows, origins, means))


def _rounded(rows, origins, means):
    """(K, D) class means in the precision of the features, and what rounding took from them, in double."""
    xp, origins = array_namespace(means), in_double(origins)
    rounded = xp.astype(origins + means, rows.features.dtype)
    return rounded, (origins - in_double(rounded)) + means


def _within(rows, origins, means, chunk):
    """E|x − m_y|² − E|μ_y − m_y|², m the rounded class means."""
    xp = array_namespace(means)
    rounded, rest = _rounded(rows, origins, means)
    squares = sum(xp.sum(in_double(sum_of_squares(few.less(rounded)))) for few in rows.pieces(chunk))
    return squares / rows.features.shape[0] - _average(rows, rest)


def _covariance(rows, origins, means, chunk):
    """(D, D) within-class covariance divided by the scale squared, in the precision of the features; and its trace."""
    rounded, rest = _rounded(rows, origins, means)
    rest = array_namespace(rest).astype(rest, rows.features.dtype)
    pieces = rows.pieces(chunk, least=256)
    deviations = (replace(few, rows=few.less(rounded), room=None).less(rest) for few in pieces)
    within = sum_of_outer_products(deviations) / rows.features.shape[0]
    return within, (_trace(within),)


def _trace(matrix):
    """Re Tr of (D, D)."""
    xp = array_namespace(matrix)
    trace = xp.linalg.trace(matrix)
    return xp.real(trace) if is_complex(matrix) else trace
