"""Doubts about the synthetic classes: are spectrum, sparsity and randomness those of the formulas, and no others?

What is random is compared with its expectation to within six standard errors of independent images.
"""

import numpy as np
import pytest

from collapse_theory import processes, torus
from tests.places import NUMPY, assert_close

SHAPE = (8, 6)


def spectrum(shape=SHAPE):
    return processes.power_law(shape, 1)


def kurtosis(x):
    return np.mean(x**4) / np.mean(x**2) ** 2


def assert_mean(samples, expected):
    """Independent samples (n, ...) have the mean `expected`, to six standard errors, everywhere."""
    error = np.abs(np.mean(samples, axis=0) - expected)
    allowed = 6 * np.std(samples, axis=0) / np.sqrt(len(samples)) + 1e-12 * np.max(np.abs(expected))
    assert np.all(error <= allowed), f"{np.max(error / allowed):.2f} times what six standard errors allow"


def normalised_power(x):
    return np.abs(np.fft.fft2(x)) ** 2 / (x.shape[-2] * x.shape[-1])


SAMPLERS = {
    "gaussian_fields": lambda n, seed: processes.gaussian_fields(n, SHAPE, spectrum=spectrum(), seed=seed),
    "sparse_pulses": lambda n, seed: processes.sparse_pulses(n, SHAPE, spectrum=spectrum(), density=0.2, seed=seed),
    "phase_randomised": lambda n, seed: processes.phase_randomised(np.eye(6)[None, None].repeat(n, 0), seed=seed),
    "moved": lambda n, seed: processes.moved(np.arange(96.0).reshape(2, 1, *SHAPE), n, seed=seed),
    "moved between samples": lambda n, seed: processes.moved(np.eye(7)[None], n, seed=seed, fractional=True),
    "smooth_displacements": lambda n, seed: processes.smooth_displacements(
        n, SHAPE, amplitude=1, correlation=2, seed=seed
    ),
    "deformed": lambda n, seed: processes.deformed(
        np.arange(96.0).reshape(2, 1, *SHAPE), n, amplitude=1, correlation=2, seed=seed
    ),
}


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_a_seed_reproduces_and_a_smaller_sample_is_the_beginning_of_a_larger_one(sampler):
    sample = sampler(7, 3)
    assert sample.dtype == np.float64
    np.testing.assert_array_equal(sampler(7, 3), sample)
    np.testing.assert_allclose(sampler(4, 3), sample[:4], atol=1e-12)
    assert not np.allclose(sampler(7, 4), sample)


def test_one_seed_gives_independent_noise_to_each_process():
    gaussian = processes.gaussian_fields(500, SHAPE, spectrum=np.ones(SHAPE), seed=0)
    pulses = processes.sparse_pulses(500, SHAPE, spectrum=np.ones(SHAPE), density=1, seed=0)
    point = np.zeros((500, 1, *SHAPE))
    point[..., 0, 0] = 1
    twins = processes.phase_randomised(point, seed=0)
    for first, second in [(gaussian, pulses), (gaussian, twins), (pulses, twins)]:
        assert_mean(np.sum(first * second, axis=(-3, -2, -1)), 0.0)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_mean(np.sum(gaussian * gaussian, axis=(-3, -2, -1)), 0.0)


@pytest.mark.parametrize("shape", [(8, 8), (6, 9), (1, 5)])
@pytest.mark.parametrize("exponent", [0, 1, 2.5])
def test_power_law_is_the_power_of_the_radius(shape, exponent):
    power = processes.power_law(shape, exponent)
    assert power.shape == shape
    assert power[0, 0] == 0
    for index in np.ndindex(shape):
        radius = np.hypot(*torus.frequencies(shape)[index])
        assert radius == 0 or power[index] == pytest.approx(radius**-exponent)


@pytest.mark.parametrize("shape", [(8, 8), (6, 9), (5, 4)])
def test_fields_are_white_noise_through_the_root_of_the_spectrum(shape):
    power = processes.power_law(shape, 1.3)
    for process, more in [(processes.gaussian_fields, {}), (processes.sparse_pulses, {"density": 0.3})]:
        white = process(3, shape, spectrum=np.ones(shape), seed=1, **more)
        filtered = process(3, shape, spectrum=power, seed=1, **more)
        assert filtered.shape == (3, 1, *shape)
        assert_close(np.fft.fft2(filtered), np.sqrt(power) * np.fft.fft2(white), NUMPY)


