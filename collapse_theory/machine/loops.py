"""Loops compiled by Numba where it is installed (the extra `fast`), for what NumPy needs several passes for.

Each has a twin in NumPy, which is used without Numba, and until so much has been done that it pays to compile. The two
add up in different orders, so the last bits of a result depend on which was used. Inside `machine.reproducible` it is
always NumPy. A loop that is not 1.5 times as fast where it is used goes
(`python -m tests.benchmarks --only moments cascade`, the rows "without Numba").
"""

import importlib
import threading
from functools import cache

from . import is_reproducible, sizes
from .worth import Worth

__all__ = ["Loop"]


class Loop:
    """A function of NumPy arrays in plain loops, to be compiled once that pays.

    function : the loops, which write into their arguments; rows must be contiguous, or nothing is gained
    saved : nanoseconds per number that it saves beside NumPy, on one core at 3 GHz

    `count` takes the numbers to work on; `ready` says whether to call the loop; the first call compiles it.
    """

    def __init__(self, function, saved):
        self.function, self.compiled, self.lock = function, None, threading.Lock()
        self.worth = Worth(sizes.SECONDS_TO_COMPILE, saved * 1e-9)
        self.__doc__ = function.__doc__

    def count(self, numbers):
        """Count numbers that are about to be worked on, by this loop or by NumPy; none inside `reproducible`."""
        if not is_reproducible():
            self.worth.count(numbers)

    @property
    def ready(self):
        """Whether to call it: the numbers so far repay its compilation, Numba is there, and bits need not repeat."""
        return not is_reproducible() and self.worth.pays and _numba() is not None

    def __call__(self, *arguments):
        with self.lock:  # threads that share the first call compile once
            if self.compiled is None:
                options = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
                self.compiled = _numba().njit(**options)(self.function)
        return self.compiled(*arguments)


@cache
def _numba():
    """The module numba, or None where it is not installed, or told not to compile."""
    try:
        numba = importlib.import_module("numba")
    except ImportError:
        return None
    return None if numba.config.DISABLE_JIT else numba
