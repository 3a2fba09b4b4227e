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
