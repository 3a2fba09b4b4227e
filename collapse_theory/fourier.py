"""The Fourier transform of images, in one place to make it fast.

NumPy arrays are transformed by SciPy; or by FFTW where it is installed (the extra `fast`), once so much has been
transformed of planes of one shape that it pays to plan. A plan is chosen by timing: the last bits of a result then
depend on what was timed, and on whether there is a plan yet. There are no plans inside `machine.reproducible`. All
other arrays are transformed by their own library.
"""

import importlib
from collections import Counter, defaultdict
from functools import cache

import numpy as np

from .arguments import as_floating
from .arrays import array_namespace, is_numpy_array, shape, to_complex
from .machine import is_reproducible
from .machine.cores import cores_for, free_cores, on_cores

__all__ = ["fft2", "ifft2", "inverse_sum"]

_NUMBERS_A_SAMPLE = 4  # that a core would be done with as soon
_SMALL = 2**15  # samples that one core transforms sooner than two
_AT_ONCE = 2**14  # samples that a plan transforms
_WORTH_A_PLAN = 2**23  # samples of planes of one shape: SciPy takes as long for them as FFTW for its plan
_ALIGNMENT = 16  # bytes, of every array of NumPy on the usual systems, and all that FFTW asks for
_DONE, _PLANS = Counter(), defaultdict(list)


def fft2(x):
    """Discrete Fourier transform of the last two axes.  (..., H, W) real or complex -> same shape, complex."""
    x = _planes("x", x)
    if not is_numpy_array(x):
        return array_namespace(x).fft.fftn(to_complex(x), axes=(-2, -1))
    if _is_planned(x):
        return _planned(np.ascontiguousarray(to_complex(x)), "FFTW_FORWARD", in_place=False)
    return _scipy_fft().fft2(x, axes=(-2, -1), workers=_workers(x))


def ifft2(x_hat):
    """Inverse of `fft2`.  (..., H, W) complex -> same shape, complex."""
    x_hat = _planes("x_hat", x_hat)
    if not is_numpy_array(x_hat):
        return array_namespace(x_hat).fft.ifftn(to_complex(x_hat), axes=(-2, -1))
    if _is_planned(x_hat):
        return inverse_sum(np.array(to_complex(x_hat), order="C")) / (x_hat.shape[-2] * x_hat.shape[-1])
    return _scipy_fft().ifft2(x_hat, axes=(-2, -1), workers=_workers(x_hat))


def inverse_sum(x_hat):
    """Σ_ω x̂(ω) e^{iω·u}, H W times `ifft2`.  (..., H, W) complex, which may be written over -> same shape, complex."""
    x_hat = _planes("x_hat", x_hat)
    if not is_numpy_array(x_hat):
        return array_namespace(x_hat).fft.ifftn(to_complex(x_hat), axes=(-2, -1), norm="forward")
    if _is_planned(x_hat) and x_hat.flags.c_contiguous:
        return _planned(x_hat, "FFTW_BACKWARD", in_place=True)
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


@cache
def _fftw():
    """The module pyfftw, or None where it is not installed."""
    try:
        return importlib.import_module("pyfftw")
    except ImportError:
        return None


def _workers(x):
    return 1 if x.size < _SMALL else free_cores()


def _is_planned(x):
    """Whether it pays to transform these planes by a plan, and FFTW can: they fill one, and all parts are aligned."""
    if is_reproducible():
        return False
    height, width = x.shape[-2:]
    planes = _planes_at_once(height, width)
    if x.size < planes * height * width or x.dtype.itemsize * planes * height * width % _ALIGNMENT:
        return False
    kind = (height, width, x.dtype)
    _DONE[kind] += x.size
    return _DONE[kind] > _WORTH_A_PLAN and _fftw() is not None and x.ctypes.data % _ALIGNMENT == 0


def _planes_at_once(height, width):
    return max(1, _AT_ONCE // (height * width))


def _planned(x, direction, in_place):
    """The transform of contiguous complex planes, as many at a time as a plan takes, by all cores.  Unscaled."""
    planes = x.reshape(-1, *x.shape[-2:])
    out = planes if in_place else np.empty_like(planes)
    at_once = _planes_at_once(*x.shape[-2:])
    starts = range(0, len(planes), at_once)
    workers = cores_for(_NUMBERS_A_SAMPLE * x.size)
    shares = [starts[number::workers] for number in range(workers)]
    on_cores(lambda starts: _transform(planes, out, starts, at_once, direction), shares, like=x)
    return out.reshape(x.shape)


def _transform(planes, out, starts, at_once, direction):
    """Transform the planes from each of the `starts` on into `out`; what does not fill a plan goes through its room."""
    key = (direction, out is planes, at_once, *planes.shape[1:], planes.dtype)
    try:
        plan, room = _PLANS[key].pop()
    except IndexError:
        plan, room = _new_plan(direction, out is planes, (at_once, *planes.shape[1:]), planes.dtype)
    for start in starts:
        stop = start + at_once
        if stop <= len(planes):
            plan.update_arrays(planes[start:stop], out[start:stop])
            plan.execute()
        else:
            source, target = room
            source[: len(planes) - start] = planes[start:]
            plan.update_arrays(source, target)
            plan.execute()
            out[start:] = target[: len(planes) - start]
    _PLANS[key].append((plan, room))  # nobody else used it meanwhile: it is bound to one pair of arrays at a time


def _new_plan(direction, in_place, shape, dtype):
    """A plan of FFTW, chosen by timing, and the two arrays that it was made for, one and the same if in place."""
    source = _aligned(shape, dtype)
    target = source if in_place else _aligned(shape, dtype)
    plan = _fftw().FFTW(source, target, axes=(-2, -1), direction=direction, flags=("FFTW_MEASURE",))
    source[...] = 0
    return plan, (source, target)


def _aligned(shape, dtype):
    """An array aligned no better than `_ALIGNMENT`, so that the plan made for it takes every array that is as well."""
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.empty(size + 4 * _ALIGNMENT, np.uint8)
    offset = (_ALIGNMENT - room.ctypes.data) % (2 * _ALIGNMENT)
    return room[offset : offset + size].view(dtype).reshape(shape)
