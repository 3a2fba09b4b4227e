"""What of a comparison follows from the sizes alone: the bank, the depths that fit in memory, groups and batches."""

import math
from dataclasses import dataclass

import numpy as np

from ..wavelets import FilterBank, morlet_bank
from .probes import probe_bytes

__all__ = ["Design", "check_bank", "design_of"]

_CELL, _NUMBER = 24, 16  # bytes of a feature in a cell of the moments, and of a complex number
_MOST_AT_ONCE = 64


@dataclass(frozen=True)
class Design:
    """depth that is measured, its layers subsampled or not; groups of the jackknife, strata of their class or not;
    images of a batch; depths with classifiers."""

    depth: int
    subsample: bool
    groups: int
    stratified: bool
    batch: int
    probed: tuple[int, ...]


def check_bank(bank, sides):
    """The bank of the comparison: by default a tight one of one octave and four angles.

    Raises TypeError or ValueError if it is no FilterBank that is tight for complex maps.
    """
    if bank is None:
        return morlet_bank(sides, 1, 4, "full").tight("complex")
    if not isinstance(bank, FilterBank):
        raise TypeError(f"bank: expected a FilterBank, got {type(bank).__name__}")
    if bank.tight_for != "complex":
        expected = "one that keeps the energy of complex maps, as morlet_bank(shape, 1, 4, 'full').tight('complex')"
        raise ValueError(f"bank: expected {expected}, got {bank!r}")
    return bank.at(sides)


def design_of(fit, test, shape, bank, *, depth, subsample, groups, stratified, memory, classes):
    """(`Design`, lines about what is left out).

    groups : at most; fewer where a class has fewer images, or classes are so many that the cells would not fit

    Raises ValueError, with the size, if not even depth 1 fits in memory.
    """
    (channels, height, width), wavelets = shape, len(bank)
    units = np.bincount(test.codes, weights=None, minlength=classes)
    if stratified:
        groups = int(test.units.max()) + 1
    else:
        most = math.isqrt(int(memory // 64)) // classes  # the products of all cell means take an eighth of the memory
        groups = int(max(2, min(groups, units.min(), most)))
    if subsample is None:
        subsample = all(side % 2**depth == 0 for side in (height, width))
    left_out, features, kept = [], channels * height * width, 0
    for d in range(1, depth + 1):
        sizes = channels * (1 + wavelets) ** d, height * width // (4**d if subsample else 1)
        size = groups * classes * math.prod(sizes) * _CELL
        if size > memory:
            what = f"The class means of {classes} classes x {math.prod(sizes)} numbers x {groups} groups"
            needs = f"take {size / 2**20:.0f} MiB, more than memory = {memory / 2**20:.0f} MiB"
            left_out.append(f"depth {d}: left out. {what} {needs}.")
            break
        kept, features = d, max(features, math.prod(sizes))
    if not kept:
        raise ValueError(f"memory: expected more, or smaller images. {left_out[0]}")
    probed = [
        d for d in range(kept + 1) if probe_bytes(2 * channels * (1 + wavelets) ** d, classes) <= memory / (2 + kept)
    ]
    left_out += [
        f"accuracies at depth {d}: left out. The classifiers take too much memory."
        for d in range(kept + 1)
        if d not in probed
    ]
    if np.bincount(fit.codes).min() < 2:
        probed = []
        left_out.append("accuracies: left out. A class has one image to fit on, expected two.")
    batch = int(np.clip(memory / 8 // (4 * _NUMBER * features), 1, _MOST_AT_ONCE))
    return Design(kept, bool(subsample), groups, stratified, batch, tuple(probed)), left_out
