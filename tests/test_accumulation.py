"""Doubts about batches added to moments: is a bad one refused as a whole, whichever way its rows are reduced?"""

import itertools
import pickle
import tracemalloc

import numpy as np
import pytest

from collapse_theory.machine import cores
from collapse_theory.separation import ClassMoments, accumulation


@pytest.mark.parametrize("settings", [{}, {"groups": 20}, {"covariance": True}])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_changes_nothing_wherever_it_stands(place, rng, value, dtype, settings):
    x, labels = rng.normal(size=(200, 3)).astype(dtype), np.arange(200) % 2
    empty, moments = ClassMoments(**settings), ClassMoments(**settings).update(x, labels)
    before = pickle.dumps(moments)
    for row in (0, 1, 77, 199):
        bad = x.copy()
        bad[row, 2] = value
        for target, names in itertools.product((empty, moments), (labels, labels + 1)):
            with pytest.raises(ValueError, match=r"features: expected finite values, got 1 NaN or infinite"):
                target.update(place.lift(bad), names)
    assert pickle.dumps(moments) == before
    with pytest.raises(ValueError, match="no samples yet"):
        _ = empty.counts


@pytest.mark.parametrize("groups", [0, 20])
def test_compiled_loops_refuse_it_too(compiled_loops, rng, groups):
    x, labels = rng.normal(size=(200, 3)).astype(np.float32), np.arange(200) % 2
    moments = ClassMoments(groups=groups).update(x, labels)
    before = pickle.dumps(moments)
    x[150, 1] = np.inf
    with pytest.raises(ValueError, match=r"features: expected finite values, got 1 NaN or infinite"):
        moments.update(x, labels + 1)
    assert pickle.dumps(moments) == before


def test_finite_features_whose_sums_overflow_are_not_called_infinite():
    x = np.full((40, 2), np.finfo(np.float32).max)
    assert ClassMoments().update(x, [0] * 40).class_means.tolist() == [[float(x[0, 0])] * 2]


@pytest.mark.parametrize("groups", [0, 20])
def test_memory_order_and_constant_features_change_nothing(compiled_loops, rng, groups):
    x, labels = rng.normal(size=(300, 40)).astype(np.float32), np.arange(300) % 3
    x[:, :20], x[labels == 1, 20:] = 7, 0
    expected = ClassMoments(groups=groups).update(x.astype(np.float64), labels)
    for features in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x[::-1].copy()[::-1]):
        found = ClassMoments(groups=groups).update(features, labels)
        np.testing.assert_allclose(found.class_means, expected.class_means, atol=1e-6)
        spreads = found.per_feature().within_class_variance
        np.testing.assert_allclose(spreads, expected.per_feature().within_class_variance, rtol=1e-5)
        assert np.all(spreads[:20] == 0)


def test_few_numbers_are_copied_where_many_features_lose_digits_in_single_precision(monkeypatch, compiled_loops, rng):
    monkeypatch.setattr(cores, "cores", lambda: 1)
    x, labels = rng.normal(size=(256, 2**13)).astype(np.float32), [0] * 256
    x[0] += 1e3  # far from the mean of the others
    for few in (0, 2):  # rows that came before, complex
        peaks = []
        for _ in range(3):  # what is compiled or imported on the way takes its room once
            moments = ClassMoments().update(x[:few] * (1 + 0j), labels[:few]) if few else ClassMoments()
            tracemalloc.start()
            moments.update(x, labels)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        # The features take 2**23, and in double they and their deviations would take 2**25. Once torch.compile has been
        # used, NumPy no longer writes over temporary arrays: a chunk of 2**21 more.
        assert min(peaks) < 2**24 + 2**21


def test_moments_that_would_take_too_much_are_not_held_back(monkeypatch, rng):
    x, labels = rng.normal(size=(640, 5)), np.arange(640) % 2
    expected = pickle.dumps(ClassMoments().update(x, labels))
    monkeypatch.setattr(accumulation, "_HELD_BACK", 0)
    monkeypatch.setattr(accumulation, "_add_long_chunks", None)
    assert pickle.dumps(ClassMoments().update(x, labels)) == expected


@pytest.mark.parametrize(("samples", "features", "classes"), [(20_000, 512, 4), (5000, 4096, 10), (20_000, 128, 4)])
def test_peak_memory_of_an_update_is_that_of_the_formula(monkeypatch, compiled_loops, rng, samples, features, classes):
    monkeypatch.setattr(cores, "cores", lambda: 1)
    x, labels = rng.standard_normal((samples, features), np.float32), np.arange(samples) % classes
    ClassMoments().update(x, labels)  # compiles
    tracemalloc.start()
    ClassMoments().update(x, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    chunks = classes * -(-samples // classes // 256)
    assert peak == pytest.approx(16 * features * (chunks + classes) + 50 * features + 26 * samples, rel=0.1)
