"""Real labelled images in batches, for what would not fit in memory as numbers: to fit on, then to try on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from collapse_theory import datasets
from collapse_theory.datasets import Batches, array_batches

from .sources import images_per_class, standardise

CHOSEN_ON = 10  # one in so many images to fit on is kept for last, to choose a penalty


@dataclass(frozen=True)
class Stream:
    """Batches to fit on and to try on, in a random order that depends on their seed alone."""

    name: str
    train: Batches
    test: Batches

    def __len__(self):
        return len(self.train.labels) + len(self.test.labels)

    def split(self):
        """Number of images of each class, by its number, to fit on ("train") and to try on ("test")."""
        classes = range(int(self.train.labels.max()) + 1)
        parts = {"train": self.train.labels, "test": self.test.labels}
        return {part: images_per_class(labels, classes) for part, labels in parts.items()}

    def uses(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Every image once: what a batch is for, "fit", "choose" or "test", in this order; images; labels."""
        last = len(self.train) - -(-len(self.train) // CHOSEN_ON)
        for number, (images, labels) in enumerate(self.train):
            yield "fit" if number < last else "choose", images, labels
        for images, labels in self.test:
            yield "test", images, labels


def cifar10(sampling, size):
    """CIFAR-10 in colour, as bytes."""
    return _stream("cifar10", *(datasets.cifar10(split=split) for split in ("train", "test")), sampling, size)


def moved_fashion_mnist(sampling, size):
    """Fashion-MNIST on a torus of 32 x 32, each photograph of mean 0 and variance 1, moved by a random whole shift."""
    seeds, counts, halves = _seeds(sampling), (sampling.train, sampling.test), []
    for split, count, seed in zip(("train", "test"), counts, seeds, strict=True):
        images, labels = (array[:count] for array in datasets.fashion_mnist(split=split))
        images = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))  # its background is 0
        halves.append((_moved(images, seed, f"Fashion-MNIST, {split}"), labels))
    return _stream("moved fashion mnist", *halves, sampling, size)


def moved_kth_tips(sampling, size):
    """KTH-TIPS shrunk to 96 x 96, half of each material to fit on; of mean 0 and variance 1, moved at random."""
    images, labels = datasets.kth_tips(side=96)
    images = _moved(images, _seeds(sampling)[0], "KTH-TIPS")
    first, second = datasets.split_by_class(labels, fraction=0.5, seed=sampling.seed)
    return _stream("moved kth tips", (images[first], labels[first]), (images[second], labels[second]), sampling, size)


STREAMS = {"cifar10": cifar10, "moved fashion mnist": moved_fashion_mnist, "moved kth tips": moved_kth_tips}


def _moved(images, seed, name):
    """Each image (C, H, W) standardised, and moved by a uniformly random whole shift of the torus."""
    x = standardise(images.astype(np.float32), name)
    shifts = np.random.default_rng(seed).integers(0, x.shape[-2:], size=(len(x), 2))
    return np.stack([np.roll(image, shift, axis=(-2, -1)) for image, shift in zip(x, shifts, strict=True)])


def _seeds(sampling):
    return np.random.SeedSequence(sampling.seed).spawn(2)


def _stream(name, train, test, sampling, size):
    halves = ((train, sampling.train), (test, sampling.test))
    return Stream(
        name, *(array_batches(x[:count], y[:count], size=size, seed=sampling.seed) for (x, y), count in halves)
    )
