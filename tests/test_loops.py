"""Doubts about compiled loops: are they what NumPy does, for any shape, memory order and precision, and any thread?"""

import copy
import importlib
import sys
import threading

import numpy as np
import pytest

from collapse_theory.machine import cores, loops
from collapse_theory.pairs import sum_of_products
from collapse_theory.scattering import cascade, scatter
from collapse_theory.separation import ClassMoments, batches
from collapse_theory.wavelets import morlet_bank
from tests.places import NUMPY, assert_close, rounding_of_transforms
from tests.test_class_batches import exact


def test_a_loop_is_compiled_once_that_pays_and_never_without_numba(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(loops, "_SECONDS_TO_COMPILE", 200e-9)
    loop = loops.Loop(lambda x, y: x + y, saved=2)
    assert [loop.pays(40) for _ in range(4)] == [False, False, True, True]
    assert loop(1, 2) == 3
    monkeypatch.setattr(importlib.import_module("numba").config, "DISABLE_JIT", 1)
    assert loops._numba.__wrapped__() is None
    monkeypatch.setattr(loops, "_numba", lambda: None)
    assert not loops.Loop(lambda: 0, saved=2).pays(1000)


def test_a_module_that_is_missing_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert loops._numba.__wrapped__() is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (3, 1, 2, 1025), (4, 40, 3, 2048), (14, 2, 8, 30), (5, 1, 1, 1)])
def test_sum_of_products_is_the_plain_one(compiled_loops, rng, shape, dtype):
    blocks, planes, filters, width = shape
    spectra = rng.normal(size=(blocks, planes, 2, width)).astype(dtype)
    values = rng.normal(size=(blocks, filters, width)).astype(dtype)
    rounding = {np.float32: 1e-6, np.float64: 1e-14}[dtype]
    for a in (spectra, spectra.swapaxes(1, 2), np.asfortranarray(spectra)):
        expected = np.einsum("bnmk,blk->nmlk", a, values)
        found = sum_of_products(a, values)
        assert found.dtype == dtype
        assert_close(found, expected, NUMPY, rounding=rounding)


@pytest.mark.parametrize("size", [1e-25, 1e-21, 1.0, 1e15, 1e25])
@pytest.mark.parametrize("first", [0.0, 2.0, 1e4])
@pytest.mark.parametrize("count", [2, 3, 4, 7, 64, 255])
def test_every_feature_of_many_rows_keeps_its_digits(compiled_loops, rng, size, first, count):
    rows = rng.normal(size=(count + 5, 2500)) + 1e3
    rows[3] += first
    rows[:, 3] = 2
    rows = (size * rows).astype(np.float32)
    index = np.arange(3, count + 3)
    assert batches._add_about_first.pays(rows.size)
    mean, squares, _ = batches.reduce_rows(rows, index, origin=np.zeros(2500), compiled=True)
    expected_mean, expected = exact(rows[index])
    assert mean.dtype == squares.dtype == np.float64
    np.testing.assert_allclose(mean, expected_mean, rtol=0, atol=1e-10 * np.sqrt(expected.max() / count))
    np.testing.assert_allclose(squares, expected, rtol=1e-11, atol=0)  # two digits lost at worst


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("groups", [0, 20])
@pytest.mark.parametrize("cut", [[], [1], [30, 200], [399]])
def test_moments_are_the_plain_ones(monkeypatch, rng, cut, groups, dtype):
    pytest.importorskip("numba")
    x = (rng.normal(size=(400, 3, 11)) + 50).astype(dtype)
    labels = rng.permutation(np.arange(400) % 5)
    found = []
    for seconds in (float("inf"), 0):
        monkeypatch.setattr(loops, "_SECONDS_TO_COMPILE", seconds)
        moments = ClassMoments(groups=groups)
        for part in np.split(np.arange(400), cut):
            moments.update(x[part], labels[part])
        found.append(moments)
    plain, quick = found
    np.testing.assert_array_equal(plain._cells.counts, quick._cells.counts)
    rounding = 1e-12 if dtype == np.float64 else 5e-6
    assert_close(quick._cells.means, plain._cells.means, NUMPY, rounding=rounding)
    np.testing.assert_allclose(quick._cells.squares, plain._cells.squares, rtol=rounding, atol=1e-9)
    if groups:
        np.testing.assert_allclose(quick.interval("fisher_trace"), plain.interval("fisher_trace"), rtol=1e-5)


def test_rows_added_one_by_one_are_merged_as_the_cells_merge_them(compiled_loops, rng):
    moments = ClassMoments(groups=3).update(rng.normal(size=(50, 4)), np.arange(50) % 4)
    slow = copy.deepcopy(moments._cells)
    x, labels, before = rng.normal(size=(9, 4)), np.array([3, 0, 0, 1, 3, 3, 3, 2, 3]), moments.counts
    moments.update(x, labels)
    for row, label in zip(x, labels, strict=True):
        slow.add((before[label] % 3, label), 1, row - moments._origin, 0.0)
        before[label] += 1
    np.testing.assert_array_equal(moments._cells.counts, slow.counts)
    np.testing.assert_allclose(moments._cells.means, slow.means, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(moments._cells.squares, slow.squares, rtol=1e-13)


def test_cores_share_a_loop(monkeypatch, compiled_loops, rng):
    threads, call = [], loops.Loop.__call__
    monkeypatch.setattr(loops.Loop, "__call__", lambda *a: (threads.append(threading.get_ident()), call(*a)))
    monkeypatch.setattr(cores, "cores", lambda: 3)
    monkeypatch.setattr(cores, "_WORTH_SHARING", 50)
    monkeypatch.setattr(batches, "SHARED_NUMBERS", 1)
    spectra, values = rng.normal(size=(4, 20, 30)), rng.normal(size=(4, 5, 30))
    assert_close(sum_of_products(spectra, values), np.einsum("bnk,blk->nlk", spectra, values), NUMPY, rounding=1e-14)
    x, labels = rng.normal(size=(64, 70)).astype(np.float32), np.arange(64) % 2
    for groups in (0, 20):
        moments = ClassMoments(groups=groups).update(x, labels)
        assert_close(moments.class_means, np.stack([x[::2].mean(axis=0), x[1::2].mean(axis=0)]), NUMPY, rounding=1e-6)
    assert len(threads) >= 3 + 2 + 3  # parts of the products, chunks of the one moments, columns of the other
    assert threading.get_ident() not in threads


def test_transforms_are_the_plain_ones(monkeypatch, rng):
    pytest.importorskip("numba")
    x, bank = rng.normal(size=(3, 2, 32, 32)).astype(np.float32), morlet_bank((32, 32), 2, 4, "full").tight("complex")
    found = []
    for seconds in (float("inf"), 0):
        monkeypatch.setattr(loops, "_SECONDS_TO_COMPILE", seconds)
        *_, deepest = cascade(x, bank, "phase collapse", depth=2, subsample=True)
        found.append((scatter(x, 3), deepest))
    for plain, quick in zip(*found, strict=True):
        assert quick.dtype == np.float32
        assert_close(quick, plain, NUMPY, rounding=rounding_of_transforms(6, 48 * 48))  # of two wavelets and an average
