"""Doubts about the real images: the right pixels with the right labels, and nothing run, guessed or read in silence."""

import os
import pickle
import sys

import numpy as np
import pytest

from collapse_theory import datasets

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


@pytest.fixture
def photographs():
    return pytest.importorskip("skimage.data")


def test_texture_patches_tile_the_halves_of_the_photographs(photographs):
    for split, half in [("train", slice(0, 256)), ("test", slice(256, 512))]:
        images, labels = datasets.textures(split)
        assert images.shape == (384, 1, 32, 32)
        assert (images.dtype, labels.dtype) == (np.float32, np.int64)
        for label, name in enumerate(datasets.TEXTURE_NAMES):
            tiles = images[labels == label].reshape(16, 8, 32, 32)
            expected = getattr(photographs, name)()[:, half]
            np.testing.assert_array_equal(np.rint(255 * tiles.swapaxes(1, 2).reshape(512, 256)), expected)


def test_texture_patches_of_a_side_that_does_not_divide(photographs):
    images, labels = datasets.textures("test", side=100)
    np.testing.assert_array_equal(np.bincount(labels), [10, 10, 10])
    np.testing.assert_array_equal(np.rint(255 * images[3, 0]), photographs.brick()[100:200, 356:456])


def test_standardised_textures_differ_neither_in_brightness_nor_in_contrast(photographs):
    plain, labels = datasets.textures("train")
    images, same_labels = datasets.textures("train", standardise=True)
    assert np.max(np.abs(images.mean(axis=(-2, -1)))) < 1e-6
    assert np.max(np.abs(images.var(axis=(-2, -1)) - 1)) < 1e-5
    brightness = [plain[labels == label].mean() for label in range(3)]
    assert max(brightness) - min(brightness) > 0.03
    np.testing.assert_array_equal(same_labels, labels)
    assert np.corrcoef(images[7].ravel(), plain[7].ravel())[0, 1] == pytest.approx(1, abs=1e-6)


def test_a_constant_patch_stays_finite_when_standardised(photographs):
    assert not datasets.textures(side=1, standardise=True)[0].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "val"}, "split: unknown 'val'; known: 'train', 'test'"),
        ({"side": 0}, "side: expected an integer from 1 to 256, got 0"),
        ({"side": 257}, "side: expected an integer from 1 to 256, got 257"),
        ({"side": 32.0}, r"side: expected an integer from 1 to 256, got 32\.0"),
    ],
)
def test_wrong_texture_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.textures(**arguments)


def test_missing_scikit_image_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    with pytest.raises(ImportError, match=r'scikit-image is needed .* pip install "collapse_theory\[figures\]"'):
        datasets.textures()


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


def test_cifar_is_found_in_its_folder_beside_it_and_one_level_below(batches, monkeypatch, tmp_path):
    folder, _ = batches
    monkeypatch.delenv(datasets.SEARCH_PATH, raising=False)
    expected = datasets.cifar10(folder / "cifar-10-batches-py", "test", verify=False)[1]
    for root in (folder, folder.parent):
        np.testing.assert_array_equal(datasets.cifar10(root, "test", verify=False)[1], expected)
        monkeypatch.setenv(datasets.SEARCH_PATH, os.pathsep.join(["", str(tmp_path / "nowhere"), str(root)]))
        np.testing.assert_array_equal(datasets.cifar10(split="test", verify=False)[1], expected)


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
    with pytest.raises(datasets.DataNotFound, match=r"cifar-10-batches-py lacks data_batch_3\. Get the Python version"):
        datasets.cifar10(batches[0], verify=False)


def test_files_with_another_checksum_are_refused(batches):
    with pytest.raises(ValueError, match=r"test_batch: damaged or .* expected 40351d587109b95175f43aff81a1287e"):
        datasets.cifar10(batches[0], "test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.zeros((4, 3071), np.uint8)}, r"expected data \(N, 3072\) .*, got data \(4, 3071\)"),
        ({"data": np.zeros((5, 3072), np.uint8)}, r"got data \(5, 3072\) and labels \(4,\)"),
        ({"data": np.zeros((4, 3072), np.int16)}, "expected an array of uint8, got 'i2'"),
        ({"data": np.zeros((4, 3072), object)}, "expected an array of uint8, got 'O8'"),
        ({"data": [0] * 3072}, "'list' object has no attribute 'values'"),
        ({"labels": [0, 1, 2, 10]}, r"labels in 0 \.\. 9"),
        ({"labels": [0, 1, 2, -1]}, r"labels in 0 \.\. 9"),
        ({"labels": [0, 1, 2, 0.5]}, r"labels in 0 \.\. 9"),
        ({"labels": [], "data": np.zeros((0, 3072), np.uint8)}, r"got data \(0, 3072\) and labels \(0,\)"),
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
