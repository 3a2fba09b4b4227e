"""The cores of the processor: how many there are to use, and how to share work on NumPy arrays among them."""

import importlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise

from ..arrays import is_numpy_array
from . import sizes

__all__ = ["cores", "cores_for", "free_cores", "on_cores", "split_among_cores"]

_HERE = threading.local()  # `alone`: whether this thread is one of many, and may not start more


def on_cores(function, chunks, like):
    """[function(chunk) for chunk in chunks], on all cores if they work on NumPy arrays as `like` is one.

    NumPy computes on one core but lets others run; other libraries use all cores, or a GPU, by themselves. Products of
    matrices keep to one core meanwhile: threads of threads wait for each other, which takes twice as long.
    """
    if len(chunks) < 2 or free_cores() < 2 or not is_numpy_array(like):
        return [function(chunk) for chunk in chunks]
    with _ONE_CORE_PER_PRODUCT:
        futures = [_pool(cores()).submit(function, chunk) for chunk in chunks]
        try:
            return [future.result() for future in futures]
        finally:  # after an error or an interrupt no thread is left at work
            for future in futures:
                future.cancel()
            wait(futures)


@cache
def _pool(workers):
    """Threads that stay: to start one takes longer than to wake one that waits."""
    return ThreadPoolExecutor(workers, initializer=lambda: setattr(_HERE, "alone", True))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork


class _OneCorePerProduct:
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


_ONE_CORE_PER_PRODUCT = _OneCorePerProduct()


def cores():
    """How many cores this process may use: those it is bound to, or fewer if OMP_NUM_THREADS says so."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return min(available, int(asked)) if asked.isdigit() and int(asked) > 0 else available


def free_cores():
    """`cores`, or 1 inside of a function that `on_cores` runs beside others."""
    return 1 if getattr(_HERE, "alone", False) else cores()


def cores_for(numbers):
    """How many free cores are worth using for so many numbers."""
    return max(1, min(free_cores(), numbers // sizes.WORTH_SHARING))


def split_among_cores(x, axis=0):
    """Chunks of an axis of an array, one for each core that is worth using.

    x : (...) array
    axis : which one to split

    Returns a list of (low, high), in order.
    """
    count = max(1, min(cores_for(x.size), x.shape[axis]))
    return list(pairwise(x.shape[axis] * number // count for number in range(count + 1)))
