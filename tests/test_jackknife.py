"""Doubts about intervals: is each group left out once, do they cover as often as they say, and what do they refuse?"""

import numpy as np
import pytest
from scipy.special import stdtrit

from collapse_theory.separation import ClassMoments
from tests.test_moments import number, sample
from tests.test_separation import SCALARS, slow


def half_width(moments, name, confidence=0.95):
    low, high = moments.interval(name, confidence)
    assert low <= number(moments, name) <= high
    return (high - low) / 2


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", SCALARS)
def test_intervals_leave_out_every_twentieth_sample_of_a_class_across_updates(rng, name, kind, unbiased):
    x, labels = sample(rng, kind, (3,), 132)
    ranks = np.array([np.sum(labels[:k] == labels[k]) for k in range(len(x))])

    def statistic(rows):
        moments = ClassMoments(covariance=True).update(x[rows], labels[rows])
        return number(moments.unbiased() if unbiased else moments, name)

    without = [statistic(ranks % 20 != g) for g in range(20)]
    expected = stdtrit(19, 0.975) * np.sqrt(19 * np.var(without))
    grouped = ClassMoments(covariance=True, groups=20)
    for rows in np.split(np.arange(len(x)), [1, 50, 57]):
        grouped.update(x[rows], labels[rows])
    assert half_width(grouped.unbiased() if unbiased else grouped, name) == pytest.approx(expected, rel=1e-9)


def test_merging_joins_equal_groups(rng):
    x, labels = sample(rng, "real", (3,), 132)
    half = [slice(0, 66), slice(66, None)]
    parts = [ClassMoments(groups=4).update(x[part], labels[part]) for part in half]
    ranks = np.concatenate([[np.sum(labels[p][:k] == labels[p][k]) for k in range(66)] for p in half])
    without = [slow(x[ranks % 4 != g], labels[ranks % 4 != g])["fisher_trace"] for g in range(4)]
    expected = stdtrit(3, 0.95) * np.sqrt(3 * np.var(without))
    assert half_width(parts[0].merge(parts[1]), "fisher_trace", 0.9) == pytest.approx(expected, rel=1e-9)


def test_intervals_cover_as_often_as_they_say_and_more_where_nothing_separates(rng):
    draws, labels, true = 400, np.repeat([0, 1], 60), {"within_class_variance": 4.0, "mean_energy": 2.0}
    covered = dict.fromkeys([*true, "between_class_variance", "nothing"], 0)
    for _ in range(draws):
        noise = rng.normal(size=(120, 4))
        apart = ClassMoments(groups=20).update(noise + labels[:, None], labels).unbiased()
        together = ClassMoments(groups=20).update(noise, labels).unbiased()
        for name, value in {**true, "between_class_variance": 1.0}.items():
            low, high = apart.interval(name, 0.8)
            covered[name] += low <= value <= high
        low, high = together.interval("between_class_variance", 0.8)
        covered["nothing"] += low <= 0 <= high
    for name in (*true, "between_class_variance"):  # 0.8 ± 4 standard deviations of a share of 400
        assert 0.72 <= covered[name] / draws <= 0.88
    assert covered["nothing"] / draws >= 0.8


def test_an_infinite_ratio_has_no_interval_and_no_warning():
    x = np.repeat([1.0, 2.0], 20)
    moments = ClassMoments(groups=4).update(x, x)
    assert moments.fisher_trace == np.inf
    assert np.isnan(moments.interval("fisher_trace")).all()


def test_intervals_refuse_groups_that_merging_left_empty_and_samples_that_come_too_late(rng):
    x = rng.normal(size=(2, 3))
    total = ClassMoments(groups=3)
    for _ in range(5):
        total.merge(ClassMoments(groups=3).update(x, [0, 1]))  # each part starts again at group 0
    with pytest.raises(ValueError, match="class 0 has 5 samples, none in some group"):
        total.interval("fisher_trace")
    unbiased = total.unbiased()
    total.update(x[:1], [2])
    with pytest.raises(ValueError, match="class 2 has one sample"):
        _ = unbiased.fisher_trace
    few = ClassMoments(groups=2).update(rng.normal(size=(6, 2)), [0, 1] * 3)
    with pytest.raises(ValueError, match="class 0 has one sample"):
        few.unbiased().interval("fisher_trace")


@pytest.mark.parametrize("name", ["within_class_variance", "between_class_variance", "mean_energy", "fisher_trace"])
def test_replicates_leave_out_one_group_or_one_group_of_one_class(rng, name):
    x, labels = sample(rng, "complex", (3,), 60)
    groups, order = rng.integers(0, 4, 60), rng.permutation(60)
    moments = ClassMoments(groups=4)
    for rows in np.split(order, [7, 31]):
        moments.update(x[rows], labels[rows], groups=groups[rows])

    def without(rows):
        return number(ClassMoments().update(x[~rows], labels[~rows]).unbiased(), name)

    plain = [without(groups == g) for g in range(4)]
    cells = [(y, g) for y in np.unique(labels) for g in range(4) if np.any((labels == y) & (groups == g))]
    stratified = [without((labels == y) & (groups == g)) for y, g in cells]
    unbiased = moments.unbiased()
    np.testing.assert_allclose(unbiased.replicates(name), plain, rtol=1e-9)
    np.testing.assert_allclose(unbiased.replicates(name, stratified=True), stratified, rtol=1e-9)
    assert [moments.classes[y] for y in moments.strata] == [y for y, _ in cells]
    by_class = [[v for v, (c, _) in zip(stratified, cells, strict=True) if c == y] for y in np.unique(labels)]
    error = np.sqrt(sum((len(v) - 1) * np.var(v) for v in by_class))
    low, high = unbiased.interval(name, stratified=True)
    assert high - low == pytest.approx(2 * stdtrit(len(cells) - len(by_class), 0.975) * error, rel=1e-9)


def test_groups_go_with_the_samples_that_have_a_weight(rng):
    x, labels, groups = rng.normal(size=(12, 2)), np.arange(12) % 2, np.arange(12) // 4
    weights = np.where(np.arange(12) % 5 == 2, 0.0, 1.0)
    kept = weights > 0
    with_weights = ClassMoments(groups=3).update(x, labels, weights, groups=groups)
    without = ClassMoments(groups=3).update(x[kept], labels[kept], groups=groups[kept])
    np.testing.assert_allclose(with_weights.replicates("mean_energy"), without.replicates("mean_energy"), rtol=1e-12)


@pytest.mark.parametrize(
    ("groups", "says"),
    [([0] * 5, r"groups: expected 6 integers.*\(5,\)"), ([0.0] * 6, "float64"), ([0, 1, 2, 3, 0, 1], "0 to 3")],
)
def test_groups_that_do_not_fit_are_refused(rng, groups, says):
    with pytest.raises(ValueError, match=says):
        ClassMoments(groups=3).update(rng.normal(size=(6, 2)), [0, 1] * 3, groups=groups)


def test_a_class_of_one_group_has_no_stratified_interval(rng):
    moments = ClassMoments(groups=2).update(rng.normal(size=(6, 2)), [0, 1] * 3, groups=[0, 0, 1, 0, 1, 0])
    with pytest.raises(ValueError, match="class 1 has one group, expected at least two"):
        moments.interval("fisher_trace", stratified=True)
