"""Which data were used: where they lie, how many there are, a digest of their content, and if it is published."""

import hashlib
import os
from collections.abc import Callable

import numpy as np

from .batches import image_batches
from .cifar import cifar10, cifar100, read_cifar10, read_cifar100
from .folders import image_folder, list_classes
from .kth_tips import find_kth_tips, kth_tips
from .mnist import emnist, fashion_mnist, mnist, read_emnist, read_fashion_mnist, read_mnist

__all__ = ["identity"]

_PUBLISHED = {
    cifar10: read_cifar10,
    cifar100: read_cifar100,
    mnist: read_mnist,
    fashion_mnist: read_fashion_mnist,
    emnist: read_emnist,
}
_FOLDERS = (image_folder, image_batches, kth_tips)
_PIECE = 2**20


def identity(
    read: Callable,
    folder: str | os.PathLike | None = None,
    *,
    split: str | None = None,
    limit: int | None = None,
    kind: str | None = None,
) -> dict:
    """Say which data a function of `datasets` reads, for a record: plain values, ready for JSON.

    read : that function: cifar10, cifar100, mnist, fashion_mnist, emnist, kth_tips, image_folder or
        image_batches
    folder, split, limit, kind : as they are given to it; None for its default

    Returns a dict of
        path : str, the absolute folder where the data were found
        images : int, how many there are
        sha256 : str, of their content: of all pixels and labels in their order, whatever file they come in; for folders
            of images, of the name, the class and the bytes of each file in their order. Files are read piece by
            piece
        verified : bool, whether each file has the checksum that was published for it; False where none is published
            (EMNIST, KTH-TIPS, folders of images, CIFAR-100 in its binary form), or where the files are others
    Raises as `read`; ValueError if `read` is none of these functions.
    """
    if read in _PUBLISHED:
        return _of_arrays(_PUBLISHED[read], folder, split or "train", **({} if kind is None else {"kind": kind}))
    if read not in _FOLDERS:
        known = ", ".join(f"datasets.{function.__name__}" for function in (*_PUBLISHED, *_FOLDERS))
        raise ValueError(f"read: expected one of {known}, got {read!r}")
    place = find_kth_tips(folder) if read is kth_tips else folder
    return _of_files(list_classes(place, split=None if read is kth_tips else split, limit=limit))


def _of_arrays(read, folder, split, **options):
    try:
        found = read(folder, split, verify=True, **options)
    except ValueError:  # other files, or damaged ones; these are refused again
        found = read(folder, split, verify=False, **options)
    digest = hashlib.sha256()
    for array in (found.images, found.labels):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return _identity(found.place, len(found.images), digest, found.verified)


def _of_files(listed):
    digest = hashlib.sha256()
    for path, label in zip(listed.paths, listed.labels, strict=True):
        if not path.is_file():  # a pipe or a device may keep one waiting
            raise ValueError(f"{path}: no ordinary file")
        name = path.relative_to(listed.place).as_posix()
        digest.update(
            f"{label} {listed.names[label]} {name} {path.stat().st_size}\n".encode("utf-8", "surrogateescape")
        )
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    return _identity(listed.place, len(listed.paths), digest, False)


def _identity(place, count, digest, verified):
    return {
        "path": str(place.absolute()),
        "images": count,
        "sha256": digest.hexdigest(),
        "verified": verified,
    }
