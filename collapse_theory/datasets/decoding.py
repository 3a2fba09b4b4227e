"""One image file after another, decoded by a few threads ahead of whoever reads them."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..cores import cores
from .search import optional

__all__ = ["MOST_PIXELS", "decode", "mapped_ahead"]

MOST_PIXELS = 2**26


def decode(path, *, side, colour=False, most_pixels=MOST_PIXELS):
    """The central square of one image file, shrunk: each sample is the mean of the pixels it covers.

    path : Path of a file that Pillow reads, with 8 bits a channel
    side : of the square returned, in samples; never enlarged
    colour : three channels, red, green, blue, or one of luminance; transparency is dropped, a photograph's orientation
        mark obeyed
    most_pixels : of the file; a larger one is refused by its header, before memory is taken for it

    Returns (C, side, side) uint8.
    Raises ValueError, naming the file, if it cannot be decoded, is too large, or is smaller than `side`.
    """
    library, operations = optional("PIL.Image", "Pillow"), optional("PIL.ImageOps", "Pillow")
    mode = "RGB" if colour else "L"
    try:
        with library.open(path) as file:
            if file.width * file.height > most_pixels:
                raise ValueError(f"{file.height} x {file.width} pixels, more than most_pixels = {most_pixels}")
            if file.mode[0] in "IF":
                raise ValueError(f"more than 8 bits a channel, mode {file.mode}")
            operations.exif_transpose(file, in_place=True)
            image = file if file.mode == mode else file.convert(mode)  # either would copy where there is nothing to do
            image.load()
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