def test_gaussian_fields_and_pulses_have_the_same_spectrum_and_not_twice_it():
    power = spectrum((8, 12))
    for fields in (
        processes.gaussian_fields(3000, (8, 12), spectrum=power, seed=2),
        processes.sparse_pulses(3000, (8, 12), spectrum=power, density=0.1, seed=2),
    ):
        assert_mean(normalised_power(fields)[:, 0], power)
        with pytest.raises(AssertionError, match="standard errors"):
            assert_mean(normalised_power(fields)[:, 0], 1.2 * power)


@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
def test_pulses_are_as_many_and_as_strong_as_said(density):
    pulses = processes.sparse_pulses(400, (16, 16), spectrum=np.ones((16, 16)), density=density, seed=3).ravel()
    assert_mean(np.abs(pulses) > 1e-9, density)
    assert_mean(pulses**2, 1.0)
    assert_mean(pulses**4, 3 / density)


def test_filtered_pulses_stay_sparse_where_gaussian_fields_are_not():
    gaussian = processes.gaussian_fields(200, (16, 16), spectrum=spectrum((16, 16)), seed=4)
    pulses = processes.sparse_pulses(200, (16, 16), spectrum=spectrum((16, 16)), density=0.05, seed=4)
    assert kurtosis(gaussian) == pytest.approx(3, abs=0.2)
    assert kurtosis(pulses) > 10


@pytest.mark.parametrize("shape", [(8, 8), (6, 9), (7, 5), (1, 1)])
def test_phase_twins_keep_amplitudes_mean_and_cross_spectra(rng, shape):
    images = rng.normal(size=(4, 3, *shape)) + 1
    twins = processes.phase_randomised(images, seed=5)
    before, after = np.fft.fft2(images), np.fft.fft2(twins)
    assert_close(np.abs(after), np.abs(before), NUMPY)
    assert_close(twins.mean(axis=(-2, -1)), images.mean(axis=(-2, -1)), NUMPY)
    assert_close(after * after[:, ::-1].conj(), before * before[:, ::-1].conj(), NUMPY)
    assert shape == (1, 1) or not np.allclose(twins, images)


def test_twin_phases_are_uniform_and_signs_are_random():
    point = np.zeros((4000, 1, *SHAPE))
    point[..., 0, 0] = 1
    turn = np.fft.fft2(processes.phase_randomised(point, seed=6))[:, 0]
    own_mirror = np.zeros(SHAPE, dtype=bool)
    own_mirror[::4, ::3] = True
    assert np.max(np.abs(turn[:, own_mirror].imag)) < 1e-12
    assert_mean(turn[:, own_mirror].real[:, 1:], 0.0)
    assert_mean((turn[:, ~own_mirror] ** 2).real, 0.0)
    assert_mean((turn[:, ~own_mirror] * 1j).real, 0.0)


def test_twins_of_sparse_pulses_are_nearly_gaussian():
    pulses = processes.sparse_pulses(200, (16, 16), spectrum=spectrum((16, 16)), density=0.05, seed=7)
    assert kurtosis(processes.phase_randomised(pulses, seed=7)) < 4 < 10 < kurtosis(pulses)


def test_a_moved_template_is_one_of_its_rolls_and_each_roll_is_as_likely(rng):
    template = rng.normal(size=(2, 3, 4))
    images = processes.moved(template, 2400, seed=8)
    rolls = np.stack([np.roll(template, shift, (-2, -1)) for shift in np.ndindex(3, 4)])
    which = np.all(images[:, None] == rolls, axis=(-3, -2, -1))
    assert np.all(which.sum(axis=1) == 1)
    assert_mean(which, 1 / 12)


def test_several_templates_are_drawn_equally_often(rng):
    templates = rng.normal(size=(3, 1, 2, 2))
    images = processes.moved(templates, 900, seed=9)
    total = templates.sum(axis=(-3, -2, -1))
    which = np.abs(images.sum(axis=(-3, -2, -1))[:, None] - total) < 1e-9
    assert_mean(which, 1 / 3)


