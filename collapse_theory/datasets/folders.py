"""Images in folders by class: one's own, or in the layout of ImageNet."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..arguments import check_choice, check_count
from .decoding import MOST_PIXELS, decode, mapped_ahead
from .search import SEARCH_PATH, as_path, not_found, search_path

__all__ = ["ClassFiles", "image_folder", "image_reader", "list_classes"]

_IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_SPLIT_FOLDERS = {"train": ("train",), "test": ("test", "val"), "val": ("val", "test")}
_ADVICE = f"Name a folder that holds one folder a class; a relative one is looked for in {SEARCH_PATH} too"
_AHEAD = 64


def image_folder(folder, *, side=32, split=None, limit=None, colour=False, workers=None, most_pixels=MOST_PIXELS):
    """One's own images by class: FOLDER/CLASS/*.png, jpg, jpeg, bmp, tif, tiff or webp, all in memory.

    folder : holds one folder a class; with `split`, holds `train` and `test` or `val`, each with one folder a class:
        ImageNet's layout. A relative path that is not there is looked for in every entry of COLLAPSE_THEORY_DATA
    side : of the images returned, in samples: the largest central square is shrunk, each sample being the mean of the
        pixels it covers; never enlarged
    split : "train", "test" or "val" (either name is found for these two); None if there are no such folders
    limit : the number of images read a class, the first by name; None for all
    colour : three channels, red, green, blue, or one of luminance; transparency is dropped, a photograph's orientation
        mark obeyed
    workers : threads that decode; None for one a processor
    most_pixels : of one file; a larger one is refused before memory is taken for it

    Returns (images (N, C, side, side) float32 in [0, 1], labels (N,) int64, names): names[y] is the folder of class y,
    classes and files sorted by name. Folders and files that begin with a dot are passed over. The memory in use is
    that of the result, and of one decoded file a worker; `image_batches` reads what would not fit.
    Raises DataNotFound if a folder is missing; ValueError if there are fewer than two classes, a class has no image,
    the splits have different classes, or a file cannot be decoded with 8 bits a channel, is smaller than `side` or has
    more than `most_pixels`; ImportError if Pillow is missing.
    """
    read = image_reader(side=side, colour=colour, workers=workers, most_pixels=most_pixels)
    listed = list_classes(folder, split=split, limit=limit)
    images = np.empty((len(listed.paths), 3 if colour else 1, side, side), dtype=np.float32)
    for number, image in enumerate(read(listed.paths, ahead=_AHEAD)):
        images[number] = image
    images /= 255
    return images, listed.labels, listed.names


@dataclass(frozen=True)
class ClassFiles:
    """Image files by class: the path and the label of each, class after class; names of the classes; their folder."""

    paths: tuple[Path, ...]
    labels: np.ndarray
    names: tuple[str, ...]
    place: Path


def list_classes(folder, *, split=None, limit=None):
    """Find image files by class, without opening them.  Arguments, errors and order as in `image_folder`."""
    check_count("limit", 1 if limit is None else limit)
    place = _split_folder(_find_folder(folder), split)
    classes = _class_folders(place)
    files = [_image_files(path)[:limit] for path in classes]
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), [len(paths) for paths in files])
    return ClassFiles(tuple(p for paths in files for p in paths), labels, tuple(path.name for path in classes), place)


def image_reader(*, side, colour, workers, most_pixels):
    """A function of paths that iterates over their images (C, side, side) uint8, after a check of its arguments."""
    check_count("side", side)
    check_count("workers", 1 if workers is None else workers)
    check_count("most_pixels", most_pixels)
    one = partial(decode, side=side, colour=colour, most_pixels=most_pixels)
    return partial(mapped_ahead, one, workers=workers)


def _find_folder(folder):
    path = as_path(folder)
    tried = [path] if path.is_absolute() else [path, *(root / path for root in search_path())]
    for place in tried:
        if place.is_dir():
            return place
    raise not_found("folder: a folder of images by class", tried, _ADVICE)


def _split_folder(folder, split):
    """The folder of a split, whose classes must be those of the other splits: labels number them in each alike."""
    if split is None:
        return folder
    check_choice("split", split, tuple(_SPLIT_FOLDERS))
    present = {path.name: path for path in _folders(folder) if path.name in _SPLIT_FOLDERS}
    places = [present[name] for name in _SPLIT_FOLDERS[split] if name in present]
    if not places:
        tried = [folder / name for name in _SPLIT_FOLDERS[split]]
        raise not_found(f"folder: the split {split!r} of images by class", tried, _ADVICE)
    here = {path.name for path in _folders(places[0])}
    for other in present.values():
        different = sorted(here ^ {path.name for path in _folders(other)})
        if different:
            raise ValueError(
                f"folder: expected the same classes in {places[0]} and {other.name}, got "
                f"{', '.join(different[:3])} in one of them alone: their labels would not agree"
            )
    return places[0]


def _folders(folder):
    with os.scandir(folder) as entries:
        return sorted(Path(entry) for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _class_folders(folder):
    classes = _folders(folder)
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
