"""Doubts about sharing work among cores: is it all done, in order, and is everything afterwards as it was?"""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from collapse_theory.machine import cores


def blas_threads():
    return [entry["num_threads"] for entry in threadpoolctl.threadpool_info() if entry["user_api"] == "blas"]


def test_work_on_cores_keeps_its_order_and_products_to_one_core_until_all_are_done(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 2)
    like = np.zeros(1)
    assert like @ like == 0  # the library of products is there
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        results = cores.on_cores(lambda piece: (piece, blas_threads()), list(range(6)), like)
        assert [piece for piece, _ in results] == list(range(6))
        assert all(set(threads) == {1} for _, threads in results)
        assert blas_threads() == before
        with ThreadPoolExecutor(4) as pool:  # calls that overlap and end in any order
            list(pool.map(lambda n: cores.on_cores(lambda _: time.sleep(0.002 * n), [0, 1], like), range(8)))
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError):
            cores.on_cores(lambda piece: 1 / piece, [1, 0], like)
        assert blas_threads() == before


def test_nobody_is_at_work_after_an_error(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 2)
    done = []

    def work(seconds):
        time.sleep(seconds)
        done.append(1 / (seconds - 0.01))

    with pytest.raises(ZeroDivisionError):
        cores.on_cores(work, [0.01, 0.1, 0.1, 0.1], np.zeros(1))
    seen = len(done)
    time.sleep(0.25)
    assert len(done) == seen >= 1


def test_work_within_work_on_cores_starts_no_more_threads(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 2)
    like = np.zeros(1)
    inner = lambda _: cores.on_cores(lambda _: threading.get_ident(), [0, 1], like)  # noqa: E731
    assert all(len(set(found)) == 1 for found in cores.on_cores(inner, [0, 1], like))


def test_chunks_cover_an_axis_and_are_few_where_there_is_little_to_do(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 3)
    monkeypatch.setattr(cores.sizes, "WORTH_SHARING", 10)
    for shape, axis, expected in (((7, 4), 0, 2), ((7, 40), 0, 3), ((2, 40), 0, 2), ((40, 1), 1, 1), ((1, 2), 0, 1)):
        parts = cores.split_among_cores(np.zeros(shape), axis)
        assert len(parts) == expected
        assert [i for part in parts for i in range(*part)] == list(range(shape[axis]))


FORKED = """
import os, signal, time, numpy as np
from collapse_theory.machine import cores
cores.cores = lambda: 2
share = lambda: cores.on_cores(lambda piece: time.sleep(0.1) or piece, [0, 1], np.zeros(1))  # both threads start
share()
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(share() != [0, 1])
raise SystemExit(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own():
    root = Path(cores.__file__).parents[1]
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], check=True, cwd=root)
