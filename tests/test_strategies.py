"""Doubts about the strategies: do they draw what they promise, and all of it?"""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from collapse_theory import testing
from collapse_theory.testing.checks import steepness
from collapse_theory.wavelets import FilterBank


def is_drawn(strategy, feature):
    """Whether the strategy draws something with this feature: `find` raises if it does not."""
    quick = settings(max_examples=2000, database=None, phases=[Phase.generate])
    return find(strategy, feature, settings=quick) is not None


@given(x=testing.images((3, 2, 5, 6)), z=testing.images((4, 7), kind="complex"))
def test_images_are_finite_and_not_zero(x, z):
    assert (x.shape, x.dtype, z.shape, z.dtype) == ((3, 2, 5, 6), np.float64, (4, 7), np.complex128)
    for image in (x, z):
        assert np.all(np.isfinite(image))
        assert np.any(image)


@pytest.mark.parametrize(
    "feature", [lambda x: np.abs(x).max() < 1e-5, lambda x: np.abs(x).max() > 1e5, lambda x: x.max() <= 0]
)
def test_images_of_all_sizes_and_both_signs_are_drawn(feature):
    assert is_drawn(testing.images((1, 8, 8), decades=6), feature)
    assert is_drawn(
        testing.images((1, 8, 8), kind="complex", decades=6), lambda z: feature(np.abs(z)) or z.real.max() <= 0
    )


def test_phases_are_whole_degrees_quarter_turns_and_between_and_shrink_to_one_degree():
    whole = lambda angle: abs(np.degrees(angle) - np.round(np.degrees(angle))) < 1e-9  # noqa: E731
    assert is_drawn(testing.phases(), lambda angle: not whole(angle))
    assert is_drawn(testing.phases(), lambda angle: angle == np.pi)
    assert find(testing.phases(), lambda angle: angle < 1) == np.radians(1)


@pytest.mark.parametrize(
    "feature",
    [
        lambda x: np.count_nonzero(x) == 1 and x[0, 3, 2],
        lambda x: np.ptp(x) == 0,
        lambda x: np.isclose(x.sum(), 0) and np.isclose(np.abs(np.fft.fft2(x[0])).max(), 32),
        lambda x: np.count_nonzero(x[0] - np.round(x[0])) == 64,
    ],
)
def test_points_constants_waves_and_noise_are_drawn(feature):
    assert is_drawn(testing.images((1, 8, 8)), feature)


@given(shift=testing.shifts(9, multiple_of=3), angle=testing.phases())
def test_shifts_and_phases_are_never_trivial(shift, angle):
    assert any(shift)
    assert all(abs(n) <= 9 and n % 3 == 0 for n in shift)
    assert 0 < angle < 2 * np.pi


@given(field=testing.displacements((8, 12), 0.4))
def test_displacements_have_mean_zero_and_are_no_steeper_than_asked(field):
    assert field.shape == (8, 12, 2)
    assert np.abs(field.mean(axis=(0, 1))).max() < 1e-12
    assert 0.4 / 64 * (1 - 1e-9) <= steepness(field) <= 0.4 * (1 + 1e-9)
    steps = [np.roll(field, -1, axis) - field for axis in (0, 1)]
    assert max(np.linalg.norm(step, axis=-1).max() for step in steps) <= 0.4 + 1e-9


def test_steepness_is_the_gradient_of_one_wave():
    rows = np.arange(16)[:, None] + np.zeros((1, 16))
    field = np.stack([np.cos(2 * np.pi * rows / 16 + 0.3), 0 * rows], axis=-1)
    assert steepness(field) == pytest.approx(2 * np.pi / 16)


@given(z=testing.coefficients((3, 4)), a=testing.coefficients((5,), kind="real", extremes=False))
def test_coefficients_are_finite_and_have_special_values(z, a):
    assert (z.shape, z.dtype, a.shape, a.dtype) == ((3, 4), np.complex128, (5,), np.float64)
    assert np.any((z == 0) | (np.abs(z) < 2e-308) | (np.abs(z) > 9e307))
    assert np.any(a == 0)
    assert np.all(np.isfinite(np.abs(z)))


@pytest.mark.parametrize(
    "feature",
    [
        lambda a: np.any(np.signbit(a[a == 0])),
        lambda a: np.abs(a).max() > 9e307,
        lambda a: 0 < np.abs(a).min() < 2e-308,
    ],
)
def test_zeros_of_either_sign_and_both_extremes_are_drawn(feature):
    assert is_drawn(testing.coefficients((4,), kind="real"), feature)


def test_extremes_catch_a_modulus_by_squares():
    with np.errstate(over="ignore", under="ignore"):
        by_squares = lambda z: np.sqrt(z.real**2 + z.imag**2)  # noqa: E731
        wrong = lambda z: not np.allclose(by_squares(z) / np.abs(z), 1, rtol=1e-6)  # noqa: E731
        nonzero = testing.coefficients((4,)).filter(np.all)
        assert is_drawn(nonzero, wrong)


@given(data=st.data(), signals=st.sampled_from([None, "real", "complex"]))
def test_filter_banks_are_as_tight_as_asked(data, signals):
    bank = data.draw(testing.filter_banks(largest=12, signals=signals))
    assert isinstance(bank, FilterBank)
    assert all(8 <= side <= 12 for side in bank.shape)
    assert bank.tight_for == signals
    if signals:
        np.testing.assert_allclose(bank.littlewood_paley(signals), 1, rtol=1e-12)


@given(sample=testing.labelled_samples((2, 3), classes=4, most=5))
def test_labelled_samples_have_two_to_most_of_every_class(sample):
    x, labels = sample
    assert x.shape == (len(labels), 2, 3)
    classes, counts = np.unique(labels, return_counts=True)
    assert [*classes] == [0, 1, 2, 3]
    assert 2 <= counts.min() <= counts.max() <= 5
