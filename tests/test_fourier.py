"""Doubts about the Fourier transform: is a planned one the plain one, wherever a plane stands and whoever asks?"""

import inspect
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from collapse_theory import arrays, fourier
from collapse_theory.machine import cores
from tests.places import NUMPY, assert_close

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)


@pytest.fixture
def noise(rng):
    return rng.normal(size=(3, 4, 5)) + 1j * rng.normal(size=(3, 4, 5))


@pytest.fixture
def planned(monkeypatch):
    """Every transform that a plan can do is done by one."""
    pytest.importorskip("pyfftw")
    monkeypatch.setattr(fourier, "_WORTH_A_PLAN", 0)
    monkeypatch.setattr(fourier, "_AT_ONCE", 600)
    monkeypatch.setattr(cores, "_WORTH_SHARING", 1000)
    return monkeypatch


def test_fft_is_numpys(place, noise):
    for x in (noise, noise.real):
        lifted = place.lift(x)
        assert_close(fourier.fft2(lifted), np.fft.fft2(x), place, like=lifted)
        assert_close(fourier.ifft2(fourier.fft2(lifted)), x.astype(complex), place)
    assert_close(fourier.inverse_sum(place.lift(noise.copy())), 20 * np.fft.ifft2(noise), place)


def test_large_transforms_use_threads_and_say_the_same(noise):
    large = np.tile(noise, (30, 8, 8))
    assert large.size > 2**15
    assert_close(fourier.fft2(large), np.fft.fft2(large), NUMPY)


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


def test_plan_is_made_once_it_is_worth_it_and_by_fftw(planned, rng):
    planned.setattr(fourier, "_WORTH_A_PLAN", 10_000)
    planned.setattr(fourier, "_DONE", fourier.Counter())
    made = []
    planned.setattr(fourier, "_planned", lambda x, direction, in_place: made.append(x.shape) or x)
    x = rng.normal(size=(8, 20, 25)).astype(np.complex64)
    for _ in range(4):
        fourier.fft2(x)
    assert made == [x.shape] * 2
    fourier.fft2(x[:0, ...])
    fourier.fft2(np.frombuffer(bytes(x.nbytes + 8), np.complex64, offset=8).reshape(x.shape))
    assert len(made) == 2


def test_without_fftw_there_is_scipy(planned, rng):
    planned.setattr(fourier, "_fftw", lambda: None)
    x = rng.normal(size=(50, 10, 12))
    assert_close(fourier.fft2(x), np.fft.fft2(x), NUMPY)


def test_read_only_and_strided_arrays_are_transformed_by_plans(planned, rng):
    x = rng.normal(size=(20, 10, 12)) + 0j
    x.flags.writeable = False
    assert_close(fourier.fft2(x), np.fft.fft2(x), NUMPY)
    assert_close(fourier.ifft2(x), np.fft.ifft2(x), NUMPY)
    turned = x.swapaxes(-1, -2)[::2]
    assert_close(fourier.fft2(turned), np.fft.fft2(turned), NUMPY)


def test_planes_in_several_chunks_are_transformed_whole(rng):
    dask = pytest.importorskip("dask.array")
    x = rng.normal(size=(2, 8, 8))
    for transform in (fourier.fft2, lambda x: fourier.ifft2(x + 0j), lambda x: fourier.inverse_sum(x + 0j)):
        np.testing.assert_allclose(
            np.asarray(transform(dask.from_array(x, chunks=(1, 4, 8)))), transform(x), atol=1e-12
        )
