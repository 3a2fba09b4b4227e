"""Labelled images in batches, each read when its turn comes: for data that do not fit in memory."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ..arguments import check_count
from .decoding import MOST_PIXELS
from .folders import image_reader, list_classes

__all__ = ["Batches", "array_batches", "image_batches"]


@dataclass(frozen=True, eq=False)
class Batches:
    """Labelled images in batches: a sequence of (images (n, C, H, W), labels (n,)), each read when it is asked for.

    labels : (N,) int64 of all images, in their first order
    names : of the classes, those of labels 0, 1 ..; () if they have none
    size : of the batches; the last one holds what is left
    seed : of the order, a permutation of all images that depends on it alone; None for their first order, which in a
        folder is class after class
    read : the images of a list of index arrays, one batch after another; nothing is read before it is asked for

    `len` is the number of batches, ceil(N / size); iterating again gives the same batches again, `reordered` the same
    images in another order; batches[k] reads batch k alone.
    """

    labels: np.ndarray
    names: tuple[str, ...]
    size: int
    seed: int | None
    read: Callable[[list[np.ndarray]], Iterator[np.ndarray]] = field(repr=False)

    def __post_init__(self):
        check_count("size", self.size)
        check_count("seed", 0 if self.seed is None else self.seed, least=0)

    def __len__(self):
        return -(-len(self.labels) // self.size)

    def __getitem__(self, number):
        if not -len(self) <= operator.index(number) < len(self):
            raise IndexError(f"number: expected one of {len(self)} batches, got {number}")
        index = self._indices[number]
        return next(self.read([index])), self.labels[index]

    def __iter__(self):
        for index, images in zip(self._indices, self.read(self._indices), strict=True):
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
    folder, *, size=64, seed=None, side=32, split=None, limit=None, colour=False, workers=None, most_pixels=MOST_PIXELS
):
    """Images by class, in batches: `image_folder` for what does not fit in memory, such as ImageNet.

    size, seed : of the batches and of their order, see `Batches`
    the others : as in `image_folder`

    Returns `Batches` of images (n, C, side, side) float32 in [0, 1]. Files are listed now and decoded later, by
    threads, while the caller works on the batch before.
    Memory: besides the paths, one batch of bytes decoded ahead, two batches of float32, the one that is filled and the
    one that the caller has, and a worker's file as decoded, 3 bytes a pixel, and once more while it is converted.
    Raises as `image_folder`: what concerns folders now, what concerns one file when its batch is read.
    """
    decoded = image_reader(side=side, colour=colour, workers=workers, most_pixels=most_pixels)
    listed = list_classes(folder, split=split, limit=limit)

    def read(indices):
        images = decoded((listed.paths[i] for index in indices for i in index), ahead=size)
        for index in indices:
            batch = np.empty((len(index), 3 if colour else 1, side, side), dtype=np.float32)
            for row in batch:
                row[:] = next(images)
            batch /= 255
            yield batch

    return Batches(listed.labels, listed.names, size, seed, read)


def array_batches(images, labels, *, size=64, seed=None, names=()):
    """Labelled images that are there already, in batches: copies, one at a time.

    images : (N, C, H, W) NumPy array; memory-mapped, it is read batch by batch
    labels : (N,) integers
    size, seed, names : see `Batches`

    Returns `Batches` of images of the dtype of `images`.
    Raises ValueError if there are no images, or not as many labels.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 4 or not len(images) or labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        expected = "images (N, C, H, W) and N labels, integers, N at least 1"
        raise ValueError(f"images, labels: expected {expected}, got {images.shape} and {labels.shape} {labels.dtype}")
    return Batches(
        labels.astype(np.int64), tuple(names), size, seed, lambda indices: (images[index] for index in indices)
    )
