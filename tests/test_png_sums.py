"""Doubts about damaged PNG files: is each of their parts compared with its sum, those of the pixels too?"""

import os

import numpy as np
import pytest

pytest.importorskip("PIL.Image")

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from collapse_theory.datasets.decoding import decode


def _parts_of_png(raw):
    place = 8
    while place < len(raw):
        length = int.from_bytes(raw[place : place + 4], "big")
        yield raw[place + 4 : place + 8], place, 12 + length
        place += 12 + length


@pytest.mark.parametrize("kind", [b"IHDR", b"tEXt", b"IDAT", b"IEND"])
def test_each_part_of_a_png_is_compared_with_its_sum(tmp_path, kind):
    about = PngInfo()
    about.add_text("Title", "noise")
    pixels = np.random.default_rng(0).integers(256, size=(16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png", pnginfo=about)
    raw = (tmp_path / "x.png").read_bytes()
    assert decode(tmp_path / "x.png", side=8).shape == (1, 8, 8)
    place, size = next((place, size) for found, place, size in _parts_of_png(raw) if found == kind)
    for changed in {place + size - 1, place + min(8, size - 4)}:
        (tmp_path / "x.png").write_bytes(raw[:changed] + bytes([raw[changed] ^ 1]) + raw[changed + 1 :])
        with pytest.raises(ValueError, match=rf"x\.png: cannot be read .*part {str(kind)[1:]} is not what was written"):
            decode(tmp_path / "x.png", side=8)
    for end in (place + 2, place + size - 1):
        (tmp_path / "x.png").write_bytes(raw[:end])
        with pytest.raises(ValueError, match=r"x\.png: cannot be read .*it ends too early"):
            decode(tmp_path / "x.png", side=8)


def test_a_png_that_is_longer_than_its_pixels_need_is_not_read_through(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIDAT")
    os.truncate(tmp_path / "x.png", 2**36)
    with pytest.raises(ValueError, match=r"x\.png: cannot be read .*bytes, more than"):
        decode(tmp_path / "x.png", side=8)
