"""Image files, decoded one after another by a few threads ahead of the reader.

Pillow opens them. Only a few of its formats are allowed, and no file that would take for ever.
"""

import mmap
import os
import re
import stat
import threading
import warnings
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..arguments import check_choice, check_count
from ..machine.cores import cores
from .data_files import optional

__all__ = [
    "MOST_PIXELS",
    "FilesPassedOver",
    "ImageReader",
    "decode",
    "decoded_image",
    "mapped_ahead",
    "tell_passed_over",
]

MOST_PIXELS = 2**26
_PILLOW_IS_CHANGED = threading.Lock()
_VIA_COLOUR = ("CMYK", "HSV", "LAB", "YCbCr")
# First bytes, and the module and the function of Pillow that open such a file. Pillow's own `open` would try any
# format under any name, and refuses by a limit of its own.
_FORMATS = (
    ((b"\xff\xd8\xff",), "JpegImagePlugin", "jpeg_factory"),
    ((b"\x89PNG\r\n\x1a\n",), "PngImagePlugin", "PngImageFile"),
    ((b"GIF87a", b"GIF89a"), "GifImagePlugin", "GifImageFile"),
    ((b"BM",), "BmpImagePlugin", "BmpImageFile"),
    ((b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+"), "TiffImagePlugin", "TiffImageFile"),
    ((b"RIFF",), "WebPImagePlugin", "WebPImageFile"),
    ((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"), "PpmImagePlugin", "PpmImageFile"),
)
_MOST_SCANS = 100  # as libtiff's default for the JPEGs within it; an encoder writes about ten
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # of JPEG: neither a stuffed byte nor a restart
_START_OF_SCAN, _END, _WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)
_BLOCK = 2**16  # bytes
_BITS_PER_SAMPLE, _ORIENTATION = 258, 274  # tags of TIFF and EXIF


class FilesPassedOver(UserWarning):
    """Files that could not be read were passed over, as on_error="skip" asked; the message says how many."""


def decode(path, *, side, colour=False, most_pixels=MOST_PIXELS):
    """The central square of one image file, shrunk: each sample is the mean of the pixels it covers.

    path : Path of a file that Pillow reads, with 8 bits per channel
    side : of the square returned, in samples; never enlarged
    colour : three channels, red, green, blue, or one of luminance; transparency is dropped, a photograph's orientation
        mark obeyed
    most_pixels : of the file; a larger one is refused by its header, before memory is taken for it

    Returns (C, side, side) uint8.
    Raises ValueError, naming the file, if it cannot be decoded, is too large, or is smaller than `side`; Warning if it
    has more pixels than Pillow's own limit, or where warnings of Pillow are errors.
    """
    image = decoded_image(path, colour=colour, most_pixels=most_pixels)
    width, height = image.size
    square = min(width, height)
    if square < side:
        raise ValueError(f"{path}: expected at least {side} x {side} pixels, got {height} x {width}")
    left, top = (width - square) // 2, (height - square) // 2
    box = (left, top, left + square, top + square)
    samples = np.asarray(image.resize((side, side), optional("PIL.Image", "Pillow").Resampling.BOX, box=box))
    return np.moveaxis(samples, -1, 0) if colour else samples[None]


def decoded_image(path, *, colour=False, most_pixels=MOST_PIXELS):
    """The whole of one image file, as an image of Pillow of the mode RGB or L.

    path, colour, most_pixels : as in `decode`

    Raises ValueError and Warning as `decode`.
    """
    library, mode = optional("PIL.Image", "Pillow"), "RGB" if colour else "L"
    try:
        with _opened(path, most_pixels) as file:
            pixels = file.width * file.height
            if pixels > most_pixels:
                raise ValueError(f"{file.height} x {file.width} pixels, more than most_pixels = {most_pixels}")
            if pixels > (library.MAX_IMAGE_PIXELS or pixels):
                raise library.DecompressionBombWarning
            file.load()
            file.info.pop("transparency", None)  # Pillow would warn of it
            image = file.convert("RGB") if file.mode in _VIA_COLOUR else file
            image = _oriented(image if image.mode == mode else image.convert(mode), file)
    except (Warning, library.DecompressionBombError):
        raise
    except Exception as error:  # decoders raise anything
        raise ValueError(f"{path}: cannot be read as an image of 8 bits per channel ({error})") from error
    return image


@dataclass(frozen=True)
class ImageReader:
    """A function of paths that iterates over their images (C, side, side) uint8, after a check of its arguments.

    side, colour, most_pixels : see `decode`
    workers : see `mapped_ahead`
    on_error : "raise" the ValueError of a file that cannot be read, or "skip" it: the error stands for the image

    Raises ValueError, naming the argument, if one is out of range.
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
        """(path, its image or its error); None in their place if Pillow warns or its limit is exceeded."""
        library = optional("PIL.Image", "Pillow")
        try:
            return path, decode(path, side=self.side, colour=self.colour, most_pixels=self.most_pixels)
        except ValueError as error:
            return path, error
        except (Warning, library.DecompressionBombError):
            return path, None

    def _alone(self, path):
        """The same without warnings and with our own limit. Both are of the process, so no thread may do it."""
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

    workers : threads; None for one per processor that this process may use
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


@contextmanager
def _opened(path, most_pixels):
    """Open one ordinary file as an image of Pillow, which is not decoded yet; the first of its pages or frames.

    most_pixels : that a file may have; here a bound of its length

    Raises ValueError if it is no file, of no format known here, has more than 8 bits per channel or very many scans;
    whatever Pillow raises if it is damaged.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe or a device may keep one waiting
        raise ValueError("no ordinary file")
    with open(path, "rb") as stream:
        start = stream.read(8)
        module, function = next(
            (names for beginnings, *names in _FORMATS if start.startswith(beginnings)), (None, None)
        )
        if module is None:
            raise ValueError(f"not BMP, GIF, JPEG, PNG, PPM, TIFF or WebP: it begins with {start.hex() or 'nothing'}")
        if function == "jpeg_factory":
            _check_scans(stream)
        if function == "PngImageFile":
            _check_sums(stream, 8 * most_pixels + 2**26)
        stream.seek(0)
        with getattr(optional(f"PIL.{module}", "Pillow"), function)(stream) as image:
            if _is_deep(image):
                raise ValueError(f"more than 8 bits per channel, mode {image.mode}")
            yield image


def _oriented(image, original):
    """An image, turned as the orientation mark of the `original` says, if that can be read."""
    if original.format == "TIFF":  # Pillow has turned it, and in some versions left the mark
        return image
    try:
        orientation = original.getexif().get(_ORIENTATION)
        turn = optional("PIL.Image", "Pillow").Transpose
        method = {
            2: turn.FLIP_LEFT_RIGHT,
            3: turn.ROTATE_180,
            4: turn.FLIP_TOP_BOTTOM,
            5: turn.TRANSPOSE,
            6: turn.ROTATE_270,
            7: turn.TRANSVERSE,
            8: turn.ROTATE_90,
        }.get(orientation)
    except Warning:
        raise
    except Exception:  # what is damaged in the marks of a photograph is not its pixels
        return image
    return image if method is None else image.transpose(method)


def _is_deep(image):
    """Whether a file has more than 8 bits per channel, also where Pillow would cut them off."""
    if image.mode[0] in "IF":
        return True
    if image.format == "TIFF":
        return max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) > 8
    arguments = image.tile[0][3] if image.tile else ""
    if image.format == "PNG":
        return ";16" in str(arguments)
    return image.format == "PPM" and not isinstance(arguments, str) and max(arguments[1:]) > 255


def _check_sums(stream, most):
    """Raise ValueError if a part of a PNG is not what its sum says: Pillow leaves out those of the pixels."""
    kind, left = b"", os.fstat(stream.fileno()).st_size - stream.tell()
    if left > most:
        raise ValueError(f"{left:,} bytes, more than {most:,}, which most_pixels need at most")
    while kind != b"IEND":
        length, kind = int.from_bytes(stream.read(4), "big"), stream.read(4)
        left -= 12 + length
        if left < 0:
            raise ValueError("it ends too early")
        sum_ = zlib.crc32(kind)
        for start in range(0, length, _BLOCK):
            sum_ = zlib.crc32(stream.read(min(_BLOCK, length - start)), sum_)
        if int.from_bytes(stream.read(4), "big") != sum_:
            raise ValueError(f"its part {kind.decode('latin-1')!r} is not what was written, by its sum")


def _check_scans(stream):
    """Raise ValueError if a JPEG has more scans than any encoder writes: each one costs as much as an image."""
    scans, position = 0, 2
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while (marker := _MARKER.search(data, position)) and data[marker.end() - 1] != _END:
            kind, position = data[marker.end() - 1], marker.end()
            if kind not in _WITHOUT_LENGTH:
                position += int.from_bytes(data[position : position + 2], "big")
            scans += kind == _START_OF_SCAN
            if scans > _MOST_SCANS:
                raise ValueError(f"more than {_MOST_SCANS} scans")
