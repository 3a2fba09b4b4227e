"""Doubts about the identity of data in a record: does it change with the data, and with nothing else?"""

import gzip
import json
import os

import numpy as np
import pytest

from collapse_theory import datasets
from tests.test_cifar import write_batch, write_records
from tests.test_mnist import IMAGES, LABELS, idx


def test_the_identity_of_a_published_set_is_that_of_its_content_whatever_its_form(tmp_path):
    content = write_batch(tmp_path / "test_batch", labels=[1, 0, 2, 9])
    (tmp_path / "binary").mkdir()
    records = np.concatenate([np.uint8([[1], [0], [2], [9]]), content[b"data"]], axis=1)
    records.tofile(tmp_path / "binary" / "test_batch.bin")
    python, binary = (datasets.identity(datasets.cifar10, tmp_path / where, split="test") for where in (".", "binary"))
    assert json.loads(json.dumps(python)) == python
    assert (python["path"], python["images"], python["verified"]) == (str(tmp_path), 4, False)
    assert python["sha256"] == binary["sha256"]
    write_batch(tmp_path / "test_batch", labels=[1, 0, 2, 8])
    assert datasets.identity(datasets.cifar10, tmp_path, split="test")["sha256"] != python["sha256"]


def test_what_has_no_published_sum_is_never_called_verified(tmp_path):
    kinds = np.repeat(np.arange(100), 100)
    write_records(tmp_path / "test.bin", labels=np.stack([kinds // 5, kinds], axis=1))
    datasets.cifar100(tmp_path, "test", verify=True)
    assert datasets.identity(datasets.cifar100, tmp_path, split="test")["verified"] is False


def test_compression_does_not_change_an_identity(tmp_path, rng):
    raw = idx(rng.integers(256, size=(3, 28, 28)))
    (tmp_path / LABELS).write_bytes(idx([1, 2, 3]))
    (tmp_path / IMAGES).write_bytes(raw)
    plain = datasets.identity(datasets.mnist, tmp_path)
    (tmp_path / IMAGES).write_bytes(gzip.compress(raw))
    assert datasets.identity(datasets.mnist, tmp_path) == plain


def test_the_identity_of_a_folder_follows_bytes_names_and_classes_and_not_its_place(tmp_path):
    def identity_of(where, files):
        for name, raw in files.items():
            (tmp_path / where / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / where / name).write_bytes(raw)
        return datasets.identity(datasets.image_folder, tmp_path / where)

    files = {"a/0.png": b"one", "a/1.png": b"two", "b/0.png": b"three"}
    first, copied = (identity_of(where, files) for where in ("first", "copied"))
    assert (first["images"], first["verified"], first["path"]) == (3, False, str(tmp_path / "first"))
    assert copied["sha256"] == first["sha256"]
    others = [
        files | {"a/0.png": b"onf"},
        files | {"c/0.png": b""},
        {"a/0.png": b"one", "a/2.png": b"two", "b/0.png": b"three"},
        {"a/0.png": b"one", "b/1.png": b"two", "b/0.png": b"three"},
        {"a/0.png": b"onet", "a/1.png": b"wo", "b/0.png": b"three"},
    ]
    assert first["sha256"] not in [identity_of(f"other {k}", other)["sha256"] for k, other in enumerate(others)]
    assert datasets.identity(datasets.image_batches, tmp_path / "first", limit=1)["images"] == 2


def test_the_published_files_are_verified_if_they_are_there():
    try:
        found = datasets.identity(datasets.fashion_mnist, split="test")
    except datasets.DataNotFound as error:
        pytest.skip(f"the published files are not in {datasets.SEARCH_PATH}: {str(error).splitlines()[0]}")
    assert (found["images"], found["verified"]) == (10_000, True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
def test_a_pipe_among_the_images_has_no_content_to_wait_for(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        os.mkfifo(tmp_path / name / "0.png")
    with pytest.raises(ValueError, match=r"a.0\.png: no ordinary file"):
        datasets.identity(datasets.image_folder, tmp_path)
