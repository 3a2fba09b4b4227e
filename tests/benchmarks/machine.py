"""What a process can measure of its machine: the work of other processes, its memory, the ceilings of its libraries."""

import os
import time
from functools import partial
from pathlib import Path

import numpy as np

from collapse_theory.arrays import to_library
from collapse_theory.fourier import fft2

__all__ = ["Watch", "ceilings", "peak_memory", "reset_peak"]

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_STATUS, _STAT = Path("/proc/self/status"), Path("/proc/stat")


class Watch:
    """Wall time since it was made, and the share of all cores that went to other processes; None where unknown."""

    def __init__(self):
        self.busy, self.own, self.start = _busy_seconds(), time.process_time(), time.perf_counter()

    def read(self):
        """(seconds, share of the cores that others used)."""
        seconds = time.perf_counter() - self.start
        busy = _busy_seconds()
        if busy is None:
            return seconds, None
        foreign = busy - self.busy - (time.process_time() - self.own)
        return seconds, max(0.0, foreign / (seconds * os.cpu_count()))


def _busy_seconds():
    """Processor time that all processes of all users took so far, and that other machines on the same host stole."""
    if not _STAT.exists():
        return None
    user, nice, system, _, _, interrupt, soft, steal = map(int, _STAT.read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + interrupt + soft + steal) / _TICK


def reset_peak():
    """Forget the peak of resident memory so far.  Returns the bytes in use now, or None where that is unknown."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _status("VmRSS")


def peak_memory():
    """Most bytes that were resident since `reset_peak`."""
    return _status("VmHWM")


def _status(field):
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def ceilings(on, seconds=0.5):
    """What this machine can do at most, each the best of the runs that fit in `seconds`; by name, with units.

    on : array library
    """
    rng = np.random.default_rng(0)
    square = to_library(rng.normal(size=(2048, 2048)).astype(np.float32), on)
    planes = to_library(rng.normal(size=(256, 40, 40)).astype(np.complex64), on)
    block, target = (to_library(np.full(2**26, value, np.float32), on) for value in (1, 2))
    flops = 5 * 256 * 1600 * np.log2(1600)
    return {
        "GEMM 2048, GFLOP/s": 2 * 2048**3 / _best(lambda: square @ square, seconds) / 1e9,
        "FFT 40 x 40, GFLOP/s": flops / _best(lambda: fft2(planes), seconds) / 1e9,
        "copy of 256 MiB, GB/s": 2 * 4 * 2**26 / _best(partial(_copy, target, block), seconds) / 1e9,
    }


def _copy(target, block):
    target[...] = block
    return target


def _best(function, seconds):
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        float(function().reshape(-1)[-1].real)  # waits for a GPU
        times.append(time.perf_counter() - start)
    return min(times)
