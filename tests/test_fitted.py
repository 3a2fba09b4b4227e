"""Doubts about fitted layers: are their thresholds those quantiles, of these images only, on any scale and anywhere?"""

import numpy as np
import pytest

from collapse_theory import datasets, scattering
from collapse_theory.arrays import to_host
from collapse_theory.nonlinearities import LAWS, NONLINEARITIES, soft_threshold
from collapse_theory.scattering import cascade, fitted
from collapse_theory.wavelets import morlet_bank, wavelet_transform
from tests.places import assert_close

BANK = morlet_bank((8, 8), 1, 4, "full").tight("complex")
SCALED = [name for name in NONLINEARITIES if "homogeneous" not in LAWS[name]]
FITTED = sorted({*SCALED, "phase collapse beyond"})


def sample(count=12, channels=2, seed=0):
    return np.random.default_rng(seed).normal(size=(count, channels, 8, 8)) * [[[1.0]], [[7.0]]][:channels]


@pytest.mark.parametrize("quantile", [0.25, 0.5])
def test_a_threshold_is_the_quantile_of_its_channel_layer_by_layer(quantile):
    x = sample()
    layers = fitted(x, BANK, "soft threshold", depth=2, quantile=quantile)
    for layer in layers:
        z = wavelet_transform(x, BANK)
        expected = np.quantile(np.abs(z), quantile, axis=(0, 3, 4))
        np.testing.assert_allclose(layer.nonlinearity.scales, expected, rtol=1e-9)
        waves = soft_threshold(z[:, :, 1:], expected[:, 1:, None, None])
        low = z[:, :, :1] if np.iscomplexobj(x) else z[:, :, :1].real
        x = np.concatenate([low, waves], axis=2).reshape(len(x), -1, 8, 8)
    *_, last = cascade(sample(), BANK, layers, depth=2)
    np.testing.assert_allclose(last, x, atol=1e-9)


@pytest.mark.parametrize("lowpass", ["kept", "also"])
@pytest.mark.parametrize("name", FITTED)
def test_the_scale_of_the_images_is_the_scale_of_the_representation(name, lowpass):
    options = {"depth": 2, "lowpass": lowpass}
    for factor in (1e-3, 255.0):
        plain, scaled = (
            list(cascade(t * sample(), BANK, fitted(t * sample(), BANK, name, **options), depth=2))[-1]
            for t in (1.0, factor)
        )
        np.testing.assert_allclose(scaled, factor * plain, atol=1e-9 * factor * np.abs(plain).max())


@pytest.mark.parametrize("name", FITTED)
def test_layers_are_of_use_in_every_library_whatever_they_were_fitted_in(place, name):
    layers = fitted(sample(), BANK, name, depth=2, subsample=True)
    there = fitted(place.lift(sample()), BANK, name, depth=2, subsample=True)
    *_, expected = cascade(sample(), BANK, layers, depth=2, subsample=True)
    for each in (layers, there):
        *_, last = cascade(place.lift(sample()), BANK, each, depth=2, subsample=True)
        assert_close(last, expected, place, rounding=max(place.rounding, 1e-9) * 20)


def test_batches_and_bytes_and_few_images_give_what_the_array_gives():
    x = (sample(60) * 10 + 128).clip(0, 255).astype(np.uint8)
    batches = datasets.array_batches(x, np.arange(60) % 2, size=7, seed=3)
    whole, streamed = (fitted(each, BANK, "tanh", depth=1, count=5) for each in (x, batches))
    chosen = fitted(x[np.linspace(0, 59, 5).round().astype(int)].astype(np.float32), BANK, "tanh", depth=1)
    for layers in (streamed, chosen):
        np.testing.assert_array_equal(layers[0].nonlinearity.scales, whole[0].nonlinearity.scales)


def test_memory_bounds_the_number_of_images():
    one = fitted(sample()[:1], BANK, "tanh", depth=1)
    bounded = fitted(sample(), BANK, "tanh", depth=1, memory=16 * 2 * 5 * 64)
    np.testing.assert_array_equal(bounded[0].nonlinearity.scales, one[0].nonlinearity.scales)


@pytest.mark.parametrize("name", FITTED)
def test_silent_channels_stay_silent_and_finite(name):
    layers = fitted(np.zeros((3, 1, 8, 8)), BANK, name, depth=2)
    *_, last = cascade(np.zeros((3, 1, 8, 8)), BANK, layers, depth=2)
    assert np.all(to_host(last) == 0)


def test_what_is_homogeneous_or_a_function_is_used_as_it_is():
    for rho in ("phase collapse", "identity", np.conj):
        assert [layer.nonlinearity for layer in fitted(sample(), BANK, rho, depth=2)] == [
            layer.nonlinearity for layer in [scattering.Layer(BANK, rho)] * 2
        ]
