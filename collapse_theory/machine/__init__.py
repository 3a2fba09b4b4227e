"""What the machine may do to the last bits of a result, and the one switch that forbids it."""

import os
import threading
from contextlib import contextmanager

__all__ = ["REPRODUCIBLE", "is_reproducible", "reproducible"]

REPRODUCIBLE = "COLLAPSE_THEORY_REPRODUCIBLE"  # the environment variable for a process and its children

_LOCK, _inside = threading.Lock(), 0


@contextmanager
def reproducible():
    """While any thread is inside, a call gives the same bits at its first time and at its thousandth.

    Outside, what a call does depends on the calls before it: FFTW's plans are chosen by timing and Numba's loops are
    compiled once that pays, and both add up in another order. Inside, NumPy and SciPy do all of it, whether these two
    extras are installed or not, and may take longer. The bits still depend on the versions of the libraries, on the
    processor, and on how many cores there are to use.

    `COLLAPSE_THEORY_REPRODUCIBLE=1` in the environment does the same for a whole process.
    """
    global _inside
    with _LOCK:
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1


def is_reproducible():
    """Whether this process is held to the same bits: a thread is inside `reproducible`, or the environment says so."""
    return _inside > 0 or os.environ.get(REPRODUCIBLE, "0") not in ("", "0")
