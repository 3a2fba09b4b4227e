"""Doubts about the Fourier transform: is it NumPy's, in every library?"""

import numpy as np
import pytest

from collapse_theory import fourier
from collapse_theory.machine import sizes
from tests.places import NUMPY, assert_close


@pytest.fixture
def noise(rng):
    return rng.normal(size=(3, 4, 5)) + 1j * rng.normal(size=(3, 4, 5))


def test_fft_is_numpys(place, noise):
    for x in (noise, noise.real):
        lifted = place.lift(x)
        assert_close(fourier.fft2(lifted), np.fft.fft2(x), place, like=lifted)
        assert_close(fourier.ifft2(fourier.fft2(lifted)), x.astype(complex), place)
    assert_close(fourier.inverse_sum(place.lift(noise.copy())), 20 * np.fft.ifft2(noise), place)


def test_large_transforms_use_threads_and_say_the_same(noise):
    large = np.tile(noise, (30, 8, 8))
    assert large.size > sizes.SMALL_TRANSFORM
    assert_close(fourier.fft2(large), np.fft.fft2(large), NUMPY)


def test_planes_in_several_chunks_are_transformed_whole(rng):
    dask = pytest.importorskip("dask.array")
    x = rng.normal(size=(2, 8, 8))
    for transform in (fourier.fft2, lambda x: fourier.ifft2(x + 0j), lambda x: fourier.inverse_sum(x + 0j)):
        np.testing.assert_allclose(
            np.asarray(transform(dask.from_array(x, chunks=(1, 4, 8)))), transform(x), atol=1e-12
        )
