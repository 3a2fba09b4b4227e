"""CIFAR-10 and CIFAR-100, from their published files: Python's or binary ones."""

import os
from dataclasses import dataclass

import numpy as np

from ..arguments import check_choice
from .data_files import SEARCH_PATH, DataNotFound, Published, find, read_bytes
from .pickles import PickledArray, read_pickle

__all__ = [
    "CIFAR10_NAMES",
    "CIFAR100_COARSE_NAMES",
    "CIFAR100_NAMES",
    "cifar10",
    "cifar100",
    "read_cifar10",
    "read_cifar100",
]

CIFAR10_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

CIFAR100_COARSE_NAMES = (
    *("aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices"),
    *("household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things"),
    *("large_natural_outdoor_scenes", "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates"),
    *("people", "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2"),
)

_CIFAR100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
    poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm
"""
CIFAR100_NAMES = tuple(_CIFAR100.split())

_PIXELS = 3 * 32 * 32
_MOST_NAME = 256  # bytes of a pickle for the name of an image, its labels and what holds them


@dataclass(frozen=True)
class _Form:
    """One of the published forms of a data set.

    folder : that its archive unpacks to
    md5 : of each file, in their order; None where no sum is published and none can be computed
    labels : the entries that hold the labels of a pickle; () for binary files
    """

    folder: str
    md5: dict[str, str | None]
    labels: tuple[bytes, ...] = ()

    def files(self, split):
        return [name for name in self.md5 if name.startswith("test") == (split == "test")]


@dataclass(frozen=True)
class _Cifar:
    """What is the same in every form: the number of values of each label of an image, in the order of binary files."""

    name: str
    values: tuple[int, ...]
    forms: tuple[_Form, ...]

    @property
    def advice(self):
        return (
            "Get the Python or the binary version from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it, and "
            f"name the folder that holds {' or '.join(form.folder for form in self.forms)} as `folder` or in the "
            f"environment variable {SEARCH_PATH}"
        )


_CIFAR10_PYTHON = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
# Computed from the published pickles, which determine these files: label by label, image by image, in the same order.
_CIFAR10_BINARY = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}
_CIFAR100_PYTHON = {"train": "16019d7e3df5f24257cddd939b257f8d", "test": "f0ef6b0ae62326f3e7ffdfab6717acfc"}
_CIFAR10 = _Cifar(
    "CIFAR-10",
    (len(CIFAR10_NAMES),),
    (_Form("cifar-10-batches-py", _CIFAR10_PYTHON, (b"labels",)), _Form("cifar-10-batches-bin", _CIFAR10_BINARY)),
)
_CIFAR100 = _Cifar(
    "CIFAR-100",
    (len(CIFAR100_COARSE_NAMES), len(CIFAR100_NAMES)),
    (
        _Form("cifar-100-python", _CIFAR100_PYTHON, (b"coarse_labels", b"fine_labels")),
        _Form("cifar-100-binary", {"train.bin": None, "test.bin": None}),
    ),
)
_COUNTS = {"train": 50_000, "test": 10_000}


def cifar10(
    folder: str | os.PathLike | None = None, split: str = "train", *, verify: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """CIFAR-10: 50,000 train and 10,000 test photographs of ten kinds of objects, from either published form.

    folder : the folder `cifar-10-batches-py` or `cifar-10-batches-bin`, or one that holds it, itself or one level
        below; None for every entry of COLLAPSE_THEORY_DATA
    split : "train" or "test"
    verify : compare the files with their md5 sums; False reads other files of the same layout, of any length

    Returns (images (N, 3, 32, 32) uint8, labels (N,) int64), in the order of the files; labels index CIFAR10_NAMES.
    Raises DataNotFound, a FileNotFoundError, if a file is missing; ValueError if one is damaged, or `split` unknown.
    Memory: twice the images, 3,072 bytes each. The Python files are pickles, written by Python 2 or 3 in any protocol.
    Nothing that they name is imported or called, and what they take is bounded by their length, whatever they hold.
    Source: Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images.

        >>> images, labels = datasets.cifar10("data")  # of data/cifar-10-batches-py
        >>> images.shape[1:], images.dtype, len(labels) == len(images)
        ((3, 32, 32), dtype('uint8'), True)
    """
    found = read_cifar10(folder, split, verify=verify)
    return found.images, found.labels[:, 0]


def cifar100(
    folder: str | os.PathLike | None = None, split: str = "train", *, coarse: bool = False, verify: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """CIFAR-100: 50,000 train and 10,000 test photographs of a hundred kinds of objects, in twenty groups of five.

    folder : the folder `cifar-100-python` or `cifar-100-binary`, or one that holds it, as in `cifar10`
    split : "train" or "test"
    coarse : False for labels by kind, which index CIFAR100_NAMES; True for labels by group, which index
        CIFAR100_COARSE_NAMES
    verify : compare the Python files with the published md5 sums, and count the images and the kinds of either form;
        False reads other files of the same layout, of any length

    Returns (images (N, 3, 32, 32) uint8, labels (N,) int64), in the order of the files.
    Raises as `cifar10`.
    Memory: as `cifar10`.
    Source: Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images.
    """
    found = read_cifar100(folder, split, verify=verify)
    return found.images, found.labels[:, 0 if coarse else 1]


def read_cifar10(folder, split, *, verify):
    """CIFAR-10 as `Published`, labels (N, 1).  Raises as `cifar10`."""
    return _read(_CIFAR10, folder, split, verify)


def read_cifar100(folder, split, *, verify):
    """CIFAR-100 as `Published`, labels (N, 2): coarse, fine.  Raises as `cifar10`."""
    return _read(_CIFAR100, folder, split, verify)


def _read(data, folder, split, verify):
    """One split, labels (N, L) int64, in whichever form is found first."""
    check_choice("split", split, tuple(_COUNTS))
    wanted = [f"{form.folder}/{form.files(split)[0]}" for form in data.forms]
    found = find(data.name, folder, wanted=wanted, advice=data.advice)
    form = next(form for form in data.forms if found.name in form.md5)
    paths = [found.with_name(name) for name in form.files(split)]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise DataNotFound(f"{data.name}: {found.parent} lacks {', '.join(missing)}. {data.advice}.")
    count = _COUNTS[split] // len(paths) if verify else None
    pieces = [_read_file(path, form, data, count=count) for path in paths]
    images, labels = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    if verify:
        _check_counts(data, found.parent, split, labels)
    verified = bool(verify) and None not in [form.md5[path.name] for path in paths]
    return Published(images, labels, found.parent, verified)


def _read_file(path, form, data, *, count):
    """Pixels (N, 3, 32, 32) and labels (N, L) of one file; of `count` images, with its published sum, unless None."""
    verify, length = count is not None, len(data.values) + _PIXELS
    most = np.inf if not verify else count * (length + _MOST_NAME) if form.labels else count * length
    raw = read_bytes(path, most=most, md5=form.md5[path.name] if verify else None)
    pixels, labels = _from_pickle(path, raw, form, data) if form.labels else _from_records(path, raw, data)
    limits = np.array(data.values)
    if np.any((labels < 0) | (labels >= limits)):
        ranges = " and ".join(f"0 .. {most - 1}" for most in data.values)
        raise ValueError(f"{path}: expected labels in {ranges}, got {labels.min(axis=0)} .. {labels.max(axis=0)}")
    return pixels.reshape(-1, 3, 32, 32), labels.astype(np.int64)


def _from_pickle(path, raw, form, data):
    """Pixels (N, 3072) and labels (N, L) of a Python file, whose keys are bytes if Python 2 wrote it, else texts."""
    try:
        content = read_pickle(raw)
        pixels, *labels = (
            _as_array(content[name if name in content else name.decode()]) for name in (b"data", *form.labels)
        )
    except Exception as error:  # a damaged pickle may raise anything
        raise ValueError(f"{path}: not a {data.name} batch ({type(error).__name__}: {error})") from error
    shapes = [column.shape for column in labels]
    if pixels.dtype != np.uint8 or 0 in pixels.shape or {pixels.shape} != {(*shape, _PIXELS) for shape in shapes}:
        expected = f"data (N, {_PIXELS}) in uint8 and N labels, integers"
        got = f"data {pixels.shape} {pixels.dtype} and labels {', '.join(f'{c.shape} {c.dtype}' for c in labels)}"
        raise ValueError(f"{path}: expected {expected}, got {got}")
    return pixels, np.stack(labels, axis=1)


def _as_array(value):
    """An array of a pickle, or its list of integers, as an array."""
    if isinstance(value, PickledArray) and value.values is not None:
        return value.values
    if not isinstance(value, list) or not set(map(type, value)) <= {int}:
        kinds = ", ".join(sorted({type(entry).__name__ for entry in value})) if isinstance(value, list) else ""
        raise TypeError(
            f"expected an array or a list of integers, got a {type(value).__name__} of {kinds or 'another kind'}"
        )
    return np.array(value, dtype=np.int64)


def _from_records(path, raw, data):
    """Pixels (N, 3072) and labels (N, L) of a binary file: N records of L labels, a byte each, and the pixels."""
    length = len(data.values) + _PIXELS
    if not raw or len(raw) % length:
        raise ValueError(
            f"{path}: expected records of {length} bytes, got {len(raw)} bytes, {len(raw) % length} too many"
        )
    records = np.frombuffer(raw, dtype=np.uint8).reshape(-1, length)
    return records[:, -_PIXELS:], records[:, :-_PIXELS]


def _check_counts(data, folder, split, labels):
    """Raise ValueError if there are not as many images, or not as many of each kind, as were published."""
    counts = [np.bincount(column, minlength=most) for column, most in zip(labels.T, data.values, strict=True)]
    if any(np.any(count != _COUNTS[split] // len(count)) for count in counts):
        expected = f"{_COUNTS[split]:,} {split} images, {_COUNTS[split] // len(counts[-1]):,} of each kind"
        got = f"{len(labels):,} images, {counts[-1].min():,} to {counts[-1].max():,} of each"
        raise ValueError(f"{data.name}: expected {expected} in {folder}, got {got}")
