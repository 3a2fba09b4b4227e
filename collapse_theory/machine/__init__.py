"""What makes the package fast. Nothing here is mathematics: without it every number is the same but for its last bits.

    cores     work on NumPy arrays shared by the cores
    loops     loops compiled by Numba (the extra `fast`) in place of several passes of NumPy, once that pays
    fftw      plans of FFTW (the extra `fftw`) in place of SciPy's transforms, once that pays
    worth     whether a slow start has paid yet
    sizes     every number that was tuned, with its unit, and how it was measured

`reproducible` is the one switch that forbids what would change the last bits from call to call.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["REPRODUCIBLE", "is_reproducible", "reproducible"]

REPRODUCIBLE = "COLLAPSE_THEORY_REPRODUCIBLE"  # the environment variable for a process and its children

_LOCK, _inside = threading.Lock(), 0


@contextmanager
def reproducible() -> Iterator[None]:
    """While any thread is inside, a call gives the same bits at its first time and at its thousandth.

    Outside, what a call does depends on the calls before it: FFTW's plans are chosen by timing and Numba's loops are
    compiled once that pays, and both add up in another order. Inside, NumPy and SciPy do all of it, whether these two
    extras are installed or not, and may take longer. The bits still depend on the versions of the libraries, on the
    processor, and on how many cores there are to use.

    `COLLAPSE_THEORY_REPRODUCIBLE=1` in the environment does the same for a whole process.

        >>> x = np.random.default_rng(0).normal(size=(4, 32, 32))
        >>> with machine.reproducible():
        ...     first, second = (scattering.scatter(x, scales=2) for _ in range(2))
        >>> bool(np.all(first == second))
        True
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
