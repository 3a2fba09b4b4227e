"""Doubts about batches added to moments: the way they are added, bad ones refused as a whole, and digits kept."""

import itertools
import pickle
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from collapse_theory.machine import cores
from collapse_theory.separation import ClassMoments, batches, within_class_covariance
from collapse_theory.separation.batches import Way, reduce_rows, way_to_add
from tests.places import NUMPY, assert_close


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


def test_rows_are_copied_a_few_at_a_time(monkeypatch, rng):
    monkeypatch.setattr(cores, "cores", lambda: 1)
    x, labels = rng.normal(size=(256, 2**13)).astype(np.float32), [0] * 256
    for few in (0, 2):  # rows that came before, complex
        peaks = []
        for _ in range(3):  # what is imported on the way takes its room once
            moments = ClassMoments().update(x[:few] * (1 + 0j), labels[:few]) if few else ClassMoments()
            tracemalloc.start()
            moments.update(x, labels)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert min(peaks) < 2**23  # which the features take; in double they and their deviations would take 2**25


CHUNKS = {"covariance": False, "compiled": False}


@pytest.mark.parametrize(
    ("counts", "features", "settings", "way"),
    [
        ([1000, 1000], 8, {}, Way(False, rows=256, chunks=8, checked=False)),
        ([1000, 0, 1000], 8, {"compiled": True}, Way(False, rows=256, chunks=8, checked=False)),
        ([1000, 1000], 2**12, {}, Way(False, rows=64, chunks=32, checked=False)),
        ([1000, 1000], 2**12, {"compiled": True}, Way(False, rows=256, chunks=8, checked=False)),
        ([1000, 1000], 2**15, {}, Way(False, rows=8, chunks=16, checked=True)),  # moments as large as the features
        ([1000, 1000], 2**19, {}, Way(False, rows=1, chunks=16, checked=True)),
        ([1000, 1000], 2**21, {"compiled": True}, Way(False, rows=256, chunks=16, checked=True)),  # 400 MiB to hold
        ([16, 16, 16], 8, {"compiled": True}, Way(False, rows=256, chunks=3, checked=False)),
        ([16, 16, 15], 8, {"compiled": True}, Way(True, rows=1, chunks=1, checked=True)),
        ([16, 16, 15], 8, {}, Way(False, rows=256, chunks=16, checked=True)),
        ([1000, 1000], 2**12, {"covariance": True}, Way(False, rows=256, chunks=1, checked=True)),
        ([1, 1], 8, {"covariance": True}, Way(False, rows=256, chunks=1, checked=True)),
    ],
)
def test_the_way_to_add_is_this_table(counts, features, settings, way):
    assert way_to_add(np.array(counts), features, **(CHUNKS | settings)) == way


@pytest.mark.parametrize(
    ("size", "dtype", "settings", "loop"),
    [
        (200, np.float32, {}, "_add_about_first"),
        (200, np.float64, {}, "_add_about_first"),
        (200, np.float64, {"groups": 20}, "_add_rows"),
        (200, np.complex64, {}, None),
        (200, np.float64, {"covariance": True}, None),
    ],
)
def test_work_is_counted_once_for_the_one_loop_that_would_do_it(monkeypatch, rng, size, dtype, settings, loop):
    for name in ("_add_about_first", "_add_rows"):
        monkeypatch.setattr(getattr(batches, name).worth, "numbers", 0)
    ClassMoments(**settings).update(rng.normal(size=(size, 3)).astype(dtype), np.arange(size) % 2)
    done = {name: getattr(batches, name).worth.numbers for name in ("_add_about_first", "_add_rows")}
    assert done == {name: 3 * size if name == loop else 0 for name in done}


def test_an_update_stays_in_five_files_of_the_package_of_separation(compiled_loops, rng):
    files = set()

    def note(frame, event, argument):
        path = Path(frame.f_code.co_filename)
        if path.parent.name == "separation":
            files.add(path.stem)

    sys.setprofile(note)
    try:
        for settings in ({}, {"covariance": True}, {"groups": 20}):
            ClassMoments(**settings).update(rng.normal(size=(200, 3)), np.arange(200) % 2)
    finally:
        sys.setprofile(None)
    assert files - {"readout"} <= {"moments", "batches", "cells", "outer_products", "ranges"}


def test_moments_that_would_take_too_much_are_not_held_back(monkeypatch, rng):
    x, labels = rng.normal(size=(640, 5)), np.arange(640) % 2
    expected = pickle.dumps(ClassMoments().update(x, labels))
    monkeypatch.setattr(batches, "HELD_BYTES", 0)
    monkeypatch.setattr(batches, "may_leave_the_range", None)
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


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("settings", [{}, {"groups": 3}, {"covariance": True, "groups": 2}])
def test_bytes_for_moments_are_those_of_their_arrays(rng, settings, is_complex):
    x = rng.normal(size=(12, 2, 3)) * (1 + 1j * is_complex)
    cells = ClassMoments(**settings).update(x if is_complex else x.real, np.arange(12) % 4)._cells
    arrays = [array for array in (cells.means, cells.squares, cells.products) if array is not None]
    assert ClassMoments.bytes_for(4, 6, is_complex=is_complex, **settings) == sum(array.nbytes for array in arrays)


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
