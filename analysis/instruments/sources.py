"""Where the classes of a measurement come from: synthetic fields, textures, moved textures, CIFAR-10, one's own folder.

Each source is a function of a `Sampling` and gives two labelled samples, to fit on and to measure on, standardised over
the whole sample by one number (its root mean square) so that a threshold means the same everywhere.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from collapse_theory import datasets, processes
from collapse_theory.arguments import check_count
from collapse_theory.datasets.data_files import places

from .identities import folder_identities, identities
from .options import slug
from .shapes import decoded

SIDE = 32
DENSITY = 0.05
TEMPLATES = 8
LEAST = (1, 2)  # images of a class: one to fit on, and two to measure on, or it has no variance


@dataclass(frozen=True)
class Sampling:
    """How many images to fit on (`train`) and to measure on (`test`), shared by the classes, at most; the seed."""

    train: int = 400
    test: int = 400
    seed: int = 0

    def __post_init__(self):
        check_count("seed", self.seed, least=0)

    def each(self, classes):
        """(train, test) images of each class, at least those that a fit and a variance need."""
        return max(LEAST[0], self.train // classes), max(LEAST[1], self.test // classes)


@dataclass(frozen=True)
class Sample:
    """Labelled images (N, C, H, W) to fit on and to measure on, float64, and the names of the classes.

    prepared : what was done to the files, in words
    left_out : a sentence on each class that has too few images
    """

    name: str
    classes: tuple[str, ...]
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    prepared: str = ""
    left_out: tuple[str, ...] = ()

    def split(self):
        """Number of images of each class, to fit on ("train") and to measure on ("test")."""
        parts = {"train": self.train[1], "test": self.test[1]}
        return {part: images_per_class(labels, self.classes) for part, labels in parts.items()}


def images_per_class(labels, classes):
    """Number of images by name of the class, of labels 0, 1 .."""
    counts = np.bincount(labels, minlength=len(classes))
    return {decoded(str(name)): int(count) for name, count in zip(classes, counts, strict=True)}


def pulses(sampling):
    """Gaussian fields against sparse pulses through the same filter: one spectrum 1/|ω|, two sparsities."""
    spectrum = processes.power_law((SIDE, SIDE), 1)

    def draw(count, seed):
        return processes.labelled(
            processes.gaussian_fields(count, (SIDE, SIDE), spectrum=spectrum, seed=seed),
            processes.sparse_pulses(count, (SIDE, SIDE), spectrum=spectrum, density=DENSITY, seed=seed),
        )

    train, test = map(draw, sampling.each(2), _seeds(sampling, 2))
    return _sample("pulses", ("Gaussian", "sparse"), train, test, sampling)


def textures(sampling):
    """Brick, grass and gravel, in patches of mean 0 and variance 1; train and test from disjoint regions."""
    train, test = (datasets.textures(split, side=SIDE, standardise=True) for split in ("train", "test"))
    return _sample("textures", datasets.TEXTURE_NAMES, train, test, sampling)


def moved(sampling):
    """Eight patches a texture, moved at random over the torus: translation-invariant classes, whose means are flat."""
    images, labels = datasets.textures("train", side=SIDE, standardise=True)
    rng = np.random.default_rng(sampling.seed)
    chosen = [rng.choice(np.flatnonzero(labels == label), TEMPLATES, replace=False) for label in np.unique(labels)]

    def draw(count, seeds):
        templates = zip(chosen, seeds, strict=True)
        return processes.labelled(*(processes.moved(images[index], count, seed=seed) for index, seed in templates))

    seeds = _seeds(sampling, 6)
    train, test = map(draw, sampling.each(3), (seeds[:3], seeds[3:]))
    return _sample("moved", datasets.TEXTURE_NAMES, train, test, sampling)


def moved_either_sign(sampling):
    """The same with a random sign for each image: classes that are closed under x -> −x, for which the mean of any odd
    map is 0, as a class closed under all phases would have it for any map that commutes with phases."""
    sample = moved(sampling)
    rng = np.random.default_rng(_seeds(sampling, 7)[-1])
    train, test = (
        (images * rng.choice([-1.0, 1.0], (len(images), 1, 1, 1)), labels)
        for images, labels in (sample.train, sample.test)
    )
    return _sample("moved, either sign", sample.classes, train, test, sampling)


def cifar10(sampling):
    """CIFAR-10, in colour, from the folders of COLLAPSE_THEORY_DATA."""
    train, test = (datasets.cifar10(split=split) for split in ("train", "test"))
    return _sample("cifar10", datasets.CIFAR10_NAMES, train, test, sampling)


def grey_cifar10(sampling):
    """CIFAR-10 as grey images, the mean of the three colours."""
    sample = cifar10(sampling)
    train, test = ((images.mean(axis=1, keepdims=True), labels) for images, labels in (sample.train, sample.test))
    return _sample("grey cifar10", sample.classes, train, test, sampling)


def folder(name, sampling):
    """One's own images by class, FOLDER/CLASS/*; split at random in two halves unless it holds train/ and test/.

    Classes with fewer images than a fit and a variance need are left out, and the sample says so.
    """
    path, prepared = find_folder(name), PREPARED
    if (path / "train").is_dir():
        train, test = (datasets.image_folder(path, side=SIDE, split=split) for split in ("train", "test"))
        names, train, test = train[2], train[:2], test[:2]
        prepared += "; train/ to fit on, test/ or val/ to measure on"
    else:
        images, labels, names = datasets.image_folder(path, side=SIDE)
        first, second = _halves(labels, sampling.seed)
        train, test = (images[first], labels[first]), (images[second], labels[second])
        prepared += "; half of each class to fit on, half to measure on, drawn at random"
    counts = np.array([np.bincount(labels, minlength=len(names)) for _, labels in (train, test)])
    enough = np.flatnonzero(np.all(counts >= np.array(LEAST)[:, None], axis=0))
    left_out = tuple(
        f"{decoded(name)}: class {decoded(names[label])!r} is left out: it has {counts[0, label]} images to fit on and "
        f"{counts[1, label]} to measure on, and needs {LEAST[0]} and {LEAST[1]}"
        for label in np.setdiff1d(np.arange(len(names)), enough)
    )
    if len(enough) < 2:
        raise ValueError(f"data: expected two classes with enough images in {name}; {'; '.join(left_out)}")
    train, test = (_of_classes(labelled, enough) for labelled in (train, test))
    sample = _sample(name, [names[label] for label in enough], train, test, sampling)
    return replace(sample, prepared=prepared, left_out=left_out)


PREPARED = f"the largest central square of each image shrunk to {SIDE} x {SIDE}, colours to luminance"


def _halves(labels, seed):
    """Indices of two halves of each class; a class of one image is in the first."""
    alone = np.bincount(labels)[labels] == 1
    kept = np.flatnonzero(~alone)
    if not len(kept):
        return np.arange(len(labels)), kept
    first, second = datasets.split_by_class(labels[kept], fraction=0.5, seed=seed)
    return np.sort(np.append(kept[first], np.flatnonzero(alone))), kept[second]


def _of_classes(labelled, kept):
    """The images of these classes, numbered anew from 0."""
    images, labels = labelled
    here = np.isin(labels, kept)
    return images[here], np.searchsorted(kept, labels[here])


SOURCES = {
    "pulses": pulses,
    "textures": textures,
    "moved": moved,
    "moved, either sign": moved_either_sign,
    "cifar10": cifar10,
    "grey cifar10": grey_cifar10,
}


def draw(name, sampling):
    """The sample of a source by name, or of a folder of images by path.  Raises ValueError if it is neither."""
    return SOURCES[name](sampling) if name in SOURCES else folder(name, sampling)


def find_folder(name):
    """A folder of images, looked for on the search path of data, too.  Raises ValueError if it is nowhere."""
    for place in places(name):
        if os.path.isdir(place):
            return place
    raise ValueError(f"data: {name!r} is no folder and no known source; known: {', '.join(map(slug, SOURCES))}")


def is_there(name):
    """Whether the data of a source are on this machine."""
    try:
        draw(name, Sampling(1, 1))
    except FileNotFoundError:
        return False
    return True


def titles(names):
    """What the data are called in rows, by name: a source as itself, a folder by the end of its path.

    That end is as short as can be, but no other folder of these ends so, and no source is called so.
    Raises ValueError if two names are of one folder.
    """
    names = dict.fromkeys(names)
    folders = {name: Path(os.path.abspath(find_folder(name))) for name in names if name not in SOURCES}
    known = {}
    for name, place in folders.items():
        there = place.stat()
        other = known.setdefault((there.st_dev, there.st_ino), name)
        if other != name:
            raise ValueError(f"data: {other!r} and {name!r} are the same folder")
    return {name: _title(folders[name], folders.values()) if name in folders else name for name in names}


def identities_of(names):
    """Identities of what is read for these names, by title; see `identities`."""
    found = {}
    for name, title in titles(names).items():
        found |= identities([name]) if name in SOURCES else folder_identities(title, decoded(name), find_folder(name))
    return found


def _title(place, others):
    for length in range(1, len(place.parts) + 1):
        end = place.parts[-length:]
        title = decoded("/".join(end))
        if title not in SOURCES and [other.parts[-length:] for other in others].count(end) == 1:
            return title
    return decoded(str(place))


def _seeds(sampling, count):
    return [int(seed) for seed in np.random.SeedSequence(sampling.seed).generate_state(count)]


def _few(labelled, count, seed):
    """At most `count` images of each class, drawn without replacement, in their first order, the classes in turn."""
    images, labels = labelled
    rng = np.random.default_rng(seed)
    kept = [np.sort(rng.permutation(np.flatnonzero(labels == label))[:count]) for label in np.unique(labels)]
    turn = np.concatenate([np.arange(len(index)) for index in kept])
    index = np.concatenate(kept)[np.argsort(turn, kind="stable")]
    return images[index], labels[index]


def standardise(images, name):
    """Each image (C, H, W) less its mean, over its deviation, in place.  Raises ValueError if one is constant."""
    images -= images.mean(axis=(1, 2, 3), keepdims=True)
    deviations = images.std(axis=(1, 2, 3), keepdims=True)
    (constant,) = np.nonzero(np.ptp(images, axis=(1, 2, 3)) == 0)
    if len(constant):
        raise ValueError(f"data: of {name}, image {constant[0]} is constant and has no deviation to divide by")
    images /= deviations
    return images


def _sample(name, classes, train, test, sampling):
    counts = sampling.each(len(classes))
    train, test = (_few(labelled, n, sampling.seed) for labelled, n in zip((train, test), counts, strict=True))
    train, test = ((np.asarray(images, dtype=np.float64), labels) for images, labels in (train, test))
    _check_variation(name, train, test)
    mean = train[0].mean()
    scale = np.sqrt(np.mean((train[0] - mean) ** 2))
    return Sample(name, tuple(classes), *(((images - mean) / scale, labels) for images, labels in (train, test)))


def _check_variation(name, train, test):
    """Raise ValueError if there is no scale to divide by, or no variance within any class to compare with."""
    if np.ptp(train[0]) == 0:
        raise ValueError(f"data: the {len(train[0])} images of {name} to fit on are constant, and all the same")
    images, labels = test
    each = [images[labels == label] for label in np.unique(labels)]
    if all(len(here) > 1 and np.all(here == here[:1]) for here in each):
        raise ValueError(f"data: in each class of {name}, the images to measure on are all the same")
