"""One image file after another, decoded by a few threads ahead of whoever reads them."""

import threading
import warnings
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..arguments import check_choice, check_count
from ..machine.cores import cores
from .formats import opened, oriented
from .search import optional

__all__ = ["MOST_PIXELS", "FilesPassedOver", "ImageReader", "decode", "mapped_ahead", "tell_passed_over"]

MOST_PIXELS = 2**26
_PILLOW_IS_CHANGED = threading.Lock()
_VIA_COLOUR = ("CMYK", "HSV", "LAB", "YCbCr")


class FilesPassedOver(UserWarning):
    """Files that could not be read were passed over, because one asked for it; the message says how many."""


def decode(path, *, side, colour=False, most_pixels=MOST_PIXELS):
    """The central square of one image file, shrunk: each sample is the mean of the pixels it covers.

    path : Path of a file that Pillow reads, with 8 bits a channel
    side : of the square returned, in samples; never enlarged
    colour : three channels, red, green, blue, or one of luminance; transparency is dropped, a photograph's orientation
        mark obeyed
    most_pixels : of the file; a larger one is refused by its header, before memory is taken for it

    Returns (C, side, side) uint8.
    Raises ValueError, naming the file, if it cannot be decoded, is too large, or is smaller than `side`; Warning if it
    has more pixels than Pillow likes, or where a warning of Pillow is an error.
    """
    library, mode = optional("PIL.Image", "Pillow"), "RGB" if colour else "L"
    try:
        with opened(path, most_pixels) as file:
            pixels = file.width * file.height
            if pixels > most_pixels:
                raise ValueError(f"{file.height} x {file.width} pixels, more than most_pixels = {most_pixels}")
            if pixels > (library.MAX_IMAGE_PIXELS or pixels):
                raise library.DecompressionBombWarning
            file.load()
            file.info.pop("transparency", None)  # Pillow would warn of it
            image = file.convert("RGB") if file.mode in _VIA_COLOUR else file
            image = oriented(image if image.mode == mode else image.convert(mode), file)
    except (Warning, library.DecompressionBombError):
        raise
    except Exception as error:  # decoders raise anything
        raise ValueError(f"{path}: cannot be read as an image of 8 bits a channel ({error})") from error
    width, height = image.size
    square = min(width, height)
    if square < side:
        raise ValueError(f"{path}: expected at least {side} x {side} pixels, got {height} x {width}")
    left, top = (width - square) // 2, (height - square) // 2
    box = (left, top, left + square, top + square)
    samples = np.asarray(image.resize((side, side), library.Resampling.BOX, box=box))
    return np.moveaxis(samples, -1, 0) if colour else samples[None]


@dataclass(frozen=True)
class ImageReader:
    """A function of paths that iterates over their images (C, side, side) uint8, after a check of its arguments.

    side, colour, most_pixels : see `decode`
    workers : see `mapped_ahead`
    on_error : "raise" the ValueError of a file that cannot be read, or "skip" it: the error stands for the image
    """

    side: int
    colour: bool
    workers: int | None
    most_pixels: int
    on_error: str

    def __post_init__(self):
        check_count("side", self.side)
        check_count("workers", 1 if self.workers is None else self.workers)
        check_count("most_pixels", self.most_pixels)
        check_choice("on_error", self.on_error, ("raise", "skip"))

    def __call__(self, paths, *, ahead):
        for path, image in mapped_ahead(self._attempt, paths, workers=self.workers, ahead=ahead):
            image = self._alone(path) if image is None else image
            if isinstance(image, ValueError) and self.on_error == "raise":
                raise image
            yield image

    def _attempt(self, path):
        """The path, and its image, or its error, or None if warnings or the limit of Pillow stand in the way."""
        library = optional("PIL.Image", "Pillow")
        try:
            return path, decode(path, side=self.side, colour=self.colour, most_pixels=self.most_pixels)
        except ValueError as error:
            return path, error
        except (Warning, library.DecompressionBombError):
            return path, None

    def _alone(self, path):
        """The same without warnings and with a limit of ours: both belong to the process, so not in a thread."""
        library = optional("PIL.Image", "Pillow")
        with _PILLOW_IS_CHANGED, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            limit = library.MAX_IMAGE_PIXELS
            library.MAX_IMAGE_PIXELS = limit and max(limit, self.most_pixels)
            try:
                image = self._attempt(path)[1]
            finally:
                library.MAX_IMAGE_PIXELS = limit
        return ValueError(f"{path}: cannot be read within most_pixels = {self.most_pixels}") if image is None else image


def tell_passed_over(errors, count, *, level):
    """Warn of the files that were passed over, if there were any, so many calls up."""
    if errors:
        text = f"{len(errors)} of {count} image files were passed over, the first: {errors[0]}"
        warnings.warn(text, FilesPassedOver, stacklevel=level + 1)


def mapped_ahead(function, items, *, workers=None, ahead):
    """Iterate over function(item) for the items, in their order, computed by threads up to `ahead` items ahead.

    workers : threads; None for one a processor that this process may use
    ahead : the most items that are in work, or done and not yet taken, at any time

    An exception of `function` is raised when its item's turn comes. If the iteration is given up, what is in work is
    finished and dropped, and the threads end.
    """
    # Threads and not processes: Pillow decodes and shrinks without the lock of the interpreter.
    waiting = deque()
    with ThreadPoolExecutor(workers or cores()) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
