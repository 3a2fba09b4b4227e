"""How the cost of each work grows: four sizes of each of its dimensions, and the slope on logarithmic axes."""

import time

import numpy as np

from collapse_theory.arrays import to_library
from collapse_theory.scattering import cascade, scatter
from collapse_theory.separation import ClassMoments, within_class_covariance
from collapse_theory.wavelets import morlet_bank

from .side import at_once, wait
from .transforms import filters, images

__all__ = ["GROWTHS", "measure_growth", "slope"]

_SECONDS = 0.3
_CLASSES = 10


def _noise(on, *sizes):
    return to_library(images(sizes), on)


def _labels(samples):
    return np.arange(samples) % _CLASSES


def _scatter(on, batch=32, side=32, scales=2, angles=8):
    x = _noise(on, batch, side, side)
    return lambda: scatter(x, scales, angles)


def _filters(on, side=64, scales=3, angles=8):
    return filters(side, scales, angles)


def _cascade(on, batch=32, side=32, angles=4):
    x, bank = _noise(on, batch, 3, side, side), morlet_bank(side, 1, angles, "full").tight("complex")
    return lambda: list(cascade(x, bank, "phase collapse", depth=2, subsample=True))[-1]


def _moments(on, samples=8000, features=1024):
    x, labels = _noise(on, samples, features), _labels(samples)
    return lambda: ClassMoments().update(x, labels).class_means


def _covariance(on, samples=4000, features=1024):
    x, labels = _noise(on, samples, features), to_library(_labels(samples), on)
    return lambda: within_class_covariance(x, labels, classes=_CLASSES, chunk=1024)


GROWTHS = {
    ("scatter", "batch"): (_scatter, (16, 32, 64, 128), {}),
    ("scatter", "side"): (_scatter, (32, 64, 128, 256), {"batch": 8}),
    ("scatter", "scales"): (_scatter, (1, 2, 3, 4), {"side": 64, "batch": 8}),
    ("scatter", "angles"): (_scatter, (2, 4, 8, 16), {"batch": 8}),
    ("filters", "side"): (_filters, (32, 64, 128, 256), {}),
    ("filters", "scales"): (_filters, (1, 2, 3, 4), {}),
    ("filters", "angles"): (_filters, (2, 4, 8, 16), {}),
    ("cascade", "batch"): (_cascade, (16, 32, 64, 128), {}),
    ("cascade", "side"): (_cascade, (16, 32, 64, 128), {}),
    ("cascade", "angles"): (_cascade, (4, 8, 16, 32), {"batch": 4}),
    ("class statistics", "samples"): (_moments, (4000, 8000, 16000, 32000), {}),
    ("class statistics", "features"): (_moments, (512, 1024, 2048, 4096), {}),
    ("covariance", "samples"): (_covariance, (2000, 4000, 8000, 16000), {}),
    ("covariance", "features"): (_covariance, (512, 1024, 2048, 4096), {}),
}


def measure_growth(on, seconds=_SECONDS):
    """Rows of the seconds per call at four sizes, the least of the calls that fit in `seconds` each, and the slope.

    Plans are made and loops compiled at the first call of a size, which is not timed: later they would come between
    two sizes.
    """
    at_once()
    rows = []
    for (work, name), (prepare, sizes, others) in GROWTHS.items():
        if work == "filters" and on != "numpy":
            continue  # made on the host, whatever they are for
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
