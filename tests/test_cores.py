"""Doubts about sharing work among cores: is it all done, in order, and is everything afterwards as it was?"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl

from collapse_theory import cores


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


def test_work_within_work_on_cores_starts_no_more_threads(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 2)
    like = np.zeros(1)
    inner = lambda _: cores.on_cores(lambda _: threading.get_ident(), [0, 1], like)  # noqa: E731
    assert all(len(set(found)) == 1 for found in cores.on_cores(inner, [0, 1], like))
