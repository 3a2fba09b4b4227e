"""Where the classes of a measurement come from: synthetic fields, textures, moved textures, CIFAR-10, one's own folder.

Each source is a function of a `Sampling` and gives labelled images to fit on and to measure on, or images together
with the templates that they are copies of, which the comparison splits. All are less one mean and over one deviation.
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
TEMPLATES = 16  # of a class, half of them to fit on
LEAST = 4  # images of a class to fit on and to measure on, where there are so many


@dataclass(frozen=True)
class Sampling:
    """How many images to fit on (`train`) and to measure on (`test`), shared by the classes, at most; the seed."""

    train: int = 400
    test: int = 400
    seed: int = 0

    def __post_init__(self):
        check_count("seed", self.seed, least=0)

    def each(self, classes):
        """(train, test) images of each class, at least those that a fit and an interval need."""
        return max(LEAST, self.train // classes), max(LEAST, self.test // classes)


@dataclass(frozen=True)
class Sample:
    """Labelled images (N, C, H, W), float64, and the names of the classes.

    train : (images, labels) to fit on; all of them, where `test` is None
    test : to measure on; None: the comparison splits each class in two
    templates : (N,) which template each image is a copy of, or None: then whole templates are held out
    prepared : what was done to the files, in words
    """

    name: str
    classes: tuple[str, ...]
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray] | None = None
    templates: np.ndarray | None = None
    prepared: str = ""


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
    """Patches of each texture, moved at random over the torus: translation-invariant classes, whose means are flat.

    Half of the patches are fitted on; the others are measured, as many images of each.
    """
    images, labels = datasets.textures("train", side=SIDE, standardise=True)
    rng = np.random.default_rng(sampling.seed)
    chosen = [rng.choice(np.flatnonzero(labels == label), TEMPLATES, replace=False) for label in np.unique(labels)]
    count, seeds = max(2, sum(sampling.each(3)) // TEMPLATES), _seeds(sampling, 3 * TEMPLATES)
    copies = [
        processes.moved(images[index], count, seed=seed)
        for index, seed in zip(np.concatenate(chosen), seeds, strict=True)
    ]
    templates = np.repeat(np.arange(len(copies)), count)
    pooled = np.concatenate(copies).astype(np.float64), templates // TEMPLATES
    return _standardised(Sample("moved", datasets.TEXTURE_NAMES, pooled, templates=templates))


def moved_either_sign(sampling):
    """The same with a random sign for each image: classes that are closed under x -> −x, for which the mean of any odd
    map is 0, as a class closed under all phases would have it for any map that commutes with phases."""
    sample = moved(sampling)
    rng, (images, labels) = np.random.default_rng(_seeds(sampling, 3 * TEMPLATES + 1)[-1]), sample.train
    signs = rng.choice([-1.0, 1.0], (len(images), 1, 1, 1))
    return replace(sample, name="moved, either sign", train=(signs * images, labels))


def cifar10(sampling):
    """CIFAR-10, in colour, from the folders of COLLAPSE_THEORY_DATA."""
    train, test = (datasets.cifar10(split=split) for split in ("train", "test"))
    return _sample("cifar10", datasets.CIFAR10_NAMES, train, test, sampling)


def grey_cifar10(sampling):
    """CIFAR-10 as grey images, the mean of the three colours."""
    sample = cifar10(sampling)
    pairs = [(images.mean(axis=1, keepdims=True), labels) for images, labels in (sample.train, sample.test)]
    return _standardised(Sample("grey cifar10", sample.classes, *pairs))


def folder(name, sampling):
    """One's own images by class, FOLDER/CLASS/*; the comparison splits them unless there are train/ and test/."""
    path, prepared = find_folder(name), PREPARED
    if (path / "train").is_dir():
        train, test = (datasets.image_folder(path, side=SIDE, split=split) for split in ("train", "test"))
        prepared += "; train/ to fit on, test/ or val/ to measure on"
        return replace(_sample(name, train[2], train[:2], test[:2], sampling), prepared=prepared)
    *labelled, names = datasets.image_folder(path, side=SIDE)
    prepared += "; half of each class to fit on, half to measure on, drawn at random"
    few = _few(labelled, sum(sampling.each(len(names))), sampling.seed)
    return _standardised(Sample(name, names, few, prepared=prepared))


PREPARED = f"the largest central square of each image shrunk to {SIDE} x {SIDE}, colours to luminance"


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
    return _standardised(Sample(name, tuple(classes), train, test))


def _standardised(sample):
    """The sample less one mean and over one deviation, those of the images to fit on.

    Raises ValueError if there is no scale to divide by, or no variance within any class to compare with.
    """
    pairs = [(np.asarray(x, np.float64), y) for x, y in filter(None, (sample.train, sample.test))]
    images, labels = pairs[-1]
    if np.ptp(pairs[0][0]) == 0:
        raise ValueError(f"data: the {len(pairs[0][0])} images of {sample.name} are constant, and all the same")
    each = [images[labels == label] for label in np.unique(labels)]
    if all(len(here) > 1 and np.all(here == here[:1]) for here in each):
        raise ValueError(f"data: in each class of {sample.name}, the images are all the same")
    mean, scale = pairs[0][0].mean(), pairs[0][0].std()
    parts = dict(zip(("train", "test"), [((x - mean) / scale, y) for x, y in pairs], strict=False))
    return replace(sample, classes=tuple(sample.classes), **parts)
