"""Image files as Pillow opens them: of a few formats alone, whatever else it knows, and none that takes for ever."""

import mmap
import os
import re
import stat
import zlib
from contextlib import contextmanager

from .search import optional

__all__ = ["opened", "oriented"]

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


@contextmanager
def opened(path, most_pixels):
    """Open one ordinary file as an image of Pillow, which is not decoded yet; the first of its pages or frames.

    most_pixels : that a file may have; here a bound of its length

    Raises ValueError if it is no file, of no format known here, has more than 8 bits a channel or very many scans;
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
                raise ValueError(f"more than 8 bits a channel, mode {image.mode}")
            yield image


def oriented(image, original):
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
    """Whether a file has more than 8 bits a channel, also where Pillow would cut them off."""
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
