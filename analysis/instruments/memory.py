"""How much memory a measurement took, and whether what it frees stays at hand."""

import ctypes
import os
import resource
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of `mallopt`
_KEPT = 2**30  # bytes


def peak_memory():
    """The most memory that this process ever held, in MiB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def keep_freed_memory():
    """Let the C library keep what is freed, up to 1 GiB a piece, where it is glibc; others are left as they are.

    Else each step of a training gives its memory back to the system, and fetches it again. It holds until the process
    ends, which then takes its peak of memory throughout. Thresholds of the environment come first.

    Returns whether it was done.
    """
    chosen = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    library = None if chosen or not sys.platform.startswith("linux") else ctypes.CDLL(None)
    if not (hasattr(library, "gnu_get_libc_version") and hasattr(library, "mallopt")):
        return False
    done = [library.mallopt(name, _KEPT) for name in (_TRIM_THRESHOLD, _MMAP_THRESHOLD)]
    return all(done)
