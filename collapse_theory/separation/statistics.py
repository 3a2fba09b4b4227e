"""How far apart the classes are and how wide each one is, as differentiable functions of arrays of any library.

All are statistics of the empirical measure: p_y = n_y / n, divisions by n. `ClassMoments` gives the same from a
stream of batches, without bias and with intervals. Source: Fisher (1936); for the use here, Guth, Zarka & Mallat
(2022).
"""

import numpy as np

from ..arguments import check_count, check_number
from ..arrays import (
    array_namespace,
    check_finite,
    device,
    floating,
    is_complex,
    is_numpy_array,
    numpy_view,
    real_dtype,
    shape,
)
from ..contexts import holds, matmul
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
    labels : (N,) integers in 0 .. classes − 1, of the library and on the device of `features`; each class occurs
    classes : K

    Returns (K, ...), dtype of `features`.
    Raises TypeError for other dtypes or mixed libraries; ValueError if shapes, devices, labels or classes do not fit,
    or a feature is not finite.
    """
    features, member = _checked(features, labels, classes)
    means = _means(features, member)
    return array_namespace(features).reshape(means, (classes, *shape(features)[1:]))


def within_class_variance(features, labels, *, classes, chunk=None):
    """W = Σ_y p_y E|x − μ_y|², summed over the features.

    features, labels, classes : as `class_means`
    chunk : rows at a time, all by default; temporaries take two to three times the memory of so many rows of features

    Returns a real 0-d array. A torch graph keeps the temporaries of all chunks.
    Raises what `class_means` does.
    """
    features, member = _checked(features, labels, classes)
    pieces = _deviations(features, member, chunk)
    return sum(array_namespace(x).sum(array_namespace(x).abs(x) ** 2) for x in pieces) / features.shape[0]


def within_class_covariance(features, labels, *, classes, chunk=None):
    """Σ_W = Σ_y p_y E[(x − μ_y)(x − μ_y)ᴴ], (D, D) for features of D numbers.  Arguments as `within_class_variance`.

    Beyond its arguments it takes K N + max(K N, max(chunk, D) D + D²) numbers with NumPy, measured within 10 %. A torch
    tensor on a CPU, out of a graph, goes by the NumPy array on its memory, whose symmetric products take half the
    operations.
    """
    features, member = _checked(features, labels, classes)
    host, host_member = numpy_view(features), numpy_view(member)
    if host is None:
        return sum_of_outer_products(_deviations(features, member, chunk)) / features.shape[0]
    products = sum_of_outer_products(_deviations(host, host_member, chunk))
    return array_namespace(features).asarray(products / features.shape[0], device=device(features))


def between_class_variance(features, labels, *, classes):
    """B = Σ_y p_y |μ_y − μ|², μ = Σ_y p_y μ_y.  Arguments as `class_means`, K at least 2; a real 0-d array."""
    features, member = _checked(features, labels, classes, least=2)
    xp = array_namespace(features)
    offsets = _means(features, member) - xp.mean(_flat(features), axis=0, keepdims=True)
    return xp.sum(_shares(member) * xp.abs(offsets) ** 2)


def mean_energy(features, labels, *, classes):
    """M = Σ_y p_y |μ_y|², summed over the features; M + W is the energy E|x|².  Arguments as `class_means`."""
    features, member = _checked(features, labels, classes)
    xp = array_namespace(features)
    return xp.sum(_shares(member) * xp.abs(_means(features, member)) ** 2)


def fisher_trace(features, labels, *, classes, chunk=None):
    """B / W: between-class over within-class variance.  Arguments as `within_class_variance`, K at least 2.

    Infinite if classes differ and nothing varies within them, NaN if nothing varies at all.
    """
    between = between_class_variance(features, labels, classes=classes)
    within = within_class_variance(features, labels, classes=classes, chunk=chunk)
    with np.errstate(divide="ignore", invalid="ignore"):
        return between / within


def fisher_full(features, labels, *, classes, ridge=None, chunk=None):
    """(1/K) Tr((Σ_W + ridge I)⁻¹ Σ_B), on all features: D x D matrices.

    features, labels, classes : as `class_means`, K at least 2
    ridge : host number of at least 0; by default 1e-3 Tr(Σ_W) / D
    chunk : rows at a time, as `within_class_variance`

    Returns a real 0-d array. Solves with a matrix, never inverts one.
    Raises what `class_means` does, and ValueError for a negative ridge.
    """
    features, member = _checked(features, labels, classes, least=2)
    xp, x = array_namespace(features), _flat(features)
    means, weights = _means(features, member), xp.sqrt(_shares(member))
    offsets = xp.astype(weights, x.dtype) * (means - xp.mean(x, axis=0, keepdims=True))
    within = within_class_covariance(features, labels, classes=classes, chunk=chunk)
    ridge = 1e-3 * _trace(within) / x.shape[1] if ridge is None else check_number("ridge", ridge, least=0)
    within = within + ridge * xp.eye(x.shape[1], dtype=x.dtype, device=device(x))
    try:
        ratio = xp.linalg.solve(within, outer_products(offsets))
    except (ValueError, RuntimeError) as error:  # of NumPy and array_api_strict, and of torch
        raise ValueError(f"ridge: the within-class covariance is singular ({error}), expected more ridge") from error
    return _trace(ratio) / classes


def _checked(features, labels, classes, least=1):
    """Floating features, and the (K, N) real matrix that says which sample is in which class."""
    features = floating(features, "features")
    check_count("classes", classes, least)
    try:
        xp = array_namespace(features, labels)
    except TypeError as error:
        raise TypeError(f"labels: {error}") from None
    if features.ndim < 1 or 0 in features.shape:
        raise ValueError(f"features: expected shape (N, ...), no axis empty, got {shape(features)}")
    if tuple(labels.shape) != (features.shape[0],):
        raise ValueError(f"labels: expected shape ({features.shape[0]},), one a sample, got {shape(labels)}")
    if not xp.isdtype(labels.dtype, "integral"):
        raise TypeError(f"labels: expected integers, got {labels.dtype}")
    if device(labels) != device(features):
        raise ValueError(f"labels: expected the device of the features, {device(features)}, got {device(labels)}")
    check_finite(features, "features")
    every = xp.arange(classes, device=device(features))
    member = every[:, None] == xp.astype(labels, every.dtype)[None, :]
    if not holds(xp.all(xp.any(member, axis=1))) or not holds(xp.all(xp.any(member, axis=0))):
        got = f"{int(xp.sum(xp.any(member, axis=1)))} of them, labels {int(xp.min(labels))} to {int(xp.max(labels))}"
        raise ValueError(f"labels: expected every class in 0 .. {classes - 1}, and no other label, got {got}")
    return features, xp.astype(member, real_dtype(features))


def _flat(features):
    return array_namespace(features).reshape(features, (features.shape[0], -1))


def _means(features, member):
    """(K, D) class means: one product with the one-hot labels."""
    xp = array_namespace(features)
    counts = xp.astype(xp.sum(member, axis=1, keepdims=True), features.dtype)
    return matmul(xp.astype(member, features.dtype), _flat(features)) / counts


def _deviations(features, member, chunk):
    """Yields x − μ_y for `chunk` rows at a time, (chunk, D), each good until the next is asked for."""
    if chunk is not None:
        check_count("chunk", chunk)
    xp, x, means = array_namespace(features), _flat(features), _means(features, member)
    rows = min(chunk or x.shape[0], x.shape[0])
    room = np.empty((rows, x.shape[1]), x.dtype) if is_numpy_array(x) else None
    for start in range(0, x.shape[0], rows):
        part = slice(start, min(start + rows, x.shape[0]))
        if room is None:
            yield x[part, ...] - matmul(xp.matrix_transpose(xp.astype(member[:, part], x.dtype)), means)
        else:  # fresh memory for each piece would take as long to get as to fill
            here = room[: part.stop - start]
            np.take(means, member[:, part].argmax(axis=0), axis=0, out=here, mode="clip")
            yield np.subtract(x[part], here, out=here)


def _trace(matrix):
    """Re Tr of (D, D)."""
    xp = array_namespace(matrix)
    trace = xp.linalg.trace(matrix)
    return xp.real(trace) if is_complex(matrix) else trace


def _shares(member):
    """(K, 1) share p_y of each class."""
    return array_namespace(member).mean(member, axis=1, keepdims=True)
