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

from ..machine.sizes import JACKKNIFE_FEATURES
from .cells import Cells
from .summary import Summary

__all__ = ["jackknife_error", "jackknife_interval", "matrices_without_each_group", "totals_without_each_group"]


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
    with np.errstate(invalid="ignore"):  # infinite ratios have an interval of NaN
        for stratum in np.unique(strata):
            here = strata == stratum
            groups = np.sum(here)
            deviations[here] = replicates[here] - np.mean(replicates[here])
            weights[here], freedom = (groups - 1) / groups, freedom + groups - 1
        power = np.frexp(np.max(np.abs(deviations)))[1]  # divided out, so that no square leaves the range
        error = np.ldexp(np.sqrt(np.sum(weights * np.ldexp(deviations, -power) ** 2)), power)
    return float(error), int(freedom)


def totals_without_each_group(cells: Cells, origin, stratified=False):
    """Summaries, summed over the features, of all groups but one, for each group.

        n_y = Σ_g n_gy,   μ_y = Σ_g s_gy m_gy,   s_gy = n_gy / n_y,   over the groups g that are kept
        |μ_y|² = Σ_gh s_gy s_hy ⟨m_gy, m_hy⟩
        n_y W_y = Σ_g S_gy + Σ_g n_gy |m_gy|² − n_y |μ_y|²
        B = Σ_y p_y |μ_y|² − |μ|²,   μ = Σ_y p_y μ_y

    All of them follow from the inner products of the cell means: one matrix product of (G K, D) arrays, instead of G
    pools of K D numbers each. The means are taken from the mean of all samples, so that no digits are lost.

    stratified : leave out one group of one class at a time, class after class, instead of one of every class

    Returns a list of `Summary`.
    """
    inner = _inner_products(cells, origin)
    squares = cells.squares.sum(axis=-1)
    strata = zip(*np.nonzero(cells.samples.T), strict=True)
    left_out = [(group, y) for y, group in strata] if stratified else range(len(cells.counts))
    return [_total_of(_all_but(cell, cells.counts), squares, inner) for cell in left_out]


def _inner_products(cells, origin):
    """(G K + 1, G K + 1) Re ⟨a, b⟩ of the cell means and, last, of the origin, all from the mean of all samples."""
    means, shares = cells.means.reshape(-1, cells.means.shape[-1]), cells.counts.ravel() / cells.counts.sum()
    inner = np.zeros((len(means) + 1, len(means) + 1))
    for start in range(0, means.shape[1], JACKKNIFE_FEATURES):
        part = slice(start, start + JACKKNIFE_FEATURES)
        center = shares @ means[:, part]
        rows = np.concatenate([means[:, part] - center, (origin[part] + center)[None]])
        inner += (rows.conj() @ rows.T).real
    return inner


def _all_but(cell, counts):
    """The counts of the cells, (G, K), but 0 in one cell or in one group."""
    kept = counts.copy()
    kept[cell] = 0
    return kept


def _total_of(counts, squares, inner):
    """The summary of the cells of which `counts` (G, K) are above 0.

    squares : (G, K) squared deviations of each cell, summed over the features
    inner : `_inner_products`
    """
    groups, classes = counts.shape
    n, of_means, to_origin = counts.sum(axis=0), inner[:-1, :-1], inner[:-1, -1].reshape(groups, classes)
    shares = counts / n
    own = np.einsum("gyhy->ygh", of_means.reshape(groups, classes, groups, classes))  # of the means of one class
    norms = np.einsum("gy,ygh,hy->y", shares, own, shares)
    energies = norms + 2 * (shares * to_origin).sum(axis=0) + inner[-1, -1]
    within = (squares * (counts > 0)).sum(axis=0) + _spread(counts, norms, own)
    return Summary(n, within / n, energies, _between(counts, norms, of_means))


def _spread(counts, norms, own):
    """(K,) Σ_g n_gy |m_gy − μ_y|², where `norms` are |μ_y|²."""
    return np.maximum((counts * np.einsum("ygg->gy", own)).sum(axis=0) - counts.sum(axis=0) * norms, 0)


def _between(counts, norms, of_means):
    """Σ_y p_y |μ_y|² − |μ|², where `norms` are |μ_y|²."""
    shares = counts / counts.sum()
    return shares.sum(axis=0) @ norms - shares.ravel() @ of_means @ shares.ravel()


def matrices_without_each_group(cells: Cells, pooled: Cells, origin):
    """Summaries of the covariance matrices of all groups but one, for each group, one at a time.

    pooled : the cells pooled. Each group is subtracted from it: one pass over the matrices instead of G merges. With
        20 groups that removes about a twentieth of each sum, so that no digits are lost. With weights, one group may
        hold nearly all of the sum: then the others are merged.

    Yields a `Summary` of (K, D, D) matrices for each group.
    """
    weighted, groups = cells.counts.dtype.kind == "f", np.arange(len(cells.counts))
    for left_out in groups:
        kept = cells.pooled(np.delete(groups, left_out)) if weighted else pooled.without(cells, left_out)
        yield kept.matrices(origin)
