"""Doubts about the textures: the right pixels with the right labels, and brightness taken off where it was asked."""

import sys

import numpy as np
import pytest

from collapse_theory import datasets


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
