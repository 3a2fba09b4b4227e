"""The Fourier transform of images, in one place to make it fast.

NumPy arrays are transformed by SciPy; or by FFTW where it is installed (the extra `fftw`), once so much has been
transformed of planes of one shape that it pays to plan: see `machine.fftw`. A plan is chosen by timing, so the last
bits of a result depend on it; inside `machine.reproducible` there is none. All other arrays are transformed by their
own library.
"""

import importlib
from functools import cache

import numpy as np

from .arguments import as_floating
from .arrays import array_namespace, is_numpy_array, shape, to_complex
from .machine import fftw, sizes
from .machine.cores import free_cores

__all__ = ["fft2", "ifft2", "inverse_sum"]


def fft2(x):
    """Discrete Fourier transform of the last two axes.

        x̂(ω) = Σ_u x(u) e^{−iω·u}

    x : (..., H, W) real or complex

    Returns (..., H, W) complex, where and as precise as `x`.
    Raises TypeError as `as_floating`; ValueError if an axis is missing or a side is 0.
    """
    x = _planes("x", x)
    if not is_numpy_array(x):
        return array_namespace(x).fft.fftn(to_complex(x), axes=(-2, -1))
    fftw.count(x)
    if fftw.is_ready(x):
        return fftw.transform(np.ascontiguousarray(to_complex(x)))
    return _scipy_fft().fft2(x, axes=(-2, -1), workers=_workers(x))


def ifft2(x_hat):
    """Inverse of `fft2`.

    x_hat : (..., H, W) complex

    Returns (..., H, W) complex.
    Raises as `fft2`.
    """
    x_hat = _planes("x_hat", x_hat)
    if not is_numpy_array(x_hat):
        return array_namespace(x_hat).fft.ifftn(to_complex(x_hat), axes=(-2, -1))
    fftw.count(x_hat)
    if fftw.is_ready(x_hat):
        sums = fftw.transform(np.array(to_complex(x_hat), order="C"), inverse=True)
        return sums / (x_hat.shape[-2] * x_hat.shape[-1])
    return _scipy_fft().ifft2(x_hat, axes=(-2, -1), workers=_workers(x_hat))


def inverse_sum(x_hat):
    """Σ_ω x̂(ω) e^{iω·u}: H W times `ifft2`, without a pass for the scale.

    x_hat : (..., H, W) complex, which may be written over

    Returns (..., H, W) complex.
    Raises as `fft2`.
    """
    x_hat = _planes("x_hat", x_hat)
    if not is_numpy_array(x_hat):
        return array_namespace(x_hat).fft.ifftn(to_complex(x_hat), axes=(-2, -1), norm="forward")
    fftw.count(x_hat)
    if x_hat.flags.c_contiguous and x_hat.dtype.kind == "c" and fftw.is_ready(x_hat):
        return fftw.transform(x_hat, inverse=True)
    return _scipy_fft().ifft2(x_hat, axes=(-2, -1), norm="forward", overwrite_x=True, workers=_workers(x_hat))


def _planes(name, x):
    x = as_floating(x, name)
    if x.ndim < 2 or 0 in x.shape[-2:]:
        raise ValueError(f"{name}: expected images (..., H, W) with at least 2 axes, no side 0, got shape {shape(x)}")
    return x.rechunk({-2: -1, -1: -1}) if hasattr(x, "rechunk") else x  # Dask transforms whole planes alone


@cache
def _scipy_fft():
    # Imported at first use: it would take two thirds of the import time of the package.
    return importlib.import_module("scipy.fft")


def _workers(x):
    return 1 if x.size < sizes.SMALL_TRANSFORM else free_cores()
