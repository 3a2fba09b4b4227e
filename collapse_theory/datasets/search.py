"""Where data and the packages that read them are looked for, and what is said when they are not there."""

import importlib
import os
from pathlib import Path

__all__ = ["SEARCH_PATH", "DataNotFound", "find", "optional"]

SEARCH_PATH = "COLLAPSE_THEORY_DATA"


class DataNotFound(FileNotFoundError):
    """A data set is not where it was looked for; the message says where that was and what to put there."""


def find(dataset, folder, *, inner, file, advice):
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


def optional(module, package):
    """Import what only some data sets need.  Raises ImportError, saying how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        hint = 'pip install "collapse_theory[figures]"'
        raise ImportError(f"{package} is needed for these images and cannot be imported ({error}): {hint}") from error
