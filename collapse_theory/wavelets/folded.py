"""Filters followed by a subsampling, on spectra: products and the sum over the aliases in one pass."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays import array_namespace, is_complex, place_once, shape
from ..fourier import inverse_sum
from ..pairs import pairs, sum_of_products, unpair

__all__ = ["FoldedFilters", "filters_of", "folded"]


@dataclass(frozen=True, eq=False)
class FoldedFilters:
    """Filters on one grid of h x w, as they act on a spectrum that is then folded.

    factor : the subsampling that follows
    blocks : of the factor x factor blocks of the fold, h / factor x w / factor, the B where some filter is not zero
    values : (B, L, h / factor * 2 w / factor) real: the filters there, every number twice, so that it multiplies the
        `pairs` of a spectrum; or, of complex filters, every number once. Divided by h w, so that an `inverse_sum`
        gives the transform of the mean over the aliases. Read-only
    """

    factor: int
    blocks: tuple[tuple[int, int], ...]
    values: Any

    def placed(self, like):
        """The same beside another array, placed there once."""
        return replace(self, values=place_once(self.values, like))

    def apply(self, x_hat):
        """x ∗ ψ_l, subsampled: the aliases are added up.  Spectra (..., h, w) -> (..., L, h / factor, w / factor)."""
        xp, sides = array_namespace(x_hat), tuple(side // self.factor for side in shape(x_hat)[-2:])
        spectra, plain = self._blocks(x_hat), is_complex(self.values)
        spectra = xp.reshape(spectra if plain else pairs(spectra), (len(self.blocks), *x_hat.shape[:-2], -1))
        z_hat = sum_of_products(spectra, self.values)
        z_hat = xp.reshape(z_hat if plain else unpair(z_hat), (*x_hat.shape[:-2], -1, *sides))
        return inverse_sum(z_hat)

    def _blocks(self, x_hat):
        """(..., h, w) -> (B, ..., h / factor, w / factor)."""
        if self.factor == 1:
            return x_hat[None, ...]
        xp, leading = array_namespace(x_hat), x_hat.ndim - 2
        height, width = (side // self.factor for side in shape(x_hat)[-2:])
        blocks = xp.reshape(x_hat, (*x_hat.shape[:-2], self.factor, height, self.factor, width))
        blocks = xp.permute_dims(blocks, (leading, leading + 2, *range(leading), leading + 1, leading + 3))
        if len(self.blocks) < self.factor**2:
            return xp.stack([blocks[a, b, ...] for a, b in self.blocks])
        return xp.reshape(blocks, (self.factor**2, *x_hat.shape[:-2], height, width))


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
    return FoldedFilters(factor, tuple(map(tuple, kept.tolist())), values)


def filters_of(bank, factor):
    """`FoldedFilters` of a FilterBank, the low-pass first; made once, unless its values may still change."""
    return folded(bank.filters_hat, factor) if bank.filters_hat.flags.writeable else _made_once(bank, factor)


@lru_cache(maxsize=64)
def _made_once(bank, factor):
    return folded(bank.filters_hat, factor)
