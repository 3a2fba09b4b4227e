"""Labelled images in batches, each read when its turn comes: for data that do not fit in memory."""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..arguments import check_channels_first, check_count, host_copy
from .decoding import MOST_PIXELS, ImageReader, tell_passed_over
from .listing import list_classes

__all__ = ["Batches", "array_batches", "image_batches"]


@dataclass(frozen=True, eq=False)
class Batches:
    """Labelled images in batches: a sequence of (images (n, C, H, W), labels (n,)), each read when it is asked for.

    labels : (N,) int64 of all images, in their first order
    names : of the classes, those of labels 0, 1 ..; () if they have none
    size : of the batches; the last one holds what is left
    seed : of the order, a permutation of all images that depends on it alone; None for their first order, which in a
        folder is class after class
    read : of a list of index arrays, the images of one after another, each with the indices of those that could be
        read; nothing is read before it is asked for

    `len` is the number of batches, ceil(N / size); iterating again gives the same batches again, `reordered` the same
    images in another order; batches[k] reads batch k alone. They can be pickled, so that other processes read them.
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

    def reordered(self, seed):
        """The same images in the order of another seed, or in their first order for None."""
        return replace(self, seed=seed)

    @cached_property
    def _indices(self):
        count = len(self.labels)
        order = np.arange(count) if self.seed is None else np.random.default_rng(self.seed).permutation(count)
        return [order[start : start + self.size] for start in range(0, count, self.size)]


def image_batches(
    folder,
    *,
    size=64,
    seed=None,
    side=32,
    split=None,
    limit=None,
    colour=False,
    workers=None,
    most_pixels=MOST_PIXELS,
    on_error="raise",
):
    """Images by class, in batches: `image_folder` for what does not fit in memory, such as ImageNet.

    size, seed : of the batches and of their order, see `Batches`
    on_error : "raise", or "skip": a batch is then shorter by the files that cannot be read, which the warning
        FilesPassedOver counts at the end of an iteration; `labels` and `len` go on counting them
    the others : as in `image_folder`

    Returns `Batches` of images (n, C, side, side) float32 in [0, 1]. Files are listed now and decoded later, by
    threads, while the caller works on the batch before.
    Memory: besides the paths, one batch of bytes decoded ahead, two batches of float32, the one that is filled and the
    one that the caller has, and a worker's file as decoded, 3 bytes a pixel, and once more while it is converted.
    Raises as `image_folder`: what concerns folders now, what concerns one file when its batch is read.
    """
    reader = ImageReader(side, colour, workers, most_pixels, on_error)
    listed = list_classes(folder, split=split, limit=limit, empty=on_error == "skip")
    return Batches(listed.labels, listed.names, size, seed, _FromFiles(listed.paths, reader, size))


def array_batches(images, labels, *, size=64, seed=None, names=()):
    """Labelled images that are there already, in batches: copies, one at a time.

    images : (N, C, H, W) NumPy array; memory-mapped, it is read batch by batch
    labels : (N,) integers
    size, seed : see `Batches`
    names : of the classes, those of labels 0, 1 ..; () if they have none

    Returns `Batches` of images of the dtype of `images`.
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


def _class_names(names, labels):
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise TypeError(f"names: expected a sequence of texts, one a class, got {names!r}")
    names = tuple(names)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"names: expected texts, one a class, got {names!r}")
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
