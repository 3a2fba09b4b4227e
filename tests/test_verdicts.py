"""Doubts about verdicts and probes: is a word said at its level, and are two classifiers what they say they are?"""

from dataclasses import replace

import numpy as np
import pytest

from collapse_theory.comparison import holm, probes
from collapse_theory.comparison.estimates import Estimate, p_value, share_interval, without_each_unit
from collapse_theory.comparison.verdicts import verdict_of


def estimate(value, error):
    """An estimate of this standard error, 19 degrees of freedom."""
    replicates = np.linspace(-1, 1, 20)
    return Estimate(value, ((value + replicates * error / np.sqrt(19 * np.var(replicates)), None),))


@pytest.mark.parametrize(
    ("values", "control", "word"),
    [
        ([1.0, 1.0], 1.0, "more"),
        ([1.0, 0.2], 1.0, "undecided"),
        ([1.0, 0.24], 1.0, "more"),
        ([1.0, 1.0], 0.0, "undecided"),
        ([1.0, -0.24], 1.0, "less"),
        ([1.0, -0.2], 1.0, "undecided"),
        ([0.0, 0.01], 1.0, "undecided"),
    ],
)
def test_the_verdict_is_of_all_reductions_at_the_level_of_bonferroni(values, control, word):
    # t(19, 0.9875) = 2.433: of two reductions, an error of 0.095 reaches 0.2311
    differences, controls = [estimate(value, 0.095) for value in values], [estimate(control, 0.095)]
    assert verdict_of(differences, controls, 0.1, 0.95) == word


def test_no_difference_is_inside_the_margin_and_rounding_is_none():
    small = [estimate(0.001, 0.0005)]
    assert verdict_of(small, [], 0.01, 0.95) == "no difference"
    assert verdict_of(small, [], 0.002, 0.95) == "undecided"
    tiny = [estimate(1e-7, 1e-9)]
    assert verdict_of(tiny, tiny, 0.01, 0.95) == "no difference"
    assert verdict_of([estimate(-1e-7, 1e-9)], [], 0.01, 0.95) == "no difference"


class Fixed:
    """A comparison of one difference."""

    def __init__(self, value, error=1.0):
        self._pair = [estimate(value, error)]

    def primary(self):
        return self._pair, self._pair

    def verdict(self, confidence):
        return verdict_of(*self.primary(), 0.1, confidence)


def test_holm_is_stricter_than_each_and_steps_down():
    assert Fixed(2.2).verdict(0.95) == "more"  # p = 0.040
    assert holm([Fixed(2.2), Fixed(0.0)]) == ["undecided", "undecided"]
    assert holm({"a": Fixed(2.2), "b": Fixed(2.9)}) == {"a": "more", "b": "more"}  # p = 0.009, then 0.040
    assert holm([Fixed(-2.9), Fixed(2.2), Fixed(0.0, 1e-3)]) == ["less", "undecided", "no difference"]


def test_p_values_and_intervals_are_of_one_law():
    for value in (0.5, 2.0, -3.0):
        one = estimate(value, 1.0)
        p = p_value(one)
        nearer = min(abs(end) for end in one.interval(1 - p)[1:])
        assert nearer == pytest.approx(0, abs=1e-6)
    assert p_value(estimate(0.0, 0.0)) == 1
    assert p_value(estimate(1.0, 0.0)) == 0


def test_leaving_out_each_image_gives_the_error_of_a_share():
    right = np.array([True] * 7 + [False] * 3)
    one = Estimate(0.7, ((without_each_unit(right, np.arange(10)), None),))
    assert one.error()[0] == pytest.approx(np.sqrt(0.7 * 0.3 / 9), rel=1e-9)
    low, high = share_interval(replace(one, value=1.0, sources=((np.ones(10), None),)), 0.95, 10)[1:]
    assert 0.6 < low < 0.75
    assert high == 1


@pytest.mark.parametrize(("apart", "low", "high"), [(0.0, 0.45, 0.55), (2.0, 0.7, 0.8)])
def test_the_nearest_mean_sees_means_and_no_variances(apart, low, high):
    """Two Gaussians of deviations 1 and 2; of means `apart`, the midpoint is right for (Φ(1) + Φ(1/2)) / 2 = 0.77."""
    rng, codes = np.random.default_rng(0), np.arange(6000) % 2
    x = rng.normal(size=(6000, 1)) * (1 + codes[:, None]) + apart * codes[:, None]
    one = probes.Probes(2)
    one.add(x[:3000], codes[:3000], np.arange(3000) // 2 % probes.FOLDS, 1.0)
    right = one.fit().right(x[3000:], codes[3000:])["accuracy_nearest_mean"]
    assert right.shape == (1 + probes.FOLDS, 3000)
    assert low < right[0].mean() < high


@pytest.mark.parametrize("size", [1, 64, 5000])
def test_the_linear_probe_is_ridge_regression_of_standardised_averages(size):
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 400)
    x = 5 + rng.normal(size=(400, 6)) + 0.5 * codes[:, None]
    x[:, 4] = 3.0
    one = probes.Probes(3)
    for start in range(0, 400, size):
        part = slice(start, start + size)
        one.add(x[part], codes[part], np.arange(400)[part] % 10, 1.0)
    one._flush()
    weights = one._ridge(*one._sums(None), 0.1)
    deviation = np.where(x.std(axis=0) > 1e-9, x.std(axis=0), 1)
    ridge = linear_model.Ridge(alpha=0.1 * 400).fit((x - x.mean(axis=0)) / deviation, np.eye(3)[codes])
    expected = ridge.predict((x - x.mean(axis=0)) / deviation)
    rows = np.concatenate([np.ones((400, 1)), x - one._origin], axis=1)
    np.testing.assert_allclose(rows @ weights, expected, atol=1e-8)
    fitted_once = one.fit()
    means = np.stack([x[codes == k].mean(axis=0) for k in range(3)])
    within = np.mean([(x[codes == k] - means[k]).var(axis=0) * np.mean(codes == k) * 3 for k in range(3)], axis=0)
    varying = np.arange(6) != 4
    distance = np.sum((x[:, None] - means)[..., varying] ** 2 / within[varying], axis=-1)
    found = fitted_once.right(x, codes)["accuracy_nearest_mean"][0]
    np.testing.assert_array_equal(found, distance.argmin(axis=1) == codes)
