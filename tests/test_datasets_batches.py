"""Doubts about lazy batches: every image once, the same again, and never more in memory than was promised."""

import multiprocessing
import struct
import threading
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest

from collapse_theory import datasets
from collapse_theory.datasets import decoding


@pytest.fixture
def photographs(tmp_path):
    """A folder in ImageNet's layout: train/CLASS and val/CLASS, with one grey level per image."""
    image = pytest.importorskip("PIL.Image")
    level = 0
    for split, count in (("train", 5), ("val", 2)):
        for name in ("n01", "n02", "n03"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count):
                level += 1
                grey = image.fromarray(np.full((8, 8), level, dtype=np.uint8))
                grey.save(tmp_path / split / name / f"{number}.png")
    return tmp_path


def levels(batches):
    return [int(level) for images, _ in batches for level in np.rint(255 * images[:, 0, 0, 0])]


def test_batches_in_file_order_are_the_whole_folder_in_pieces(photographs):
    batches = datasets.image_batches(photographs, split="train", side=4, size=4)
    images, labels, names = datasets.image_folder(photographs, split="train", side=4)
    pieces = list(batches)
    assert (len(batches), batches.names) == (4, names)
    assert [part.shape for part, _ in pieces] == [(4, 1, 4, 4)] * 3 + [(3, 1, 4, 4)]
    assert pieces[0][0].dtype == np.float32
    np.testing.assert_array_equal(np.concatenate([part for part, _ in pieces]), images)
    np.testing.assert_array_equal(np.concatenate([part for _, part in pieces]), labels)
    np.testing.assert_array_equal(batches.labels, labels)


def test_a_seed_orders_the_images_and_keeps_their_labels(photographs):
    batches = datasets.image_batches(photographs, split="train", side=8, size=4, seed=1)
    first, again, other = levels(batches), levels(batches), levels(replace(batches, seed=2))
    assert first == again
    assert first != other
    for order in (first, other):
        assert sorted(order) == list(range(1, 16))
        assert order != list(range(1, 16))
    for images, labels in batches:
        np.testing.assert_array_equal((np.rint(255 * images[:, 0, 0, 0]) - 1) // 5, labels)
    assert levels(datasets.image_batches(photographs, split="train", side=8, size=4, seed=1)) == first
    assert levels(replace(batches, seed=None)) == list(range(1, 16))


def test_one_batch_can_be_asked_for(photographs):
    batches = datasets.image_batches(photographs, split="val", side=8, size=4, seed=3)
    for number in (0, 1, -1):
        images, labels = batches[number]
        expected, expected_labels = list(batches)[number]
        np.testing.assert_array_equal(images, expected)
        np.testing.assert_array_equal(labels, expected_labels)
    for number in (2, -3):
        with pytest.raises(IndexError, match=f"number: expected one of 2 batches, got {number}"):
            batches[number]


def test_colour_has_three_channels(photographs):
    images, _ = datasets.image_batches(photographs, split="val", side=8, colour=True)[0]
    assert images.shape == (6, 3, 8, 8)


def test_no_more_files_are_decoded_than_the_next_batch_needs(photographs, monkeypatch):
    decoded = []
    decode = decoding.decode
    monkeypatch.setattr(decoding, "decode", lambda path, **options: decoded.append(path) or decode(path, **options))
    batches = datasets.image_batches(photographs, split="train", side=8, size=3)
    assert not decoded
    iteration = iter(batches)
    next(iteration)
    time.sleep(0.05)
    assert 3 <= len(decoded) <= 6
    next(iteration)
    time.sleep(0.05)
    assert 6 <= len(decoded) <= 9


@pytest.mark.parametrize("workers", [1, 4])
def test_threads_work_ahead_within_their_bound_in_order_and_end(workers):
    running, most, lock, before = 0, 0, threading.Lock(), threading.active_count()
    started = []

    def square(number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            started.append(number)
        time.sleep(0.002 * (number % 3))
        with lock:
            running -= 1
        return number**2

    results = decoding.mapped_ahead(square, range(30), workers=workers, ahead=6)
    for number in range(10):
        assert next(results) == number**2
        assert len(started) <= number + 6
    assert most <= workers
    results.close()
    assert threading.active_count() == before


def test_what_is_not_begun_when_the_iteration_is_given_up_is_never_done():
    begun = []
    results = decoding.mapped_ahead(lambda n: begun.append(n) or time.sleep(0.03 * n), range(9), workers=1, ahead=5)
    next(results)
    results.close()
    assert len(begun) < 5


def test_threads_work_at_the_same_time():
    both = threading.Barrier(2)
    assert sorted(decoding.mapped_ahead(lambda _: both.wait(timeout=5), range(2), workers=2, ahead=2)) == [0, 1]


def test_a_file_that_cannot_be_decoded_is_named_when_its_turn_comes(photographs):
    (photographs / "train" / "n02" / "0.png").write_bytes(b"\x89PNG no more")
    iteration = iter(datasets.image_batches(photographs, split="train", side=8, size=5))
    assert next(iteration)[1].tolist() == [0] * 5
    with pytest.raises(ValueError, match=r"n02.0.png: cannot be read as an image"):
        next(iteration)


def forged(height, width):
    """A PNG file that says it is large, and is small."""
    pieces = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ):
        pieces += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(kind + body))]
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("size", "arguments", "message"),
    [
        ((8193, 8192), {}, r"8193 x 8192 pixels, more than most_pixels = 67108864\)"),
        ((60000, 60000), {}, r"60000 x 60000 pixels, more than most_pixels = 67108864\)"),
        ((9, 8), {"most_pixels": 71}, r"9 x 8 pixels, more than most_pixels = 71\)"),
    ],
)
def test_a_decompression_bomb_is_refused_by_its_header(photographs, size, arguments, message):
    (photographs / "val" / "n03" / "bomb.png").write_bytes(forged(*size))
    with pytest.raises(ValueError, match=f"bomb.png: cannot be read .*{message}"):
        datasets.image_folder(photographs, split="val", side=8, **arguments)


