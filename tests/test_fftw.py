"""Doubts about planned transforms: are they the plain ones, wherever a plane stands and whoever asks?"""

import inspect
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from collapse_theory import arrays, fourier
from collapse_theory.machine import cores, fftw, reproducible, sizes
from collapse_theory.machine.worth import Worth
from collapse_theory.scattering import scatter
from tests import fake_fftw
from tests.places import NUMPY, assert_close

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)
PAYS = Worth.__dict__["pays"]  # before a fixture replaces it


@pytest.fixture(params=["played by NumPy", "FFTW"])
def planned(request, monkeypatch):
    """Every transform that a plan can do is done by one, of FFTW where it is installed."""
    library = fake_fftw if request.param != "FFTW" else pytest.importorskip("pyfftw")
    monkeypatch.setattr(fftw, "_fftw", lambda: library)
    monkeypatch.setattr(fftw, "_PLANS", defaultdict(list))
    monkeypatch.setattr(fftw, "_WORTHS", defaultdict(fftw._WORTHS.default_factory))
    monkeypatch.setattr(Worth, "pays", True)
    monkeypatch.setattr(sizes, "PLANNED_SAMPLES", 600)
    monkeypatch.setattr(sizes, "WORTH_SHARING", 1000)
    return monkeypatch


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sides", [(10, 12), (24, 25), (12, 5), (5, 40)])
@pytest.mark.parametrize("count", [2, 10, 11, 23])
def test_planned_transforms_are_the_plain_ones(planned, rng, count, sides, dtype):
    x = rng.normal(size=(count, *sides)).astype(dtype)
    rounding = 2e-6 if x.real.dtype == np.float32 else 1e-14
    kept = x.copy()
    assert_close(fourier.fft2(x), np.fft.fft2(x), NUMPY, rounding=rounding)
    np.testing.assert_array_equal(x, kept)
    z = arrays.to_complex(x)
    assert fourier.fft2(x).dtype == fourier.ifft2(z).dtype == z.dtype
    kept = z.copy()
    assert_close(fourier.ifft2(z), np.fft.ifft2(z), NUMPY, rounding=rounding)
    np.testing.assert_array_equal(z, kept)
    assert_close(fourier.inverse_sum(kept), np.fft.ifft2(z) * np.prod(sides), NUMPY, rounding=rounding)


def test_plane_has_the_same_transform_wherever_it_stands(planned, rng):
    x = rng.normal(size=(17, 10, 12)).astype(np.complex64)
    fft2 = inspect.unwrap(fourier.fft2)  # without the perturbation, of which bits are no matter
    np.testing.assert_array_equal(fft2(np.roll(x, 4, axis=0)), np.roll(fft2(x), 4, axis=0))


def test_threads_do_not_share_a_plan(planned, rng):
    planned.setattr(cores, "cores", lambda: 4)
    batches = [rng.normal(size=(400, 10, 12)) for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        for x, found in zip(batches, pool.map(fourier.fft2, batches), strict=True):
            assert_close(found, np.fft.fft2(x), NUMPY, rounding=1e-14)


def test_a_plan_is_used_once_it_is_worth_it_and_can_be(planned, rng):
    planned.setattr(Worth, "pays", PAYS)
    planned.setattr(sizes, "SECONDS_TO_PLAN", 10_000 * sizes.SAVED_BY_A_PLAN)
    made = []
    planned.setattr(fftw, "transform", lambda x: made.append(x.shape) or x)
    x = rng.normal(size=(8, 20, 25)).astype(np.complex64)
    for _ in range(4):
        fourier.fft2(x)
    assert made == [x.shape] * 2
    fourier.fft2(x[:0, ...])
    fourier.fft2(np.frombuffer(bytes(x.nbytes + 8), np.complex64, offset=8).reshape(x.shape))
    assert len(made) == 2


def test_without_fftw_there_is_scipy(planned, rng):
    planned.setattr(fftw, "_fftw", lambda: None)
    x = rng.normal(size=(50, 10, 12))
    assert_close(fourier.fft2(x), np.fft.fft2(x), NUMPY)


def test_read_only_and_strided_arrays_are_transformed_by_plans(planned, rng):
    x = rng.normal(size=(20, 10, 12)) + 0j
    x.flags.writeable = False
    assert_close(fourier.fft2(x), np.fft.fft2(x), NUMPY)
    assert_close(fourier.ifft2(x), np.fft.ifft2(x), NUMPY)
    turned = x.swapaxes(-1, -2)[::2]
    assert_close(fourier.fft2(turned), np.fft.fft2(turned), NUMPY)


def test_what_is_done_where_bits_must_repeat_is_neither_counted_nor_planned(planned, rng):
    x = rng.normal(size=(50, 10, 12))
    with reproducible():
        fourier.fft2(x)
    assert not fftw._WORTHS
    assert not fftw._PLANS
    fourier.fft2(x)
    assert fftw._PLANS


def test_scattering_with_plans_is_the_plain_one(planned, rng):
    x = rng.normal(size=(20, 16, 16)).astype(np.float32)
    quick = scatter(x, 2, 4)
    assert fftw._PLANS
    planned.setattr(Worth, "pays", False)
    assert_close(quick, scatter(x.astype(np.float64), 2, 4), NUMPY, rounding=1e-6)


def test_a_library_that_is_missing_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyfftw", None)
    assert fftw._fftw.__wrapped__() is None
