"""Real labelled images as NumPy arrays on the host: embedded textures, CIFAR-10, folders of images by class.

Nothing is downloaded. Data that do not come with the package are looked for in the `folder` one names, or else in every
entry of the environment variable COLLAPSE_THEORY_DATA, a search path separated like PATH.
"""

import hashlib
import importlib
import os
from pathlib import Path

import numpy as np

from .arguments import check_choice, check_count
from .pickles import read_pickle

__all__ = [
    "CIFAR10_NAMES",
    "SEARCH_PATH",
    "TEXTURE_NAMES",
    "DataNotFound",
    "cifar10",
    "image_folder",
    "split_by_class",
    "textures",
]

SEARCH_PATH = "COLLAPSE_THEORY_DATA"
TEXTURE_NAMES = ("brick", "grass", "gravel")
CIFAR10_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_SPLIT_FOLDERS = {"train": ("train",), "test": ("test", "val"), "val": ("val", "test")}
_CIFAR10_FOLDER = "cifar-10-batches-py"
_CIFAR10_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
_CIFAR10_HELP = (
    "Get the Python version from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it, and name the folder that "
    f"holds {_CIFAR10_FOLDER} as `folder` or in the environment variable {SEARCH_PATH}"
)


class DataNotFound(FileNotFoundError):
    """A data set is not where it was looked for; the message says where that was and what to put there."""


def textures(split="train", *, side=32, standardise=False):
    """Patches of three photographs, brick, grass and gravel: stationary real classes that come with scikit-image.

    split : "train" for the left half of each photograph (512 × 512), "test" for the right half
    side : of the square patches, in samples, 1 to 256; they do not overlap
    standardise : take off the mean of each patch and divide by its standard deviation (a constant patch becomes 0), so
        that neither brightness nor contrast tells the classes apart

    Returns (images (N, 1, side, side) float32, labels (N,) int64): labels index TEXTURE_NAMES, class after class, the
    same number of each; values in [0, 1], or of mean 0 and variance 1.
    Raises ValueError if `split` or `side` is out of range, ImportError if scikit-image is missing.
    Source: scikit-image's data, in the public domain (CC0).
    """
    check_choice("split", split, ("train", "test"))
    check_count("side", side, most=256)
    photographs = _optional("skimage.data", "scikit-image")
    classes = [_patches(getattr(photographs, name)(), split, side) for name in TEXTURE_NAMES]
    images = np.concatenate(classes)[:, None] / 255.0
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), [len(patches) for patches in classes])
    return (_standardised(images) if standardise else images).astype(np.float32), labels


def _patches(photograph, split, side):
    """Half a photograph (H, W), as squares (N, side, side), row after row."""
    middle = photograph.shape[1] // 2
    half = photograph[:, :middle] if split == "train" else photograph[:, middle:]
    rows, columns = (n // side for n in half.shape)
    blocks = half[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return blocks.swapaxes(1, 2).reshape(-1, side, side)


def _standardised(images):
    centred = images - images.mean(axis=(-2, -1), keepdims=True)
    deviation = np.sqrt(np.mean(centred**2, axis=(-2, -1), keepdims=True))
    # A constant patch has the deviation of rounding, not 0.
    return np.where(deviation > 1e-12, centred / np.maximum(deviation, 1e-12), 0.0)


def cifar10(folder=None, split="train", *, verify=True):
    """CIFAR-10: 50,000 train and 10,000 test photographs of ten kinds of objects, from its canonical Python files.

    folder : the folder `cifar-10-batches-py` or one that holds it, itself or one level below; None for every entry of
        COLLAPSE_THEORY_DATA
    split : "train" or "test"
    verify : compare the files with the published md5 sums; False reads other files of the same layout, of any length

    Returns (images (N, 3, 32, 32) uint8, labels (N,) int64), in the order of the files; labels index CIFAR10_NAMES.
    Raises DataNotFound, a FileNotFoundError, if a file is missing; ValueError if one is damaged, or `split` unknown.
    The files are pickles, but nothing that they name is imported or called, whatever they hold.
    Source: Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images.
    """
    check_choice("split", split, ("train", "test"))
    names = [name for name in _CIFAR10_MD5 if (name == "test_batch") == (split == "test")]
    where = _find("CIFAR-10", folder, inner=_CIFAR10_FOLDER, file=names[0], advice=_CIFAR10_HELP)
    missing = [name for name in names if not (where / name).is_file()]
    if missing:
        raise DataNotFound(f"CIFAR-10: {where} lacks {', '.join(missing)}. {_CIFAR10_HELP}.")
    pieces = [_read_batch(where / name, _CIFAR10_MD5[name] if verify else None) for name in names]
    images, labels = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    return images, labels


def _find(dataset, folder, *, inner, file, advice):
    """The first place that holds `file`: a root, its folder `inner`, or `inner` one level below."""
    path = os.environ.get(SEARCH_PATH, "")
    roots = path.split(os.pathsep) if folder is None else [folder]
    roots = [Path(root).expanduser() for root in roots if str(root)]
    for root in roots:
        for place in (root, root / inner, *sorted(root.glob(f"*/{inner}"))):
            if (place / file).is_file():
                return place
    looked = [f"\n    {root / part / file}" for root in roots for part in ("", inner, f"*/{inner}")]
    nowhere = f" nowhere: no folder was given and {SEARCH_PATH} is not set"
    raise DataNotFound(f"{dataset} was not found. Looked for:{''.join(looked) or nowhere}\n{advice}.")


def _read_batch(path, md5):
    """One file: images (N, 3, 32, 32) uint8 and labels (N,) int64."""
    raw = path.read_bytes()
    actual = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if md5 not in (None, actual):
        raise ValueError(f"{path}: damaged or not the published file: md5 {actual} of {len(raw)} bytes, expected {md5}")
    try:
        content = read_pickle(raw)
        data, labels = content[b"data"].values, np.asarray(content[b"labels"])
    except Exception as error:  # a damaged pickle may raise anything
        raise ValueError(f"{path}: not a CIFAR-10 batch ({type(error).__name__}: {error})") from error
    if data is None or data.shape != (len(labels), 3072) or labels.dtype.kind != "i" or not _labels_known(labels):
        expected = "data (N, 3072) in uint8 and N labels in 0 .. 9"
        raise ValueError(f"{path}: expected {expected}, got data {np.shape(data)} and labels {labels.shape}")
    return data.reshape(-1, 3, 32, 32), labels.astype(np.int64)


def _labels_known(labels):
    return labels.ndim == 1 and labels.size > 0 and labels.min() >= 0 and labels.max() < len(CIFAR10_NAMES)


def image_folder(folder, *, side=32, split=None, limit=None, colour=False):
    """One's own images by class: FOLDER/CLASS/*.png, jpg, jpeg, bmp, tif, tiff or webp.

    folder : holds one folder a class; with `split`, holds `train` and `test` or `val`, each with one folder a class
    side : of the images returned, in samples: the largest central square is shrunk, each sample being the mean of the
        pixels it covers; never enlarged
    split : "train", "test" or "val" (either name is found for these two); None if there are no such folders
    limit : the number of images read a class, the first by name; None for all
    colour : three channels, red, green, blue, or one of luminance; transparency is dropped, a photograph's orientation
        mark obeyed

    Returns (images (N, C, side, side) float32 in [0, 1], labels (N,) int64, names): names[y] is the folder of class y,
    classes and files sorted by name. Folders and files that begin with a dot are passed over.
    Raises DataNotFound if a folder is missing; ValueError if there are fewer than two classes, a class has no image,
    or a file cannot be decoded with 8 bits a channel or is smaller than `side`; ImportError if Pillow is missing.
    """
    check_count("side", side)
    check_count("limit", 1 if limit is None else limit)
    classes = _class_folders(_split_folder(Path(folder).expanduser(), split))
    files = [_image_files(path)[:limit] for path in classes]
    mode = "RGB" if colour else "L"
    images = np.stack([_decode(path, side, mode) for paths in files for path in paths])
    images = np.moveaxis(images, -1, 1) if colour else images[:, None]
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), [len(paths) for paths in files])
    return images / np.float32(255), labels, tuple(path.name for path in classes)


