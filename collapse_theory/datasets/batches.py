"""Labelled images in batches, each read when it is asked for; labelled samples split in two."""

import operator
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import check_channels_first, check_count, check_number, host_copy
from ..labels import class_codes
from .decoding import MOST_PIXELS, ImageReader, tell_passed_over
from .folders import list_classes

__all__ = ["Batches", "array_batches", "image_batches", "split_by_class"]


@dataclass(frozen=True, eq=False)
class Batches:
    """Labelled images in batches: a sequence of (images (n, C, H, W), labels (n,)), each read when it is asked for.

    labels : (N,) int64 of all images, in their original order
    names : names of the classes 0, 1 ..; () if they have none
    size : images per batch; the last batch holds what is left
    seed : seed of the order, a permutation of all images; None for the original order, which is class after class in a
        folder
    read : function of a list of index arrays that iterates over (images, indices), one pair per array; `indices` are
        those of the images that could be read. Nothing is read before it is asked for

    `len` is the number of batches, ceil(N / size); batches[k] reads batch k alone. Iterating again gives the same
    batches again, `dataclasses.replace(batches, seed=1)` the same images in another order. Batches can be pickled, so
    that other processes read them.
    Raises ValueError if `size` or `seed` is out of range; IndexError for a batch that is not there.
    """

    labels: np.ndarray
    names: tuple[str, ...]
    size: int
    seed: int | None
    read: Callable[[list[np.ndarray]], Iterator[tuple[np.ndarray, np.ndarray]]] = field(repr=False)

    def __post_init__(self):
        check_count("size", self.size)
        check_count("seed", 0 if self.seed is None else self.seed, least=0)

    def __len__(self):
        return -(-len(self.labels) // self.size)

    def __getitem__(self, number):
        if not -len(self) <= operator.index(number) < len(self):
            raise IndexError(f"number: expected one of {len(self)} batches, got {number}")
        [(images, index)] = self.read([self._indices[number]])
        return images, self.labels[index]

    def __iter__(self):
        for images, index in self.read(self._indices):
            yield images, self.labels[index]

    @cached_property
    def _indices(self):
        count = len(self.labels)
        order = np.arange(count) if self.seed is None else np.random.default_rng(self.seed).permutation(count)
        return [order[start : start + self.size] for start in range(0, count, self.size)]


def image_batches(
    folder: str | os.PathLike,
    *,
    size: int = 64,
    seed: int | None = None,
    side: int = 32,
    split: str | None = None,
    limit: int | None = None,
    colour: bool = False,
    workers: int | None = None,
    most_pixels: int = MOST_PIXELS,
    on_error: str = "raise",
) -> Batches:
    """Images by class, in batches: `image_folder` for what does not fit in memory, such as ImageNet.

    folder : holds one folder per class, or with `split` a folder for each split, as in `image_folder`
    size : images per batch
    seed : of the order, see `Batches`; None for class after class
    side, split, limit, colour, workers, most_pixels : as in `image_folder`
    on_error : "raise", or "skip": a batch is then shorter by the files that cannot be read. The warning FilesPassedOver
        says at the end of an iteration how many these were; `labels` and `len` still count them

    Returns `Batches` of images (n, C, side, side) float32 in [0, 1]. Files are listed now and decoded later, by
    threads, while the caller works on the batch before.
    Memory: the paths; one batch of decoded bytes; two batches of float32, the one being filled and the caller's; and
    per worker one decoded file of 3 bytes per pixel, twice while it is converted.
    Raises as `image_folder`: errors of folders now, errors of one file when its batch is read.
    """
    reader = ImageReader(side, colour, workers, most_pixels, on_error)
    listed = list_classes(folder, split=split, limit=limit, empty=on_error == "skip")
    return Batches(listed.labels, listed.names, size, seed, _FromFiles(listed.paths, reader, size))


def array_batches(
    images: np.ndarray, labels: np.ndarray, *, size: int = 64, seed: int | None = None, names: Sequence[str] = ()
) -> Batches:
    """Labelled images in an array, in batches: each batch is a copy.

    images : (N, C, H, W) NumPy array; memory-mapped, it is read batch by batch
    labels : (N,) integers
    size : images per batch
    seed : of the order, see `Batches`; None for the order of the array
    names : names of the classes 0, 1 ..; () if they have none

    Returns `Batches` of images of the dtype of `images`.
    Memory: one batch besides the array.
    Raises ValueError or TypeError, naming the argument, if there are no images, not as many labels, or labels without
    a name.
    """
    images, labels = host_copy("images", images), host_copy("labels", labels)
    if images.ndim != 4 or not len(images) or labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        expected = "images (N, C, H, W) and N labels, integers, N at least 1"
        raise ValueError(f"images, labels: expected {expected}, got {images.shape} and {labels.shape} {labels.dtype}")
    if int(labels.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"labels: expected integers that fit into int64, got {labels.max()}")
    check_channels_first("images", images.shape)
    if images.dtype.kind not in "biufc":
        raise TypeError(f"images: expected numbers, got {images.dtype}")
    return Batches(labels.astype(np.int64), _class_names(names, labels), size, seed, _FromArray(images))


def split_by_class(labels: "ArrayLike", *, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split a labelled sample in two at random, each class in the same proportion.

    labels : (N,) integers, or any labels of one kind that sort
    fraction : of each class that goes to the first part, in (0, 1), rounded to a whole number of samples
    seed : integer, at least 0

    Returns two arrays of indices into `labels`, sorted, that share none and miss none.
    Raises TypeError if the labels are of several kinds or do not sort; ValueError if one is missing, if `fraction` is
    not in (0, 1), or if it leaves a class without a sample in one of the parts.
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


def _class_names(names, labels):
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise TypeError(f"names: expected a sequence of texts, one per class, got {names!r}")
    names = tuple(names)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"names: expected texts, one per class, got {names!r}")
    if names and not 0 <= labels.min() <= labels.max() < len(names):
        raise ValueError(
            f"names: expected one for each of the labels {labels.min()} to {labels.max()}, from 0, got {len(names)}"
        )
    return names


@dataclass(frozen=True)
class _FromFiles:
    """Reads the batches of image files, as `Batches` asks for them."""

    paths: tuple[Path, ...]
    reader: ImageReader
    ahead: int

    def __call__(self, indices):
        images, errors = self.reader((self.paths[i] for index in indices for i in index), ahead=self.ahead), []
        for index in indices:
            batch = np.empty((len(index), 3 if self.reader.colour else 1, *[self.reader.side] * 2), dtype=np.float32)
            kept = []
            for i in index:
                image = next(images)
                if isinstance(image, ValueError):
                    errors.append(str(image))
                else:
                    batch[len(kept)] = image
                    kept.append(i)
            batch = batch[: len(kept)]
            batch /= 255
            yield batch, np.array(kept, dtype=np.int64)
        tell_passed_over(errors, sum(map(len, indices)), level=3)


@dataclass(frozen=True, eq=False)
class _FromArray:
    """Copies the batches of an array, as `Batches` asks for them."""

    images: np.ndarray

    def __call__(self, indices):
        return ((self.images[index], index) for index in indices)
