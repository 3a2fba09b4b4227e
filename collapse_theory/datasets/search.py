"""Where data and the packages that read them are looked for, and what is said when they are not there."""

import importlib
import os
from pathlib import Path

__all__ = ["SEARCH_PATH", "DataNotFound", "as_path", "find", "not_found", "optional", "search_path"]

SEARCH_PATH = "COLLAPSE_THEORY_DATA"


class DataNotFound(FileNotFoundError):
    """A data set is not where it was looked for; the message says where that was and what to put there."""


def find(dataset, folder, *, wanted, advice, alone=True, is_there=Path.is_file):
    """The first of some files or folders that is there, in one folder or in the entries of the search path.

    dataset : how an error calls the data
    folder : the only place to look in; None for every entry of COLLAPSE_THEORY_DATA
    wanted : paths relative to such a place, best first: each is looked for there and one level below
    advice : what to do if there is none, a sentence without its stop
    alone : whether the last part of such a path, in the place itself, will do
    is_there : whether a path is what is wanted: a file, or Path.is_dir for folders

    Returns the path found.
    Raises DataNotFound, with every path that was tried and the advice.
    """
    roots = search_path() if folder is None else [as_path(folder)]
    tried = []
    for root in roots:
        levels = [root, *sorted(path for path in root.glob("*") if path.is_dir())]
        for part in map(Path, wanted):
            for path in [*([root / part.name] if alone else []), *(level / part for level in levels)]:
                if is_there(path):
                    return path
            tried += [*([root / part.name] if alone else []), root / part, root / "*" / part]
    raise not_found(dataset, tried, advice)


def as_path(folder):
    """A folder that a caller named, as a Path.  Raises TypeError if it is no path."""
    try:
        return Path(folder).expanduser()
    except TypeError:
        raise TypeError(f"folder: expected a path, got {folder!r}") from None


def search_path():
    """The entries of COLLAPSE_THEORY_DATA, as Paths."""
    return [Path(entry).expanduser() for entry in os.environ.get(SEARCH_PATH, "").split(os.pathsep) if entry]


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
