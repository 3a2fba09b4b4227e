"""The cores of the processor: how many there are to use, and how to share work on NumPy arrays among them."""

import importlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from .arrays import is_numpy_array

__all__ = ["cores", "free_cores", "on_cores"]

_HERE = threading.local()  # `alone`: whether this thread is one of many, and may not start more


def on_cores(function, pieces, like):
    """[function(piece) for piece in pieces], on all cores if they work on NumPy arrays as `like` is one.

    NumPy computes on one core but lets others run; other libraries use all cores, or a GPU, by themselves. Products of
    matrices keep to one core meanwhile: threads of threads wait for each other, which takes twice as long.
    """
    if len(pieces) < 2 or free_cores() < 2 or not is_numpy_array(like):
        return [function(piece) for piece in pieces]
    workers = min(cores(), len(pieces))
    with _ONE_CORE_A_PRODUCT, ThreadPoolExecutor(workers, initializer=lambda: setattr(_HERE, "alone", True)) as pool:
        return list(pool.map(function, pieces))


class _OneCoreAProduct:
    """While any thread is inside, products of NumPy's matrices use one core each."""

    def __init__(self):
        self.lock, self.inside, self.libraries, self.limit = threading.Lock(), 0, None, None

    def __enter__(self):
        with self.lock:
            if self.libraries is None:
                self.libraries = importlib.import_module("threadpoolctl").ThreadpoolController()
            if self.inside == 0:
                self.limit = self.libraries.limit(limits=1, user_api="blas")
            self.inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.limit.restore_original_limits()


_ONE_CORE_A_PRODUCT = _OneCoreAProduct()


def cores():
    """How many cores this process may use: those it is bound to, or fewer if OMP_NUM_THREADS says so."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return min(available, int(asked)) if asked.isdigit() and int(asked) > 0 else available


def free_cores():
    """`cores`, or 1 inside of a function that `on_cores` runs beside others."""
    return 1 if getattr(_HERE, "alone", False) else cores()
