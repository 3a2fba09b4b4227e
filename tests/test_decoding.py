"""Doubts about image files: are the right pixels read, and is what is none, or too much, named in a sentence?"""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest

from collapse_theory import datasets
from collapse_theory.datasets.decoding import ImageReader, decode

image = pytest.importorskip("PIL.Image")

PIXELS = np.random.default_rng(0).integers(256, size=(12, 16, 3), dtype=np.uint8)
GREY = PIXELS[..., 0]
TURNS = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.T,
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].T,
    8: np.rot90,
}


def encoded(pixels, kind, mode=None, **options):
    file, picture = io.BytesIO(), image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(file, kind, **options)
    return file.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(colour, bits, body, size=(8, 8), more=b""):
    head = struct.pack(">IIBBBBB", size[1], size[0], bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    )


def tiff(bits, photometric):
    """An 8 x 8 TIFF without compression, of as many samples per pixel as there are numbers of bits."""
    samples, size = len(bits), 64 * sum(bits) // 8
    tags = [
        (256, 8),
        (257, 8),
        (258, None),
        (259, 1),
        (262, photometric),
        (273, None),
        (277, samples),
        (278, 8),
        (279, size),
    ]
    tags += [(338, 2)] if samples in (2, 4) and photometric < 5 else []
    after = 8 + 2 + 12 * len(tags) + 4
    written = struct.pack(f"<{samples}H", *bits)
    place = {
        258: int.from_bytes(written.ljust(4, b"\0"), "little") if samples < 3 else after,
        273: after + len(written),
    }
    rows = [
        struct.pack("<HHII", tag, 4 if tag == 273 else 3, samples if tag == 258 else 1, place.get(tag, v))
        for tag, v in tags
    ]
    return (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(tags))
        + b"".join(rows)
        + bytes(4)
        + written
        + bytes(range(256)) * (size // 256)
    )


