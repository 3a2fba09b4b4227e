"""Whether bytes are the published ones."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..files import bounded_bytes, reason

__all__ = ["Published", "check_md5", "read_bytes"]


class Published(NamedTuple):
    """What was read of a published data set: images, labels, the folder, whether each file has its published sum."""

    images: np.ndarray
    labels: np.ndarray
    place: Path
    verified: bool


def read_bytes(path, *, most=np.inf, md5=None):
    """The bytes of a file.

    most : that it can have, if it is the published one; a longer one is refused before it is read
    md5 : see `check_md5`

    Raises ValueError, naming the file, if it is another, cannot be read, or does not fit into memory.
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
