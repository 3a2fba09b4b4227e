"""Intervals of the statistics of grouped samples, by leaving out one group after the other.

    θ ± t √((G − 1)/G Σ_g (θ_(g) − θ_(·))²),   t the quantile of Student's law with G − 1 degrees of freedom

with θ_(g) the statistic of all groups but g. The statistics are smooth functions of means, for which the jackknife
variance is consistent. Where the true separation of the classes is 0, the between-class variance is a degenerate
quadratic form of the class means and the interval is conservative: it covers more than it says. Source: Quenouille
(1956), Tukey (1958); delete-a-group, Kott (2001).
"""

import numpy as np

from .cells import Cells
from .summary import Summary

__all__ = ["jackknife_interval", "matrices_without_each_group", "totals_without_each_group"]

_CHUNK_FEATURES = 2048  # of the inner products at a time, so that they stay in the cache


def jackknife_interval(value, replicates, confidence):
    """(low, high) around `value`, from the statistic without each group."""
    from scipy.special import stdtrit

    groups = len(replicates)
    with np.errstate(invalid="ignore"):  # of infinite ratios, whose interval is NaN
        deviations = replicates - np.mean(replicates)
        power = np.frexp(np.max(np.abs(deviations)))[
            1
        ]  # of two, which is taken out, so that no square leaves the range
        error = np.sqrt((groups - 1) / groups * np.sum(np.ldexp(deviations, -power) ** 2))
        reach = stdtrit(groups - 1, (1 + confidence) / 2) * np.ldexp(error, power)
    return float(value - reach), float(value + reach)


def totals_without_each_group(cells: Cells, origin):
    """Summaries, summed over the features, of all groups but one, for each group.

    All squared distances between pooled means follow from the inner products of the cell means, taken from the mean
    of all samples: one matrix product of (G K, D) arrays instead of G pools of K D numbers each.
    """
    groups, classes, features = cells.means.shape
    flat, shares = cells.means.reshape(groups * classes, features), cells.counts.ravel() / cells.counts.sum()
    gram = np.zeros((len(flat) + 1, len(flat) + 1))
    for start in range(0, features, _CHUNK_FEATURES):
        part = slice(start, start + _CHUNK_FEATURES)
        center = shares @ flat[:, part]
        rows = np.concatenate([flat[:, part] - center, (origin[part] + center)[None]])
        gram += (rows.conj() @ rows.T).real
    sums = cells.squares.sum(axis=-1)
    return [_totals(np.delete(np.arange(groups), left_out), cells.counts, sums, gram) for left_out in range(groups)]


def _totals(kept, counts, sums, gram):
    """The summary of the groups `kept`, from the inner products of the cell means and, last, of the origin."""
    groups, classes = counts.shape
    n = counts[kept].sum(axis=0)
    shares = np.zeros((classes, groups, classes))  # pooled mean of class y = Σ shares[y, g, y'] m[g, y']
    for y in range(classes):
        shares[y, kept, y] = counts[kept, y] / n[y]
    shares = shares.reshape(classes, -1)
    inner, to_origin = gram[:-1, :-1], gram[:-1, -1]
    squared = np.einsum("ya,ab,yb->y", shares, inner, shares)
    cell_norms = np.diag(inner).reshape(groups, classes)
    spread = (counts[kept] * cell_norms[kept]).sum(axis=0) - n * squared
    offsets = shares - (n / n.sum()) @ shares
    between = (n / n.sum()) @ np.einsum("ya,ab,yb->y", offsets, inner, offsets)
    energies = squared + 2 * shares @ to_origin + gram[-1, -1]
    return Summary(n, (sums[kept].sum(axis=0) + np.maximum(spread, 0)) / n, energies, between)


def matrices_without_each_group(cells: Cells, pooled: Cells, origin):
    """Summaries of the covariance matrices of all groups but one, for each group, one at a time.

    pooled : the cells pooled. Each group is taken off it, which costs one pass over the matrices where merging the
        others costs G; a twentieth of the products comes off, so that no digits are lost. Samples with weights may
        have nearly all of it in one group: then the others are merged.
    """
    weighted, groups = cells.counts.dtype.kind == "f", np.arange(len(cells.counts))
    for left_out in groups:
        kept = cells.pooled(np.delete(groups, left_out)) if weighted else pooled.without(cells, left_out)
        yield kept.matrices(origin)
