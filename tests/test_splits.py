"""Doubts about splits: no sample twice, none lost, each class in its proportion."""

import numpy as np
import pytest

from collapse_theory import datasets


def test_a_split_by_class_shares_no_sample_and_keeps_proportions():
    labels = np.array([0] * 10 + [2] * 20 + [1] * 5)
    first, second = datasets.split_by_class(labels, fraction=0.6, seed=0)
    np.testing.assert_array_equal(np.sort(np.concatenate([first, second])), np.arange(35))
    np.testing.assert_array_equal(np.bincount(labels[first]), [6, 3, 12])
    np.testing.assert_array_equal(datasets.split_by_class(labels, fraction=0.6, seed=0)[0], first)
    assert not np.array_equal(datasets.split_by_class(labels, fraction=0.6, seed=1)[0], first)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fraction": 1.0}, r"fraction: expected a number in \(0, 1\), got 1\.0"),
        ({"fraction": 0.1}, r"fraction: 0\.1 of the 2 samples of class 5 leaves a part empty"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
        ({"seed": None}, "seed: expected an integer of at least 0, got None"),
    ],
)
def test_an_impossible_split_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.split_by_class([5, 5], **({"fraction": 0.5, "seed": 0} | arguments))


def test_labels_may_be_anything_that_sorts():
    texts, numbers = np.array(["b", "a"] * 4), np.array([1.5, -2.0] * 4)
    expected = datasets.split_by_class([1, 0] * 4, fraction=0.5, seed=0)
    for labels in (texts, numbers, list("ba" * 4), texts.astype(object)):
        for part, as_expected in zip(datasets.split_by_class(labels, fraction=0.5, seed=0), expected, strict=True):
            np.testing.assert_array_equal(part, as_expected)
