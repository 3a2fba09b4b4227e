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
    with pytest.raises(
        ValueError, match=rf"{IMAGES}: expected an array of shape \(60000, 28, 28\), .*got \(5, 28, 28\)"
    ):
        read(files[0])
    (files[0] / IMAGES.replace("train", "t10k")).write_bytes(idx(np.zeros((10_000, 28, 28))))
    (files[0] / LABELS.replace("train", "t10k")).write_bytes(idx(np.zeros(10_000)))
    with pytest.raises(
        ValueError, match=r"t10k-images-idx3-ubyte: damaged or not the published file: md5 .* of 7840016"
    ):
        read(files[0], "test")


@pytest.mark.parametrize("verify", [True, False])
def test_a_small_file_that_expands_without_end_is_refused_by_its_header(files, monkeypatch, verify):
    folder = files[0]
    shape = (60_000, 28, 29) if verify else (2**28, 28, 28)
    head = struct.pack(">HBB3I", 0, 8, 3, *shape)
    (folder / IMAGES).write_bytes(gzip.compress(head + bytes(10**6)))
    read = gzip.GzipFile.read
    monkeypatch.setattr(
        gzip.GzipFile, "read", lambda file, size=-1: read(file, size) if size == 16 else pytest.fail(f"{size} are read")
    )
    with pytest.raises(ValueError, match=r"got \(60000, 28, 29\)" if verify else "got a file of"):
        datasets.mnist(folder, verify=verify)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("place", ["", "mnist", "MNIST/raw"])
def test_names_with_a_dot_are_read_too(files, tmp_path, place, suffix):
    folder, expected, labels = files
    target = tmp_path / "other" / place
    target.mkdir(parents=True)
    for name in (IMAGES, LABELS):
        raw = (folder / name).read_bytes()
        (target / (name.replace("-idx", ".idx") + suffix)).write_bytes(gzip.compress(raw) if suffix else raw)
    images, read = datasets.mnist(tmp_path / "other", verify=False)
    np.testing.assert_array_equal(images[:, 0], expected)
    np.testing.assert_array_equal(read, labels)


def test_a_clone_of_the_repository_of_fashion_mnist_is_read(files, monkeypatch, tmp_path):
    clone = tmp_path / "clones" / "fashion-mnist" / "data" / "fashion"
    clone.mkdir(parents=True)
    for name in (IMAGES, LABELS):
        (clone / f"{name}.gz").write_bytes(gzip.compress((files[0] / name).read_bytes()))
    for folder in (clone, clone.parents[1], clone.parents[2]):
        np.testing.assert_array_equal(datasets.fashion_mnist(folder, verify=False)[1], files[2])
        if folder != clone:
            monkeypatch.setenv(datasets.SEARCH_PATH, str(folder))
            np.testing.assert_array_equal(datasets.fashion_mnist(verify=False)[1], files[2])


@pytest.mark.parametrize(
    ("kind", "classes", "first"),
    [
        ("balanced", 47, 0),
        ("byclass", 62, 0),
        ("bymerge", 47, 0),
        ("digits", 10, 0),
        ("letters", 26, 1),
        ("mnist", 10, 0),
    ],
)
def test_emnist_is_upright_and_its_labels_begin_at_0(tmp_path, rng, kind, classes, first):
    images, labels = rng.integers(256, size=(classes, 28, 28), dtype=np.uint8), np.arange(classes)
    names = [f"emnist-{kind}-test-{name}" for name in ("images-idx3-ubyte", "labels-idx1-ubyte")]
    (tmp_path / "gzip").mkdir()
    for name, array in zip(names, (images.swapaxes(1, 2), labels + first), strict=True):
        (tmp_path / "gzip" / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    read, read_labels = datasets.emnist(tmp_path, "test", kind=kind, verify=False)
    np.testing.assert_array_equal(read[:, 0], images)
    np.testing.assert_array_equal(read_labels, labels)
    assert len(set(datasets.EMNIST_NAMES[kind])) == classes
    with pytest.raises(ValueError, match=rf"expected an array of shape \(\d+, 28, 28\), .*got \({classes}, 28, 28\)"):
        datasets.emnist(tmp_path, "test", kind=kind)
    for wrong in (labels + first + 1, labels + first - 1):
        (tmp_path / "gzip" / f"{names[1]}.gz").write_bytes(gzip.compress(idx(wrong)))
        with pytest.raises(ValueError, match=rf"labels in {first} \.\. {first + classes - 1}, got"):
            datasets.emnist(tmp_path, "test", kind=kind, verify=False)


def test_the_names_of_emnist_stand_where_its_mapping_has_them():
    for kind, label, name in [("byclass", 35, "Z"), ("byclass", 61, "z"), ("bymerge", 46, "t"), ("letters", 25, "Z")]:
        assert datasets.EMNIST_NAMES[kind][label] == name
    assert "".join(datasets.EMNIST_NAMES["balanced"][36:]) == "abdefghnqrt"


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
            r"expected an array of shape \(N, 28, 28\), none of them 0, got \(4294967295, 4294967295, 4294967295\)",
        ),
        (
            IMAGES,
            lambda raw: idx(np.zeros((5, 28, 27))),
            r"expected an array of shape \(N, 28, 28\), none of them 0, got \(5, 28, 27\)",
        ),
        (IMAGES, lambda raw: raw[:4] + b"\xff" * 4 + raw[8:], r"got a file of 3,936 in all"),
        (IMAGES, lambda raw: raw[:4] + bytes(4) + b"\xff" * 8 + raw[16:], r"got \(0, 4294967295, 4294967295\)"),
        (LABELS, lambda raw: idx([1, 2, 3, 4]), r"expected an array of shape \(5,\), none of them 0, got \(4,\)"),
        (LABELS, lambda raw: idx([1, 2, 3, 4, 10]), r"labels-idx1-ubyte: expected labels in 0 \.\. 9, got 1 \.\. 10"),
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
    with pytest.raises(ValueError, match=r"none of them 0, got \(0, 28, 28\)"):
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
