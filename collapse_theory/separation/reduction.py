"""A batch of features reduced to the moments of a few cells, in the library of the batch, in double precision."""

import numpy as np

from ..arrays import array_namespace, is_complex, place, to_host

__all__ = ["reduce_rows"]


def reduce_rows(rows, index, cells, origin, covariance):
    """Moments of each cell of a batch, two passes over the rows: means first, then what is left of them.

    rows : (n, D) real or complex, of any library
    index : (n,) host integers, the cell of each row, in 0 .. cells − 1; each cell occurs
    origin : (D,) host numbers taken off every row
    covariance : whether to give the products too

    Yields for each cell its mean (D,), squared deviations (D,) and products (D, D) or None, on the host.
    """
    xp = array_namespace(rows)
    rows = xp.astype(rows, xp.complex128 if is_complex(rows) else xp.float64)
    rows = rows - place(origin if is_complex(rows) else origin.real, like=rows)
    if cells == rows.shape[0]:  # every row a cell of its own: nothing to add up
        yield from ((mean, 0.0, 0.0 if covariance else None) for mean in to_host(rows)[np.argsort(index)])
        return
    member = xp.astype(place(index, like=rows)[None, :] == place(np.arange(cells), like=rows)[:, None], rows.dtype)
    counts = xp.sum(member, axis=1, keepdims=True)
    means = member @ rows / counts
    rest = rows - xp.take(means, place(index, like=rows), axis=0)
    slip = member @ rest / counts  # what rounding left in the means
    squares = _real(member) @ _squared(rest) - _real(counts) * _squared(slip)
    means = means + slip
    products = (_products(rest, np.flatnonzero(index == cell)) if covariance else None for cell in range(cells))
    yield from zip(to_host(means), to_host(squares), products, strict=True)


def _real(values):
    return array_namespace(values).real(values) if is_complex(values) else values


def _squared(values):
    """|v|², real."""
    xp = array_namespace(values)
    return xp.real(values) ** 2 + xp.imag(values) ** 2 if is_complex(values) else values * values


def _products(rest, index):
    """Σ r rᴴ over the rows `index` of centred features (n, D).  Returns (D, D) on the host."""
    xp = array_namespace(rest)
    rows = xp.take(rest, place(index, like=rest), axis=0)
    return to_host(xp.matrix_transpose(rows) @ (xp.conj(rows) if is_complex(rows) else rows))
