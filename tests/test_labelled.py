"""Doubts about labelled images on a device: right numbers in a batch, and nothing unfit let in."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from collapse_theory.learned.labelled import (
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
    data = labelled_images(IMAGES / 8.0, LABELS, classes=3)
    np.testing.assert_array_equal(data.batch(slice(0, 6))[0].numpy(), IMAGES / 8.0)
    bytes_as_numbers = labelled_images(IMAGES / 1.0, LABELS, classes=3, mean=[127] * 3, deviation=[64] * 3)
    assert bytes_as_numbers.batch(slice(0, 6))[0].abs().max() <= 2


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, ">f4"])
def test_the_images_are_copies_whatever_their_memory(dtype):
    whole = (IMAGES // 8).astype(dtype)
    read_only = whole.copy()
    read_only.flags.writeable = False
    layouts = [
        whole,
        whole[:, ::-1],
        whole[::-1, :, ::-1, ::-1],
        np.asfortranarray(whole),
        read_only,
        torch.tensor(IMAGES // 8),
    ]
    for images in layouts:
        expected, labels = np.asarray(images).astype(np.float32), LABELS.copy()
        data = labelled_images(images, labels, classes=3)
        if images is not read_only:
            images[:] = 1
        labels[:] = 0
        x, y = data.batch(slice(0, 6))
        np.testing.assert_allclose(x.numpy(), expected / (255 if data.images.dtype == torch.uint8 else 1), rtol=1e-6)
        assert y.tolist() == LABELS.tolist()


def test_a_tensor_in_a_graph_is_taken_by_its_values():
    data = labelled_images(torch.zeros(3, 1, 4, 4, requires_grad=True), torch.arange(3), classes=3)
    assert not data.images.requires_grad


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
        ({"images": np.where(IMAGES > 3, 3.5e38, 0.0)}, "images: expected finite values in single precision"),
        ({"images": np.where(IMAGES > 3, -3.5e38, 0.0)}, "images: expected finite values in single precision"),
        ({"images": IMAGES / 1.0}, r"images: expected floating values in 0 \.\. 1, .*got 0 \.\. 255; values in"),
        ({"images": IMAGES / 255, "mean": [127] * 3}, r"images: expected floating values in 0 \.\. 1"),
        ({"images": [IMAGES[0], IMAGES[1, :, 1:]]}, "images: expected one array, got entries of several shapes"),
        ({"images": np.zeros((6, 5, 5, 3))}, r"images: .*got \(6, 5, 5, 3\), which looks like \(N, H, W, C\)"),
        ({"images": np.zeros((6, 8, 5, 1), np.uint8)}, r"images: .*got \(6, 8, 5, 1\), which looks like"),
        ({"labels": LABELS[:5]}, r"labels: expected 6 integers, got int64 of shape \(5,\)"),
        ({"labels": LABELS / 2}, "labels: expected 6 integers, got float64"),
        ({"labels": LABELS + 1}, r"labels: expected 0 \.\. 2, got 1 \.\. 3"),
        ({"labels": LABELS - 1}, r"labels: expected 0 \.\. 2, got -1 \.\. 1"),
        ({"classes": 1}, "classes: expected an integer of at least 2, got 1"),
        ({"mean": [0.5]}, "mean: expected 3 numbers, one per channel"),
        ({"mean": "abc"}, "mean: expected 3 numbers, one per channel, got array\\('abc'"),
        ({"mean": [0, 0, 1e300]}, "mean: expected 3 numbers, one per channel"),
        ({"deviation": [1, 1, 0]}, "deviation: expected 3 numbers above 0, one per channel"),
        ({"deviation": [1, 1, 1e-300]}, "deviation: expected 3 numbers above 0, one per channel"),
        ({"deviation": [1, 1, np.inf]}, "deviation: expected 3 numbers above 0, one per channel"),
        ({"images": torch.zeros(6, 3, 4, 4, dtype=torch.bfloat16)}, "images: expected an array that NumPy can hold"),
        ({"images": torch.zeros(6, 3, 4, 4, device="meta")}, "images: expected an array that NumPy can hold"),
        ({"images": torch.zeros(6, 3, 4, 4).to_sparse()}, "images: expected an array that NumPy can hold"),
        ({"images": np.ma.masked_less(IMAGES, 9)}, "images: expected every value to count, got a masked array"),
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
