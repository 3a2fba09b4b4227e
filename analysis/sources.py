"""Where the classes of a measurement come from: synthetic fields, textures, moved textures, CIFAR-10, one's own folder.

Each source is a function of a `Sampling` and gives two labelled samples, to fit on and to measure on, standardised over
the whole sample by one number (its root mean square) so that a threshold means the same everywhere.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from collapse_theory import datasets, processes

SIDE = 32
DENSITY = 0.05
TEMPLATES = 8


@dataclass(frozen=True)
class Sampling:
    """How many images a class to fit on (`train`) and to measure on (`test`), at most, and the seed of the draw."""

    train: int = 128
    test: int = 128
    seed: int = 0


@dataclass(frozen=True)
class Sample:
    """Labelled images (N, C, H, W) to fit on and to measure on, float64, and the names of the classes."""

    name: str
    classes: tuple[str, ...]
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def pulses(sampling):
    """Gaussian fields against sparse pulses through the same filter: one spectrum 1/|ω|, two sparsities."""
    spectrum = processes.power_law((SIDE, SIDE), 1)

    def draw(count, seed):
        return processes.labelled(
            processes.gaussian_fields(count, (SIDE, SIDE), spectrum=spectrum, seed=seed),
            processes.sparse_pulses(count, (SIDE, SIDE), spectrum=spectrum, density=DENSITY, seed=seed),
        )

    first, second = _seeds(sampling, 2)
    return _sample("pulses", ("Gaussian", "sparse"), draw(sampling.train, first), draw(sampling.test, second))


def textures(sampling):
    """Brick, grass and gravel, in patches of mean 0 and variance 1; train and test from disjoint regions."""
    train, test = (datasets.textures(split, side=SIDE, standardise=True) for split in ("train", "test"))
    return _sample(
        "textures", datasets.TEXTURE_NAMES, _few(train, sampling.train, sampling), _few(test, sampling.test, sampling)
    )


def moved(sampling):
    """Eight patches a texture, moved at random over the torus: translation-invariant classes, whose means are flat."""
    images, labels = datasets.textures("train", side=SIDE, standardise=True)
    rng = np.random.default_rng(sampling.seed)
    chosen = [rng.choice(np.flatnonzero(labels == label), TEMPLATES, replace=False) for label in np.unique(labels)]

    def draw(count, seeds):
        templates = zip(chosen, seeds, strict=True)
        return processes.labelled(*(processes.moved(images[index], count, seed=seed) for index, seed in templates))

    seeds = _seeds(sampling, 6)
    return _sample("moved", datasets.TEXTURE_NAMES, draw(sampling.train, seeds[:3]), draw(sampling.test, seeds[3:]))


def cifar10(sampling):
    """CIFAR-10, in colour, from the folders of COLLAPSE_THEORY_DATA."""
    train, test = (datasets.cifar10(split=split) for split in ("train", "test"))
    return _sample(
        "cifar10", datasets.CIFAR10_NAMES, _few(train, sampling.train, sampling), _few(test, sampling.test, sampling)
    )


def grey_cifar10(sampling):
    """CIFAR-10 as grey images, the mean of the three colours."""
    sample = cifar10(sampling)
    train, test = ((images.mean(axis=1, keepdims=True), labels) for images, labels in (sample.train, sample.test))
    return _sample("grey cifar10", sample.classes, train, test)


def folder(path, sampling):
    """One's own images by class, FOLDER/CLASS/*; split at random in two halves unless it holds train/ and test/."""
    if (Path(path) / "train").is_dir():
        train, test = (datasets.image_folder(path, side=SIDE, split=split) for split in ("train", "test"))
        names, train, test = train[2], train[:2], test[:2]
    else:
        images, labels, names = datasets.image_folder(path, side=SIDE)
        first, second = datasets.split_by_class(labels, fraction=0.5, seed=sampling.seed)
        train, test = (images[first], labels[first]), (images[second], labels[second])
    return _sample(
        Path(path).name, tuple(names), _few(train, sampling.train, sampling), _few(test, sampling.test, sampling)
    )


SOURCES = {"pulses": pulses, "textures": textures, "moved": moved, "cifar10": cifar10, "grey cifar10": grey_cifar10}


def draw(name, sampling):
    """The sample of a source by name, or of a folder of images by path.  Raises ValueError if it is neither."""
    if name in SOURCES:
        return SOURCES[name](sampling)
    if Path(name).is_dir():
        return folder(name, sampling)
    raise ValueError(f"data: {name!r} is no folder and no known source; known: {', '.join(SOURCES)}")


def _seeds(sampling, count):
    return [int(seed) for seed in np.random.SeedSequence(sampling.seed).generate_state(count)]


def _fewer(train, test, sampling):
    return _few(train, sampling.train, sampling), _few(test, sampling.test, sampling)


def _few(labelled, count, sampling):
    """At most `count` images of each class, drawn without replacement, in their first order."""
    images, labels = labelled
    rng = np.random.default_rng(sampling.seed)
    kept = [rng.permutation(np.flatnonzero(labels == label))[:count] for label in np.unique(labels)]
    index = np.sort(np.concatenate(kept))
    return images[index], labels[index]


def _sample(name, classes, train, test):
    train, test = ((np.asarray(images, dtype=np.float64), labels) for images, labels in (train, test))
    mean = train[0].mean()
    scale = np.sqrt(np.mean((train[0] - mean) ** 2))
    return Sample(name, tuple(classes), *(((images - mean) / scale, labels) for images, labels in (train, test)))
