"""Three photographs of stationary textures, in patches."""

import numpy as np

from ..arguments import check_choice, check_count
from .data_files import optional

__all__ = ["TEXTURE_NAMES", "textures"]

TEXTURE_NAMES = ("brick", "grass", "gravel")


def textures(split: str = "train", *, side: int = 32, standardise: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Patches of three photographs, brick, grass and gravel: stationary real classes that come with scikit-image.

    split : "train" for the left half of each photograph (512 × 512), "test" for the right half
    side : of the square patches, in samples, 1 to 256; they do not overlap
    standardise : subtract the mean of each patch and divide by its standard deviation, so that neither brightness nor
        contrast tells the classes apart; a constant patch becomes 0

    Returns (images (N, 1, side, side) float32, labels (N,) int64): labels index TEXTURE_NAMES, class after class, the
    same number of each; values in [0, 1], or of mean 0 and variance 1.
    Raises ValueError if `split` or `side` is out of range, ImportError if scikit-image is missing.
    Source: scikit-image's data, in the public domain (CC0).

        >>> images, labels = datasets.textures("test", side=64)
        >>> images.shape, np.bincount(labels)
        ((96, 1, 64, 64), array([32, 32, 32]))
    """
    check_choice("split", split, ("train", "test"))
    check_count("side", side, most=256)
    photographs = optional("skimage.data", "scikit-image")
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
    standard_deviation = np.sqrt(np.mean(centred**2, axis=(-2, -1), keepdims=True))
    # A constant patch has the standard deviation of rounding, not 0.
    return np.where(standard_deviation > 1e-12, centred / np.maximum(standard_deviation, 1e-12), 0.0)
