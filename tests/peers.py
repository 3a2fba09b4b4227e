"""Other people's codes, made to import beside current libraries, here and nowhere else."""

import importlib


def kymatio_front_end(on):
    """`Scattering2D` of Kymatio's front end for an array library.  Raises ImportError where it is not installed.

    Kymatio 0.3.0 imports `scipy.special.sph_harm`, which SciPy 1.17 no longer has; its successor `sph_harm_y` takes
    degree before order and the polar angle before the azimuth.
    """
    special = importlib.import_module("scipy.special")
    if not hasattr(special, "sph_harm"):
        special.sph_harm = lambda order, degree, azimuth, polar: special.sph_harm_y(degree, order, polar, azimuth)
    return importlib.import_module(f"kymatio.{on}").Scattering2D


def kymatio_scattering():
    """`Scattering2D` of Kymatio's NumPy front end.  Skips a test where Kymatio is not installed."""
    import pytest

    pytest.importorskip("kymatio")
    return kymatio_front_end("numpy")
