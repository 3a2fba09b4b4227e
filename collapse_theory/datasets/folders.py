"""Images in one folder per class, your own or ImageNet's, in an order that does not depend on the file system."""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arguments import check_choice, check_count
from .data_files import SEARCH_PATH, find_folder, not_found
from .decoding import MOST_PIXELS, ImageReader, tell_passed_over

__all__ = ["ClassFiles", "image_folder", "list_classes"]

_AHEAD = 64
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
_ADVICE = f"Name a folder that holds one folder per class; a relative one is looked for in {SEARCH_PATH} too"


def image_folder(
    folder: str | os.PathLike,
    *,
    side: int = 32,
    split: str | None = None,
    limit: int | None = None,
    colour: bool = False,
    workers: int | None = None,
    most_pixels: int = MOST_PIXELS,
    on_error: str = "raise",
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Your own images by class, all in memory: the files below FOLDER/CLASS, at any depth.

    Files are BMP, GIF, JPEG, PBM, PGM, PNG, PPM, TIFF or WebP, and named .bmp, .gif, .jfif, .jpeg, .jpg, .pbm, .pgm,
    .png, .pnm, .ppm, .tif, .tiff or .webp, in any case. The content of a file decides what it is, not its name. Of
    several pages or frames the first is read.

    folder : holds one folder per class; with `split`, it holds `train` and `test` or `val`, each with one folder per
        class, which is ImageNet's layout. A relative path that is not there is looked for in every entry of
        COLLAPSE_THEORY_DATA
    side : of the images returned, in samples: the largest central square is shrunk, each sample being the mean of the
        pixels it covers; never enlarged
    split : "train", "test" or "val"; None if there are no such folders. The validation set may be called `val`,
        `valid` or `validation`; where there is no test set with classes it is read instead, and vice versa
    limit : images read per class, the first by name; None for all
    colour : three channels, red, green, blue, or one of luminance; transparency is dropped, a photograph's orientation
        mark obeyed
    workers : threads that decode; None for one per processor
    most_pixels : of one file; a larger one is refused before memory is taken for it
    on_error : "raise"; or "skip" to pass over files that cannot be read. Classes may then have no image, and keep their
        names and numbers. The warning FilesPassedOver says at the end how many files were passed over

    Returns (images (N, C, side, side) float32 in [0, 1], labels (N,) int64, names): names[y] is the folder of class y,
    classes and files sorted by the characters of their names. What begins with a dot is passed over, and so are the
    folders that archives and systems leave, such as __MACOSX, @eaDir, lost+found, $RECYCLE.BIN and __pycache__, and
    links to a folder that holds them.
    Memory: the result, and per worker one decoded file of 3 bytes per pixel, twice while it is converted.
    `image_batches` reads what does not fit.
    Raises DataNotFound if a folder is missing; ValueError if there are fewer than two classes, a class has no image or
    cannot be listed, the split has other classes than `train`, or a file cannot be decoded, has more than 8 bits per
    channel, is smaller than `side` or has more than `most_pixels`; ImportError if Pillow is missing.
    """
    read = ImageReader(side, colour, workers, most_pixels, on_error)
    listed = list_classes(folder, split=split, limit=limit, empty=on_error == "skip")
    images = np.empty((len(listed.paths), 3 if colour else 1, side, side), dtype=np.float32)
    kept, errors = [], []
    for number, image in enumerate(read(listed.paths, ahead=_AHEAD)):
        if isinstance(image, ValueError):
            errors.append(str(image))
        else:
            images[len(kept)] = image
            kept.append(number)
    if not kept:
        raise ValueError(f"folder: none of the {len(errors)} image files could be read, the first: {errors[0]}")
    images = images[: len(kept)]
    images /= 255
    tell_passed_over(errors, len(listed.paths), level=2)
    return images, listed.labels[kept], listed.names


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
    """Whether a link leads to one of the folders that hold it: following it would never end."""
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
    """The order of names: by their characters, however a system composes accents, and in any language."""
    return unicodedata.normalize("NFC", name), name
