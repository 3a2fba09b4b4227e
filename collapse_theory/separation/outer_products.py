"""Σ r rᴴ over many rows: the products of covariances, of arrays of any library."""

import importlib

import numpy as np

from ..arrays import array_namespace, is_complex, is_numpy_array

__all__ = ["outer_products", "sum_of_outer_products"]


def outer_products(rows):
    """Σ r rᴴ over the rows of (N, D).  Returns (D, D)."""
    xp = array_namespace(rows)
    return xp.matrix_transpose(rows) @ (xp.conj(rows) if is_complex(rows) else rows)


def sum_of_outer_products(pieces):
    """The sum of the `outer_products` of several arrays, (n, D) each, of one library and dtype.  Returns (D, D).

    Of NumPy arrays one triangle is updated in place, by BLAS's symmetric rank-k update; the other one is its mirror.
    """
    total = None
    for rows in pieces:
        if not is_numpy_array(rows):
            total = outer_products(rows) if total is None else total + outer_products(rows)
            continue
        if total is None:
            total = np.zeros((rows.shape[1], rows.shape[1]), rows.dtype, order="F")
        update = _rank_k_update(rows.dtype)
        total = update(1.0, np.ascontiguousarray(rows).T, beta=1.0, c=total, overwrite_c=True)
    return _mirrored(total) if is_numpy_array(total) else total


def _rank_k_update(dtype):
    blas = importlib.import_module("scipy.linalg.blas")  # imported at first use: it takes as long as the package
    return getattr(blas, {"f": "ssyrk", "d": "dsyrk", "F": "cherk", "D": "zherk"}[dtype.char])


def _mirrored(upper, at_once=64):
    """A Hermitian matrix from its upper triangle, in place."""
    for start in range(0, len(upper), at_once):
        stop = min(start + at_once, len(upper))
        upper[stop:, start:stop] = upper[start:stop, stop:].conj().T
        corner = np.triu(upper[start:stop, start:stop], 1)
        upper[start:stop, start:stop] = corner + corner.conj().T + np.diag(np.diag(upper[start:stop, start:stop]))
    return upper
