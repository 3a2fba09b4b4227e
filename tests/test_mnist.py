"""Doubts about MNIST and its kin: the right pixels with the right labels, and a file cut short, long or wrong named."""

import gzip
import os
import struct

import numpy as np
import pytest

from collapse_theory import datasets

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(array):
    """The bytes of an IDX file of bytes."""
    array = np.asarray(array, dtype=np.uint8)
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def files(tmp_path, rng):
    """A folder that holds a small train split, and what is in it."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    images, labels = rng.integers(256, size=(5, 28, 28), dtype=np.uint8), np.array([3, 0, 9, 1, 1])
    (folder / IMAGES).write_bytes(idx(images))
    (folder / LABELS).write_bytes(idx(labels))
    return folder, images, labels


@pytest.mark.parametrize("compressed", [(), (IMAGES,), (IMAGES, LABELS)])
def test_images_and_labels_are_read_plain_and_compressed(files, compressed):
    folder, expected, expected_labels = files
    for name in compressed:
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    images, labels = datasets.mnist(folder, verify=False)
    assert (images.shape, images.dtype, labels.dtype) == ((5, 1, 28, 28), np.uint8, np.int64)
    np.testing.assert_array_equal(images[:, 0], expected)
    np.testing.assert_array_equal(labels, expected_labels)
    images[0] = 0  # one's own copy


def test_compression_is_read_off_the_bytes_and_not_off_the_name(files):
    folder, expected, _ = files
    (folder / IMAGES).write_bytes(gzip.compress((folder / IMAGES).read_bytes()))
    np.testing.assert_array_equal(datasets.mnist(folder, verify=False)[0][:, 0], expected)


def test_the_two_data_sets_of_the_same_file_names_are_not_taken_for_each_other(files, monkeypatch, tmp_path):
    folder, _, labels = files
    for entry in (folder, folder.parent):
        monkeypatch.setenv(datasets.SEARCH_PATH, os.pathsep.join([str(tmp_path / "nowhere"), str(entry)]))
        with pytest.raises(datasets.DataNotFound, match=r"Fashion-MNIST was not found(.|\n)*in a folder fashion_mnist"):
            datasets.fashion_mnist(verify=False)
    np.testing.assert_array_equal(datasets.mnist(verify=False)[1], labels)
    fashion = tmp_path / "deep" / "FashionMNIST" / "raw"
    fashion.mkdir(parents=True)
    for name in (IMAGES, LABELS):
        (fashion / name).write_bytes((folder / name).read_bytes())
    np.testing.assert_array_equal(datasets.fashion_mnist(tmp_path, verify=False)[1], labels)


@pytest.mark.parametrize("read", [datasets.mnist, datasets.fashion_mnist])
def test_other_files_are_refused_by_their_checksum(files, read):
    with pytest.raises(ValueError, match=f"{IMAGES}: damaged or not the published file: md5 .* of 3936 bytes"):
        read(files[0])


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        (IMAGES, lambda raw: raw[:-1], r"the header promises \(5, 28, 28\), 3,920 bytes, got 3,919"),
        (IMAGES, lambda raw: raw + b"x", r"the header promises \(5, 28, 28\), 3,920 bytes, got more"),
        (IMAGES, lambda raw: b"", r"expected the magic number 00000803 \(bytes, 3 axes\) and 3 sizes, got nothing"),
        (IMAGES, lambda raw: raw[:9], "expected the magic number 00000803 .* and 3 sizes, got 00000803"),
        (IMAGES, lambda raw: b"\0\0\x0d\3" + raw[4:], "expected the magic number 00000803 .*, got 00000d03"),
        (LABELS, lambda raw: idx(np.zeros((5, 1))), r"expected the magic number 00000801 \(bytes, 1 axes\)"),
        (IMAGES, lambda raw: gzip.compress(raw)[:-9], "a damaged or truncated gzip file"),
        (IMAGES, lambda raw: gzip.compress(raw)[:200] + bytes(300), "a damaged or truncated gzip file"),
        (
            IMAGES,
            lambda raw: gzip.compress(raw)[:10] + b"\xff" * 50,
            "a damaged or truncated gzip file .*invalid block",
        ),
        (IMAGES, lambda raw: gzip.compress(raw[:-1]), "3,920 bytes, got 3,919"),
        (IMAGES, lambda raw: gzip.compress(raw + bytes(9)), "3,920 bytes, got more"),
        (
            IMAGES,
            lambda raw: raw[:4] + b"\xff" * 12 + raw[16:],
            r"promises \(4294967295, .* got a file of 3,936 in all",
        ),
        (
            IMAGES,
            lambda raw: idx(np.zeros((5, 28, 27))),
            r"expected \(N, 28, 28\) images .* got \(5, 28, 27\) and \(5,\)",
        ),
        (LABELS, lambda raw: idx([1, 2, 3, 4]), r"got \(5, 28, 28\) and \(4,\)"),
        (LABELS, lambda raw: idx([1, 2, 3, 4, 10]), r"labels-idx1-ubyte: expected labels in 0 \.\. 9, got 10"),
    ],
)
def test_a_damaged_file_is_named(files, name, damage, message):
    path = files[0] / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=message) as caught:
        datasets.mnist(files[0], verify=False)
    assert str(files[0]) in str(caught.value)


def test_no_images_at_all_are_refused(files):
    (files[0] / IMAGES).write_bytes(idx(np.zeros((0, 28, 28))))
    (files[0] / LABELS).write_bytes(idx(np.zeros(0)))
    with pytest.raises(ValueError, match=r"got \(0, 28, 28\) and \(0,\)"):
        datasets.mnist(files[0], verify=False)


def test_a_missing_file_is_named_with_the_remedy(files, monkeypatch):
    (files[0] / LABELS).unlink()
    with pytest.raises(datasets.DataNotFound, match=rf"mnist lacks {LABELS} and {LABELS}\.gz\. Get the IDX files"):
        datasets.mnist(files[0], verify=False)
    monkeypatch.delenv(datasets.SEARCH_PATH, raising=False)
    with pytest.raises(FileNotFoundError, match=r"MNIST was not found\. Looked for: nowhere: no folder was given"):
        datasets.mnist()
    with pytest.raises(ValueError, match="split: unknown 'val'; known: 'train', 'test'"):
        datasets.mnist(files[0], "val")


def test_the_published_fashion_mnist_if_it_is_there():
    try:
        images, labels = datasets.fashion_mnist()
    except datasets.DataNotFound as error:
        pytest.skip(f"the published files are not in {datasets.SEARCH_PATH}: {str(error).splitlines()[0]}")
    assert images.shape == (60_000, 1, 28, 28)
    np.testing.assert_array_equal(np.bincount(labels), [6000] * 10)
    assert datasets.FASHION_MNIST_NAMES[labels[0]] == "Ankle boot"
    assert images.mean(dtype=np.float64) / 255 == pytest.approx(0.2860406, abs=1e-7)
    np.testing.assert_array_equal(np.bincount(datasets.fashion_mnist(split="test")[1]), [1000] * 10)
