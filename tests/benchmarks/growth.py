"""How the cost of a transform grows: four sizes of each of its dimensions, and the slope on logarithmic axes."""

import math
import time
from unittest import mock

import numpy as np

from collapse_theory import fourier
from collapse_theory.arrays import to_library
from collapse_theory.scattering import scatter
from collapse_theory.separation import ClassMoments

from .side import wait

__all__ = ["GROWTHS", "measure_growth", "slope"]

_SECONDS = 0.3


def _scatter(on, batch=32, side=32, scales=2, angles=8):
    x = to_library(np.random.default_rng(0).normal(size=(batch, side, side)).astype(np.float32), on)
    return lambda: scatter(x, scales, angles)


def _moments(on, samples=2000, features=1024):
    rng = np.random.default_rng(0)
    x = to_library(rng.normal(size=(samples, features)).astype(np.float32), on)
    labels = rng.integers(0, 10, samples)
    return lambda: ClassMoments().update(x, labels).class_means


GROWTHS = {
    ("scatter", "batch"): (_scatter, (16, 32, 64, 128), {}),
    ("scatter", "side"): (_scatter, (32, 64, 128, 256), {"batch": 8}),
    ("scatter", "scales"): (_scatter, (1, 2, 3, 4), {"side": 64, "batch": 8}),
    ("scatter", "angles"): (_scatter, (2, 4, 8, 16), {"batch": 8}),
    ("class statistics", "samples"): (_moments, (1000, 2000, 4000, 8000), {}),
    ("class statistics", "features"): (_moments, (512, 1024, 2048, 4096), {}),
}


def measure_growth(on, seconds=_SECONDS):
    """Rows of the seconds of a call at four sizes, the least of the calls that fit in `seconds` each, and the slope.

    Without FFTW, whose plans would come between two sizes.
    """
    with mock.patch.object(fourier, "_WORTH_A_PLAN", math.inf):
        return _rows(on, seconds)


def _rows(on, seconds):
    rows = []
    for (work, name), (prepare, sizes, others) in GROWTHS.items():
        times = [_best(prepare(on, **{name: size}, **others), seconds) for size in sizes]
        rows.append(
            {
                "work": work,
                "on": on,
                "grows": name,
                "sizes": list(sizes),
                "seconds": times,
                "slope": slope(sizes, times),
            }
        )
    return rows


def slope(sizes, seconds):
    """Exponent p of seconds ~ size^p, least squares on logarithmic axes."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _best(function, seconds):
    wait(function())
    times, end = [], time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < end:
        start = time.perf_counter()
        wait(function())
        times.append(time.perf_counter() - start)
    return min(times)
