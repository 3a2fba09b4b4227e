"""Intervals of the statistics of grouped samples, by leaving out one group after the other.

    θ ± t √((G − 1)/G Σ_g (θ_(g) − θ_(·))²),   t the quantile of Student's law with G − 1 degrees of freedom

with θ_(g) the statistic of all groups but g. The statistics are smooth functions of means, for which the jackknife
variance is consistent. Where the true separation of the classes is 0, the between-class variance is a degenerate
quadratic form of the class means and the interval is conservative: it covers more than it says. Source: Quenouille
(1956), Tukey (1958); delete-a-group, Kott (2001).

Where the groups are strata of their own in each class, as the moved copies of a photograph are, one group of one class
is left out at a time:

    θ ± t √(Σ_y (G_y − 1)/G_y Σ_g (θ_(yg) − θ_(y·))²),   t with Σ_y (G_y − 1) degrees of freedom

Source: Shao & Wu (1989).
"""

import numpy as np

from .cells import Cells
from .summary import Summary

__all__ = ["jackknife_error", "jackknife_interval", "matrices_without_each_group", "totals_without_each_group"]

_CHUNK_FEATURES = 2048  # of the inner products at a time, so that they stay in the cache


def jackknife_interval(value, replicates, confidence, strata=None):
    """(low, high) around `value`, from the statistic without each group.

    replicates : (R,) the statistic without each group
    strata : (R,) integers, the class that each group was left out of; None where it was left out of every class
    """
    from scipy.special import stdtrit

    error, freedom = jackknife_error(replicates, strata)
    reach = stdtrit(freedom, (1 + confidence) / 2) * error
    return float(value - reach), float(value + reach)


def jackknife_error(replicates, strata=None):
    """(standard error, degrees of freedom) of a statistic, from its replicates as in `jackknife_interval`."""
    replicates = np.asarray(replicates)
    strata = np.zeros(len(replicates), int) if strata is None else strata
    deviations, weights, freedom = np.empty(len(replicates)), np.empty(len(replicates)), 0
    with np.errstate(invalid="ignore"):  # of infinite ratios, whose interval is NaN
        for stratum in np.unique(strata):
            here = strata == stratum
            groups = np.sum(here)
            deviations[here] = replicates[here] - np.mean(replicates[here])
            weights[here], freedom = (groups - 1) / groups, freedom + groups - 1
        power = np.frexp(np.max(np.abs(deviations)))[1]  # of two, taken out, so that no square leaves the range
        error = np.ldexp(np.sqrt(np.sum(weights * np.ldexp(deviations, -power) ** 2)), power)
    return float(error), int(freedom)


def totals_without_each_group(cells: Cells, origin, stratified=False):
    """Summaries, summed over the features, of all groups but one, for each group.

    stratified : leave out one group of one class at a time, class after class, instead of one of every class

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
    left_out = [(g, y) for y, g in zip(*np.nonzero(cells.samples.T), strict=True)] if stratified else range(groups)
    return [_totals(_all_but(cell, cells.counts), sums, gram) for cell in left_out]


def _all_but(cell, counts):
    """The counts of the cells, (G, K), but 0 in one cell or in one group."""
    kept = counts.copy()
    kept[cell] = 0
    return kept


def _totals(counts, sums, gram):
    """The summary of the cells with `counts` above 0, from the inner products of all cell means and of the origin."""
    groups, classes = counts.shape
    n = counts.sum(axis=0)
    shares = counts / n  # pooled mean of class y = Σ_g shares[g, y] m[g, y]
    inner = gram[:-1, :-1].reshape(groups, classes, groups, classes)
    own = np.einsum("gyhy->ygh", inner)  # products of the means of one class: no class needs those with another
    squared = np.einsum("gy,ygh,hy->y", shares, own, shares)
    spread = (counts * np.einsum("ygg->gy", own)).sum(axis=0) - n * squared
    grand = (counts / n.sum()).ravel()
    between = (n / n.sum()) @ squared - grand @ gram[:-1, :-1] @ grand
    energies = squared + 2 * (shares * gram[:-1, -1].reshape(groups, classes)).sum(axis=0) + gram[-1, -1]
    return Summary(n, ((sums * (counts > 0)).sum(axis=0) + np.maximum(spread, 0)) / n, energies, between)


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
