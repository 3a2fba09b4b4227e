"""CIFAR-10, from its canonical Python files."""

import hashlib

import numpy as np

from ..arguments import check_choice
from .pickles import read_pickle
from .search import SEARCH_PATH, DataNotFound, find

__all__ = ["CIFAR10_NAMES", "cifar10"]

CIFAR10_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

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
    where = find("CIFAR-10", folder, inner=_CIFAR10_FOLDER, file=names[0], advice=_CIFAR10_HELP)
    missing = [name for name in names if not (where / name).is_file()]
    if missing:
        raise DataNotFound(f"CIFAR-10: {where} lacks {', '.join(missing)}. {_CIFAR10_HELP}.")
    pieces = [_read_batch(where / name, _CIFAR10_MD5[name] if verify else None) for name in names]
    images, labels = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    return images, labels


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