@pytest.mark.parametrize("shape", [(7, 5), (8, 6)])
def test_fractional_moves_keep_amplitudes_but_at_the_nyquist_frequency(rng, shape):
    template = rng.normal(size=(2, *shape))
    images = processes.moved(template, 50, seed=10, fractional=True)
    ratio = np.abs(np.fft.fft2(images)) / np.abs(np.fft.fft2(template))
    nyquist = np.any(torus.frequencies(shape) == -np.pi, axis=-1)
    assert_close(ratio[..., ~nyquist], np.ones((50, 2, np.sum(~nyquist))), NUMPY)
    assert nyquist.any() == (shape == (8, 6))
    assert np.all(ratio[..., nyquist][..., 1:] != 1)
    assert min(np.abs(images - np.roll(template, s, (-2, -1))).max() for s in np.ndindex(shape)) > 1e-3


@pytest.mark.parametrize(("frequency", "side"), [((1, 0), 7), ((0, 1), 5)])
def test_fractional_moves_are_translations_by_uniform_shifts(frequency, side):
    wave_hat = np.zeros((7, 5))
    wave_hat[frequency] = 35
    wave = np.fft.ifft2(wave_hat).real
    images = processes.moved(wave[None], 1000, seed=10, fractional=True)
    turn = np.fft.fft2(images)[(..., 0, *frequency)] / np.fft.fft2(wave)[frequency]
    shifts = np.angle(turn.conj()) % (2 * np.pi) * side / (2 * np.pi)
    assert_mean(np.stack([shifts, shifts**2, shifts % 1], axis=1), [side / 2, side**2 / 3, 1 / 2])
    assert_close(images[0, 0], torus.translate(wave, shifts[0] * np.array(frequency)).real, NUMPY)


def test_displacements_have_the_length_and_the_correlation_of_the_formula():
    shape, amplitude, length = (32, 48), 1.5, 3.0
    fields = processes.smooth_displacements(300, shape, amplitude=amplitude, correlation=length, seed=11)
    assert fields.shape == (300, *shape, 2)
    assert np.max(np.abs(fields.mean(axis=(1, 2)))) < 1e-12
    assert_mean(np.sum(fields**2, axis=-1).mean(axis=(1, 2)), amplitude**2)
    removed = 2 * np.pi * length**2 / np.prod(shape)  # the mean of the covariance goes with the mean of the field
    for lag, axis in [(2, 1), (3, 2), (6, 1), (9, 2)]:
        products = fields * np.roll(fields, lag, axis=axis)
        covariance = amplitude**2 / 2 * (np.exp(-(lag**2) / (2 * length**2)) - removed) / (1 - removed)
        assert_mean(products.mean(axis=(1, 2)), covariance)
    assert_mean((fields[..., 0] * fields[..., 1]).mean(axis=(1, 2)), 0.0)


def test_displacements_survive_any_correlation_length():
    fields = processes.smooth_displacements(400, (6, 9), amplitude=2, correlation=1e6, seed=12)
    assert_mean(np.sum(fields**2, axis=-1).mean(axis=(1, 2)), 4.0)
    assert_close(fields[:, :1].repeat(6, axis=1), fields, NUMPY)  # the slowest wave runs along the longer side


def test_no_displacement_gives_the_template_and_any_leaves_a_constant(rng):
    template = rng.normal(size=(2, 6, 7))
    still = processes.deformed(template, 3, amplitude=0, correlation=2, seed=13)
    assert_close(still, np.broadcast_to(template, (3, 2, 6, 7)), NUMPY)
    flat = processes.deformed(np.full((1, 6, 7), 5.0), 3, amplitude=3, correlation=1, seed=13)
    assert_close(flat, np.full((3, 1, 6, 7), 5.0), NUMPY)


def test_deformed_templates_use_the_displacements_of_their_seed(rng):
    template = rng.normal(size=(2, 6, 7))
    fields = processes.smooth_displacements(3, (6, 7), amplitude=1, correlation=2, seed=14)
    expected = np.stack([torus.deform(template, field).real for field in fields])
    assert_close(processes.deformed(template, 3, amplitude=1, correlation=2, seed=14), expected, NUMPY)


