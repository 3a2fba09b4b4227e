"""KTH-TIPS: photographs of ten materials, at nine distances and in nine lights."""

import os

import numpy as np

from .data_files import SEARCH_PATH, find
from .folders import image_folder, list_classes

__all__ = ["KTH_TIPS_NAMES", "find_kth_tips", "kth_tips"]

KTH_TIPS_NAMES = (
    *("aluminium_foil", "brown_bread", "corduroy", "cotton", "cracker"),
    *("linen", "orange_peel", "sandpaper", "sponge", "styrofoam"),
)

_FOLDERS = ("KTH_TIPS_GRAY", "KTH_TIPS_GREY", "KTH_TIPS")
_IMAGES_PER_CLASS = 81
_ADVICE = (
    "Get KTH-TIPS, grey or in colour, from https://www.csc.kth.se/cvap/databases/kth-tips, unpack it, and name the "
    f"folder that holds {_FOLDERS[0]} as `folder` or in the environment variable {SEARCH_PATH}"
)


def kth_tips(folder: str | os.PathLike | None = None, *, side: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """KTH-TIPS: 81 grey photographs of each of ten materials, at nine distances, in nine lights and poses.

    folder : holds the folder `KTH_TIPS_GRAY`, `KTH_TIPS_GREY` or `KTH_TIPS`, itself or one level below, with one folder
        per material; None for every entry of COLLAPSE_THEORY_DATA
    side : of the images returned, in samples, at most 113, the height of the smallest (most are 200 × 200), as in
        `image_folder`

    Returns (images (810, 1, side, side) float32 in [0, 1], labels (810,) int64): labels index KTH_TIPS_NAMES.
    Raises as `image_folder`; ValueError if the materials, or their counts, are not the published ones.
    Source: Hayman, Caputo, Fritz & Eklundh (2004), On the significance of real-world conditions for material
    classification.
    """
    return image_folder(find_kth_tips(folder), side=side)[:2]


def find_kth_tips(folder):
    """The folder of the materials, their names and their counts being the published ones.  Raises as `kth_tips`."""
    wanted = [f"{name}/{KTH_TIPS_NAMES[0]}" for name in _FOLDERS]
    place = find("KTH-TIPS", folder, wanted=wanted, advice=_ADVICE, is_there=os.path.isdir).parent
    listed = list_classes(place)
    counts = np.bincount(listed.labels)
    if listed.names != KTH_TIPS_NAMES or np.any(counts != _IMAGES_PER_CLASS):
        got = ", ".join(f"{count} of {name}" for name, count in zip(listed.names, counts, strict=True))
        raise ValueError(
            f"KTH-TIPS: expected {_IMAGES_PER_CLASS} images of each of ten materials in {place}, got {got}"
        )
    return place
