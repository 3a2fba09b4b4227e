"""Filters followed by a subsampling, on spectra: products and the sum over the aliases in one pass."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..arrays import array_namespace, is_complex, place_once, shape
from ..fourier import inverse_sum
from ..pairs import pairs, sum_of_products, unpair

__all__ = ["FoldedFilters", "filters_of", "folded"]


@dataclass(frozen=True, eq=False)
class FoldedFilters:
    """L filters on one grid, as they act on a spectrum that is then folded.

    factor : the subsampling that follows
    sides : (h, w) of the grid after it
    blocks : of the factor x factor blocks of the fold, the B where some filter is not zero
    values : (B, L, h 2 w) NumPy array, real: the filters there, every number twice, so that it multiplies the `pairs`
        of a spectrum; or, of complex filters, every number once. Divided by the size of the first grid, so that an
        `inverse_sum` gives the transform of the mean over the aliases. Read-only
    """

    factor: int
    sides: tuple[int, int]
    blocks: tuple[tuple[int, int], ...]
    values: np.ndarray

    def apply(self, x_hat):
        """x ∗ ψ_l, subsampled: the aliases are added up.  Spectra on the first grid -> (..., L, h, w)."""
        xp, spectra, plain = array_namespace(x_hat), self._blocks(x_hat), is_complex(self.values)
        spectra = xp.reshape(spectra if plain else pairs(spectra), (len(self.blocks), *shape(x_hat)[:-2], -1))
        z_hat = sum_of_products(spectra, place_once(self.values, like=x_hat))
        return inverse_sum(xp.reshape(z_hat if plain else unpair(z_hat), (*shape(x_hat)[:-2], -1, *self.sides)))

    def _blocks(self, x_hat):
        """Spectra on the first grid -> (B, ..., h, w)."""
        if self.factor == 1:
            return x_hat[None, ...]
        xp, leading, (height, width) = array_namespace(x_hat), x_hat.ndim - 2, self.sides
        blocks = xp.reshape(x_hat, (*shape(x_hat)[:-2], self.factor, height, self.factor, width))
        blocks = xp.permute_dims(blocks, (leading, leading + 2, *range(leading), leading + 1, leading + 3))
        if len(self.blocks) < self.factor**2:
            return xp.stack([blocks[a, b, ...] for a, b in self.blocks])
        return xp.reshape(blocks, (self.factor**2, *shape(x_hat)[:-2], height, width))


def folded(filters_hat, factor):
    """`FoldedFilters` of an (L, h, w) NumPy array whose sides are multiples of `factor`."""
    count, (height, width) = len(filters_hat), (side // factor for side in filters_hat.shape[1:])
    filters_hat = filters_hat / math.prod(filters_hat.shape[1:])
    blocks = filters_hat.reshape(count, factor, height, factor, width).transpose(1, 3, 0, 2, 4)
    kept = np.argwhere(blocks.any(axis=(2, 3, 4)))
    kept = kept if factor > 1 and len(kept) else np.zeros((1, 2), int)
    values = blocks[tuple(kept.T)].reshape(len(kept), count, -1)
    values = values if np.iscomplexobj(values) else np.repeat(values, 2, axis=-1)
    values.flags.writeable = False
    return FoldedFilters(factor, (height, width), tuple(map(tuple, kept.tolist())), values)


def filters_of(bank, factor):
    """`FoldedFilters` of a FilterBank, the low-pass first; made once, unless its values may still change."""
    return folded(bank.filters_hat, factor) if bank.filters_hat.flags.writeable else _made_once(bank, factor)


@lru_cache(maxsize=32)
def _made_once(bank, factor):
    return folded(bank.filters_hat, factor)