def _split_folder(folder, split):
    if split is None:
        found = [folder]
    else:
        check_choice("split", split, tuple(_SPLIT_FOLDERS))
        found = [folder / name for name in _SPLIT_FOLDERS[split]]
    for path in found:
        if path.is_dir():
            return path
    raise DataNotFound(f"folder: expected a folder of images by class at {' or '.join(map(str, found))}, found none")


def _class_folders(folder):
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    names = [path.name for path in classes]
    if names and set(names) <= set(_SPLIT_FOLDERS):
        raise ValueError(f"folder: {folder} holds {', '.join(names)}, not classes; choose one by split=")
    if len(classes) < 2:
        raise ValueError(f"folder: expected two or more class folders in {folder}, got {', '.join(names) or 'none'}")
    return classes


def _image_files(folder):
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _IMAGE_SUFFIXES and not p.name.startswith("."))
    if not files:
        raise ValueError(f"folder: class {folder.name!r} has no image ({', '.join(_IMAGE_SUFFIXES)}) in {folder}")
    return files


def _decode(path, side, mode):
    """The central square of one image file, as (side, side) or (side, side, 3) uint8."""
    library, operations = _optional("PIL.Image", "Pillow"), _optional("PIL.ImageOps", "Pillow")
    try:
        with library.open(path) as file:
            if file.mode[0] in "IF":
                raise ValueError(f"more than 8 bits a channel, mode {file.mode}")
            image = operations.exif_transpose(file).convert(mode)
    except Exception as error:  # decoders raise anything
        raise ValueError(f"{path}: cannot be read as an image of 8 bits a channel ({error})") from error
    width, height = image.size
    square = min(width, height)
    if square < side:
        raise ValueError(f"{path}: expected at least {side} x {side} pixels, got {height} x {width}")
    left, top = (width - square) // 2, (height - square) // 2
    box = (left, top, left + square, top + square)
    return np.asarray(image.resize((side, side), library.Resampling.BOX, box=box))


def split_by_class(labels, *, fraction, seed):
    """Split a labelled sample in two at random, each class in the same proportion.

    labels : (N,) integers
    fraction : of each class that goes to the first part, in (0, 1), rounded to a whole number of samples
    seed : integer, at least 0

    Returns two arrays of indices into `labels`, sorted, that share none and miss none.
    Raises ValueError if `fraction` is not in (0, 1), or leaves a class without a sample in one of the parts.
    """
    check_count("seed", seed, least=0)
    labels, random, first = np.asarray(labels), np.random.default_rng(seed), []
    if not 0 < fraction < 1:
        raise ValueError(f"fraction: expected a number in (0, 1), got {fraction!r}")
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        taken = round(fraction * len(members))
        if taken in (0, len(members)):
            raise ValueError(f"fraction: {fraction} of the {len(members)} samples of class {label} leaves a part empty")
        first.append(members[:taken])
    first = np.sort(np.concatenate(first))
    return first, np.setdiff1d(np.arange(len(labels)), first)


def _optional(module, package):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        hint = 'pip install "collapse_theory[figures]"'
        raise ImportError(f"{package} is needed for these images and cannot be imported ({error}): {hint}") from error
