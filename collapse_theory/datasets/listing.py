"""Image files in folders by class, found without opening them, in an order that no file system decides."""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arguments import check_choice, check_count
from .search import SEARCH_PATH, find_folder, not_found

__all__ = ["ClassFiles", "list_classes"]

_IMAGE_SUFFIXES = (
    *(".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
_VALIDATION = ("val", "valid", "validation")
_SPLITS = {"train": ("train",), "test": ("test", *_VALIDATION)} | {
    name: (name, *(other for other in _VALIDATION if other != name), "test") for name in _VALIDATION
}
# What archives, systems, file servers and Python leave beside the data, in lower case.
_NO_DATA = {
    *("__macosx", "__pycache__", "lost+found", "@eadir", "@tmp", "@recycle", "#recycle", "#snapshot"),
    *("$recycle.bin", "recycler", "system volume information"),
}
_ADVICE = f"Name a folder that holds one folder a class; a relative one is looked for in {SEARCH_PATH} too"


@dataclass(frozen=True)
class ClassFiles:
    """Image files by class: the path and the label of each, class after class; names of the classes; their folder."""

    paths: tuple[Path, ...]
    labels: np.ndarray
    names: tuple[str, ...]
    place: Path


def list_classes(folder, *, split=None, limit=None, empty=False):
    """Find image files by class, without opening them.

    folder, split, limit : as in `image_folder`
    empty : whether a class may have no image; its name and its number stay

    Raises as `image_folder` for what concerns folders.
    """
    check_count("limit", 1 if limit is None else limit)
    place = _split_folder(find_folder("folder: a folder of images by class", folder, advice=_ADVICE), split)
    classes = _class_folders(place)
    files = [_image_files(path)[:limit] for path in classes]
    bare = [path for path, paths in zip(classes, files, strict=True) if not paths]
    if bare and (not empty or len(bare) == len(classes)):
        raise ValueError(f"folder: class {bare[0].name!r} has no image ({', '.join(_IMAGE_SUFFIXES)}) in {place}")
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), [len(paths) for paths in files])
    return ClassFiles(tuple(p for paths in files for p in paths), labels, tuple(path.name for path in classes), place)


def _split_folder(folder, split):
    """The folder of a split; unless it is `train` its classes must be those of `train`: labels number both alike."""
    if split is None:
        return folder
    check_choice("split", split, tuple(_SPLITS))
    present = {path.name: path for path in _folders(folder)}
    places = [present[name] for name in _SPLITS[split] if name in present]
    if not places:
        tried = [folder / name for name in _SPLITS[split]]
        raise not_found(f"folder: the split {split!r} of images by class", tried, _ADVICE)
    # A test set without labels is a folder of files, or of one folder.
    place = next((place for place in places if len(_folders(place)) > 1), places[0])
    here, there = ({path.name for path in _folders(place)} for place in (place, present.get("train", place)))
    if len(here) > 1 and len(there) > 1 and here != there:
        raise ValueError(
            f"folder: expected the same classes in {place} and train, got {', '.join(sorted(here ^ there)[:3])} "
            "in one of them alone: their labels would not agree"
        )
    return place


def _class_folders(folder):
    classes = _folders(folder)
    names = [path.name for path in classes]
    splits = [name for name in names if name in _SPLITS]
    if len(splits) > 1 or (splits and splits == names):
        raise ValueError(f"folder: {folder} holds {', '.join(splits)}, not classes; choose one by split=")
    if len(classes) < 2:
        raise ValueError(f"folder: expected two or more class folders in {folder}, got {', '.join(names) or 'none'}")
    return classes


def _folders(folder):
    here = (os.path.realpath(folder),)
    found = [e.name for e in _entries(folder) if _is_folder(e) and not _leads_back(os.path.realpath(e.path), here)]
    return [folder / name for name in sorted(found, key=_order)]


def _image_files(folder):
    """The image files below a folder, at any depth, in the order of their paths."""
    found, waiting = [], [(str(folder), (), (os.path.realpath(folder),))]
    while waiting:
        place, parts, above = waiting.pop()
        for entry in _entries(place):
            parts_of_entry, named_as_image = (*parts, entry.name), _is_named_as_image(entry.name)
            if not _is_folder(entry, sure=not named_as_image):
                found += [parts_of_entry] if named_as_image else []
                continue
            real = os.path.realpath(entry.path)
            if not _leads_back(real, above):
                waiting.append((entry.path, parts_of_entry, (*above, real)))
    return [folder.joinpath(*parts) for parts in sorted(found, key=lambda parts: tuple(map(_order, parts)))]


def _leads_back(real, above):
    """Whether a link leads to one of the folders that hold it: to nothing new, for ever."""
    return any(path == real or path.startswith(real.rstrip(os.sep) + os.sep) for path in above)


def _entries(folder):
    try:
        with os.scandir(folder) as entries:
            return [e for e in entries if not e.name.startswith(".") and e.name.lower() not in _NO_DATA]
    except OSError as error:
        raise ValueError(f"folder: {folder} cannot be read ({error.strerror})") from error


def _is_folder(entry, sure=True):
    """Whether an entry is a folder, or a link to one.  A loop of links is refused, unless it need not be a folder."""
    try:
        return entry.is_dir()
    except OSError as error:
        if sure:
            raise ValueError(f"folder: {entry.path} cannot be read ({error.strerror})") from error
        return False


def _is_named_as_image(name):
    return os.path.splitext(name)[1].lower() in _IMAGE_SUFFIXES


def _order(name):
    """The order of names: of characters, however a system composes their accents, and whatever the language."""
    return unicodedata.normalize("NFC", name), name
