"""Labelled images of any library, in memory or not, read a few at a time: which ones to fit on, which to measure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import as_images, check_channels_first, check_number
from ..arrays import array_namespace, dense, place, shape
from ..datasets import Batches
from ..labels import class_codes
from ..scattering.fitted import in_single

__all__ = ["Material", "Part", "material", "shares"]

_LEAST_FITTED, _LEAST_MEASURED = 1, 3  # images of a class: two are left where one of them is left out


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the images, of K classes, in an order of their own.

    index : (n,) places of the images; codes : (n,) their classes, in 0 .. K − 1
    units : (n,) which unit of its class each image belongs to, 0, 1 ..: a template, or the image itself
    source : of a list of index arrays: the images of each, and the places of those that could be read
    """

    index: np.ndarray
    codes: np.ndarray
    units: np.ndarray
    source: Callable

    def batches(self, size):
        """Images (n, C, H, W), in single precision if they are integers, and where they are in this part."""
        where = np.zeros(1 + self.index.max(), np.int64)
        where[self.index] = np.arange(len(self.index))
        parts = [self.index[start : start + size] for start in range(0, len(self.index), size)]
        for images, index in self.source(parts):
            if len(index):
                yield as_images(in_single(images), "images", 3), where[index]

    @property
    def labels(self):
        """As of `datasets.Batches`."""
        return self.codes

    def read(self, indices):
        """As of `datasets.Batches`: of places in this part."""
        return self.source([self.index[places] for places in indices])


@dataclass(frozen=True, eq=False)
class Material:
    """All labelled images: names of the classes, the labels' codes, units, and how to read.

    names : of the classes, as text; codes : (N,) in 0 .. K − 1; units : (N,) any integers, or None
    """

    names: tuple[str, ...]
    codes: np.ndarray
    units: np.ndarray | None
    shape: tuple[int, int, int]
    read: Callable

    def part(self, index, kept):
        """Some of the images, of the classes `kept`, which are numbered anew."""
        codes = np.searchsorted(kept, self.codes[index])
        units = np.arange(len(index)) if self.units is None else self.units[index]
        return Part(index, codes, _ranks(codes, units), self.read)


def material(images, labels, units=None, name="images"):
    """`Material` of images (N, C, H, W) of any library and their labels, or of `Batches`, which have both.

    units : (N,) labels of what the images are copies of, or None
    name : how errors call the images
    """
    if isinstance(images, Batches):
        if labels is not None:
            raise TypeError("labels: expected None with Batches, which have labels, got others")
        classes, codes = class_codes(images.labels)
        names = [images.names[label] if images.names else str(label) for label in classes]
        first = next(iter(images.read([np.arange(1)])))[0]
        count, sides, read = len(codes), shape(first)[1:], images.read
    else:
        dense(images, name)
        if images.ndim != 4 or 0 in images.shape:
            raise ValueError(f"{name}: expected shape (N, C, H, W), no axis empty, got {shape(images)}")
        check_channels_first(name, shape(images))
        if labels is None:
            raise TypeError("labels: expected one for each image, got None")
        count, sides = images.shape[0], shape(images)[1:]
        classes, codes = class_codes(labels, count)
        names, read = [str(label) for label in classes], _reader(images)
    if units is not None:
        _, units = _codes_of_units(units, count)
    return Material(tuple(names), codes, units, tuple(sides), read)


def _codes_of_units(units, count):
    try:
        return class_codes(units, count)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("labels:", "groups:", 1)) from None


def _reader(images):
    xp = array_namespace(images)
    return lambda indices: ((xp.take(images, _placed(index, images), axis=0), index) for index in indices)


def _placed(index, images) -> Any:
    return place(index.astype(np.int64), like=images)


def shares(source, held_out, seed, other=None):
    """(part to fit on, part to measure, names of the classes, lines about what is left out).

    held_out : share of each class that is measured and not fitted on, whole units of it
    other : `Material` to measure instead, or None

    Raises ValueError if fewer than two classes have enough images.
    """
    rng = np.random.default_rng(seed)
    measured = source if other is None else other
    fit, test, kept, left_out = [], [], [], []
    for code, name in enumerate(source.names):
        ours = np.flatnonzero(source.codes == code)
        if other is None:
            first, second = _split(ours, source.units, held_out, rng)
        else:
            first = ours
            second = np.flatnonzero(other.codes == other.names.index(name)) if name in other.names else ours[:0]
        missing = _missing(first, second, source.units, measured.units)
        if missing:
            left_out.append(f"class {name}: left out. {missing}")
            continue
        kept.append(name)
        fit.append(first)
        test.append(second)
    if len(kept) < 2:
        raise ValueError(f"labels: expected at least two classes with enough images; {' '.join(left_out) or 'got one'}")
    parts = []
    for part, whole in ((fit, source), (test, measured)):
        codes = np.array([whole.names.index(name) for name in kept])
        order = np.argsort(codes)
        made = whole.part(np.sort(np.concatenate(part)), codes[order])
        parts.append(Part(made.index, order[made.codes], made.units, made.source))
    return *parts, tuple(kept), left_out


def _split(members, units, held_out, rng):
    units = members if units is None else units[members]
    distinct = rng.permutation(np.unique(units))
    count = max(round(held_out * len(distinct)), min(_LEAST_MEASURED, len(distinct) - 1))
    measured = np.isin(units, distinct[:count])
    return members[~measured], members[measured]


def _missing(fit, test, fit_units, test_units):
    """What a class has too little of, as a sentence; or nothing."""
    if len(fit) < _LEAST_FITTED or len(test) < _LEAST_MEASURED:
        got = f"{len(fit)} images to fit on and {len(test)} to measure"
        return f"It has {got}, expected {_LEAST_FITTED} and {_LEAST_MEASURED} or more."
    for members, units in ((fit, fit_units), (test, test_units)):
        if units is not None and len(members) - np.max(np.unique(units[members], return_counts=True)[1]) < 2:
            return "Its images are of too few groups, expected two to fit on and two to measure, of two images each."
    return ""


def _ranks(codes, units):
    """(n,) units numbered within each class, from 0, in the order in which they come."""
    ranks = np.empty(len(codes), np.int64)
    for code in np.unique(codes):
        here = np.flatnonzero(codes == code)
        _, first, inverse = np.unique(units[here], return_index=True, return_inverse=True)
        ranks[here] = np.argsort(np.argsort(first))[inverse]
    return ranks


def check_share(name, value):
    """Raise ValueError unless `value` is a number in (0, 1)."""
    if not 0 < check_number(name, value) < 1:
        raise ValueError(f"{name}: expected a share between 0 and 1, got {value!r}")
