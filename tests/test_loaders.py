"""Doubts about data sets and loaders of torch: are they trained on as arrays are, and resumed where they stopped?"""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, WeightedRandomSampler  # noqa: E402

from collapse_theory import learned  # noqa: E402
from tests.small_network import assert_same_end, metrics, small_data, small_network, small_recipe  # noqa: E402

HOW = {"classes": 4, "mean": [0.4] * 3, "deviation": [0.3] * 3}
IMAGES = small_data()[0]


class Noisy(Dataset):
    """The small images as a data set, changed by what torch, NumPy and Python draw."""

    def __len__(self):
        return len(IMAGES)

    def __getitem__(self, index):
        noise = int(torch.randint(9, ())) + random.randrange(9) + np.random.randint(9)  # noqa: NPY002
        return IMAGES.images[index] // 2 + noise, int(IMAGES.labels[index])


class Stream(IterableDataset):
    def __iter__(self):
        return zip(IMAGES.images.numpy(), IMAGES.labels, strict=True)


def plain():
    return TensorDataset(IMAGES.images, IMAGES.labels)


def train(folder, train_data, test_data=None, **options):
    network = small_network()
    data = (train_data, IMAGES if test_data is None else test_data)
    return learned.train(network, data, small_recipe(2), folder=folder, log_every=1, tensorboard=False, **options)


def test_a_data_set_is_trained_on_as_the_same_images_in_arrays_are(tmp_path):
    lazy = learned.labelled_dataset(plain(), **HOW)
    train(tmp_path / "arrays", IMAGES)
    train(tmp_path / "lazy", lazy, lazy)
    assert_same_end(tmp_path / "arrays", tmp_path / "lazy")
    rows = [learned.class_statistics(small_network(), data, layers=["5"]) for data in (IMAGES, lazy)]
    assert rows[0] == rows[1]
    assert (learned.confusion_matrix(small_network(), lazy) == learned.confusion_matrix(small_network(), IMAGES)).all()
    assert torch.equal(lazy.first(5).images, IMAGES.images[:5])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_what_transforms_draw_is_the_same_after_a_stop_and_with_workers(tmp_path):
    for _ in range(7):
        train(tmp_path / "stopped", learned.labelled_dataset(Noisy(), **HOW), stop_after=0)
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    for folder in ("stopped", "whole"):
        train(tmp_path / folder, learned.labelled_dataset(Noisy(), **HOW, workers=int(folder == "whole")))
    assert_same_end(tmp_path / "stopped", tmp_path / "whole")
    assert torch.equal(torch.get_rng_state(), state[0])
    assert random.getstate() == state[1]
    assert np.random.get_state()[1].tolist() == state[2]  # noqa: NPY002
    noisy, index = learned.labelled_dataset(Noisy(), **HOW), torch.arange(3)
    first, again, later = (noisy.batch(index, seed=0, epoch=epoch, padding=0, flips="none")[0] for epoch in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, later)


@pytest.mark.parametrize("kind", ["loader", "stream", "shuffled", "weighted"])
def test_a_loader_is_trained_on_as_it_is_and_goes_on_where_it_was(tmp_path, kind):
    def made():
        if kind == "stream":
            return learned.labelled_dataset(Stream(), **HOW, count=36)
        sampler = WeightedRandomSampler([1.0] * 18 + [0.0] * 18, 36) if kind == "weighted" else None
        return learned.labelled_dataset(DataLoader(plain(), 8, shuffle=kind == "shuffled", sampler=sampler), **HOW)

    assert train(tmp_path / "whole", made(), made()).finished
    for _ in range(6):
        train(tmp_path / "stopped", made(), made(), stop_after=0)
    train(tmp_path / "stopped", made(), made())
    assert_same_end(tmp_path / "stopped", tmp_path / "whole")
    data = made()
    data.expect(torch.arange(36).split(8), done=0, size=8, seed=0, epoch=0)
    x, labels = data.batch(torch.arange(8))
    assert x.shape == (8, 3, 8, 8)
    assert torch.equal(labels, IMAGES.labels[:8]) == (kind in ("loader", "stream"))
    assert sum(len(labels) for _, labels in data.batches(8)) == len(data) == 36


