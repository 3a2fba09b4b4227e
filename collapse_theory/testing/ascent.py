"""From an image to the direction in which a function expands most: the top singular vector of its derivative."""

import numpy as np

from ..machine.sizes import DIFFERENCES

__all__ = ["columns", "differences", "norm", "steepest_direction"]

_STEPS, _EVERY = 60, 6
_COLUMNS = 1000


def steepest_direction(push, pull, x):
    """The unit v for which |f′ v| is largest, by bidiagonalisation with reorthogonalisation.

        f′ v_k = β_{k−1} u_{k−1} + α_k u_k        f′ᵀ u_k = α_k v_k + β_k v_{k+1}

    push, pull : functions of NumPy arrays, v -> f′ v and u -> f′ᵀ u
    x : NumPy array, real or complex, whose kind v has; complex numbers are pairs of real ones

    Returns a NumPy array of the shape of `x`, or None if f′ is zero or not finite.
    Source: Golub & Kahan (1965), SIAM J. Numer. Anal. 2, 205.
    """
    right = np.random.default_rng(0).normal(size=_numbers(x).size)
    right /= np.linalg.norm(right)
    rights, lefts, coupling = [], [], np.zeros((_STEPS, _STEPS))
    for k in range(min(_STEPS, right.size)):
        rights.append(right)
        pushed = push(_as(right, x))
        left = _without(_numbers(pushed), lefts)
        coupling[k, k] = np.linalg.norm(left)
        if not coupling[k, k] > 1e-7 * np.max(coupling[:k, :k], initial=0.0):
            break
        lefts.append(left / coupling[k, k])
        right = _without(_numbers(pull(_as(lefts[k], pushed))), rights)
        beta = np.linalg.norm(right)
        top = np.linalg.svd(coupling[: k + 1, : k + 1]) if k % _EVERY == _EVERY - 1 else None
        if k + 1 == _STEPS or not beta > 1e-7 * coupling.max() or (top and beta * abs(top[0][k, 0]) < 1e-4 * top[1][0]):
            break
        coupling[k, k + 1], right = beta, right / beta
    if not lefts or not np.all(np.isfinite(coupling)):
        return None
    weights = np.linalg.svd(coupling[: len(lefts), : len(rights)])[2][0]
    v = weights @ np.stack(rights)
    return _as(v / np.linalg.norm(v), x)


def differences(function, x, step):
    """The derivative of a function at `x` by finite differences, and its adjoint: (push, pull).

    function : of NumPy arrays, real or complex
    step : in units of the values of `x`

    Costs one call per number of `x`. At most 1,000 numbers, or 256 MiB of differences, are varied.
    """
    like = function(x)
    start, size = _numbers(like), _numbers(x).size
    count = min(columns(x), max(1, DIFFERENCES // max(start.size, 1)))
    free = np.sort(np.random.default_rng(0).permutation(size)[:count])
    matrix = np.empty((len(free), start.size))
    for row, column in zip(matrix, free, strict=True):
        moved = _numbers(x).copy()
        moved[column] += step
        row[:] = (_numbers(function(_as(moved, x))) - start) / step

    def pull(u):
        v = np.zeros(size)
        v[free] = matrix @ _numbers(u)
        return _as(v, x)

    return lambda v: _as(_numbers(v)[free] @ matrix, like), pull


def columns(x):
    """How many numbers of `x` finite differences change."""
    return min(_numbers(x).size, _COLUMNS)


def norm(x):
    """The Euclidean norm of all numbers of an array."""
    return float(np.linalg.norm(np.ravel(x)))


def _numbers(x):
    """The numbers of an array in a row, a complex one as two: (n,) float64."""
    pairs = np.ascontiguousarray(x, np.complex128 if np.iscomplexobj(x) else np.float64)
    return np.ravel(pairs).view(np.float64)


def _as(numbers, like):
    """The inverse of `_numbers`: an array of the shape of `like`, in double precision."""
    return numbers.view(np.complex128 if np.iscomplexobj(like) else np.float64).reshape(like.shape)


def _without(vector, others):
    """What is left of a vector beside orthonormal others; twice, since once leaves their rounding."""
    for _ in range(2 if others else 0):
        basis = np.stack(others)
        vector = vector - (basis @ vector) @ basis
    return vector
