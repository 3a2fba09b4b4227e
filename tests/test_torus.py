"""Doubts about the torus: does an image move exactly, and is everything taken modulo its sides?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_theory import torus
from collapse_theory.arrays import to_host
from collapse_theory.fourier import fft2, ifft2
from collapse_theory.scattering import mix_channels
from tests.places import NUMPY, assert_close

SHAPES = [(8, 8), (6, 9), (7, 5), (1, 4)]


def noise(rng, shape, kind="complex"):
    real = rng.normal(size=shape)
    return real + 1j * rng.normal(size=shape) if kind == "complex" else real


def interpolant(x, points):
    """The slow obvious value of the trigonometric interpolant of one image at points (P, 2)."""
    w, x_hat = torus.frequencies(x.shape).reshape(-1, 2), np.fft.fft2(x).ravel()
    return np.array([np.mean(x_hat * np.exp(1j * w @ point)) for point in points])


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.uint64, np.float16, np.longdouble, list, "torch"])
def test_host_numbers_of_any_kind_keep_the_precision_of_the_images(place, rng, kind):
    x, ones = noise(rng, (2, 2, 2), "real"), np.array([[1, 0], [0, 1]])
    given = {list: ones.tolist, "torch": lambda: pytest.importorskip("torch").asarray(ones)}
    given = given.get(kind, lambda: ones.astype(kind))()
    lifted = place.lift(x)
    assert_close(torus.convolve(lifted, given), torus.convolve(x, ones * 1.0), place, like=lifted)
    assert_close(torus.translate(lifted, given[0]), torus.translate(x, (1, 0)), place, like=lifted)
    assert_close(mix_channels(lifted, given), x, place, like=lifted, rounding=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_translation_by_whole_samples_is_a_roll(place, rng, shape):
    x = noise(rng, (2, *shape))
    lifted = place.lift(x)
    assert_close(torus.translate(lifted, (2, -1)), np.roll(x, (2, -1), (-2, -1)), place, like=lifted)
    assert_close(torus.roll(lifted, (2, -1)), np.roll(x, (2, -1), (-2, -1)), place, like=lifted, rounding=1e-7)


def test_translation_of_a_wave_turns_it_by_minus_frequency_times_shift(place):
    w = torus.frequencies((8, 6))[2, 5]
    rows, columns = np.meshgrid(np.arange(8), np.arange(6), indexing="ij")
    wave, shift = np.exp(1j * (w[0] * rows + w[1] * columns)), (0.3, -1.7)
    assert_close(torus.translate(place.lift(wave), shift), np.exp(-1j * w @ shift) * wave, place)


def test_translation_is_the_interpolant_at_moved_points(rng):
    x, shift = noise(rng, (5, 8)), np.array([0.4, -2.3])
    points = np.stack(np.meshgrid(np.arange(5), np.arange(8), indexing="ij"), axis=-1).reshape(-1, 2) - shift
    assert_close(torus.translate(x, shift), interpolant(x, points).reshape(5, 8), NUMPY)


def test_one_shift_an_image(place, rng):
    x, shifts = noise(rng, (3, 2, 8, 8)), rng.uniform(-3, 3, (3, 1, 2))
    each = np.stack([to_host(torus.translate(image, shift[0])) for image, shift in zip(x, shifts, strict=True)])
    assert_close(torus.translate(place.lift(x), shifts), each, place)


@given(first=st.tuples(*2 * [st.floats(-20, 20)]), second=st.tuples(*2 * [st.floats(-20, 20)]))
def test_translations_add(first, second):
    x = noise(np.random.default_rng(0), (6, 7))
    once = torus.translate(x, np.add(first, second))
    assert_close(torus.translate(torus.translate(x, first), second), once, NUMPY)


def test_constant_deformation_is_a_translation(place, rng):
    x, shift = noise(rng, (2, 3, 6, 8)), (0.7, -1.2)
    lifted = place.lift(x)
    expected = torus.translate(x, shift)
    assert_close(torus.deform(lifted, np.broadcast_to(shift, (6, 8, 2))), expected, place, like=lifted)


def test_deformation_is_the_interpolant_at_displaced_points(place, rng):
    x, displacement = noise(rng, (6, 9)), rng.uniform(-2, 2, (6, 9, 2))
    points = np.stack(np.meshgrid(np.arange(6), np.arange(9), indexing="ij"), axis=-1) - displacement
    expected = interpolant(x, points.reshape(-1, 2)).reshape(6, 9)
    assert_close(torus.deform(place.lift(x), displacement), expected, place)


def test_deformation_in_chunks_is_the_same(monkeypatch, rng):
    x, displacement = noise(rng, (4, 6, 9)), rng.uniform(-2, 2, (6, 9, 2))
    whole = torus.deform(x, displacement)
    monkeypatch.setattr(torus.sizes, "DEFORMATION_BYTES", 5000)
    assert_close(torus.deform(x, displacement), whole, NUMPY)


def test_convolution_is_the_circular_sum(place, rng):
    x, h = noise(rng, (6, 5)), noise(rng, (6, 5))
    expected = sum(h[v] * np.roll(x, v, (0, 1)) for v in np.ndindex(6, 5))
    lifted = place.lift(x)
    assert_close(torus.convolve(lifted, np.fft.fft2(h)), expected, place, like=lifted)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_folding_a_spectrum_subsamples_the_image(place, rng, factor):
    x = noise(rng, (2, 6, 12))
    folded = ifft2(torus.fold(fft2(place.lift(x)), factor))
    assert_close(folded, x[..., ::factor, ::factor], place)
    assert_close(torus.subsample(place.lift(x), factor), x[..., ::factor, ::factor], place)


@pytest.mark.parametrize(
    ("shape", "padded"), [((8, 8), (12, 12)), ((7, 4), (10, 8)), ((3, 2), (16, 9)), ((1, 1), (4, 3))]
)
def test_reflection_is_numpys(place, rng, shape, padded):
    x = noise(rng, (2, *shape))
    before = [(p - s) // 2 for p, s in zip(padded, shape, strict=True)]
    after = [p - s - b for p, s, b in zip(padded, shape, before, strict=True)]
    expected = np.pad(x, ((0, 0), *zip(before, after, strict=True)), mode="reflect")
    assert_close(torus.reflect(place.lift(x), padded), expected, place, like=place.lift(x))


def test_frequencies_lie_in_the_box_and_start_at_zero():
    w = torus.frequencies((4, 5))
    assert w.shape == (4, 5, 2)
    assert not w[0, 0].any()
    assert w.min() == -np.pi
    assert w.max() < np.pi


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: torus.translate(x, (1, 2, 3)), r"shift: expected finite \(row, column\) pairs, got \[1. 2. 3.\]"),
        (lambda x: torus.translate(x, (np.nan, 0)), "shift: expected finite"),
        (lambda x: torus.roll(x, (0.5, 0)), r"shift: expected two integers, got \[0.5, 0.0\]"),
        (lambda x: torus.deform(x, np.zeros((2, 2, 2))), r"displacement: expected shape \(6, 5, 2\), got \(2, 2, 2\)"),
        (lambda x: torus.convolve(x, np.zeros((5, 6))), r"filter_hat: expected shape \(..., 6, 5\), got \(5, 6\)"),
        (lambda x: torus.subsample(x), r"multiples of 2, got shape \(6, 5\)"),
        (lambda x: torus.fold(x, 4), r"multiples of 4, got shape \(6, 5\)"),
        (lambda x: torus.reflect(x, (5, 5)), r"padded_shape: expected at least \(6, 5\), got \(5, 5\)"),
        (lambda x: torus.frequencies((0, 3)), r"shape: expected \(H, W\), two positive integers, got \(0, 3\)"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((6, 5)))


@given(sides=st.tuples(*2 * [st.integers(2, 40)]))
def test_padding_leaves_room_and_cropping_undoes_it(sides):
    rng = np.random.default_rng(0)
    padded = torus.padded_shape(sides)
    x = rng.normal(size=sides)
    grown = torus.reflect(x, padded)
    assert all(p % 2 == 0 and p - s >= 3 for p, s in zip(padded, sides, strict=True))
    first_kept = [2 - (p - s) // 2 for p, s in zip(padded, sides, strict=True)]
    kept = x[first_kept[0] :, first_kept[1] :]
    np.testing.assert_array_equal(torus.crop(grown, 2), kept)
    np.testing.assert_array_equal(torus.crop(torus.subsample(grown), 1), kept[::2, ::2])


@pytest.mark.parametrize(("side", "padded", "kept"), [(32, 36, 32), (8, 12, 8), (7, 10, 6), (2, 6, 2)])
def test_padding_is_the_published_one(side, padded, kept):
    assert torus.padded_shape((side, side)) == (padded, padded)
    assert torus.crop(np.zeros((padded, padded)), 2).shape == (kept, kept)


@pytest.mark.parametrize(
    ("side", "scales", "padded"), [(32, 2, 40), (64, 3, 80), (224, 3, 240), (9, 3, 24), (8, 3, 24)]
)
def test_padding_at_several_scales_leaves_a_coarse_sample_on_each_side(side, scales, padded):
    assert torus.padded_shape(side, scales) == (padded, padded)
    coarse = torus.subsample(torus.reflect(np.zeros((side, side)), (padded, padded)), 2**scales)
    assert torus.crop(coarse, 1).shape == 2 * (side // 2**scales,)


@pytest.mark.parametrize(("shape", "scales", "least"), [((1, 8), 1, 2), ((9, 7), 3, 8)])
def test_too_little_to_pad_is_refused(shape, scales, least):
    with pytest.raises(
        ValueError, match=rf"at least {least} samples to pad by reflection, got \({shape[0]}, {shape[1]}\)"
    ):
        torus.padded_shape(shape, scales)


def test_opposite_frequencies_are_those_of_the_reversed_image(place, rng):
    x = rng.normal(size=(2, 5, 6))
    turned = np.roll(x[:, ::-1, ::-1], (1, 1), axis=(-2, -1))  # x(−u)
    assert_close(torus.at_opposite_frequencies(fft2(place.lift(x))), np.fft.fft2(turned), place)
