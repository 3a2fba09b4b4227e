"""Files of data: where they are looked for, whether they are the published ones, and what their errors say."""

import hashlib
import importlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..arguments import as_path
from ..files import bounded_bytes, reason

__all__ = [
    "SEARCH_PATH",
    "DataNotFound",
    "Published",
    "check_md5",
    "find",
    "find_folder",
    "not_found",
    "optional",
    "places",
    "read_bytes",
    "search_path",
]

SEARCH_PATH = "COLLAPSE_THEORY_DATA"


class DataNotFound(FileNotFoundError):
    """A data set is not where it was looked for; the message says where that was and what to put there."""


class Published(NamedTuple):
    """What was read of a published data set: images, labels, their folder, whether each file has its published sum."""

    images: np.ndarray
    labels: np.ndarray
    place: Path
    verified: bool


def find(dataset, folder, *, wanted, advice, alone=True, is_there=os.path.isfile):
    """The first of some files or folders that is there, in one folder or in the entries of the search path.

    dataset : how an error calls the data
    folder : where to look, see `places`; None for every entry of COLLAPSE_THEORY_DATA
    wanted : paths relative to such a place, best first: each is looked for there and one level below
    advice : what to do if there is none, a sentence without its full stop
    alone : also accept the last part of such a path directly inside the place
    is_there : whether a path is what is wanted: an ordinary file, or os.path.isdir for folders

    Returns the path found. What cannot be read is passed over.
    Raises DataNotFound, with every path that was tried and the advice.
    """
    tried = []
    for root in search_path() if folder is None else places(folder):
        levels = [root, *_below(root)]
        for part in map(Path, wanted):
            for path in [*([root / part.name] if alone else []), *(level / part for level in levels)]:
                if is_there(path):
                    return path
            tried += [*([root / part.name] if alone else []), root / part, root / "*" / part]
    raise not_found(dataset, tried, advice)


def find_folder(name, folder, *, advice):
    """The first of the `places` of a folder that is there.  Raises DataNotFound, which calls it `name`.

    name, advice : as `dataset` and `advice` of `find`
    folder : as in `places`
    """
    tried = places(folder)
    for place in tried:
        if os.path.isdir(place):
            return place
    raise not_found(name, tried, advice)


def places(folder):
    """The paths that a folder named by a caller may mean, best first.

    It is looked for as it is; if it is relative and leads downwards, also in every entry of the search path.
    Raises TypeError or ValueError if `folder` is no path.
    """
    path = as_path(folder)
    if path.is_absolute() or not path.parts or ".." in path.parts:
        return [path]
    return [path, *(root / path for root in search_path())]


def not_found(dataset, tried, advice):
    """The error for data that are in none of the paths `tried`."""
    nowhere = f" nowhere: no folder was given and {SEARCH_PATH} is not set"
    paths = "".join(f"\n    {path}" for path in tried)
    return DataNotFound(f"{dataset} was not found. Looked for:{paths or nowhere}\n{advice}.")


def optional(module, package):
    """Import what only some data sets need.  Raises ImportError, saying how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        hint = 'pip install "collapse_theory[figures]"'
        raise ImportError(f"{package} is needed for these images and cannot be imported ({error}): {hint}") from error


def search_path():
    """The entries of COLLAPSE_THEORY_DATA.  If the home folder is not known, `~` stays, and leads nowhere."""
    entries = os.environ.get(SEARCH_PATH, "").split(os.pathsep)
    return [Path(os.path.expanduser(entry)) for entry in entries if entry]


def read_bytes(path, *, most=np.inf, md5=None):
    """The bytes of a file.

    most : bytes that the published file has at most; a longer one is refused before it is read
    md5 : see `check_md5`

    Raises ValueError, naming the file, if it has another md5 sum, is longer, cannot be read, or does not fit in memory.
    """
    try:
        raw = bounded_bytes(path, most)
    except OSError as error:
        raise ValueError(f"{path}: damaged or not the published file: {reason(error)}") from error
    except MemoryError:
        raise ValueError(f"{path}: {path.stat().st_size:,} bytes, more than fit into memory") from None
    check_md5(path, raw, md5)
    return raw


def check_md5(path, raw, expected):
    """Raise ValueError, naming the file at `path`, if the md5 sum of the bytes `raw` is not `expected`.

    expected : in hexadecimal; None if nothing is known, or nothing is to be verified
    """
    if expected is None:
        return
    actual = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if actual != expected:
        raise ValueError(
            f"{path}: damaged or not the published file: md5 {actual} of {len(raw)} bytes, expected {expected}"
        )


def _below(root):
    try:
        return sorted((root / name for name in os.listdir(root) if os.path.isdir(root / name)), key=str)
    except OSError:
        return []
