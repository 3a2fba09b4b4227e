"""Fourier transforms of planes by FFTW, where pyfftw is installed (the extra `fftw`; its wheels are GPL).

A plan is chosen by timing, for some planes at a time, and pays after a while. Three reasons for what is below:

- Alignment. A plan made for arrays that happen to lie at a multiple of 32 bytes refuses those that do not. So it is
  made for arrays aligned at 16 bytes and no better: it then takes every array of NumPy on the usual systems.
- Threads. A plan is bound to one pair of arrays at a time, so a thread takes one off the list, or makes one where the
  list is empty, and puts it back: there are as many as threads that transformed planes of that shape at once.
- The end. What does not fill a plan is copied into the arrays that the plan was made for, its room, and out again: a
  plan for each remainder would take longer to make than to use.

SciPy's own way to FFTW, `scipy.fft.set_global_backend(pyfftw.interfaces.scipy_fft)`, makes a plan for each shape of a
whole array; for `scatter` it takes 1.4 to 1.5 times as long (`python -m tests.benchmarks --only scatter-32 scatter-64`,
the row "FFTW by SciPy's backend") and it is a switch of the whole process, which `machine.reproducible` could not hold.
"""

import importlib
from collections import defaultdict
from functools import cache

import numpy as np

from . import is_reproducible, sizes
from .cores import cores_for, on_cores
from .worth import Worth

__all__ = ["count", "is_ready", "transform"]

_ALIGNMENT = 16  # bytes, of every array of NumPy on the usual systems, and all that FFTW asks for
_WORTHS = defaultdict(lambda: Worth(sizes.SECONDS_TO_PLAN, sizes.SAVED_BY_A_PLAN))  # by the shape and dtype of planes
_PLANS = defaultdict(list)  # plans that no thread uses now, each with its arrays


def count(x):
    """Count planes (..., H, W) that are about to be transformed, by a plan or by SciPy; none inside `reproducible`."""
    if _fills_a_plan(x) and not is_reproducible():
        _WORTHS[_kind(x)].count(x.size)


def is_ready(x):
    """Whether a plan should transform these planes: those so far repay it, FFTW can, and bits need not repeat.

    x : (..., H, W) NumPy array, real or complex
    """
    if is_reproducible() or not _fills_a_plan(x) or x.ctypes.data % _ALIGNMENT:
        return False
    return _WORTHS[_kind(x)].pays and _fftw() is not None


def transform(x, *, inverse=False):
    """Σ e^{∓iω·u} over the last two axes, unscaled, by all cores: −, or + if `inverse`, and then in place.

    x : (..., H, W) complex contiguous NumPy array

    Returns (..., H, W), `x` itself if `inverse`.
    """
    planes = x.reshape(-1, *x.shape[-2:])
    out = planes if inverse else np.empty_like(planes)
    at_once = _planes_at_once(x)
    starts = range(0, len(planes), at_once)
    workers = cores_for(sizes.NUMBERS_PER_SAMPLE * x.size)
    chunks = [starts[number::workers] for number in range(workers)]
    on_cores(lambda starts: _transform(planes, out, starts, at_once), chunks, like=x)
    return out.reshape(x.shape)


def _kind(x):
    return *x.shape[-2:], x.dtype


def _planes_at_once(x):
    return max(1, sizes.PLANNED_SAMPLES // (x.shape[-2] * x.shape[-1]))


def _fills_a_plan(x):
    """Whether there are as many planes as a plan takes, and every other chunk of so many is aligned if the first is."""
    samples = _planes_at_once(x) * x.shape[-2] * x.shape[-1]
    return x.size >= samples and not x.dtype.itemsize * samples % _ALIGNMENT


def _transform(planes, out, starts, at_once):
    """Transform the planes from each of the `starts` on into `out`; what does not fill a plan goes through its room."""
    direction = "FFTW_BACKWARD" if out is planes else "FFTW_FORWARD"
    key = (direction, at_once, *planes.shape[1:], planes.dtype)
    try:
        plan, room = _PLANS[key].pop()
    except IndexError:
        plan, room = _new_plan(direction, (at_once, *planes.shape[1:]), planes.dtype)
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
    _PLANS[key].append((plan, room))  # nobody else used it meanwhile


def _new_plan(direction, shape, dtype):
    """A plan of FFTW, chosen by timing, and the two arrays that it was made for: one and the same if backward."""
    source = _aligned(shape, dtype)
    target = source if direction == "FFTW_BACKWARD" else _aligned(shape, dtype)
    plan = _fftw().FFTW(source, target, axes=(-2, -1), direction=direction, flags=("FFTW_MEASURE",))
    source[...] = 0
    return plan, (source, target)


def _aligned(shape, dtype):
    """An array aligned no better than `_ALIGNMENT`."""
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.empty(size + 4 * _ALIGNMENT, np.uint8)
    offset = (_ALIGNMENT - room.ctypes.data) % (2 * _ALIGNMENT)
    return room[offset : offset + size].view(dtype).reshape(shape)


@cache
def _fftw():
    """The module pyfftw, or None where it is not installed."""
    try:
        return importlib.import_module("pyfftw")
    except ImportError:
        return None
