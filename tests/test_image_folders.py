"""Doubts about folders of images: every file read once, in order, whole, and every other reason named."""

import sys

import numpy as np
import pytest

from collapse_theory import datasets


@pytest.fixture
def pictures(tmp_path):
    """A folder of images by class: `write(path, array)` adds one."""
    image = pytest.importorskip("PIL.Image")

    def write(path, pixels, **options):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(tmp_path / path, **options)

    write("ants/2.png", np.arange(64).reshape(8, 8))
    write("ants/1.png", np.full((8, 8), 10))
    write("bees/a.PNG", np.full((12, 8, 3), (255, 0, 0)))
    return tmp_path, write


def test_images_by_class_are_square_means_sorted_by_name(pictures):
    images, labels, names = datasets.image_folder(pictures[0], side=4)
    assert names == ("ants", "bees")
    assert images.shape == (3, 1, 4, 4)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(labels, [0, 0, 1])
    np.testing.assert_array_equal(np.rint(255 * images[0]), np.full((1, 4, 4), 10))
    means = np.arange(64).reshape(4, 2, 4, 2).mean(axis=(1, 3))
    assert np.max(np.abs(255 * images[1, 0] - means)) <= 0.5 + 1e-4


def test_images_by_class_in_colour_are_cropped_to_the_centre(pictures):
    folder, write = pictures
    stripes = np.zeros((8, 12, 3))
    stripes[:, 2:10] = (0, 128, 255)
    write("bees/b.bmp", stripes)
    images, labels, _ = datasets.image_folder(folder, side=8, colour=True)
    assert images.shape == (4, 3, 8, 8)
    np.testing.assert_array_equal(labels, [0, 0, 1, 1])
    for image, colour in [(images[2], (255, 0, 0)), (images[3], (0, 128, 255))]:
        np.testing.assert_array_equal(np.rint(255 * image), np.broadcast_to(np.reshape(colour, (3, 1, 1)), (3, 8, 8)))


def test_only_so_many_images_a_class_and_no_hidden_ones(pictures):
    folder, write = pictures
    write(".cache/x.png", np.zeros((8, 8)))
    write("bees/.hidden.png", np.zeros((8, 8)))
    (folder / "bees" / "notes.txt").write_text("no image")
    _, labels, names = datasets.image_folder(folder, side=8, limit=1)
    np.testing.assert_array_equal(labels, [0, 1])
    assert names == ("ants", "bees")


def test_an_orientation_mark_is_obeyed(pictures):
    folder, write = pictures
    exif = pytest.importorskip("PIL.Image").Exif()
    exif[0x0112] = 3  # upside down
    write("ants/2.png", np.arange(64).reshape(8, 8), exif=exif)
    images, _, _ = datasets.image_folder(folder, side=8)
    np.testing.assert_array_equal(np.rint(255 * images[1, 0]), np.arange(64)[::-1].reshape(8, 8))


@pytest.mark.parametrize("second", ["test", "val"])
def test_splits_are_read_from_their_folders(pictures, second):
    folder, write = pictures
    for split, grey in [("train", 1), (second, 2)]:
        for name in ("ants", "bees"):
            write(f"splits/{split}/{name}/0.png", np.full((8, 8), grey))
    for split, grey in [("train", 1), ("test", 2), ("val", 2)]:
        images, labels, _ = datasets.image_folder(folder / "splits", side=8, split=split)
        np.testing.assert_array_equal(np.rint(255 * images), np.full((2, 1, 8, 8), grey))
        np.testing.assert_array_equal(labels, [0, 1])
    with pytest.raises(ValueError, match=r"holds .*train.*, not classes; choose one by split="):
        datasets.image_folder(folder / "splits", side=8)


@pytest.mark.parametrize(
    ("path", "arguments", "error", "message"),
    [
        ("no", {}, FileNotFoundError, "folder: a folder of images by class was not found. .*\n    .*no\nName a"),
        (
            ".",
            {"split": "test"},
            FileNotFoundError,
            "the split 'test' of .* was not found. .*\n    .*test\n    .*val",
        ),
        (".", {"split": "dev"}, ValueError, "split: unknown 'dev'; known: 'train', 'test', 'val'"),
        ("ants", {}, ValueError, "folder: expected two or more class folders in .*ants, got none"),
        ("one", {}, ValueError, "folder: expected two or more class folders in .*one, got only"),
        ("empty", {}, ValueError, r"folder: class 'b' has no image \(.bmp, .*, .webp\) in .*empty"),
        ("deep", {}, ValueError, r"0.png: cannot be read as .* \(more than 8 bits a channel, mode I;16"),
        ("broken", {}, ValueError, "0.png: cannot be read as an image of 8 bits a channel"),
        ("small", {"side": 9}, ValueError, "0.png: expected at least 9 x 9 pixels, got 8 x 8"),
        (".", {"side": 0}, ValueError, "side: expected an integer of at least 1, got 0"),
        (".", {"limit": 0}, ValueError, "limit: expected an integer of at least 1, got 0"),
    ],
)
def test_a_wrong_folder_of_images_is_named(pictures, path, arguments, error, message):
    folder, write = pictures
    for image in ("one/only", "empty/a", "small/a", "small/b", "broken/a", "broken/b", "deep/a", "deep/b"):
        write(f"{image}/0.png", np.zeros((8, 8)))
    (folder / "empty" / "b").mkdir()
    (folder / "broken" / "a" / "0.png").write_bytes(b"\x89PNG no more")
    pytest.importorskip("PIL.Image").fromarray(np.zeros((8, 8), np.uint16)).save(folder / "deep" / "a" / "0.png")
    with pytest.raises(error, match=message):
        datasets.image_folder(folder / path, **({"side": 8} | arguments))


def test_missing_pillow_is_named_with_its_remedy(monkeypatch, pictures):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r'Pillow is needed .* pip install "collapse_theory\[figures\]"'):
        datasets.image_folder(pictures[0], side=8)


def test_a_split_by_class_shares_no_sample_and_keeps_proportions():
    labels = np.array([0] * 10 + [2] * 20 + [1] * 5)
    first, second = datasets.split_by_class(labels, fraction=0.6, seed=0)
    np.testing.assert_array_equal(np.sort(np.concatenate([first, second])), np.arange(35))
    np.testing.assert_array_equal(np.bincount(labels[first]), [6, 3, 12])
    np.testing.assert_array_equal(datasets.split_by_class(labels, fraction=0.6, seed=0)[0], first)
    assert not np.array_equal(datasets.split_by_class(labels, fraction=0.6, seed=1)[0], first)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fraction": 1.0}, r"fraction: expected a number in \(0, 1\), got 1\.0"),
        ({"fraction": 0.1}, r"fraction: 0\.1 of the 2 samples of class 5 leaves a part empty"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
        ({"seed": None}, "seed: expected an integer of at least 0, got None"),
    ],
)
def test_an_impossible_split_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.split_by_class([5, 5], **({"fraction": 0.5, "seed": 0} | arguments))
