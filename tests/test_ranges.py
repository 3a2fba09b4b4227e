"""Doubts about the size of numbers: does a ratio depend on the scale of the features, and what leaves the range?"""

import pickle

import numpy as np
import pytest

from collapse_theory import separation
from collapse_theory.arrays import to_host
from collapse_theory.separation import ClassMoments
from tests.places import NUMPY, assert_close
from tests.test_moments import number
from tests.test_separation import SCALARS, slow

SINGLE, DOUBLE = (1e-37, 1e-25, 1e-19, 1e19, 1e25, 1e37), (1e-300, 1e-200, 1e-160, 1e153, 1e200, 1e300)
SCALES = [*((np.float32, s) for s in SINGLE), *((np.float64, s) for s in DOUBLE), (np.complex64, 1e-25)]


def labelled(rng, classes, count=200):
    labels = rng.permutation(np.arange(count) % classes)
    return rng.normal(size=(count, 3)) + 0.5 * (labels % 3)[:, None], labels


def asked(name, x, place, labels, **options):
    """A statistic, on the host, of features that are put in a place as precise as they are."""
    lift = np.asarray if place.name == "numpy-single" else place.lift
    return to_host(getattr(separation, name)(lift(x), lift(labels), classes=int(labels.max()) + 1, **options))


@pytest.mark.parametrize("classes", [3, 40])
@pytest.mark.parametrize(("dtype", "scale"), SCALES, ids=str)
def test_ratios_do_not_depend_on_the_scale_of_the_features(place, rng, classes, dtype, scale):
    x, labels = labelled(rng, classes)
    exact, x = slow(x, labels), (scale * x).astype(dtype)
    rounding = 1e-5 if dtype in (np.float32, np.complex64) else 1e-11
    for name in ("fisher_trace", "fisher_full"):
        assert asked(name, x, place, labels) == pytest.approx(exact[name], rel=10 * rounding)
    means = np.stack([np.mean(x[labels == y].astype(complex) / scale, axis=0) for y in range(classes)])
    assert_close(asked("class_means", x, place, labels).astype(complex) / scale, means, NUMPY, rounding=rounding)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e-17), (np.float32, 1e17), (np.float64, 1e152)], ids=str)
def test_variances_and_energies_scale_with_the_square_as_long_as_it_is_a_number(place, rng, dtype, scale):
    x, labels = labelled(rng, 3)
    for name in ("within_class_variance", "between_class_variance", "mean_energy"):
        value = asked(name, (scale * x).astype(dtype), place, labels)
        assert float(value) / scale / scale == pytest.approx(slow(x, labels)[name], rel=1e-5)
    assert asked("mean_energy", (1e30 * x).astype(np.float32), place, labels) == np.inf
    assert asked("mean_energy", (1e-30 * x).astype(np.float32), place, labels) == 0


SIZES = [(1e-25, "float32"), (1e19, "float32"), (1e-200, "float64"), (1e160, "float64")]


@pytest.mark.parametrize(("scale", "dtype"), SIZES)
def test_gradients_of_ratios_scale_too(rng, scale, dtype):
    torch = pytest.importorskip("torch")
    x, labels = labelled(rng, 3)
    gradients = []
    for factor in (1.0, scale):
        features = torch.asarray(factor * x).to(getattr(torch, dtype)).requires_grad_()
        separation.fisher_trace(features, torch.asarray(labels), classes=3).backward()
        gradients.append(features.grad.double().numpy() * factor)
    assert_close(gradients[1], gradients[0], NUMPY, rounding=1e-5)


@pytest.mark.parametrize("ridge", [1e-60, 1e-30, 1e30, 1e60])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_ridge_may_be_of_any_size_beside_the_features(rng, ridge, dtype):
    x, labels = labelled(rng, 3)
    expected = ClassMoments(covariance=True).update(x, labels).fisher_full(ridge)
    assert asked("fisher_full", x.astype(dtype), NUMPY, labels, ridge=ridge) == pytest.approx(
        expected, rel=1e-4, abs=1e-37
    )


OFFSETS = {
    "a large mean": lambda labels: 1e6,
    "classes far apart": lambda labels: 1e6 * (labels % 2)[:, None],
    "an outlier": lambda labels: 1e3 * (np.arange(len(labels)) == 0)[:, None],
    "an outlier at the end": lambda labels: 1e3 * (np.arange(len(labels)) == len(labels) - 1)[:, None],
}


@pytest.mark.parametrize("classes", [3, 40])
@pytest.mark.parametrize("offset", OFFSETS)
def test_no_digit_is_lost_to_a_large_mean_in_single_precision(place, rng, classes, offset):
    x, labels = labelled(rng, classes, 4000)
    x = (x + OFFSETS[offset](labels)).astype(np.float32)
    exact = ClassMoments(covariance=True).update(x.astype(np.float64), labels)
    for name in SCALARS:
        found = asked(name, x, place, labels)
        assert found == pytest.approx(number(exact, name), rel=1e-3 if name == "fisher_full" else 2e-5)
    np.testing.assert_allclose(asked("class_means", x, place, labels), exact.class_means, rtol=2e-7, atol=3e-4)


