"""Σ r rᴴ over many rows, or its diagonal: what covariances and variances are made of, in any library."""

import importlib

import numpy as np

from ..arrays import array_namespace, is_complex, is_numpy_array
from ..contexts import matmul
from ..machine.sizes import MIRRORED_ROWS

__all__ = ["add_outer_products", "outer_products", "sum_of_outer_products", "sum_of_squares"]


def outer_products(rows):
    """Σ r rᴴ over the rows of (N, D).  Returns (D, D)."""
    xp = array_namespace(rows)
    return matmul(xp.matrix_transpose(rows), xp.conj(rows) if is_complex(rows) else rows)


def sum_of_squares(rows):
    """Σ_n |r_n|², real, in one pass over the memory where the library has a way.  (N, D) real or complex -> (D,)."""
    xp = array_namespace(rows)
    if xp.isdtype(rows.dtype, "complex floating"):
        return sum_of_squares(xp.real(rows)) + sum_of_squares(xp.imag(rows))
    return np.einsum("nd,nd->d", rows, rows) if is_numpy_array(rows) else xp.sum(rows * rows, axis=0)


def add_outer_products(total, rows):
    """Add the `outer_products` of (n, D) rows to a (D, D) array in place.  Both NumPy, C-contiguous, of one dtype."""
    product = _blas("dgemm" if total.dtype == np.float64 else "zgemm")
    product(1.0, rows.conj().T, rows.T, beta=1.0, c=total.T, trans_b=True, overwrite_c=True)  # both seen transposed


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
        update = _blas({"f": "ssyrk", "d": "dsyrk", "F": "cherk", "D": "zherk"}[rows.dtype.char])
        total = update(1.0, np.ascontiguousarray(rows).T, beta=1.0, c=total, overwrite_c=True)
    return _mirrored(total) if is_numpy_array(total) else total


def _blas(name):
    # Imported at first use: it takes as long as the package.
    return getattr(importlib.import_module("scipy.linalg.blas"), name)


def _mirrored(upper):
    """A Hermitian matrix from its upper triangle, in place."""
    for start in range(0, len(upper), MIRRORED_ROWS):
        stop = min(start + MIRRORED_ROWS, len(upper))
        upper[stop:, start:stop] = upper[start:stop, stop:].conj().T
        corner = upper[start:stop, start:stop]
        corner[...] = np.triu(corner) + np.triu(corner, 1).conj().T
    return upper
