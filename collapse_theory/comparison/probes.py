"""Two classifiers of averaged channels, from sums over the images to fit on: exact under any batching.

linear         w = (Σ x xᵀ / n + λ D)⁻¹ Σ x tᵀ / n,   x centred,  t the indicator of the class,  D the variances
nearest mean   the class whose mean is nearest, each feature divided by its deviation within the classes

The images to fit on are in folds, whose sums are kept apart. λ is the one with the least squared error on the folds
that it was not fitted on, which follows from the sums. Without each fold, once, both are fitted again: how much the
answers depend on the images that were fitted on. Memory: 8 folds (D + 1) (D + 1 + K) bytes.
"""

import numpy as np

__all__ = ["FOLDS", "Probes", "probe_bytes"]

FOLDS = 10
_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_ROUNDING = 1e-5  # of the mean amplitude of the maps: an average that deviates by less is rounding in single precision
_ROWS = 2048  # to a product


def probe_bytes(features, classes):
    """What the sums take."""
    return 8 * FOLDS * (features + 1) * (features + 1 + classes)


class Probes:
    """Both classifiers: `add` the images to fit on, `fit`, then ask which images are `right`.

    classes : K, of labels 0 .. K − 1
    """

    def __init__(self, classes):
        self._classes, self._rows, self._waiting = classes, [], 0
        self._origin, self._amplitude, self._count = None, 0.0, 0

    def add(self, features, codes, folds, amplitude):
        """A batch: features (n, D), classes (n,), folds (n,) in 0 .. FOLDS − 1, and the mean amplitude of the maps."""
        if self._origin is None:
            self._origin = features.mean(axis=0)
            size = features.shape[1] + 1
            self._gram, self._cross = np.zeros((FOLDS, size, size)), np.zeros((FOLDS, size, self._classes))
        self._amplitude, self._count = self._amplitude + amplitude * len(codes), self._count + len(codes)
        self._rows.append((features - self._origin, codes, folds))
        self._waiting += len(codes)
        if self._waiting >= _ROWS:
            self._flush()

    def fit(self):
        """Fit on all folds, and on all but each."""
        self._flush()
        folds = [fold for fold in range(FOLDS) if self._gram[fold, 0, 0] > 0]
        errors = [sum(self._error(fold, penalty) for fold in folds) for penalty in _PENALTIES]
        penalty = _PENALTIES[int(np.argmin(errors))]
        fits = [self._sums(None), *(self._sums(fold) for fold in folds)]
        self._linear = np.stack([self._ridge(*sums, penalty) for sums in fits])
        self._nearest = np.stack([self._means(*sums) for sums in fits])
        self._gram = self._cross = None
        return self

    def right(self, features, codes):
        """{"accuracy_linear": (1 + folds, n) booleans, "accuracy_nearest_mean": ..}: all folds, then without each."""
        rows = np.concatenate([np.ones((len(features), 1)), features - self._origin], axis=1)
        named = {"accuracy_linear": self._linear, "accuracy_nearest_mean": self._nearest}
        return {name: np.argmax(rows @ weights, axis=-1) == codes for name, weights in named.items()}

    def _flush(self):
        if not self._waiting:
            return
        rows, codes, folds = (np.concatenate(column) for column in zip(*self._rows, strict=True))
        rows = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
        for fold in np.unique(folds):
            here = folds == fold
            target = (codes[here, None] == np.arange(self._classes)).astype(np.float64)
            self._gram[fold] += rows[here].T @ rows[here]
            self._cross[fold] += rows[here].T @ target
        self._rows, self._waiting = [], 0

    def _sums(self, left_out):
        kept = np.arange(FOLDS) != (-1 if left_out is None else left_out)
        return self._gram[kept].sum(axis=0), self._cross[kept].sum(axis=0)

    def _error(self, fold, penalty):
        """Squared error on one fold, fitted on the others, but for a constant."""
        weights = self._ridge(*self._sums(fold), penalty)
        return np.sum(weights * (self._gram[fold] @ weights)) - 2 * np.sum(weights * self._cross[fold])

    def _ridge(self, gram, cross, penalty):
        """(1 + D, K) weights, the first row the offsets."""
        from scipy.linalg import cho_factor, cho_solve

        mean, shares = gram[0, 1:] / gram[0, 0], cross[0] / gram[0, 0]
        covariance = gram[1:, 1:] / gram[0, 0] - np.outer(mean, mean)
        inverse = self._inverse(np.diagonal(covariance))
        system = covariance * inverse[:, None] * inverse
        system[np.diag_indices_from(system)] += penalty + (inverse == 0)  # a constant feature gets the weight 0
        right = inverse[:, None] * (cross[1:] / gram[0, 0] - np.outer(mean, shares))
        weights = inverse[:, None] * cho_solve(cho_factor(system), right)
        return np.concatenate([(shares - mean @ weights)[None], weights])

    def _means(self, gram, cross):
        """(1 + D, K): the largest of  m_y · x − |m_y|² / 2  is of the nearest mean."""
        means = cross[1:] / cross[0]
        variance = (np.diagonal(gram)[1:] - means**2 @ cross[0]) / gram[0, 0]
        overall = np.diagonal(gram)[1:] / gram[0, 0] - (gram[0, 1:] / gram[0, 0]) ** 2
        floor = (_ROUNDING * self._amplitude / self._count) ** 2
        weights = np.where(overall > floor, 1 / np.maximum(variance, max(floor, 1e-300)), 0.0)[:, None] * means
        return np.concatenate([-(means * weights).sum(axis=0)[None] / 2, weights])

    def _inverse(self, variances):
        """1 / deviation, 0 for what deviates by rounding alone."""
        floor = max((_ROUNDING * self._amplitude / self._count) ** 2, 1e-300)
        return np.where(variances > floor, 1 / np.sqrt(np.maximum(variances, floor)), 0.0)
