"""Our side without an optional library, or with another way to it: how much that library gains.

A side is a process that does nothing else, so what is changed here is never changed back.
"""

import importlib
import sys

from collapse_theory.machine import fftw

__all__ = ["by_scipys_backend", "without"]


def without(libraries, prepare, **settings):
    """What `prepare` prepares, as if these were not installed."""
    sys.modules |= dict.fromkeys(libraries)
    return prepare(**settings)


def by_scipys_backend(prepare, **settings):
    """What `prepare` prepares, with FFTW as SciPy offers it to a whole process, in place of our plans."""
    backend = importlib.import_module("pyfftw.interfaces.scipy_fft")
    importlib.import_module("pyfftw.interfaces.cache").enable()
    importlib.import_module("scipy.fft").set_global_backend(backend)
    fftw._fftw = lambda: None
    return prepare(**settings)
