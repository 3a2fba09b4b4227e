"""Loops compiled by Numba where it is installed (the extra `fast`), for what NumPy needs several passes for.

Each stands beside the same in NumPy, which is used without Numba and until so much has been done that it pays to
compile. The two add up in another order: the last bits of a result depend on which it was, but inside
`machine.reproducible`, where nothing is compiled.
"""

import importlib
from functools import cache

from . import is_reproducible

__all__ = ["Loop"]

_SECONDS_TO_COMPILE = 0.5  # a loop, and to import Numba


class Loop:
    """A function of NumPy arrays in plain loops, to be compiled once that pays.

    function : the loops, which write into their arguments; rows must be contiguous, or nothing is gained
    saved : nanoseconds that it takes less than NumPy for each number (measured on a server's core at 3 GHz)
    """

    def __init__(self, function, saved):
        self.function, self.saved, self.done, self.compiled = function, saved, 0, None
        self.__doc__ = function.__doc__

    def pays(self, numbers):
        """Whether it is compiled: what it was asked for so far, these `numbers` included, is worth it; with Numba."""
        if is_reproducible():
            return False
        self.done += numbers
        if self.done * self.saved * 1e-9 < _SECONDS_TO_COMPILE or _numba() is None:
            return False
        if self.compiled is None:
            self.compiled = _numba().njit(nogil=True, error_model="numpy", fastmath={"contract"})(self.function)
        return True

    def __call__(self, *arguments):
        return self.compiled(*arguments)


@cache
def _numba():
    """The module numba, or None where it is not installed, or told not to compile."""
    try:
        numba = importlib.import_module("numba")
    except ImportError:
        return None
    return None if numba.config.DISABLE_JIT else numba
