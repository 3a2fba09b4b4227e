"""A number with all that its interval, and that of a difference, is made of."""

import math
from dataclasses import dataclass

import numpy as np

from ..separation import jackknife_error

__all__ = ["Estimate", "Known", "effective_groups", "p_value", "share_interval", "without_bias", "without_each_unit"]


class _WithError:
    """What has a value, and an error of it."""

    def interval(self, confidence):
        """[value, low, high]."""
        reach = _quantile(self, confidence) * self.error()[0]
        return [float(self.value), float(self.value - reach), float(self.value + reach)]


@dataclass(frozen=True)
class Known(_WithError):
    """A value, its standard error, and the degrees of freedom of that: all that an interval is made of."""

    value: float
    standard_error: float
    freedom: float

    def error(self):
        """(standard error, degrees of freedom)."""
        return self.standard_error, self.freedom


@dataclass(frozen=True, eq=False)
class Estimate(_WithError):
    """A value, and its replicates: what it is without each group of samples.

    value : float
    sources : pairs (replicates (R,), strata (R,) or None), one for each independent source of variation, as the images
        that are measured and those that a classifier was fitted on
    """

    value: float
    sources: tuple

    def __sub__(self, other):
        """The difference of two estimates of the same samples, pair by pair of replicates."""
        pairs = zip(self.sources, other.sources, strict=True)
        with np.errstate(invalid="ignore"):  # of infinite ratios, whose difference is NaN
            sources = tuple((np.subtract(own, its), strata) for (own, strata), (its, _) in pairs)
            return Estimate(float(np.subtract(self.value, other.value)), sources)

    def error(self):
        """(standard error, degrees of freedom); of several sources, those of Satterthwaite (1946)."""
        errors = [jackknife_error(*source) for source in self.sources]
        variances = np.array([error**2 for error, _ in errors])
        freedoms = np.array([freedom for _, freedom in errors], float)
        total = variances.sum()
        if not total > 0:
            return float(np.sqrt(total)), float(freedoms.min())
        return float(np.sqrt(total)), float(total**2 / np.sum(variances**2 / freedoms))


def _quantile(estimate, confidence):
    from scipy.special import stdtrit

    return stdtrit(estimate.error()[1], (1 + confidence) / 2)


def without_bias(value, replicates, strata):
    """θ − Σ_y (G_y − 1) (θ_(y·) − θ): without the bias of few groups in a class, to the order 1 / G; Quenouille (1956).

    The means of a class of few templates differ from those of its population, which would pass for a difference of
    classes: what is known of the images within a template does not say by how much.
    """
    strata = np.asarray(strata)
    means = [(np.sum(strata == y) - 1) * (np.mean(replicates[strata == y]) - value) for y in np.unique(strata)]
    return float(value - np.sum(means))


def effective_groups(estimate):
    """(Σ e_g)² / Σ e_g² of the part e_g that each group has in a mean; as many as there are, if they have it alike.

    Where few groups have nearly all of it, the others, alike in having nothing, say nothing of its error.
    """
    replicates, _ = estimate.sources[0]
    parts = len(replicates) * estimate.value - (len(replicates) - 1) * replicates
    total = np.sum(np.abs(parts))
    return float(total**2 / np.sum(parts**2)) if total > 0 and np.isfinite(total) else 0.0


def p_value(estimate):
    """Two-sided, of the value 0; 1 where nothing varies and the value is 0."""
    from scipy.special import stdtr

    error, freedom = estimate.error()
    if not error > 0:
        return 1.0 if error != 0 or estimate.value == 0 else 0.0
    return float(2 * stdtr(freedom, -abs(estimate.value) / error))


def share_interval(estimate, confidence, count):
    """[share, low, high] by Wilson (1927), with as many samples as would have the standard error of the estimate.

    count : samples, of which there are never more; Korn & Graubard (1998)
    """
    share, error = estimate.value, estimate.error()[0]
    likely = (count * share + 1) / (count + 2)  # where all are right, fits may still differ, and one more may be wrong
    n = min(count, likely * (1 - likely) / error**2) if error > 0 else count
    z = float(_quantile(estimate, confidence))
    n = max(n, 1e-9)
    centre, reach = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = (float(np.clip((centre + sign * reach) / (1 + z**2 / n), 0, 1)) for sign in (-1, 1))
    return [float(share), min(low, float(share)), max(high, float(share))]


def without_each_unit(right, units):
    """The share of right answers without each unit of images.

    right : (N,) booleans; units : (N,) integers, the unit of each image, 0 .. R − 1

    Returns (R,).
    """
    sizes, rights = np.bincount(units), np.bincount(units, weights=right)
    return (right.sum() - rights) / (len(right) - sizes)
