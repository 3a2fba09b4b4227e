"""Labelled samples split in two."""

import numpy as np

from ..arguments import check_count, check_number
from .hosts import host_array

__all__ = ["split_by_class"]


def split_by_class(labels, *, fraction, seed):
    """Split a labelled sample in two at random, each class in the same proportion.

    labels : (N,) integers, or any values that sort together
    fraction : of each class that goes to the first part, in (0, 1), rounded to a whole number of samples
    seed : integer, at least 0

    Returns two arrays of indices into `labels`, sorted, that share none and miss none.
    Raises TypeError if the labels do not sort together; ValueError if one is NaN, or if `fraction` is not in (0, 1) or
    leaves a class without a sample in one of the parts.
    """
    check_count("seed", seed, least=0)
    labels, random, first = host_array("labels", labels), np.random.default_rng(seed), []
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"labels: expected shape (N,), N at least 1, got {labels.shape}")
    if not 0 < check_number("fraction", fraction) < 1:
        raise ValueError(f"fraction: expected a number in (0, 1), got {fraction!r}")
    for label in _classes(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        taken = round(fraction * len(members))
        if taken in (0, len(members)):
            raise ValueError(f"fraction: {fraction} of the {len(members)} samples of class {label} leaves a part empty")
        first.append(members[:taken])
    first = np.sort(np.concatenate(first))
    return first, np.setdiff1d(np.arange(len(labels)), first)


def _classes(labels):
    """The different labels, sorted."""
    try:
        if np.any(labels != labels):
            raise ValueError("labels: expected values that are equal to themselves, got NaN")
        return np.unique(labels)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise TypeError(f"labels: expected values that sort together, got {kinds}") from None
