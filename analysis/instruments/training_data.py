"""What networks are trained on: published sets, textures, or one's own folder of images by class."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from collapse_theory import datasets, learned

from .. import record
from .identities import folder_identities, identities
from .options import slug
from .shapes import decoded
from .sources import find_folder

SETS = ("cifar10", "cifar100", "mnist", "fashion mnist", "emnist", "kth tips", "textures")
NOT_MIRRORED = ("mnist", "emnist")  # a mirrored 2 is no 2
_OF_CIFAR10 = ("cifar10", "textures")  # whose networks are those of CIFAR-10
_CLASSES = {"cifar10": 10, "cifar100": 100, "mnist": 10, "fashion mnist": 10, "emnist": 47, "kth tips": 10}
_GREY = {"mean": [0.449], "deviation": [0.226]}  # the means of those of the three colours
_LARGEST = 64  # samples a side, of images that are held in memory
_SIDE = 32  # of images from a folder, if none is asked for


def images_of(setting, device, workers=None):
    """(train, test) of a setting, normalised with the constants of the paper.

    workers : processes that decode large images ahead; None for one per processor

    With `setting.validation` the last so many training images stand in for the test images.
    Returns what `learned.labelled_images` makes, or `learned.image_files` of images with more than 64 samples a side.
    Raises ValueError if `setting.data` is neither in SETS nor a folder, as the functions of `datasets`, and if images
    to be scored would be trained on too.
    """
    if setting.data not in SETS and side_of(setting) > _LARGEST:
        return _files(setting, device, workers)
    splits, classes = _arrays(setting)
    if setting.validation is not None:
        (images, labels), count = splits[0], setting.validation
        if (setting.images or len(labels)) + count > len(labels):
            raise ValueError(
                f"validation: {count} of {len(labels)} training images are to be scored, "
                f"but {setting.images or 'all'} of them are trained on"
            )
        splits[1] = (images[-count:], labels[-count:])
    constants = {"mean": learned.PUBLISHED_MEAN, "deviation": learned.PUBLISHED_DEVIATION}
    constants = constants if splits[0][0].shape[1] == 3 else _GREY
    return tuple(
        learned.labelled_images(images[:count], labels[:count], classes=classes, device=device, **constants)
        for (images, labels), count in zip(splits, (setting.images, setting.tested), strict=True)
    )


def architecture_for(setting, images):
    """What `learned.scattering_network` takes as its data, for these images: a name, or an `Architecture`.

    images : labelled ones; None where the setting says it all
    """
    if setting.data in _OF_CIFAR10:
        return "cifar10"
    base = learned.ARCHITECTURES["imagenet" if is_large(images) else "cifar10"]
    return replace(base, side=images.shape[1], colors=images.shape[0], classes=images.classes)


def residual_for(setting, images):
    """`learned.resnet20` for these images, or `learned.resnet18` for large ones, but for its other arguments."""
    if setting.data in _OF_CIFAR10:
        return learned.resnet20
    make = learned.resnet18 if is_large(images) else learned.resnet20
    return partial(make, colors=images.shape[0], classes=images.classes)


def baseline_for(setting, images):
    """What `learned.scattering_baseline` takes as its data, for these images."""
    if setting.data in _OF_CIFAR10:
        return "cifar10"
    base = learned.BASELINES["imagenet" if is_large(images) else "cifar10"]
    return replace(base, side=images.shape[1], colors=images.shape[0], classes=images.classes)


def side_of(setting):
    """Of the images from a folder, in samples."""
    return _SIDE if setting.side is None else setting.side


def is_large(images):
    """Whether images have more samples a side than those that are held in memory."""
    return max(images.shape[1:]) > _LARGEST


def check_data(name):
    """Raise ValueError unless `name` is one of SETS, or a folder there or on the search path of data."""
    if name not in SETS:
        try:
            find_folder(name)
        except ValueError:
            known = ", ".join(map(slug, SETS))
            where = f"here or in the folders of {datasets.SEARCH_PATH}"
            raise ValueError(f"data: {decoded(name)!r} is no folder, {where}, and none of {known}") from None


def called(setting):
    """The data as a part of the name of a run: of a folder the end of its path, and a digest of all of it."""
    if setting.data in SETS:
        return setting.data
    place = find_folder(setting.data).resolve()
    return f"{place.name} {record.digest(decoded(str(place)))[:6]}"


def told_of(setting):
    """What is done to the images before they are trained on, in words; nothing for a published set."""
    side = side_of(setting)
    if setting.data in SETS:
        return ""
    if side > _LARGEST:
        return f", of each a random part brought to {side} x {side}, in tests the middle"
    return f", of each the largest central square shrunk to {side} x {side}"


def identity_of(setting, data):
    """Which data a row is of, as `identities` has them; of large images the names of the files, not their content."""
    if setting.data in SETS:
        return identities([setting.data])
    title, given = Path(setting.data).name, decoded(setting.data)
    if not is_large(data[0]):
        return folder_identities(title, given, find_folder(setting.data))
    found = zip(("train", "test"), data, strict=True)
    told = {"path": given, "of": "names", "verified": False}
    return {f"{title}, {split}": told | {"images": len(p), "sha256": p.source.known_by} for split, p in found}


def _arrays(setting):
    """[(images, labels) of train, of test], uint8 or float32, and the number of classes."""
    if setting.data == "textures":
        splits = [datasets.textures(split) for split in ("train", "test")]
        return [_in_turn(np.repeat(images, 3, axis=1), labels) for images, labels in splits], 3
    if setting.data == "kth tips":
        return _halves(*datasets.kth_tips(side=side_of(setting))), _CLASSES[setting.data]
    if setting.data in SETS:
        read = getattr(datasets, setting.data.replace(" ", "_"))
        return [read(split=split)[:2] for split in ("train", "test")], _CLASSES[setting.data]
    folder, how = find_folder(setting.data), {"side": side_of(setting), "colour": True}
    if (folder / "train").is_dir():
        found = [datasets.image_folder(folder, split=split, **how) for split in ("train", "test")]
        return [_in_turn(*pair[:2]) for pair in found], len(found[0][2])
    images, labels, names = datasets.image_folder(folder, **how)
    return _halves(images, labels), len(names)


def _files(setting, device, workers):
    folder = find_folder(setting.data)
    if not (folder / "train").is_dir() or setting.validation is not None:
        raise ValueError(f"data: expected train/ and val/ in {folder} for images of side {side_of(setting)}")
    how = {"side": side_of(setting), "device": device, "workers": workers}
    counts = {"train": setting.images, "test": setting.tested}
    return tuple(learned.image_files(folder, split=split, count=count, **how) for split, count in counts.items())


def _halves(images, labels):
    """Half of each class, drawn at random, to train on, the other to test on."""
    parts = datasets.split_by_class(labels, fraction=0.5, seed=0)
    return [_in_turn(images[index], labels[index]) for index in parts]


def _in_turn(images, labels):
    """Images and labels, the classes in turn."""
    place = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        place[labels == label] = np.arange(np.sum(labels == label))
    index = np.argsort(place, kind="stable")
    return images[index], labels[index]
