"""Two classifiers of a layer, fitted on the moments of some folds and tried on the images of the others.

linear         w = (Σ + λ diag Σ)⁻¹ C,  Σ the covariance of all samples, C that with the indicators of the classes
nearest mean   the class whose mean is nearest

λ is the one with the least squared error between two halves of the folds, which follows from their moments.
"""

import numpy as np

from ...separation import jackknife_interval

__all__ = ["PROBES", "held_out", "share_with_interval"]

PROBES = ("accuracy_linear", "accuracy_nearest_mean")
_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)


def held_out(folds, tried):
    """The share of images that each classifier gets right, fitted on the folds that they are not in.

    folds : `Folds`
    tried : {fold: (rows (n, D), classes (n,))}, images of some folds

    Returns {name: [share, low, high]}, 95 % intervals: by Wilson (1927) for the number of images, or the jackknife over
    the folds that were tried, whichever is wider. None if some class has not come twice, or nothing was tried.
    """
    every = np.flatnonzero(folds.counts().sum(axis=1))
    tried = {fold: held for fold, held in tried.items() if len(held[1])}
    if not tried or len(every) < 3:
        return dict.fromkeys(PROBES)
    rights, sizes = {name: [] for name in PROBES}, []
    penalty = _penalty(folds, np.array_split(every, 2))
    for fold, (rows, classes) in tried.items():
        moments = folds.pooled(every[every != fold])
        there = np.flatnonzero(folds.counts()[every[every != fold]].sum(axis=0))
        for name, (weights, offsets) in zip(PROBES, (_ridge(moments, penalty), _nearest(moments)), strict=True):
            taken = there[np.argmax(rows.astype(np.float64) @ weights + offsets, axis=1)]
            rights[name].append(np.sum(taken == classes))
        sizes.append(len(classes))
    return {name: share_with_interval(np.array(right), np.array(sizes)) for name, right in rights.items()}


def share_with_interval(right, sizes):
    """[share, low, high] of right answers in folds of these sizes, as `held_out` has it."""
    n, share, z = sizes.sum(), right.sum() / sizes.sum(), 1.959963984540054
    centre, reach = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = ((centre + sign * reach) / (1 + z**2 / n) for sign in (-1, 1))
    if len(sizes) > 1:
        others = (right.sum() - right) / (n - sizes)
        by_folds = jackknife_interval(share, others, 0.95)
        low, high = min(low, by_folds[0]), max(high, by_folds[1])
    return [float(share), float(np.clip(low, 0, share)), float(np.clip(high, share, 1))]


def _penalty(folds, halves):
    errors = np.zeros(len(_PENALTIES))
    for own, other in (halves, halves[::-1]):
        fitted, tried = folds.pooled(own), folds.pooled(other)
        if len(fitted.counts) == len(tried.counts):
            errors += [_squared_error(_ridge(fitted, penalty), tried) for penalty in _PENALTIES]
    return _PENALTIES[int(np.argmin(errors))]


def _ridge(moments, penalty):
    """(D, K) weights, (K,) offsets."""
    shares = moments.counts / moments.counts.sum()
    mean, root = shares @ moments.means, moments.centred
    covariance = moments.scatter / moments.counts.sum() + root.T @ root
    deviations = np.sqrt(np.diagonal(covariance))
    inverse = np.where(deviations > 1e-7 * deviations.max(), 1 / np.maximum(deviations, 1e-300), 0.0)
    system = covariance * inverse[:, None] * inverse
    system[np.diag_indices_from(system)] += penalty + (inverse == 0)
    right = inverse[:, None] * ((moments.means - mean) * shares[:, None]).T
    weights = inverse[:, None] * np.linalg.solve(system, right)
    return weights, shares - mean @ weights


def _nearest(moments):
    centre = moments.means.mean(axis=0)
    means = moments.means - centre
    return means.T, -centre @ means.T - np.sum(means**2, axis=1) / 2


def _squared_error(classifier, moments):
    """E|t − w x − b|² over the samples of these moments, t the indicator of the class."""
    weights, offsets = classifier
    shares = moments.counts / moments.counts.sum()
    given = moments.means @ weights + offsets - np.eye(len(shares))
    return np.sum(weights * (moments.scatter @ weights)) / moments.counts.sum() + shares @ np.sum(given**2, axis=1)
