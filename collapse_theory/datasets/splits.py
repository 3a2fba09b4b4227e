"""Labelled samples split in two."""

import numpy as np

from ..arguments import check_count, check_number
from ..labels import class_codes

__all__ = ["split_by_class"]


def split_by_class(labels, *, fraction, seed):
    """Split a labelled sample in two at random, each class in the same proportion.

    labels : (N,) integers, or any labels of one kind that sort
    fraction : of each class that goes to the first part, in (0, 1), rounded to a whole number of samples
    seed : integer, at least 0

    Returns two arrays of indices into `labels`, sorted, that share none and miss none.
    Raises TypeError if the labels are of several kinds or do not sort; ValueError if one is missing, or if `fraction`
    is not in (0, 1) or leaves a class without a sample in one of the parts.
    """
    check_count("seed", seed, least=0)
    (names, codes), random, first = class_codes(labels), np.random.default_rng(seed), []
    if not names:
        raise ValueError("labels: expected shape (N,), N at least 1, got (0,)")
    if not 0 < check_number("fraction", fraction) < 1:
        raise ValueError(f"fraction: expected a number in (0, 1), got {fraction!r}")
    for code, label in enumerate(names):
        members = random.permutation(np.flatnonzero(codes == code))
        taken = round(fraction * len(members))
        if taken in (0, len(members)):
            raise ValueError(f"fraction: {fraction} of the {len(members)} samples of class {label} leaves a part empty")
        first.append(members[:taken])
    first = np.sort(np.concatenate(first))
    return first, np.setdiff1d(np.arange(len(codes)), first)
