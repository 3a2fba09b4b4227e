"""The works of the table: ours, the peers' way, and the limit; all in single precision, with the peer's π.

A side is prepared once, outside the clock: its input, its filters. What is timed is a call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from . import cascades, statistics_of_classes, transforms
from .without import by_scipys_backend, without

__all__ = ["WORKS", "Side", "Work"]


@dataclass(frozen=True)
class Side:
    """One way to do a work.

    role : "ours", "peer", or "limit": the least that any way to do it would have to do
    name : how the table calls it, unless it is "ours": that row is called by its library
    on : array library
    prepare : makes the input and returns a function without arguments that does the work once
    """

    role: str
    name: str
    on: str
    prepare: Callable


@dataclass(frozen=True)
class Work:
    """A row of the table.

    tolerance : largest difference of the outputs, relative to the maximum
    goal : times the fastest peer, by array library
    limit : what the limit is, in words
    threads : how many to measure with
    cold : too slow to repeat: one round, and the call that is compared is the one that is timed
    """

    title: str
    sides: dict[str, Side]
    tolerance: float = 1e-5
    goal: dict = field(default_factory=dict)
    limit: str | None = None
    threads: tuple[int, ...] = (1, 2)
    cold: bool = False


def _both(role, name, function, libraries=("numpy", "torch"), **settings):
    return {
        f"{name.replace(' ', '_')}_{on}": Side(role, f"{name}, {on}", on, partial(function, on=on, **settings))
        for on in libraries
    }


def _ours(function, **settings):
    return _both("ours", "ours", function, ("numpy", "torch", "cupy"), **settings)


def _without(name, libraries, function, **settings):
    """Ours with NumPy, without these libraries."""
    prepare = partial(without, libraries, function, on="numpy", **settings)
    return {name.replace(" ", "_"): Side("ours", f"numpy, {name}", "numpy", prepare)}


def _backend(function, **settings):
    prepare = partial(by_scipys_backend, function, on="numpy", **settings)
    return {"backend": Side("ours", "numpy, FFTW by SciPy's backend", "numpy", prepare)}


def _scattering(sizes, scales, order=2):
    settings = {"sizes": sizes, "scales": scales, "order": order}
    peers = _both("peer", "Kymatio", transforms.kymatio, **settings)
    limits = _both("limit", "its FFTs", transforms.transforms_alone, ("numpy", "torch", "cupy"), **settings)
    plain = _without("SciPy alone", ["pyfftw"], transforms.scattering, **settings)
    return (
        _ours(transforms.scattering, **settings) | plain | _backend(transforms.scattering, **settings) | peers | limits
    )


def _scattered(sizes, scales):
    title = f"scatter, {' x '.join(map(str, sizes))}, J = {scales}"
    return Work(title, _scattering(sizes, scales), goal={"numpy": 3, "torch": 4}, limit="its FFTs alone")


_MODULUS = {"sizes": (256, 128, 128), "scales": 4, "order": 1}
WORKS = {
    "scatter-32": _scattered((128, 3, 32, 32), 2),
    "scatter-64": _scattered((256, 64, 64), 3),
    "scatter-224": _scattered((64, 3, 224, 224), 3),
    "modulus": Work(
        "order 1, 256 x 128 x 128, J = 4",
        _scattering(**_MODULUS) | _both("peer", "scipy.fft in chunks", transforms.scipy_chunks, ("numpy",), **_MODULUS),
        goal={"numpy": 2, "torch": 2},
        limit="its FFTs alone",
    ),
    "bank": Work(
        "filters, 224 x 224, J = 3",
        {
            "ours": Side("ours", "ours", "numpy", transforms.filters),
            "Kymatio": Side("peer", "Kymatio", "numpy", transforms.kymatio_filters),
        },
        tolerance=1e-4,
        goal={"numpy": 60},
        threads=(1,),
    ),
    "moments": Work(
        "class statistics, 50,000 x 4,096",
        _ours(statistics_of_classes.moments)
        | _without("without Numba", ["numba"], statistics_of_classes.moments)
        | _both("peer", "two passes per class", statistics_of_classes.two_passes, ("numpy",))
        | _both("limit", "a bare sum", statistics_of_classes.bare_sum),
        goal={"numpy": 6, "torch": 6},
        limit="a bare sum",
    ),
    "covariance": Work(
        "within-class covariance, 50,000 x 4,096",
        _both("ours", "ours", statistics_of_classes.covariance, ("torch", "numpy"))
        | _both("peer", "LDA lsqr", statistics_of_classes.discriminant_analysis, ("numpy",))
        | _both("limit", "one product", statistics_of_classes.one_product),
        tolerance=1e-4,
        goal={"numpy": 8, "torch": 8},
        limit="one product",
        threads=(2,),
        cold=True,
    ),
    "cascade": Work(
        "deep cascade with statistics, 60,000 x 3 x 32 x 32",
        _ours(cascades.measured)
        | _without("without Numba", ["numba"], cascades.measured)
        | _without("SciPy alone", ["numba", "pyfftw"], cascades.measured)
        | _backend(cascades.measured)
        | _both("peer", "a full-resolution FFT a filter", cascades.full_resolution, ("numpy", "torch")),
        tolerance=1e-4,
        goal={"numpy": 8, "torch": 8},
        cold=True,
    ),
}