def test_splits_of_different_classes_are_refused(photographs):
    (photographs / "val" / "n04").mkdir()
    assert len(datasets.image_batches(photographs, split="train").labels) == 15
    with pytest.raises(ValueError, match=r"expected the same classes in .*val and train, got n04 in one of them alone"):
        datasets.image_batches(photographs, split="val")


def test_another_process_reads_batches_too(photographs):
    files = datasets.image_batches(photographs, split="train", side=4, size=4, seed=1)
    arrays = datasets.array_batches(np.arange(32).reshape(8, 1, 2, 2), np.arange(8), size=3, seed=2)
    files[0]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for batches in (files, arrays):
            for (images, labels), expected in zip(
                pool.map(batches.__getitem__, range(len(batches))), batches, strict=True
            ):
                np.testing.assert_array_equal(images, expected[0])
                np.testing.assert_array_equal(labels, expected[1])


def test_damaged_files_make_batches_shorter_where_one_asks_for_it(photographs):
    for name in ("n01/0.png", "n01/1.png", "n03/4.png"):
        (photographs / "train" / name).write_bytes(b"\x89PNG no more")
    batches = datasets.image_batches(photographs, split="train", side=8, size=4, on_error="skip")
    with pytest.warns(
        datasets.FilesPassedOver, match=r"^3 of 15 image files were passed over, the first: .*n01.0.png: "
    ):
        pieces = list(batches)
    assert [len(images) for images, _ in pieces] == [2, 4, 4, 2]
    assert [len(labels) for _, labels in pieces] == [2, 4, 4, 2]
    assert levels(pieces) == [3, 4, *range(5, 15)]
    assert [int(label) for _, labels in pieces for label in labels] == [0] * 3 + [1] * 5 + [2] * 4
    with pytest.warns(datasets.FilesPassedOver, match="^2 of 4 image files"):
        assert len(batches[0][1]) == 2


