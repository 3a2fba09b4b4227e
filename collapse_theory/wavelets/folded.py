"""Filters followed by a subsampling, on spectra: products and the sum over the aliases in one pass.

Internal to `wavelets` and `scattering`. A complex array is multiplied by real filters as pairs of real numbers side by
side: a real factor is then not promoted to complex, and products run over real numbers.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..arrays import (
    array_namespace,
    complex_dtype,
    is_complex,
    is_numpy_array,
    place_once,
    real_dtype,
    shape,
    to_complex,
)
from ..fourier import inverse_sum

__all__ = ["FoldedFilters", "pairs", "sum_of_products", "unpair"]


@dataclass(frozen=True, eq=False)
class FoldedFilters:
    """L filters on one grid, as they act on a spectrum that is then folded.

    factor : f, the subsampling that follows
    sides : (h, w) of the grid after it
    blocks : of the f x f blocks of the fold, the B where some filter is not zero
    values : (B, L, 2 h w) NumPy array, real: the filters there, every number twice, so that it multiplies the `pairs`
        of a spectrum; or (B, L, h w), of complex filters, every number once. Divided by the size of the first grid, so
        that an `inverse_sum` gives the transform of the mean over the aliases. Read-only
    """

    factor: int
    sides: tuple[int, int]
    blocks: tuple[tuple[int, int], ...]
    values: np.ndarray

    @classmethod
    def of_array(cls, filters_hat, factor):
        """Those of an (L, H, W) NumPy array.

        filters_hat : real or complex, with sides that are multiples of `factor`
        factor : f, the subsampling
        """
        count, (height, width) = len(filters_hat), (side // factor for side in filters_hat.shape[1:])
        filters_hat = filters_hat / math.prod(filters_hat.shape[1:])
        blocks = filters_hat.reshape(count, factor, height, factor, width)  # (L, H, W) -> (L, f, h, f, w)
        blocks = blocks.transpose(1, 3, 0, 2, 4)  # -> (f, f, L, h, w)
        kept = np.argwhere(blocks.any(axis=(2, 3, 4)))
        kept = kept if factor > 1 and len(kept) else np.zeros((1, 2), int)
        values = blocks[tuple(kept.T)].reshape(len(kept), count, -1)  # -> (B, L, h w)
        values = values if np.iscomplexobj(values) else np.repeat(values, 2, axis=-1)  # -> (B, L, 2 h w)
        values.flags.writeable = False
        return cls(factor, (height, width), tuple(map(tuple, kept.tolist())), values)

    @classmethod
    @lru_cache(maxsize=32)
    def of_bank(cls, bank, factor):
        """Those of a `FilterBank`, the low-pass first; made once.

        factor : f, the subsampling; the sides of the bank are multiples of it
        """
        return cls.of_array(bank.filters_hat, factor)

    def apply(self, x_hat):
        """x ∗ ψ_l, subsampled: the aliases are added up.

        x_hat : (..., H, W) complex, spectra on the first grid

        Returns (..., L, h, w) complex.
        """
        xp, leading, real = array_namespace(x_hat), shape(x_hat)[:-2], not is_complex(self.values)
        spectra = self._blocks(x_hat)  # (..., H, W) -> (B, ..., h, w)
        spectra = pairs(spectra) if real else spectra  # -> (B, ..., h, 2 w)
        spectra = xp.reshape(spectra, (len(self.blocks), *leading, -1))  # -> (B, ..., 2 h w)
        z_hat = sum_of_products(spectra, place_once(self.values, like=x_hat))  # -> (..., L, 2 h w)
        z_hat = unpair(z_hat) if real else z_hat  # -> (..., L, h w)
        return inverse_sum(xp.reshape(z_hat, (*leading, -1, *self.sides)))  # -> (..., L, h, w)

    def _blocks(self, x_hat):
        """Spectra on the first grid (..., H, W) -> (B, ..., h, w)."""
        if self.factor == 1:
            return x_hat[None, ...]
        xp, axes, leading, (height, width) = array_namespace(x_hat), x_hat.ndim - 2, shape(x_hat)[:-2], self.sides
        blocks = xp.reshape(x_hat, (*leading, self.factor, height, self.factor, width))  # (..., f, h, f, w)
        blocks = xp.permute_dims(blocks, (axes, axes + 2, *range(axes), axes + 1, axes + 3))  # (f, f, ..., h, w)
        if len(self.blocks) < self.factor**2:
            return xp.stack([blocks[a, b, ...] for a, b in self.blocks])
        return xp.reshape(blocks, (self.factor**2, *leading, height, width))


def pairs(z):
    """Real and imaginary parts side by side.

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
        return np.einsum("b...k,blk->...lk", spectra, values)
    total = spectra[0, ..., None, :] * values[0, ...]  # (..., 1, K) (L, K) -> (..., L, K)
    for number in range(1, spectra.shape[0]):
        a, v = spectra[number, ..., None, :], values[number, ...]
        total = total.addcmul_(a, v) if hasattr(total, "addcmul_") else total + a * v
    return total
