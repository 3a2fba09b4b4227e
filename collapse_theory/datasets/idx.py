"""Arrays of bytes in the IDX format of MNIST, plain or compressed by gzip."""

import gzip
import zlib

import numpy as np

__all__ = ["read_idx"]

_GZIP = b"\x1f\x8b"
_MOST_EXPANSION = 1032  # DEFLATE cannot expand further: two bits for a copy of 258 bytes


def read_idx(path, axes):
    """Read an IDX file of bytes.

    path : Path of the file; whether it is compressed is read off its first bytes, not off its name
    axes : the number of axes that the array must have

    Returns (array with `axes` axes uint8, read-only; the whole uncompressed file as bytes).
    Raises ValueError, naming the file, if its magic number is another, or it is shorter or longer than its header says.
    Source: the format is described at the end of the page of MNIST, http://yann.lecun.com/exdb/mnist/.
    """
    with path.open("rb") as plain:
        compressed = plain.read(2) == _GZIP
        plain.seek(0)
        try:
            raw = _read(path, gzip.GzipFile(fileobj=plain) if compressed else plain, axes)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: a damaged or truncated gzip file ({error})") from error
    shape = _shape(raw, axes)
    return np.frombuffer(raw, dtype=np.uint8, offset=_header(axes)).reshape(shape), raw


def _read(path, file, axes):
    """The whole file, never more than its header promises and one byte."""
    head = file.read(_header(axes))
    magic = bytes([0, 0, 8, axes])
    if head[:4] != magic or len(head) < _header(axes):
        expected = f"the magic number {magic.hex()} (bytes, {axes} axes) and {axes} sizes"
        raise ValueError(f"{path}: not this IDX file: expected {expected}, got {head[:4].hex() or 'nothing'}")
    shape = _shape(head, axes)
    promised, size = int(np.prod(shape, dtype=object)), path.stat().st_size
    rest = file.read(promised + 1) if promised <= _MOST_EXPANSION * size else b""
    if len(rest) != promised:
        got = "more" if len(rest) > promised else f"{len(rest):,}" if rest else f"a file of {size:,} in all"
        raise ValueError(f"{path}: the header promises {shape}, {promised:,} bytes, got {got}")
    return head + rest


def _header(axes):
    return 4 + 4 * axes


def _shape(raw, axes):
    return tuple(int(n) for n in np.frombuffer(raw, dtype=">u4", count=axes, offset=4))