def test_images_of_other_libraries_are_taken(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    grey, colour = rng.integers(256, size=(6, 5), dtype=np.uint8), rng.integers(256, size=(6, 5, 3), dtype=np.uint8)
    for image, expected in (
        (pillow.fromarray(grey), grey[None]),
        (pillow.fromarray(colour), np.moveaxis(colour, -1, 0)),
        (np.moveaxis(colour, -1, 0), np.moveaxis(colour, -1, 0)),
    ):
        data = learned.labelled_dataset([(image, np.int64(1)), (image, 0)], classes=2)
        assert data.shape == expected.shape
        x, labels = data.batch(slice(0, 2))
        np.testing.assert_allclose(x[1].numpy(), expected / 255, rtol=1e-6)
        assert labels.tolist() == [1, 0]


def test_other_data_are_another_run(tmp_path):
    train(tmp_path, learned.labelled_dataset(plain(), **HOW))
    brighter = TensorDataset(IMAGES.images + 1, IMAGES.labels)
    with pytest.raises(ValueError, match="is of another run: data, train is"):
        train(tmp_path, learned.labelled_dataset(brighter, **HOW))
    assert len(metrics(tmp_path)) == 12


ZEROS = np.zeros((3, 4, 4), np.uint8)


@pytest.mark.parametrize(
    ("source", "changes", "message"),
    [
        (3, {}, "source: expected a Dataset or a DataLoader of torch, got a int"),
        ([], {}, "source: expected at least one image, got none"),
        ([(ZEROS, 0)], {"classes": 1}, "classes: expected an integer of at least 2, got 1"),
        ([(ZEROS, 5)], {}, r"labels: expected 0 \.\. 3, got 5 \.\. 5"),
        ([(ZEROS, [1, 0])], {}, "source: expected integers as labels, got a list of int, int"),
        ([ZEROS], {}, r"source: expected pairs \(image, label\), got"),
        ([("x.png", 0)], {}, r"source: expected images \(C, H, W\), uint8 or float, got a str"),
        ([(ZEROS.astype(int), 0)], {}, r"source: expected images \(C, H, W\), uint8 or float"),
        ([(255.0 * np.ones((3, 4, 4)), 0)], {}, r"images: expected floating values in 0 \.\. 1"),
        ([(np.zeros((8, 5, 3), np.uint8), 0)], {"mean": None, "deviation": None}, "which looks like"),
        ([(ZEROS, 0)], {"mean": [0.5]}, "mean: expected 3 numbers, one per channel"),
        (Stream(), {}, "count: expected how many images an epoch has, as the source does not say"),
    ],
)
def test_what_is_unfit_is_named(source, changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        learned.labelled_dataset(source, **HOW | changes)


def test_images_of_several_shapes_and_batches_of_another_size_are_told(tmp_path):
    mixed = learned.labelled_dataset([(ZEROS, 0), (ZEROS[:, 1:], 1)], **HOW)
    with pytest.raises(ValueError, match=r"images of one shape and kind, got \(3, 3, 4\) uint8 and \(3, 4, 4\) uint8"):
        mixed.batch(slice(0, 2))
    loader = learned.labelled_dataset(DataLoader(plain(), 9), **HOW)
    with pytest.raises(ValueError, match="data: expected 8 images as the next batch of the loader, got 9"):
        train(tmp_path / "nine", loader)
    short = learned.labelled_dataset(Stream(), **HOW, count=44)
    with pytest.raises(ValueError, match="data: expected 8 images as the next batch of the loader, got 4"):
        train(tmp_path / "short", short)
