"""Doubts about labelled images on a device: right numbers in a batch, and nothing unfit let in."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from collapse_theory.learned.samples import (
    PUBLISHED_DEVIATION,
    PUBLISHED_MEAN,
    chosen_device,
    labelled_images,
)

IMAGES = np.random.default_rng(0).integers(256, size=(6, 3, 4, 4), dtype=np.uint8)
LABELS = np.arange(6) % 3


def test_a_batch_is_normalised_channel_by_channel():
    data = labelled_images(IMAGES, LABELS, classes=3, mean=PUBLISHED_MEAN, deviation=PUBLISHED_DEVIATION)
    x, labels = data.batch(torch.tensor([4, 1]))
    expected = (IMAGES[[4, 1]] / 255 - np.reshape(PUBLISHED_MEAN, (3, 1, 1))) / np.reshape(
        PUBLISHED_DEVIATION, (3, 1, 1)
    )
    np.testing.assert_allclose(x.numpy(), expected, rtol=0, atol=1e-6)
    assert (x.dtype, labels.tolist()) == (torch.float32, [1, 1])
    assert data.images.dtype == torch.uint8


def test_padding_is_black_before_the_normalisation():
    white = labelled_images(np.full_like(IMAGES, 255), LABELS, classes=3, mean=[0.5] * 3, deviation=[0.25] * 3)
    x, _ = white.batch(torch.arange(6), seed=0, epoch=0, padding=4)
    assert set(x.unique().tolist()) == {-2.0, 2.0}


def test_floating_images_are_taken_as_they_are():
    data = labelled_images(IMAGES.astype(np.float64), LABELS, classes=3)
    np.testing.assert_array_equal(data.batch(slice(0, 6))[0].numpy(), IMAGES)


def test_batches_cover_all_samples_in_order_the_last_one_short():
    data = labelled_images(IMAGES, LABELS, classes=3)
    parts = [labels.tolist() for _, labels in data.batches(4)]
    assert parts == [[0, 1, 2, 0], [1, 2]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": IMAGES[0]}, r"images: expected shape \(N, C, H, W\), no axis empty, got \(3, 4, 4\)"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, r"images: expected shape .* got \(0, 3, 4, 4\)"),
        ({"images": IMAGES.astype(np.int64)}, "images: expected uint8 or floating numbers, got int64"),
        ({"images": np.where(IMAGES > 3, np.nan, 0.0)}, "images: expected finite values"),
        ({"labels": LABELS[:5]}, r"labels: expected 6 integers, got int64 of shape \(5,\)"),
        ({"labels": LABELS / 2}, "labels: expected 6 integers, got float64"),
        ({"labels": LABELS + 1}, r"labels: expected 0 \.\. 2, got 1 \.\. 3"),
        ({"labels": LABELS - 1}, r"labels: expected 0 \.\. 2, got -1 \.\. 1"),
        ({"classes": 1}, "classes: expected an integer of at least 2, got 1"),
        ({"mean": [0.5]}, "mean: expected 3 numbers, one a channel"),
        ({"deviation": [1, 1, 0]}, "deviation: expected 3 numbers, one a channel"),
        ({"device": "abacus"}, "device: 'abacus' is none that torch can use here"),
    ],
)
def test_what_is_unfit_is_named(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        labelled_images(**{"images": IMAGES, "labels": LABELS, "classes": 3} | changes)


def test_a_gpu_that_is_not_there_is_told():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="device: 'cuda' was asked for, but torch sees no such GPU"):
        chosen_device("cuda")
