"""Whether bytes are the published ones."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

__all__ = ["Published", "check_md5"]


class Published(NamedTuple):
    """What was read of a published data set: images, labels, the folder, whether each file has its published sum."""

    images: np.ndarray
    labels: np.ndarray
    place: Path
    verified: bool


def check_md5(path, raw, expected):
    """Raise ValueError, naming the file at `path`, if the md5 sum of the bytes `raw` is not `expected`.

    expected : in hexadecimal; None if nothing is known, or nothing is to be verified
    """
    actual = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if expected not in (None, actual):
        raise ValueError(
            f"{path}: damaged or not the published file: md5 {actual} of {len(raw)} bytes, expected {expected}"
        )
