"""Doubts about sums about the first row: do they lose digits where it is an outlier, or all is tiny or huge?"""

import numpy as np
import pytest

from collapse_theory.separation import ClassMoments, within_class_covariance
from collapse_theory.separation.batches import reduce_rows
from tests.places import NUMPY, assert_close


def exact(rows):
    mean = rows.astype(np.float64).mean(axis=0)
    return mean, ((rows - mean) ** 2).sum(axis=0)


@pytest.mark.parametrize("size", [1e-25, 1e-21, 1.0, 1e15, 1e25])
@pytest.mark.parametrize("first", [0.0, 2.0, 1e4])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_every_feature_keeps_its_digits(place, rng, size, first, offset):
    rows = rng.normal(size=(64, 7)) + offset
    rows[0] += first
    rows[:, 3] = 2
    rows = (size * rows).astype(np.float32)
    xp_rows = place.lift(rows) if place.name != "numpy-single" else rows
    mean, squares, products = reduce_rows(xp_rows, np.arange(64), origin=np.zeros(7))
    expected_mean, expected = exact(rows)
    assert products is None
    assert mean.dtype == squares.dtype == np.float64
    np.testing.assert_allclose(mean, expected_mean, rtol=0, atol=1e-10 * np.sqrt(expected.max() / 64))
    np.testing.assert_allclose(squares, expected, rtol=1e-12, atol=0)  # 64 rows lose at most a factor of 64


def test_sums_over_many_rows_stay_close_to_those_in_double(rng):
    x, labels = rng.normal(size=(4000, 5)).astype(np.float32) + 30, rng.integers(0, 3, 4000)
    single, double = ClassMoments().update(x, labels), ClassMoments().update(x.astype(np.float64), labels)
    assert_close(single.class_means, double.class_means, NUMPY, rounding=1e-8)
    assert single.within_class_variance == pytest.approx(double.within_class_variance, rel=1e-7)


def test_within_class_covariance_is_the_weighted_mean_of_those_of_the_classes(place, rng):
    x, labels = rng.normal(size=(40, 3)), np.arange(40) % 3
    expected = sum(np.cov(x[labels == y].T, bias=True) * np.mean(labels == y) for y in range(3))
    lifted = place.lift(x)
    found = within_class_covariance(lifted, place.lift(labels), classes=3, chunk=7)
    assert_close(found, expected, place, like=lifted)
