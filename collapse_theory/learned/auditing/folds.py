"""Moments of labelled features in folds: all that the audit of a layer says is read from them.

The k-th sample of a class goes to fold k mod 10. A statistic without each fold gives its jackknife interval; a
classifier fitted on the other folds is held out from one.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["FOLDS", "Folds", "Moments", "fold_bytes", "folds_of"]

FOLDS = 10


def fold_bytes(features, classes):
    """What the moments of so many features and classes take."""
    return 8 * FOLDS * (features**2 + classes * (features + 2))


def folds_of(labels, before):
    """(n,) the fold of each sample of a batch; `before`, a dict of how many of each class came, is updated."""
    folds = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        start = before.get(int(label), 0)
        folds[here] = (start + np.arange(len(here))) % FOLDS
        before[int(label)] = start + len(here)
    return folds


@dataclass(frozen=True)
class Moments:
    """Moments of n samples of D features in K classes, p_y = n_y / n.

    counts : (K,) n_y, above 0
    means : (K, D) μ_y
    squares : (K,) n_y E|x − μ_y|² in class y
    scatter : (D, D) n Σ_W,  Σ_W = Σ_y p_y E[(x − μ_y)(x − μ_y)ᵀ]
    """

    counts: np.ndarray
    means: np.ndarray
    squares: np.ndarray
    scatter: np.ndarray

    @property
    def images(self):
        """n."""
        return int(self.counts.sum())

    @property
    def centred(self):
        """(K, D) √p_y (μ_y − μ), with μ = Σ_y p_y μ_y: the rows of a root of Σ_B."""
        shares = self.counts / self.counts.sum()
        return np.sqrt(shares)[:, None] * (self.means - shares @ self.means)


class Folds:
    """Moments of each fold, updated and merged without losing digits. Source: Chan, Golub & LeVeque (1983)."""

    def __init__(self, features):
        self._features, self._classes = features, 0
        self._counts = np.zeros((FOLDS, 0))
        self._means, self._squares = np.zeros((FOLDS, 0, features)), np.zeros((FOLDS, 0))
        self._scatter = np.zeros((FOLDS, features, features))

    def update(self, features, labels, folds):
        """Add a batch: (n, D) host numbers, (n,) classes, (n,) folds."""
        self._make_room(int(labels.max(initial=-1)) + 1)
        for fold in np.unique(folds):
            here = folds == fold
            rows, classes = features[here].astype(np.float64), labels[here]
            found, codes = np.unique(classes, return_inverse=True)
            counts = np.bincount(codes)
            member = (codes[None] == np.arange(len(found))[:, None]).astype(np.float64)
            means = member @ rows / counts[:, None]
            means += member @ (rows - means[codes]) / counts[:, None]  # the first mean is off by its rounding
            rows -= means[codes]
            squares = np.bincount(codes, weights=np.einsum("nd,nd->n", rows, rows))
            self._add(fold, found, counts, means, squares, rows.T @ rows)

    def merge(self, other):
        """Add the samples of other folds, fold by fold; returns itself."""
        self._make_room(other._classes)
        for fold in range(FOLDS):
            found = np.flatnonzero(other._counts[fold])
            parts = (other._counts, other._means, other._squares)
            self._add(fold, found, *(part[fold, found] for part in parts), other._scatter[fold])
        return self

    def counts(self):
        """(FOLDS, K) samples."""
        return self._counts

    def pooled(self, folds=None):
        """`Moments` of some folds, by default of all; of the classes that they have."""
        folds = np.arange(FOLDS) if folds is None else np.asarray(folds)
        counts = self._counts[folds]
        there = np.flatnonzero(counts.sum(axis=0))
        counts, means = counts[:, there], self._means[folds][:, there]
        total = counts.sum(axis=0)
        pooled = np.einsum("gk,gkd->kd", counts / total, means)
        offsets = np.sqrt(counts)[..., None] * (means - pooled)
        squares = self._squares[folds][:, there].sum(axis=0) + np.einsum("gkd,gkd->k", offsets, offsets)
        offsets = offsets.reshape(-1, self._features)
        return Moments(total, pooled, squares, self._scatter[folds].sum(axis=0) + offsets.T @ offsets)

    def _make_room(self, classes):
        if classes > self._classes:
            more = ((0, 0), (0, classes - self._classes))
            self._counts, self._squares = (np.pad(values, more) for values in (self._counts, self._squares))
            self._means, self._classes = np.pad(self._means, (*more, (0, 0))), classes

    def _add(self, fold, classes, counts, means, squares, scatter):
        before = self._counts[fold, classes]
        shares = counts / (before + counts)
        differences = means - self._means[fold, classes]
        links = np.sqrt(before * shares)[:, None] * differences
        self._means[fold, classes] += shares[:, None] * differences
        self._squares[fold, classes] += squares + np.einsum("kd,kd->k", links, links)
        self._scatter[fold] += scatter + links.T @ links
        self._counts[fold, classes] += counts
