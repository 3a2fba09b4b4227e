"""Doubts about CIFAR-10 and CIFAR-100: the right pixels with the right labels, and nothing run or read in silence."""

import os
import pickle
from unittest import mock

import numpy as np
import pytest

from collapse_theory import datasets, files

TRAIN_FILES = [f"data_batch_{k}" for k in range(1, 6)]


def write_batch(path, *, seed=0, count=4, **changes):
    """A file of the layout of CIFAR-10's, with a few images of noise; `changes` replace or add entries."""
    rng = np.random.default_rng(seed)
    content = {
        b"batch_label": b"noise",
        b"labels": rng.integers(10, size=count).tolist(),
        b"data": rng.integers(256, size=(count, 3072), dtype=np.uint8),
        b"filenames": [b"noise.png"] * count,
    }
    content |= {name.encode(): value for name, value in changes.items()}
    path.write_bytes(pickle.dumps(content, protocol=3))
    return content


@pytest.fixture
def batches(tmp_path):
    """A folder that holds cifar-10-batches-py, and what its files hold."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    return tmp_path, [write_batch(folder / name, seed=k) for k, name in enumerate([*TRAIN_FILES, "test_batch"])]


@pytest.mark.parametrize("split", ["train", "test"])
def test_cifar_batches_come_in_order_as_channels_rows_columns(batches, split):
    folder, contents = batches
    images, labels = datasets.cifar10(folder, split, verify=False)
    contents = contents[:5] if split == "train" else contents[5:]
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(labels, np.concatenate([content[b"labels"] for content in contents]))
    rows = np.concatenate([content[b"data"] for content in contents])
    assert images.shape == (len(rows), 3, 32, 32)
    assert images[2, 1, 5, 7] == rows[2, 1024 + 5 * 32 + 7]
    np.testing.assert_array_equal(images.reshape(-1, 3072), rows)


def test_cifar_is_read_from_files_of_either_numpy(batches):
    folder, _ = batches
    path = folder / "cifar-10-batches-py" / "test_batch"
    expected = datasets.cifar10(folder, "test", verify=False)[0]
    raw = path.read_bytes()
    old, new = (raw.replace(b"numpy._core", b"numpy.core"), raw.replace(b"numpy.core", b"numpy._core"))
    assert old != new
    for variant in (old, new):
        path.write_bytes(variant)
        np.testing.assert_array_equal(datasets.cifar10(folder, "test", verify=False)[0], expected)


@pytest.mark.parametrize("keys", [str.encode, str])
@pytest.mark.parametrize("protocol", range(6))
def test_cifar_is_read_from_pickles_that_python_3_wrote(tmp_path, protocol, keys):
    rng = np.random.default_rng(protocol)
    data, labels = rng.integers(256, size=(4, 3072), dtype=np.uint8), rng.integers(10, size=4)
    for given in (labels, labels.tolist(), list(labels), labels.astype(">i4"), labels.astype(np.uint8)):
        content = {keys("labels"): given, keys("data"): data, keys("filenames"): ["a.png"] * 4}
        (tmp_path / "test_batch").write_bytes(pickle.dumps(content, protocol=protocol))
        images, read = datasets.cifar10(tmp_path, "test", verify=False)
        np.testing.assert_array_equal(images.reshape(4, 3072), data)
        np.testing.assert_array_equal(read, labels)


def refuse_to_read(monkeypatch, error):
    opened = mock.mock_open()
    opened.return_value.read.side_effect = error
    monkeypatch.setattr(files, "open", opened, raising=False)


@pytest.mark.parametrize("name", ["cifar-10-batches-py/test_batch", "cifar-10-batches-bin/test_batch.bin"])
def test_a_file_longer_than_the_published_one_is_refused_before_it_is_read(tmp_path, name, monkeypatch):
    name = f"deep/down/{name}"  # where no other test looks
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, 3 * 10**9)  # zeros, which take no room
    refuse_to_read(monkeypatch, AssertionError("it was read"))
    with pytest.raises(ValueError, match=r"test_batch.*: damaged .* 3,000,000,000 bytes, more than 3\d,\d{3},\d{3}$"):
        datasets.cifar10((tmp_path / name).parent, "test")


def test_a_file_that_does_not_fit_into_memory_is_named(tmp_path, monkeypatch):
    (tmp_path / "test_batch.bin").write_bytes(bytes(3073))
    refuse_to_read(monkeypatch, MemoryError)
    with pytest.raises(ValueError, match=r"test_batch\.bin: 3,073 bytes, more than fit into memory"):
        datasets.cifar10(tmp_path, "test", verify=False)


def test_cifar_is_found_in_its_folder_beside_it_and_one_level_below(batches, monkeypatch, tmp_path):
    folder, _ = batches
    monkeypatch.delenv(datasets.SEARCH_PATH, raising=False)
    expected = datasets.cifar10(folder / "cifar-10-batches-py", "test", verify=False)[1]
    for root in (folder, folder.parent):
        np.testing.assert_array_equal(datasets.cifar10(root, "test", verify=False)[1], expected)
        monkeypatch.setenv(datasets.SEARCH_PATH, os.pathsep.join(["", str(tmp_path / "nowhere"), str(root)]))
        np.testing.assert_array_equal(datasets.cifar10(split="test", verify=False)[1], expected)


def test_the_name_of_a_folder_is_looked_for_on_the_search_path(batches, monkeypatch, tmp_path):
    monkeypatch.setenv(datasets.SEARCH_PATH, str(tmp_path.parent))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(datasets.cifar10(tmp_path.name, "test", verify=False)[1]) == 4
    with pytest.raises(datasets.DataNotFound, match="CIFAR-10 was not found"):
        datasets.cifar10(f"../elsewhere/{tmp_path.name}", "test", verify=False)


def test_missing_cifar_says_where_it_looked_and_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv(datasets.SEARCH_PATH, os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    with pytest.raises(FileNotFoundError, match="CIFAR-10 was not found") as caught:
        datasets.cifar10()
    for root in ("one", "two"):
        for inner in ((), ("cifar-10-batches-py",), ("*", "cifar-10-batches-py")):
            assert str(tmp_path.joinpath(root, *inner, "data_batch_1")) in str(caught.value)
    assert "unpack it, and name the folder" in str(caught.value)
    assert "COLLAPSE_THEORY_DATA" in str(caught.value)
    monkeypatch.delenv(datasets.SEARCH_PATH)
    with pytest.raises(datasets.DataNotFound, match="nowhere: no folder was given and COLLAPSE_THEORY_DATA is not set"):
        datasets.cifar10()


def test_a_folder_that_is_given_is_the_only_one_searched(batches, monkeypatch, tmp_path):
    monkeypatch.setenv(datasets.SEARCH_PATH, str(batches[0]))
    with pytest.raises(datasets.DataNotFound, match="elsewhere"):
        datasets.cifar10(tmp_path / "elsewhere")


def test_an_incomplete_cifar_names_the_missing_file(batches):
    (batches[0] / "cifar-10-batches-py" / "data_batch_3").unlink()
    with pytest.raises(datasets.DataNotFound, match=r"cifar-10-batches-py lacks data_batch_3\. Get the Python or"):
        datasets.cifar10(batches[0], verify=False)


def test_files_with_another_checksum_are_refused(batches):
    with pytest.raises(ValueError, match=r"test_batch: damaged or .* expected 40351d587109b95175f43aff81a1287e"):
        datasets.cifar10(batches[0], "test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.zeros((4, 3071), np.uint8)}, r"expected data \(N, 3072\) .*, got data \(4, 3071\)"),
        ({"data": np.zeros((5, 3072), np.uint8)}, r"got data \(5, 3072\) uint8 and labels \(4,\)"),
        ({"data": np.zeros((4, 3072), np.int16)}, r"got data \(4, 3072\) int16"),
        ({"data": np.zeros((4, 3072), object)}, "expected an array of integers, got 'O8'"),
        ({"data": [0] * 3072}, r"got data \(3072,\) int64"),
        ({"data": [[0] * 3072]}, "expected an array or a list of integers, got a list of list"),
        ({"data": None}, "expected an array or a list of integers, got a NoneType"),
        ({"labels": {0: 1}}, "dictionaries whose keys are texts"),
        ({"labels": [0, 1, 2, 2**70]}, "OverflowError"),
        ({"labels": np.array([0.0, 1, 2, 3])}, "expected an array of integers, got 'f8'"),
        ({"labels": [0, 1, 2, 10]}, r"labels in 0 \.\. 9"),
        ({"labels": [0, 1, 2, -1]}, r"labels in 0 \.\. 9"),
        ({"labels": [0, 1, 2, 0.5]}, "expected an array or a list of integers, got a list of float, int"),
        ({"labels": [], "data": np.zeros((0, 3072), np.uint8)}, r"got data \(0, 3072\) uint8 and labels \(0,\)"),
    ],
)
def test_a_batch_of_another_layout_is_named(batches, changes, message):
    write_batch(batches[0] / "cifar-10-batches-py" / "test_batch", **changes)
    with pytest.raises(ValueError, match=rf"test_batch: .*{message}"):
        datasets.cifar10(batches[0], "test", verify=False)


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"<html>" + raw])
def test_a_damaged_batch_is_named(batches, damage):
    path = batches[0] / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="test_batch: not a CIFAR-10 batch"):
        datasets.cifar10(batches[0], "test", verify=False)


def test_a_batch_that_asks_for_code_is_named(batches):
    path = batches[0] / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(b"cos\nsystem\n(V1\ntR.")
    with pytest.raises(ValueError, match=r"test_batch: not a CIFAR-10 batch .*it asks for os\.system"):
        datasets.cifar10(batches[0], "test", verify=False)


def test_the_published_cifar_if_it_is_there():
    try:
        images, labels = datasets.cifar10(split="train")
    except datasets.DataNotFound as error:
        pytest.skip(f"the published files are not in {datasets.SEARCH_PATH}: {str(error).splitlines()[0]}")
    np.testing.assert_array_equal(np.bincount(labels), [5000] * 10)
    mean = [np.mean(images[:, channel], dtype=np.float64) / 255 for channel in range(3)]
    np.testing.assert_allclose(mean, [0.49139968, 0.48215841, 0.44653091], atol=1e-8)
    np.testing.assert_array_equal(np.bincount(datasets.cifar10(split="test")[1]), [1000] * 10)


def write_records(path, *, labels, seed=0):
    """A binary file: for each row of `labels`, these bytes and an image of noise.  Returns the images."""
    labels = np.asarray(labels, dtype=np.uint8)
    pixels = np.random.default_rng(seed).integers(256, size=(len(labels), 3072), dtype=np.uint8)
    path.parent.mkdir(exist_ok=True)
    np.concatenate([labels, pixels], axis=1).tofile(path)
    return pixels.reshape(-1, 3, 32, 32)


def test_binary_cifar10_is_a_label_and_then_the_pixels_of_each_image(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    written = [write_records(folder / f"data_batch_{k}.bin", labels=[[k], [9 - k]], seed=k) for k in range(1, 6)]
    images, labels = datasets.cifar10(tmp_path, verify=False)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(images, np.concatenate(written))
    np.testing.assert_array_equal(labels, [1, 8, 2, 7, 3, 6, 4, 5, 5, 4])


@pytest.fixture(params=["python", "binary"])
def cifar100(tmp_path, request):
    """A folder with four images of CIFAR-100 in one of its forms, their coarse and fine labels, and their pixels."""
    coarse, fine, folder = [4, 1, 14, 19], [0, 1, 2, 99], tmp_path / f"cifar-100-{request.param}"
    for number, split in enumerate(("train", "test")):
        if request.param == "binary":
            pixels = write_records(folder / f"{split}.bin", labels=np.transpose([coarse, fine]), seed=number)
        else:
            folder.mkdir(exist_ok=True)
            content = write_batch(folder / split, seed=number, coarse_labels=coarse, fine_labels=fine)
            pixels = content[b"data"].reshape(-1, 3, 32, 32)
    return tmp_path, coarse, fine, pixels


def test_cifar100_is_labelled_by_kind_or_by_group_in_either_form(cifar100):
    folder, coarse, fine, pixels = cifar100
    images, labels = datasets.cifar100(folder, "test", verify=False)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(images, pixels)
    np.testing.assert_array_equal(labels, fine)
    np.testing.assert_array_equal(datasets.cifar100(folder, "test", coarse=True, verify=False)[1], coarse)


def test_the_names_of_cifar100_are_those_of_its_labels():
    assert (len(datasets.CIFAR100_NAMES), len(datasets.CIFAR100_COARSE_NAMES)) == (100, 20)
    for names in (datasets.CIFAR100_NAMES, datasets.CIFAR100_COARSE_NAMES):
        assert list(names) == sorted(set(names))


def test_another_cifar100_is_refused_by_its_checksum_or_by_its_counts(cifar100):
    expected = {
        "cifar-100-python": "train: damaged .* expected 16019d7e3df5f24257cddd939b257f8d",
        "cifar-100-binary": "expected 50,000 train images, 500 of each kind .*, got 4 images, 0 to 1 of each",
    }
    form = next(path.name for path in cifar100[0].iterdir())
    with pytest.raises(ValueError, match=expected[form]):
        datasets.cifar100(cifar100[0])


def test_a_binary_file_without_a_published_sum_must_hold_as_many_of_each_kind(tmp_path):
    kinds = np.repeat(np.arange(100), 100)
    write_records(tmp_path / "test.bin", labels=np.stack([kinds // 5, kinds], axis=1))
    np.testing.assert_array_equal(datasets.cifar100(tmp_path, "test")[1], kinds)
    kinds[0] = 99
    write_records(tmp_path / "test.bin", labels=np.stack([kinds // 5, kinds], axis=1))
    with pytest.raises(ValueError, match=r"10,000 test images, 100 of each kind .*, got 10,000 images, 99 to 101 of"):
        datasets.cifar100(tmp_path, "test")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-1], "test.bin: expected records of 3074 bytes, got 6147 bytes"),
        (lambda raw: raw + b"x", "test.bin: expected records of 3074 bytes, got 6149 bytes"),
        (lambda raw: b"", "test.bin: expected records of 3074 bytes, got 0 bytes"),
        (lambda raw: b"\x14" + raw[1:], r"test.bin: expected labels in 0 .. 19 and 0 .. 99, got \[0 0\] .. \[20 *5\]"),
        (lambda raw: raw[:1] + b"\x64" + raw[2:], r"test.bin: expected labels .*, got \[0 5\] .. \[  0 100\]"),
    ],
)
def test_a_damaged_binary_file_is_named(tmp_path, damage, message):
    write_records(tmp_path / "test.bin", labels=[[0, 0], [0, 5]])
    (tmp_path / "test.bin").write_bytes(damage((tmp_path / "test.bin").read_bytes()))
    with pytest.raises(ValueError, match=message):
        datasets.cifar100(tmp_path, "test", verify=False)


def test_the_binary_form_of_the_published_cifar10_is_known_by_its_checksum(tmp_path):
    try:
        images, labels = datasets.cifar10(split="test")
    except datasets.DataNotFound as error:
        pytest.skip(f"the published files are not in {datasets.SEARCH_PATH}: {str(error).splitlines()[0]}")
    path = tmp_path / "test_batch.bin"
    np.concatenate([labels[:, None].astype(np.uint8), images.reshape(-1, 3072)], axis=1).tofile(path)
    np.testing.assert_array_equal(datasets.cifar10(tmp_path, "test")[0], images)
    raw = bytearray(path.read_bytes())
    raw[1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"test_batch\.bin: damaged .* expected 803d5f7f4d78ea53de84dbe85f74fb6d"):
        datasets.cifar10(tmp_path, "test")
