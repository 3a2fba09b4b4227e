"""Doubts about compiled loops: are they what NumPy does, for any shape, memory order and precision, and any thread?"""

import copy
import importlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from collapse_theory.machine import cores, loops, reproducible, sizes
from collapse_theory.machine.worth import Worth
from collapse_theory.separation import ClassMoments, batches
from tests.places import NUMPY, assert_close
from tests.test_separation_batches import exact

PAYS = Worth.__dict__["pays"]  # before a fixture replaces it


def test_a_loop_is_ready_once_that_pays_and_never_without_numba(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(Worth, "pays", PAYS)
    monkeypatch.setattr(sizes, "SECONDS_TO_COMPILE", 200e-9)
    loop, seen = loops.Loop(lambda x, y: x + y, saved=2), []
    for _ in range(4):
        loop.count(40)
        seen.append((loop.ready, loop.ready))
    assert seen == [(False, False), (False, False), (True, True), (True, True)]
    assert loop.compiled is None  # to look does not compile
    assert loop(1, 2) == 3
    monkeypatch.setattr(importlib.import_module("numba").config, "DISABLE_JIT", 1)
    assert loops._numba.__wrapped__() is None
    monkeypatch.setattr(loops, "_numba", lambda: None)
    assert not loop.ready


def test_what_is_done_where_bits_must_repeat_is_not_counted():
    loop = loops.Loop(lambda: 0, saved=2)
    with reproducible():
        loop.count(2**40)
    loop.count(7)
    assert loop.worth.numbers == 7


def test_threads_that_make_the_first_call_together_compile_once(monkeypatch):
    made = []
    numba = SimpleNamespace(njit=lambda **options: lambda f: (time.sleep(0.01), made.append(f), f)[-1])
    monkeypatch.setattr(loops, "_numba", lambda: numba)
    loop = loops.Loop(lambda x: 2 * x, saved=1)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(loop, range(8))) == [2 * x for x in range(8)]
    assert len(made) == 1


def test_a_module_that_is_missing_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert loops._numba.__wrapped__() is None


@pytest.mark.parametrize("size", [1e-25, 1e-21, 1.0, 1e15, 1e25])
@pytest.mark.parametrize("first", [0.0, 2.0, 1e4])
@pytest.mark.parametrize("count", [2, 3, 4, 7, 64, 255])
def test_every_feature_of_many_rows_keeps_its_digits(compiled_loops, rng, size, first, count):
    rows = rng.normal(size=(count + 5, 2500)) + 1e3
    rows[3] += first
    rows[:, 3] = 2
    rows = (size * rows).astype(np.float32)
    index = np.arange(3, count + 3)
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
    for pays in (False, True):
        monkeypatch.setattr(Worth, "pays", pays)
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
    monkeypatch.setattr(sizes, "WORTH_SHARING", 50)
    monkeypatch.setattr(batches, "SHARED_NUMBERS", 1)
    x, labels = rng.normal(size=(64, 70)).astype(np.float32), np.arange(64) % 2
    for groups in (0, 20):
        moments = ClassMoments(groups=groups).update(x, labels)
        assert_close(moments.class_means, np.stack([x[::2].mean(axis=0), x[1::2].mean(axis=0)]), NUMPY, rounding=1e-6)
    assert len(threads) >= 2 + 3  # chunks of the one moments, columns of the other
    assert threading.get_ident() not in threads
