"""One's own images, in folders by class."""

from pathlib import Path

import numpy as np

from ..arguments import check_choice, check_count
from .search import DataNotFound, optional

__all__ = ["image_folder"]

_IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_SPLIT_FOLDERS = {"train": ("train",), "test": ("test", "val"), "val": ("val", "test")}


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
    library, operations = optional("PIL.Image", "Pillow"), optional("PIL.ImageOps", "Pillow")
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