def test_labelled_classes_come_one_after_the_other():
    images, labels = processes.labelled(np.zeros((2, 1, 3, 3)), np.ones((3, 1, 3, 3)))
    np.testing.assert_array_equal(labels, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels)
    assert labels.dtype == np.int64


def gaussian(count=2, shape=SHAPE, power=None, seed=0):
    return processes.gaussian_fields(count, shape, spectrum=spectrum() if power is None else power, seed=seed)


def pulses(density):
    return processes.sparse_pulses(2, SHAPE, spectrum=spectrum(), density=density, seed=0)


def displacements(shape=SHAPE, amplitude=1, correlation=1):
    return processes.smooth_displacements(2, shape, amplitude=amplitude, correlation=correlation, seed=0)


def odd_spectrum():
    return spectrum() + np.arange(6) / 100


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian(count=-1), "count: expected an integer of at least 1, got -1"),
        (lambda: gaussian(count=0), "count: expected an integer of at least 1, got 0"),
        (lambda: gaussian(count=2.0), r"count: expected an integer of at least 1, got 2\.0"),
        (lambda: gaussian(shape=(8, 0)), r"shape: expected \(H, W\), two positive integers, got \(8, 0\)"),
        (lambda: gaussian(seed=-1), "seed: expected an integer of at least 0, got -1"),
        (lambda: gaussian(seed=None), "seed: expected an integer of at least 0, got None"),
        (lambda: gaussian(power=np.ones((6, 8))), r"spectrum: expected shape \(8, 6\), got \(6, 8\)"),
        (lambda: gaussian(power=np.ones(8)), r"spectrum: expected a non-empty array \(H, W\), got shape \(8,\)"),
        (lambda: gaussian(power=-spectrum()), "spectrum: expected values of at least 0, got -"),
        (lambda: gaussian(power=odd_spectrum()), "spectrum: expected an even function"),
        (lambda: gaussian(power=np.full(SHAPE, np.inf)), "spectrum: expected finite values, got 48 NaN or infinite"),
        (lambda: pulses(0), r"density: expected a number in \(0, 1\], got 0"),
        (lambda: pulses(1.5), r"density: expected a number in \(0, 1\], got 1.5"),
        (lambda: pulses(np.nan), "density: expected a finite number, got nan"),
        (lambda: processes.power_law(SHAPE, np.inf), "exponent: expected a finite number, got inf"),
        (lambda: processes.power_law((8, 6, 3), 1), r"shape: expected \(H, W\)"),
        (lambda: processes.phase_randomised(np.ones((6, 6)), seed=0), r"images: .*\(N, C, H, W\), got shape \(6, 6\)"),
        (lambda: processes.phase_randomised(np.full((1, 1, 2, 2), np.nan), seed=0), "images: .* got 4 NaN"),
        (lambda: processes.moved(np.ones((6, 6)), 2, seed=0), r"template: .*\(C, H, W\) or \(N, C, H, W\), got shape"),
        (lambda: processes.moved(np.ones((1, 6, 6)), -2, seed=0), "count: expected an integer of at least 1, got -2"),
        (lambda: displacements(amplitude=-1), "amplitude: expected a finite number of at least 0, got -1"),
        (lambda: displacements(correlation=0), "correlation: expected a length above 0 samples, got 0"),
        (lambda: displacements(correlation="long"), "correlation: expected a finite number of at least 0, got 'long'"),
        (lambda: displacements(shape=(1, 1)), r"shape: expected more than one sample, got \(1, 1\)"),
        (lambda: processes.labelled(), "labelled: expected one array per class, got none"),
        (
            lambda: processes.labelled(np.ones((2, 1)), np.ones((2, 3))),
            r"of one shape, got shapes \[\(2, 1\), \(2, 3\)",
        ),
        (lambda: processes.labelled(np.ones((2, 1)), np.ones((0, 1))), r"labelled: expected non-empty samples"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian(power=1j * spectrum()), "spectrum: expected real numbers, got complex128"),
        (lambda: processes.moved(np.ones((1, 6, 6), complex), 2, seed=0), "template: expected real numbers, got compl"),
        (lambda: processes.phase_randomised(np.full((1, 1, 2, 2), "a"), seed=0), "images: expected real numbers"),
    ],
)
def test_what_is_not_real_is_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()
