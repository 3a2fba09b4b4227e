"""Moments of many small cells of samples, one per group and class: updated and pooled without losing digits.

Each cell holds a count n, a mean m relative to a common origin, the squared deviations Σ|x − m|² of each feature
and, if asked, the products Σ (x − m)(x − m)ᴴ. Source: Chan, Golub & LeVeque (1983), Algorithms for computing the
sample variance.
"""

from dataclasses import dataclass

import numpy as np

from .outer_products import add_outer_products
from .summary import Summary

__all__ = ["Cells", "cell_bytes"]


def cell_bytes(features, covariance, is_complex):
    """Bytes that one cell takes."""
    number = 16 if is_complex else 8
    return features * (number + 8) + (number * features**2 if covariance else 0)


@dataclass
class Cells:
    """Cells in G groups of K classes, D features.

    counts : (G, K) samples, integers; or their weights, floats, as soon as some sample has one
    means : (G, K, D) float64 or complex128, relative to the origin
    squares : (G, K, D) float64
    products : (G, K, D, D) like the means, or None
    samples : (G, K) integers, the samples whatever they weigh
    """

    counts: np.ndarray
    means: np.ndarray
    squares: np.ndarray
    products: np.ndarray | None
    samples: np.ndarray

    @classmethod
    def empty(cls, groups, classes, features, covariance, dtype):
        """Cells without samples."""
        shape = (groups, classes, features)
        products = np.zeros((*shape, features), dtype) if covariance else None
        counts, samples = np.zeros((2, *shape[:2]), np.int64)
        return cls(counts, np.zeros(shape, dtype), np.zeros(shape), products, samples)

    def add(self, cell, count, mean, squares, deviations=None, products=None):
        """Merge samples of these moments, `count` of them or of that weight, into one cell (group, class).

        m ← m + δ n'/(n + n'),   S ← S + S' + |δ|² n n'/(n + n'),   δ = m' − m

        Products are merged as squares are, from the `deviations` of the samples or from their sum.
        """
        share = count / (self.counts[cell] + count)
        weight = self.counts[cell] * share
        difference = mean - self.means[cell]
        self.means[cell] += share * difference
        self.squares[cell] += squares + weight * _square(difference)
        if self.products is not None:
            link = np.sqrt(weight) * difference[None]
            if products is not None:
                self.products[cell] += products
            rows = link if deviations is None else np.concatenate([deviations, link])
            add_outer_products(self.products[cell], rows)
        self.counts[cell] += count

    def in_order(self, order, dtype):
        """The same cells with classes in another order, new ones empty where `order` is −1, in a dtype."""
        order = np.asarray(order)
        groups, _, features = self.means.shape
        moved = Cells.empty(groups, len(order), features, self.products is not None, dtype)
        moved.counts = moved.counts.astype(self.counts.dtype)
        for name in ("counts", "means", "squares", "products", "samples"):
            if getattr(self, name) is not None:
                getattr(moved, name)[:, order >= 0] = getattr(self, name)[:, order[order >= 0]]
        return moved

    def pooled(self, groups=slice(None)):
        """All groups, or some, as one: Cells with G = 1.  n = Σn_g, m = Σ n_g m_g / n, S = Σ S_g + Σ n_g |m_g − m|²."""
        counts = self.counts[groups].sum(axis=0)
        one = Cells.empty(1, *self.means.shape[1:], self.products is not None, self.means.dtype)
        one.counts, one.samples = counts[None], self.samples[groups].sum(axis=0)[None]
        for y in np.flatnonzero(counts):
            weights, means = self.counts[groups, y].astype(np.float64), self.means[groups, y]
            mean = weights @ means / counts[y]
            one.means[0, y] = mean
            one.squares[0, y] = self.squares[groups, y].sum(axis=0)
            for weight, part in zip(weights, means, strict=True):
                one.squares[0, y] += weight * _square(part - mean)
            if self.products is not None:
                offsets = means - mean
                one.products[0, y] = self.products[groups, y].sum(axis=0) + (offsets.T * weights) @ offsets.conj()
        return one

    def without(self, cells, group):
        """These cells, with one group, less a group of the `cells` that were pooled in them: `add`, undone.

        n ← n − n',   m ← m − δ n'/n,   S ← S − S' − |δ|² n n'/(n + n'),   δ = m' − m,   with the new n and m in S

        Only what `matrices` needs: the squares are left out. A group that holds all samples of a class cannot be
        taken off.
        """
        removed, n = cells.counts[group], self.counts[0] - cells.counts[group]
        means = self.means[0] - (removed / n)[:, None] * (cells.means[group] - self.means[0])
        products = self.products[0] - cells.products[group]
        for product, difference, weight in zip(
            products, cells.means[group] - means, n * removed / (n + removed), strict=True
        ):
            product -= weight * np.outer(difference, difference.conj())
        return Cells(n[None], means[None], None, products[None], None)

    def per_feature(self, origin):
        """Summary of each feature, of cells with one group.  Fields (K, D); between (D,)."""
        counts, means = self.counts[0], self.means[0]
        grand = (counts / counts.sum()) @ means
        between = sum(n * _square(mean - grand) for n, mean in zip(counts, means, strict=True)) / counts.sum()
        energies = np.stack([_square(origin + mean) for mean in means])
        return Summary(counts, self.squares[0] / counts[:, None], energies, between)

    def matrices(self, origin):
        """Summary of the covariances, of cells with one group.  Fields (K, D, D); between (D, D)."""
        counts, means = self.counts[0], self.means[0]
        offsets = means - (counts / counts.sum()) @ means
        between = (offsets.T * (counts / counts.sum())) @ offsets.conj()
        energies = np.stack([np.outer(origin + mean, (origin + mean).conj()) for mean in means])
        return Summary(counts, self.products[0] / counts[:, None, None], energies, between)


def _square(values):
    """|v|², real."""
    return values.real**2 + values.imag**2 if np.iscomplexobj(values) else values**2