@pytest.mark.parametrize("classes", [2, 40])
@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.0, 0.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_nothing_varies_the_variance_is_0_exactly(place, classes, value, dtype):
    labels = np.arange(1000) % classes
    x = np.full((1000, 3), value, dtype)
    apart = (x * (1 + labels[:, None]) + labels[:, None]).astype(dtype)
    assert asked("within_class_variance", apart, place, labels) == 0
    assert asked("fisher_trace", apart, place, labels) == np.inf
    assert np.isnan(asked("fisher_trace", x, place, labels))


OUTSIDE = {
    "large": 1e153,
    "larger": 1.7e308,
    "just too large": 1.1e100,
    "small": 1e-162,
    "smaller": 1e-310,
    "just too small": 0.9e-100,
}


@pytest.mark.parametrize("settings", [{}, {"groups": 20}, {"covariance": True}], ids=str)
@pytest.mark.parametrize("samples", [3, 400])
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_batch_that_leaves_the_range_is_refused_as_a_whole_and_good_ones_go_on(place, rng, name, samples, settings):
    x, labels = labelled(rng, 3, samples)
    bad = OUTSIDE[name] * (x / np.max(np.abs(x)))
    lift = np.asarray if place.name == "numpy-single" else place.lift
    empty, moments = ClassMoments(**settings), ClassMoments(**settings).update(*labelled(rng, 3, 60))
    before = pickle.dumps(moments)
    for target in (empty, moments) if OUTSIDE[name] > 1 else (empty,):
        for wrong in (bad, bad * 1j):
            for weights in (None, np.ones(samples)):
                with pytest.raises(ValueError, match=r"^features: expected numbers of at most 1e\+100, .* scale them"):
                    target.update(lift(wrong), labels, weights)
    assert pickle.dumps(moments) == before
    assert np.isfinite(empty.update(lift(x), labels).mean_energy)


@pytest.mark.parametrize("settings", [{}, {"groups": 20}, {"covariance": True}], ids=str)
@pytest.mark.parametrize("samples", [3, 400])
def test_what_is_too_small_counts_as_0_beside_what_is_not(rng, samples, settings):
    (x, labels), (small, others) = labelled(rng, 3, 60), labelled(rng, 3, samples)
    for first in (x, np.concatenate([0 * x[:1], x[1:]])):
        found, expected = (ClassMoments(**settings).update(first, labels) for _ in range(2))
        found.update(1e-200 * small, others)
        expected.update(0 * small, others)
        assert found.fisher_trace == pytest.approx(expected.fisher_trace, rel=1e-12)


@pytest.mark.parametrize("scale", [1.1e-100, 0.9e100])
def test_all_statistics_are_right_up_to_the_ends_of_the_range(rng, scale):
    x, labels = labelled(rng, 3, 120)
    x /= np.max(np.abs(x))
    plain, scaled = (ClassMoments(covariance=True, groups=4) for _ in range(2))
    for factor, moments in ((1.0, plain), (scale, scaled)):
        moments.update(factor * x[:50], labels[:50])
        moments.merge(ClassMoments(covariance=True, groups=4).update(factor * x[50:], labels[50:]))
    for name in SCALARS:
        power = 0 if name.startswith("fisher") else 2
        for one, other in ((plain, scaled), (plain.unbiased(), scaled.unbiased())):
            expected = np.array([number(one, name), *one.interval(name)])
            found = np.array([number(other, name), *other.interval(name)])
            np.testing.assert_allclose(found / scale ** (power / 2) / scale ** (power / 2), expected, rtol=1e-9)


def test_zeros_and_small_numbers_beside_large_ones_are_in_the_range(rng):
    x = np.array([[1.0, 1e-200], [2.0, 0.0], [3.0, 1e-320]])
    assert ClassMoments().update(0 * x, [0, 0, 1]).update(x, [0, 1, 1]).fisher_trace > 0


def test_small_features_beside_large_ones_do_not_underflow(place, rng):
    x, labels = labelled(rng, 4, 40)
    x = (x * [1.0, 1e-30, 1e20]).astype(np.float32)
    expected = asked("fisher_trace", x, place, labels)
    with np.errstate(all="raise"):
        assert asked("fisher_trace", x, place, labels) == expected


@pytest.mark.parametrize("features", [5, 20])
def test_the_full_ratio_is_biased_by_the_factor_that_it_says(rng, features):
    draws, (n, classes), separation_of = 200, (80, 2), 1.0
    labels, found = np.arange(n) % classes, []
    for _ in range(draws):
        x = rng.normal(size=(n, features))
        x[:, 0] += 2 * separation_of * labels
        found.append(ClassMoments(covariance=True).update(x, labels).unbiased().fisher_full(0))
    factor = (n - classes) / (n - classes - features - 1)
    assert np.mean(found) == pytest.approx(factor * separation_of**2 / classes, rel=0.08)
    assert abs(np.mean(found) / (separation_of**2 / classes) - 1) > 0.5 * (factor - 1)
