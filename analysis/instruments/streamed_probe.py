"""A linear classifier fitted on a stream: ridge regression from normal equations, exact under any batching.

    w = (Σ x xᵀ + n λ D)⁻¹ Σ x t,   x centred,  t the indicator of the class,  D the variances of the features

D is what standardising the features amounts to. The memory is that of D x D numbers, however many images there are.
"""

import numpy as np

from .probes import ROUNDING

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
_ROWS = 1024  # to a product: a product of few rows would wait for the memory of its result


class NormalEquations:
    """Σ x xᵀ and Σ x tᵀ of centred features, in double precision: single would lose what the penalty protects."""

    def __init__(self, classes):
        self.classes, self.count, self._rows, self._labels = classes, 0, [], []

    def add(self, features, labels):
        """A batch: features (n, D) real, labels (n,) in 0 .. classes − 1."""
        if not self.count:
            self._origin = features.mean(axis=0)
            size = features.shape[1]
            self._gram, self._cross = np.zeros((size, size)), np.zeros((size, self.classes))
            self._sum, self._counts = np.zeros(size), np.zeros(self.classes)
        self.count += len(labels)
        self._rows.append(features - self._origin)
        self._labels.append(labels)
        if sum(map(len, self._labels)) >= _ROWS:
            self._flush()

    def solve(self, penalty):
        """(weights (D, K), offsets (K,)) of the K indicators, for λ = `penalty`."""
        from scipy.linalg import cho_factor, cho_solve

        self._flush()
        mean, shares = self._sum / self.count, self._counts / self.count
        deviation = np.sqrt(np.maximum(np.diagonal(self._gram) / self.count - mean**2, 0))
        kept = deviation > ROUNDING * deviation.max(initial=0)
        inverse = np.divide(1, deviation, out=np.zeros_like(deviation), where=kept)
        system = self._gram / self.count
        system -= np.outer(mean, mean)
        system *= inverse[:, None]
        system *= inverse
        system[np.diag_indices_from(system)] += penalty + ~kept  # a constant feature gets the weight 0
        right = inverse[:, None] * (self._cross / self.count - np.outer(mean, shares))
        # The transpose, which is the same matrix, has the order that is factored in place.
        weights = inverse[:, None] * cho_solve(cho_factor(system.T, overwrite_a=True, check_finite=False), right)
        return weights, shares - (self._origin + mean) @ weights

    def _flush(self):
        if not self._labels:
            return
        rows, labels = np.concatenate(self._rows, dtype=np.float64), np.concatenate(self._labels)
        target = (labels[:, None] == np.arange(self.classes)).astype(np.float64)
        self._gram += rows.T @ rows
        self._cross += rows.T @ target
        self._sum += rows.sum(axis=0)
        self._counts += target.sum(axis=0)
        self._rows, self._labels = [], []


class StreamedProbe:
    """A linear classifier that meets each image once: some to fit on, others to choose a penalty, the last to try on.

    classes : K, of labels 0 .. K − 1

    Use `fit`, then `choose`, then `test`, each a batch at a time. What a penalty was chosen on is fitted on, too,
    before the first test.
    """

    def __init__(self, classes):
        self._equations = NormalEquations(classes)
        self._candidates, self._chosen, self._right = None, None, np.zeros(len(PENALTIES), int)
        self.right = self.tried = 0

    def fit(self, features, labels):
        """Learn from a batch (n, D) real."""
        self._equations.add(features, labels)

    def choose(self, features, labels):
        """Try every penalty on a batch, fitted on the batches of `fit`; then learn from it."""
        if self._candidates is None:
            self._candidates = [self._equations.solve(penalty) for penalty in PENALTIES]
        self._right += [_right(solution, features, labels) for solution in self._candidates]
        self._equations.add(features, labels)

    def test(self, features, labels):
        """Count the images of a batch that are put in their class."""
        if self._chosen is None:
            self._chosen = self._equations.solve(self.penalty)
            self._equations = self._candidates = None  # the memory of the matrices
        self.right += _right(self._chosen, features, labels)
        self.tried += len(labels)

    @property
    def penalty(self):
        """The penalty that was right most often."""
        return PENALTIES[int(np.argmax(self._right))]


def _right(solution, features, labels):
    weights, offsets = solution
    return int(np.sum(np.argmax(features @ weights.astype(features.dtype) + offsets, axis=1) == labels))