def test_a_relative_folder_is_found_along_the_search_path(photographs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path / "train" / "n01")
    monkeypatch.setenv(datasets.SEARCH_PATH, str(tmp_path.parent))
    assert len(datasets.image_folder(tmp_path.name, split="val", side=8)[1]) == 6
    with pytest.raises(
        datasets.DataNotFound, match=rf"\n    elsewhere\n    {tmp_path.parent}.elsewhere\nName a folder"
    ):
        datasets.image_batches("elsewhere")
    with pytest.raises(datasets.DataNotFound, match="Looked for:\n    /elsewhere\nName a folder"):
        datasets.image_batches("/elsewhere")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_folder_is_the_same_with_any_number_of_workers(photographs, workers):
    images, _, _ = datasets.image_folder(photographs, split="train", side=8, workers=workers)
    np.testing.assert_array_equal(np.rint(255 * images[:, 0, 0, 0]), np.arange(1, 16))


def test_arrays_come_in_batches_too_and_as_copies(rng, tmp_path):
    stored = np.memmap(tmp_path / "images", dtype=np.uint8, shape=(10, 2, 4, 4), mode="w+")
    stored[:] = rng.integers(256, size=stored.shape)
    labels = rng.integers(3, size=10)
    batches = datasets.array_batches(stored, labels, size=4, seed=0, names=("a", "b", "c"))
    pieces = list(batches)
    assert [len(part) for part, _ in pieces] == [4, 4, 2]
    images, given = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    assert images.dtype == np.uint8
    rows = [int(np.flatnonzero((stored == image).all(axis=(1, 2, 3)))[0]) for image in images]
    assert sorted(rows) == list(range(10))
    np.testing.assert_array_equal(labels[rows], given)
    pieces[0][0][:] = 0
    np.testing.assert_array_equal(batches[0][0], images[:4])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size: expected an integer of at least 1, got 0"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
        ({"seed": 0.5}, "seed: expected an integer of at least 0, got 0.5"),
        (
            {"labels": np.zeros(3, int)},
            r"expected images \(N, C, H, W\) and N labels, .* got \(4, 1, 8, 8\) and \(3,\)",
        ),
        ({"labels": np.zeros(4)}, r"labels, integers, .* and \(4,\) float64"),
        ({"images": np.zeros((4, 8, 8))}, r"got \(4, 8, 8\) and \(4,\)"),
        ({"images": np.zeros((0, 1, 8, 8)), "labels": np.zeros(0, int)}, "N at least 1, got"),
    ],
)
def test_wrong_batches_are_named(arguments, message):
    given = {"images": np.zeros((4, 1, 8, 8)), "labels": np.zeros(4, int)} | arguments
    images, labels = given.pop("images"), given.pop("labels")
    with pytest.raises(ValueError, match=message):
        datasets.array_batches(images, labels, **given)


@pytest.mark.parametrize("name", ["side", "workers", "most_pixels", "limit"])
def test_wrong_numbers_are_named_before_anything_is_listed(name):
    with pytest.raises(ValueError, match=f"{name}: expected an integer of at least 1, got 0"):
        datasets.image_batches("nowhere", **{name: 0})


def test_kth_tips_must_have_its_materials_and_its_counts(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name in datasets.KTH_TIPS_NAMES:
        (tmp_path / "KTH_TIPS_GRAY" / name).mkdir(parents=True)
        image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "KTH_TIPS_GRAY" / name / "0.png")
    for folder in (tmp_path, tmp_path.parent, tmp_path / "KTH_TIPS_GRAY"):
        with pytest.raises(ValueError, match=r"KTH-TIPS: expected 81 images .* got 1 of aluminium_foil, 1 of brown"):
            datasets.kth_tips(folder)
    with pytest.raises(datasets.DataNotFound, match="KTH-TIPS was not found"):
        datasets.kth_tips(tmp_path / "elsewhere")


def test_the_published_kth_tips_if_it_is_there():
    try:
        images, labels = datasets.kth_tips(side=113)
    except datasets.DataNotFound as error:
        pytest.skip(f"the published files are not in {datasets.SEARCH_PATH}: {str(error).splitlines()[0]}")
    assert images.shape == (810, 1, 113, 113)
    np.testing.assert_array_equal(labels, np.repeat(np.arange(10), 81))
    assert len({image.tobytes() for image in images}) == 810
    with pytest.raises(ValueError, match="expected at least 114 x 114 pixels, got 113 x"):
        datasets.kth_tips(side=114)
