"""Doubts about folders of images: every file read once, in order, whole, and every other reason named."""

import os
import sys
from pathlib import Path

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


@pytest.mark.parametrize("second", ["test", "val", "valid", "validation"])
def test_splits_are_read_from_their_folders(pictures, second):
    folder, write = pictures
    for split, grey in [("train", 1), (second, 2)]:
        for name in ("ants", "bees"):
            write(f"splits/{split}/{name}/0.png", np.full((8, 8), grey))
    for split, grey in [("train", 1), ("test", 2), ("val", 2), ("valid", 2), ("validation", 2)]:
        images, labels, _ = datasets.image_folder(folder / "splits", side=8, split=split)
        np.testing.assert_array_equal(np.rint(255 * images), np.full((2, 1, 8, 8), grey))
        np.testing.assert_array_equal(labels, [0, 1])
    with pytest.raises(ValueError, match=r"holds .*train.*, not classes; choose one by split="):
        datasets.image_folder(folder / "splits", side=8)


@pytest.mark.parametrize("without_labels", ["test/0.png", "test/unknown/1.png", "test/deep/er/2.png", "val/0.png"])
def test_a_split_without_labels_stands_in_the_way_of_no_other(pictures, without_labels):
    folder, write = pictures
    labelled = "val" if without_labels.startswith("test") else "test"
    for split in ("train", labelled):
        for name in ("ants", "bees"):
            write(f"splits/{split}/{name}/0.png", np.full((8, 8), len(split)))
    write(f"splits/{without_labels}", np.zeros((8, 8)))
    for split, grey in [("train", 5), ("val", len(labelled)), ("test", len(labelled))]:
        images, labels, names = datasets.image_folder(folder / "splits", side=8, split=split)
        np.testing.assert_array_equal(np.rint(255 * images), np.full((2, 1, 8, 8), grey))
        assert (labels.tolist(), names) == ([0, 1], ("ants", "bees"))


def test_a_set_without_labels_is_refused_where_it_is_asked_for(pictures):
    folder, write = pictures
    for path in ("train/ants/0.png", "train/bees/0.png", "test/0.png"):
        write(f"splits/{path}", np.zeros((8, 8)))
    with pytest.raises(ValueError, match=r"expected two or more class folders in .*test, got none"):
        datasets.image_folder(folder / "splits", side=8, split="test")
    with pytest.raises(ValueError, match=r"holds test, train, not classes; choose one by split="):
        datasets.image_folder(folder / "splits", side=8)


def test_a_class_may_be_called_train_and_a_file_as_a_class(pictures):
    folder, write = pictures
    write("train/0.png", np.zeros((8, 8)))
    (folder / "cats").write_text("no folder")
    assert datasets.image_folder(folder, side=8)[2] == ("ants", "bees", "train")


def test_images_lie_at_any_depth_below_their_class_in_the_order_of_their_paths(pictures):
    folder, write = pictures
    for grey, path in enumerate(["a/z.png", "a.png", "a0.png", "b/a/a.JPEG", "b/b.png", "c.png/d.png"]):
        write(f"deep/ants/{path}", np.full((8, 8), 10 * grey))
    write("deep/bees/images/0.png", np.full((8, 8), 99))
    images, labels, _ = datasets.image_folder(folder / "deep", side=8)
    assert np.rint(255 * images[:, 0, 0, 0]).tolist() == [0, 10, 20, 30, 40, 50, 99]
    assert labels.tolist() == [0] * 6 + [1]


SUFFIXES = [".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"]


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_every_suffix_is_known_in_any_case(pictures, case):
    folder, write = pictures
    for suffix in SUFFIXES:
        write(f"bees/x{case(suffix)}", np.full((8, 8), 255), format="PNG")
    for name in ("x.txt", "png", "x.png.part", ".png", "x.jp2", "x.npy"):
        (folder / "bees" / name).write_bytes(b"no image")
    assert len(datasets.image_folder(folder, side=8)[1]) == 3 + len(SUFFIXES)


