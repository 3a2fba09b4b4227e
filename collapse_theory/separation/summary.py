"""What the moments of labelled features say: variances, mean energies, Fisher ratios; with and without bias.

The formulas are the same for one number (summed over the features), for each feature, and for matrices: only the
trailing shape `...` of the fields differs, and whether a square |a|² is a a* or the matrix a aᴴ.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Summary", "fisher_full"]


@dataclass(frozen=True)
class Summary:
    """Second-order statistics of the empirical measure of a labelled sample, K classes, n samples, p_y = n_y / n.

    counts : (K,) samples n_y of each class, or the sums of their weights
    variances : (K, ...) W_y = E|x − μ_y|² within each class
    energies : (K, ...) |μ_y|² of each class mean
    between_class_variance : (...) B = Σ_y p_y |μ_y − μ|², μ = Σ_y p_y μ_y
    """

    counts: np.ndarray
    variances: np.ndarray
    energies: np.ndarray
    between_class_variance: np.ndarray

    @property
    def within_class_variance(self):
        """W = Σ_y p_y W_y."""
        return self._average(self.variances)

    @property
    def mean_energy(self):
        """M = Σ_y p_y |μ_y|²; for the empirical measure M + W is the energy E|x|², exactly."""
        return self._average(self.energies)

    @property
    def fisher_trace(self):
        """B / W; infinite if classes differ and nothing varies within them, NaN if nothing varies at all."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.divide(self.between_class_variance, self.within_class_variance)

    def unbiased(self):
        """The same statistics without the bias of a finite sample; they may be negative, and are never clipped.

            W_y ← W_y n_y / (n_y − 1),   |μ_y|² ← |μ_y|² − W_y / n_y,   B ← B − (Σ_y W_y − Σ_y p_y W_y) / n

        with the first W_y in the other two. Expectations are over samples with these class counts. The Fisher ratio is
        then a ratio of unbiased numbers, itself biased to the order 1 / n. Every count must be more than 1.
        """
        n = self._weights(self.variances)
        variances = self.variances * (n / (n - 1))
        excess = np.sum(variances, axis=0) - self._average(variances)
        between = self.between_class_variance - excess / np.sum(self.counts)
        return Summary(self.counts, variances, self.energies - variances / n, between)

    def total(self):
        """The sums over the features, of a summary of each feature: fields (K,), between-class variance ()."""
        return Summary(
            self.counts, self.variances.sum(axis=1), self.energies.sum(axis=1), self.between_class_variance.sum()
        )

    def reshaped(self, shape):
        """The same numbers with features (D,) in another shape: fields (K, *shape), between-class variance `shape`."""
        fields = (values.reshape(-1, *shape) for values in (self.variances, self.energies))
        return Summary(self.counts, *fields, self.between_class_variance.reshape(shape))

    def _average(self, values):
        return np.sum(self._weights(values) * values, axis=0) / np.sum(self.counts)

    def _weights(self, values):
        return self.counts.reshape(-1, *(1,) * (values.ndim - 1)).astype(np.float64)


def fisher_full(matrices, ridge=None):
    """(1/K) Tr((Σ_W + ridge I)⁻¹ Σ_B), of a `Summary` of D x D matrices.

    ridge : number of at least 0; by default 1e-3 Tr(Σ_W) / D

    Returns a float. The inverse of an estimated matrix is biased even where Σ_W and Σ_B are not: see
    `ClassMoments.fisher_full` for how much.
    Raises ValueError if Σ_W + ridge I is singular.
    Source: Fisher (1936); the ridge as in regularised discriminant analysis, Friedman (1989).
    """
    within, between = matrices.within_class_variance, matrices.between_class_variance
    features = within.shape[0]
    ridge = 1e-3 * np.trace(within).real / features if ridge is None else ridge
    try:
        ratio = np.linalg.solve(within + ridge * np.eye(features), between)
    except np.linalg.LinAlgError:
        raise ValueError(f"ridge: the within-class covariance is singular, expected more than {ridge}") from None
    return float(np.trace(ratio).real / len(matrices.counts))
