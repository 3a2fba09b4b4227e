"""Complex arrays as pairs of real numbers side by side: the quick way to real filters."""

from functools import partial

import numpy as np

from .arrays import array_namespace, complex_dtype, is_complex, is_numpy_array, real_dtype, to_complex
from .machine.cores import on_cores, shares
from .machine.loops import Loop

__all__ = ["pairs", "sum_of_products", "unpair"]


def pairs(z):
    """Real and imaginary parts side by side: a real factor is not promoted, and loops run over real numbers.

    z : (..., W) complex

    Returns (..., 2 W) real, a view of `z` where its library has one.
    """
    xp = array_namespace(z)
    if hasattr(xp, "view_as_real"):
        parts = xp.view_as_real(z.resolve_conj())
    elif hasattr(xp, "ascontiguousarray"):
        return xp.ascontiguousarray(z).view(real_dtype(z))
    else:
        parts = xp.stack([xp.real(z), xp.imag(z)], axis=-1)
    return xp.reshape(parts, (*z.shape[:-1], -1))


def unpair(values):
    """Inverse of `pairs`.  (..., 2 W) real -> (..., W) complex."""
    xp = array_namespace(values)
    if hasattr(xp, "ascontiguousarray"):
        return xp.ascontiguousarray(values).view(complex_dtype(values))
    parts = xp.reshape(values, (*values.shape[:-1], -1, 2))
    if hasattr(xp, "view_as_complex"):
        return xp.view_as_complex(parts.contiguous())
    return to_complex(parts[..., 0]) + 1j * to_complex(parts[..., 1])


def sum_of_products(spectra, values):
    """Σ_b a_b v_b, in one pass over the memory where the library has a way: products of arrays are limited by memory.

    spectra : (B, ..., K) real, or as `values`
    values : (B, L, K)

    Returns (..., L, K).
    """
    if is_numpy_array(spectra) and len(spectra) > 1:
        if not is_complex(values) and _add_products.pays(spectra.size * values.shape[1]):
            return _compiled_sum(spectra, values)
        return np.einsum("b...k,blk->...lk", spectra, values)
    total = spectra[0, ..., None, :] * values[0, ...]
    for number in range(1, spectra.shape[0]):
        a, v = spectra[number, ..., None, :], values[number, ...]
        total = total.addcmul_(a, v) if hasattr(total, "addcmul_") else total + a * v
    return total


def _compiled_sum(spectra, values):
    flat = np.ascontiguousarray(spectra).reshape(len(spectra), -1, spectra.shape[-1])
    sums = np.empty((flat.shape[1], *values.shape[1:]), spectra.dtype)
    on_cores(lambda planes: _add_products(flat, values, sums, *planes), shares(sums), like=sums)
    return sums.reshape(*spectra.shape[1:-1], *values.shape[1:])


@partial(Loop, saved=0.2)
def _add_products(spectra, values, sums, low, high):
    """`sum_of_products` of (B, N, K) into (N, L, K), of planes `low` to `high`.

    Two blocks at a time, in pieces of rows that stay in the cache.
    """
    blocks, (_, filters, width) = len(spectra), sums.shape
    for plane in range(low, high):
        for filter in range(filters):
            for start in range(0, width, 1024):
                here = slice(start, start + 1024)
                total = sums[plane, filter, here]
                total[:] = 0
                for b in range(0, blocks - 1, 2):
                    a, v = spectra[b, plane, here], values[b, filter, here]
                    c, w = spectra[b + 1, plane, here], values[b + 1, filter, here]
                    for k in range(len(total)):
                        total[k] += a[k] * v[k] + c[k] * w[k]
                if blocks % 2:
                    a, v = spectra[blocks - 1, plane, here], values[blocks - 1, filter, here]
                    for k in range(len(total)):
                        total[k] += a[k] * v[k]