LEFT_BEHIND = [
    *("__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "__pycache__", ".ipynb_checkpoints", "RECYCLER"),
    *("System Volume Information", ".git", "@Recycle", "#recycle", "#snapshot", "@tmp"),
]


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_archives_and_systems_leave_behind_is_passed_over(pictures, name):
    folder, write = pictures
    for place in (name, f"bees/{name}", f"splits/train/{name}", f"splits/test/ants/{name}", f"splits/{name}"):
        write(f"{place}/x.png", np.zeros((8, 8)))
    (folder / name / "._x.png").write_bytes(b"no image")
    for path in ("train/ants", "train/bees", "test/ants", "test/bees"):
        write(f"splits/{path}/0.png", np.zeros((8, 8)))
    images, _, names = datasets.image_folder(folder, side=8)
    assert (len(images), names) == (7, ("ants", "bees", "splits"))
    assert len(datasets.image_folder(folder / "splits", side=8, split="test")[1]) == 2


def test_links_to_classes_are_followed_and_links_to_what_holds_them_are_not(pictures):
    folder, write = pictures
    write("linked/own/0.png", np.zeros((8, 8)))
    linked = folder / "linked"
    (linked / "ants").symlink_to(folder / "ants")
    (linked / "here").symlink_to(linked)
    (linked / "own" / "more").symlink_to(folder / "bees")
    (folder / "bees" / "back").symlink_to(linked / "own")
    for number, target in enumerate([".", "..", "../..", linked / "own", "/"]):
        (linked / "own" / f"loop {number}").symlink_to(target)
    _, labels, names = datasets.image_folder(linked, side=8)
    assert (labels.tolist(), names) == ([0, 0, 1, 1], ("ants", "own"))
    (linked / "zoo").symlink_to("zoo")
    with pytest.raises(ValueError, match=r"folder: .*zoo cannot be read \(.*links\)"):
        datasets.image_folder(linked, side=8)


def test_a_folder_that_cannot_be_listed_is_named(pictures, monkeypatch):
    folder, scandir = pictures[0], os.scandir

    def refusing(path):
        if str(path).endswith("bees"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(ValueError, match=r"folder: .*bees cannot be read \(Permission denied\)"):
        datasets.image_folder(folder, side=8)


def test_the_order_is_that_of_characters_whatever_the_file_system_says(pictures, monkeypatch):
    folder, write = pictures
    names = ["B", "a", "b", "e\u0301a", "\xe9b", "e\u0301c", "\u65e5\u672c", "\U0001f41d"]
    for name in names:
        write(f"names/{name}/0.png", np.zeros((8, 8)))
    scandir = os.scandir

    class Shuffled:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = sorted(entries, key=lambda entry: (len(entry.name), entry.name), reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Shuffled)
    assert datasets.image_folder(folder / "names", side=8)[2] == tuple(names)


def test_a_class_without_an_image_keeps_its_number_where_one_asks_for_it(pictures):
    folder, write = pictures
    (folder / "asps").mkdir()
    write("bees/small.png", np.zeros((4, 4)))
    with pytest.raises(ValueError, match="folder: class 'asps' has no image"):
        datasets.image_folder(folder, side=8)
    with pytest.warns(datasets.FilesPassedOver, match="1 of 4 .*expected at least 8 x 8 pixels, got 4 x 4"):
        images, labels, names = datasets.image_folder(folder, side=8, on_error="skip")
    assert (labels.tolist(), names, len(images)) == ([0, 0, 2], ("ants", "asps", "bees"), 3)


def test_a_folder_of_which_nothing_can_be_read_is_refused(pictures):
    folder, _ = pictures
    for path in folder.rglob("*.*"):
        path.write_bytes(b"no image")
    with pytest.raises(
        ValueError, match=r"folder: none of the 3 image files could be read, the first: .*1.png: cannot"
    ):
        datasets.image_folder(folder, side=8, on_error="skip")


def test_a_home_and_a_name_on_the_search_path_are_folders_too(pictures, monkeypatch):
    folder = pictures[0]
    expected = datasets.image_folder(folder, side=8)[0]
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    for path in (f"~/{folder.name}", Path("~") / folder.name):
        np.testing.assert_array_equal(datasets.image_folder(path, side=8)[0], expected)
    monkeypatch.setenv(datasets.SEARCH_PATH, "~")
    np.testing.assert_array_equal(datasets.image_folder(folder.name, side=8)[0], expected)


def test_a_home_that_is_not_known_is_nowhere(pictures, monkeypatch):
    def unknown(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", unknown)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.setenv(datasets.SEARCH_PATH, os.pathsep.join(["~/photos", str(pictures[0])]))
    with pytest.raises(datasets.DataNotFound, match=r"\n    ~.photos.mnist.train-images-idx3-ubyte\n"):
        datasets.mnist()
    with pytest.raises(ValueError, match="folder: expected a path whose home folder is known, got '~/photos'"):
        datasets.mnist("~/photos")


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
        (
            ".",
            {"split": "dev"},
            ValueError,
            "split: unknown 'dev'; known: 'train', 'test', 'val', 'valid', 'validation'",
        ),
        ("ants", {}, ValueError, "folder: expected two or more class folders in .*ants, got none"),
        ("one", {}, ValueError, "folder: expected two or more class folders in .*one, got only"),
        ("empty", {}, ValueError, r"folder: class 'b' has no image \(.bmp, .*, .webp\) in .*empty"),
        ("deep", {}, ValueError, r"0.png: cannot be read as .* \(more than 8 bits per channel, mode I"),
        ("broken", {}, ValueError, "0.png: cannot be read as an image of 8 bits per channel"),
        ("small", {"side": 9}, ValueError, "0.png: expected at least 9 x 9 pixels, got 8 x 8"),
        (".", {"side": 0}, ValueError, "side: expected an integer of at least 1, got 0"),
        (".", {"on_error": "pass"}, ValueError, "on_error: unknown 'pass'; known: 'raise', 'skip'"),
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
