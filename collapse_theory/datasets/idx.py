"""Arrays of bytes in the IDX format of MNIST, plain or compressed by gzip."""

import gzip
import math
import zlib

import numpy as np

__all__ = ["read_idx"]

_GZIP = b"\x1f\x8b"
_MOST_EXPANSION = 1032  # DEFLATE cannot expand further: two bits for a copy of 258 bytes


def read_idx(path, expected):
    """Read an IDX file of bytes.

    path : Path of the file; whether it is compressed is read off its first bytes, not off its name
    expected : the shape that the array must have, with None for a length that is not known; another one is refused by
        the header, before anything is decompressed

    Returns (array uint8, read-only; the whole uncompressed file as bytes).
    Raises ValueError, naming the file, if its magic number or its shape is another, if it is shorter or longer than its
    header says, or does not fit into memory.
    Source: the format is described at the end of the page of MNIST, http://yann.lecun.com/exdb/mnist/.
    """
    with path.open("rb") as plain:
        compressed = plain.read(2) == _GZIP
        plain.seek(0)
        try:
            raw, shape = _read(path, gzip.GzipFile(fileobj=plain) if compressed else plain, expected)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: a damaged or truncated gzip file ({error})") from error
        except (MemoryError, OverflowError):
            raise ValueError(f"{path}: more than fits into memory") from None
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * len(shape)).reshape(shape), raw


def _read(path, file, expected):
    """The whole file, never more than its header promises and one byte; and the shape."""
    axes = len(expected)
    head, magic = file.read(4 + 4 * axes), bytes([0, 0, 8, axes])
    if head[:4] != magic or len(head) < 4 + 4 * axes:
        wanted = f"the magic number {magic.hex()} (bytes, {axes} axes) and {axes} sizes"
        raise ValueError(f"{path}: not this IDX file: expected {wanted}, got {head[:4].hex() or 'nothing'}")
    shape = tuple(int(n) for n in np.frombuffer(head, dtype=">u4", offset=4))
    if any(wanted not in (None, got) for wanted, got in zip(expected, shape, strict=True)) or 0 in shape:
        wanted = str(tuple("N" if n is None else n for n in expected)).replace("'", "")
        raise ValueError(f"{path}: expected an array of shape {wanted}, none of them 0, got {shape}")
    promised, size = math.prod(shape), path.stat().st_size
    rest = file.read(promised + 1) if promised <= _MOST_EXPANSION * size else b""
    if len(rest) != promised:
        got = "more" if len(rest) > promised else f"{len(rest):,}" if rest else f"a file of {size:,} in all"
        raise ValueError(f"{path}: the header promises {shape}, {promised:,} bytes, got {got}")
    return head + rest, shape