def written(folder, name, raw):
    (folder / name).write_bytes(raw)
    return folder / name


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_an_orientation_mark_is_obeyed_in_every_format(tmp_path, kind, orientation):
    exif, options = image.Exif(), {"lossless": True} if kind == "WEBP" else {}
    exif[0x0112] = orientation
    for pixels in (GREY, PIXELS):
        path = written(tmp_path, "x.png", encoded(pixels, kind, exif=exif, **options))
        channels = np.moveaxis(pixels.reshape(12, 16, -1), -1, 0)
        turned = np.stack([TURNS[orientation](channel) for channel in channels])
        rows, columns = ((n - 12) // 2 for n in turned.shape[1:])
        expected = turned[:, rows : rows + 12, columns : columns + 12]
        np.testing.assert_array_equal(decode(path, side=12, colour=len(channels) == 3), expected)


MARKS = [
    struct.pack("<HHII", 0x11A, 2, 4, 0x41414141),  # a resolution in words
    struct.pack("<HHII", 0x11A, 5, 1, 10**9),  # one that lies outside
    struct.pack("<HHII", 0x8769, 4, 1, 8),  # marks within marks, for ever
    struct.pack("<HHII", 0x8825, 2, 10**8, 8),
    struct.pack("<HHII", 0x10F, 99, 1, 0),
]


@pytest.mark.parametrize("mark", range(len(MARKS)))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_marks_that_are_damaged_elsewhere_than_in_the_orientation_do_not_matter(tmp_path, kind, mark):
    marks = struct.pack("<HHII", 0x112, 3, 1, 3) + MARKS[mark]
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + marks + bytes(4)
    plain = decode(written(tmp_path, "x.png", encoded(GREY[:, :12], kind)), side=12)
    [turned] = ImageReader(12, False, 1, 1000, "raise")(
        [written(tmp_path, "x.png", encoded(GREY[:, :12], kind, exif=exif))], ahead=1
    )
    np.testing.assert_array_equal(turned, plain[:, ::-1, ::-1])


DEEP = {
    "grey PNG": png(0, 16, bytes(17 * 8)),
    "grey and transparent PNG": png(4, 16, bytes(33 * 8)),
    "colour PNG": png(2, 16, bytes(49 * 8)),
    "colour and transparent PNG": png(6, 16, bytes(65 * 8)),
    "grey TIFF": tiff([16], 1),
    "colour TIFF": tiff([16] * 3, 2),
    "colour and transparent TIFF": tiff([16] * 4, 2),
    "ink TIFF": tiff([16] * 4, 5),
    "grey PGM": b"P5 8 8 65535\n" + bytes(128),
    "colour PPM": b"P6 8 8 65535\n" + bytes(384),
    "colour PPM of 12 bits": b"P6 8 8 4095\n" + bytes(384),
    "plain PPM": b"P3 8 8 1000\n" + b"5 " * 192,
    "real TIFF": encoded(GREY.astype(np.float32), "TIFF"),
    "integer TIFF": encoded(GREY.astype(np.int32), "TIFF"),
}


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("name", DEEP)
def test_more_than_8_bits_a_channel_are_refused_and_never_cut(tmp_path, name, colour):
    with pytest.raises(ValueError, match=r"x.png: cannot be read .*\(more than 8 bits per channel, mode "):
        decode(written(tmp_path, "x.png", DEEP[name]), side=8, colour=colour)


READ = {  # with how far from the pixels they may be
    "BMP": (encoded(PIXELS, "BMP"), 0),
    "GIF": (encoded(PIXELS, "GIF"), 80),
    "JPEG": (encoded(PIXELS, "JPEG", quality=100, subsampling=0), 4),
    "progressive JPEG": (encoded(PIXELS, "JPEG", quality=100, subsampling=0, progressive=True), 4),
    "PNG": (encoded(PIXELS, "PNG"), 0),
    "PPM": (encoded(PIXELS, "PPM"), 0),
    "TIFF": (encoded(PIXELS, "TIFF"), 0),
    "WebP": (encoded(PIXELS, "WEBP", lossless=True), 0),
    "inks": (encoded(PIXELS, "TIFF", mode="CMYK"), 0),
    "transparent": (encoded(PIXELS, "PNG", mode="RGBA"), 0),
    "transparent by a colour": (encoded(PIXELS, "PNG", transparency=(1, 2, 3)), 0),
    "transparent palette": (encoded(PIXELS, "PNG", mode="P", transparency=bytes(range(256))), 80),
    "pages": (encoded(PIXELS, "TIFF", save_all=True, append_images=[image.fromarray(255 - PIXELS)]), 0),
    "frames": (encoded(PIXELS, "PNG", save_all=True, append_images=[image.fromarray(255 - PIXELS)]), 0),
    "frames of GIF": (encoded(PIXELS, "GIF", save_all=True, append_images=[image.fromarray(255 - PIXELS)]), 80),
    "lightness and two colours": (None, 30),
}


def in_lab():
    from PIL import ImageCms

    spaces = (ImageCms.createProfile(space) for space in ("sRGB", "LAB"))
    file = io.BytesIO()
    ImageCms.profileToProfile(image.fromarray(PIXELS), *spaces, outputMode="LAB").save(file, "TIFF")
    return file.getvalue()


@pytest.mark.parametrize("name", READ)
def test_every_format_is_read_alike_in_colour_and_in_grey(tmp_path, name):
    raw, far = READ[name]
    if raw is None:
        raw = in_lab()
    path = written(tmp_path, "x.jpg", raw)  # the content decides, not the name
    square = PIXELS[:, 2:14]
    read, grey = decode(path, side=12, colour=True), decode(path, side=12)
    assert np.abs(np.moveaxis(read, 0, -1).astype(int) - square).max() <= far
    luminance = read.astype(float).transpose(1, 2, 0) @ [0.299, 0.587, 0.114]
    assert np.abs(grey[0] - luminance).max() <= 1


def png_of_frames_that_are_not_there():
    return png(0, 8, bytes(9 * 8), more=chunk(b"acTL", bytes(8)))


@pytest.mark.parametrize(
    "raw",
    [
        READ["transparent palette"][0],
        png_of_frames_that_are_not_there(),
        encoded(GREY, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0" + struct.pack("<HHII", 0x112, 3, 1, 1)),
    ],
    ids=["palette", "frames", "marks cut short"],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_warnings_of_pillow_do_not_end_a_reading(tmp_path, raw, workers):
    path = written(tmp_path, "x.png", raw)
    [plain] = ImageReader(8, False, workers, 1000, "raise")([path], ahead=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        [read] = ImageReader(8, False, workers, 1000, "raise")([path], ahead=1)
        assert warnings.filters == before
    np.testing.assert_array_equal(read, plain)


def test_a_limit_beyond_that_of_pillow_is_what_one_says(tmp_path, monkeypatch):
    monkeypatch.setattr(image, "MAX_IMAGE_PIXELS", 10)
    for kind in ("PNG", "TIFF", "GIF", "WEBP", "BMP", "PPM", "JPEG"):
        path = written(tmp_path, "x.png", encoded(GREY, kind))
        [read] = ImageReader(12, False, None, 192, "raise")([path], ahead=1)
        assert np.abs(read[0].astype(int) - GREY[:, 2:14]).max() < 60
        with pytest.raises(ValueError, match=r"12 x 16 pixels, more than most_pixels = 191\)"):
            list(ImageReader(12, False, None, 191, "raise")([path], ahead=1))
        assert image.MAX_IMAGE_PIXELS == 10


FOREIGN = ["TGA", "DDS", "PCX", "SGI", "JPEG2000", "ICO", "EPS", "PDF"]


@pytest.mark.parametrize("kind", FOREIGN)
def test_formats_that_are_not_named_are_not_opened(tmp_path, kind):
    if kind == "JPEG2000":
        pytest.importorskip("PIL.Jpeg2KImagePlugin")
    path = written(tmp_path, "x.png", encoded(PIXELS, kind))
    with pytest.raises(
        ValueError, match=r"x.png: cannot be read .*\(not BMP, GIF, JPEG, PNG, PPM, TIFF or WebP: it begins"
    ):
        decode(path, side=8)


def many_scans(count):
    raw = encoded(np.zeros((64, 64), np.uint8), "JPEG", progressive=True)
    last = raw.rindex(b"\xff\xda")
    return raw[:last] + raw[last:-2] * count + raw[-2:]


def test_a_jpeg_of_very_many_scans_is_refused_before_it_is_decoded(tmp_path):
    assert decode(written(tmp_path, "x.jpg", many_scans(50)), side=8).shape == (1, 8, 8)
    in_a_mark = b"\xff\xe5" + struct.pack(">H", 2 + 3000) + b"\xff\xda\x00" * 1000
    raw = many_scans(1)
    after_the_end = raw[:2] + in_a_mark + raw[2:] + b"\xff\xda\0\2" * 1000
    assert decode(written(tmp_path, "x.jpg", after_the_end), side=8).shape == (1, 8, 8)
    with pytest.raises(ValueError, match=r"x.jpg: cannot be read .*\(more than 100 scans\)"):
        decode(written(tmp_path, "x.jpg", many_scans(2000)), side=8)


@pytest.mark.skipif(os.name != "posix", reason="the system has no such things")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (os.mkfifo, "no ordinary file"),
        (lambda path: path.symlink_to("/dev/zero"), "no ordinary file"),
        (lambda path: path.symlink_to(path), "Too many levels"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
        (lambda path: path.write_bytes(b""), "it begins with nothing"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff"), "cannot be read as an image"),
        (lambda path: path.write_bytes(b"RIFF\0\0\0\0WAVE" + bytes(50)), "cannot be read as an image"),
        (lambda path: path.write_bytes(b"<html>"), "it begins with 3c68746d6c3e"),
    ],
)
def test_what_is_no_image_file_ends_in_a_sentence_and_never_hangs(tmp_path, make, message):
    for name in "ab":
        (tmp_path / name).mkdir()
        written(tmp_path, f"{name}/0.png", encoded(PIXELS, "PNG"))
    make(tmp_path / "b" / "1.png")
    with pytest.raises(ValueError, match=rf"b.1\.png: .*{message}"):
        datasets.image_folder(tmp_path, side=8)
    with pytest.warns(datasets.FilesPassedOver, match=r"^1 of 3 image files were passed over, the first: .*b.1\.png: "):
        images, labels, names = datasets.image_folder(tmp_path, side=8, on_error="skip")
    assert (len(images), labels.tolist(), names) == (2, [0, 1], ("a", "b"))
