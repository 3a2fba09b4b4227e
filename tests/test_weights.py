"""Doubts about weights: is a sample of weight three three samples, and one of weight nothing nowhere?"""

import itertools
import pickle

import numpy as np
import pytest
from scipy.special import stdtrit

from collapse_theory.separation import ClassMoments
from tests.places import NUMPY, assert_close
from tests.test_moments import TOTALS, number, sample
from tests.test_separation import SCALARS


def weighted(rng, kind="real", shape=(3,), count=60):
    """Samples, labels, and whole weights of which some are 0."""
    x, labels = sample(rng, kind, shape, count)
    return x, labels, rng.integers(0, 4, count)


def slow_weighted(x, labels, weights):
    """Every statistic of samples that occur in shares proportional to real weights, by loops."""
    x, total, within, means, shares = x.reshape(len(x), -1), np.sum(weights), 0, [], []
    for y in np.unique(labels[weights > 0]):
        here = labels == y
        shares.append(np.sum(weights[here]) / total)
        means.append(sum(w * r for w, r in zip(weights[here], x[here], strict=True)) / np.sum(weights[here]))
        deviations = zip(weights[here], x[here] - means[-1], strict=True)
        within = within + sum(w * np.outer(r, np.conj(r)) for w, r in deviations) / total
    grand = sum(p * m for p, m in zip(shares, means, strict=True))
    between = sum(p * np.outer(m - grand, np.conj(m - grand)) for p, m in zip(shares, means, strict=True))
    w, b = np.trace(within).real, np.trace(between).real
    ratio = np.linalg.solve(within + 1e-3 * w / len(within) * np.eye(len(within)), between)
    return {
        "within_class_variance": w,
        "between_class_variance": b,
        "mean_energy": sum(p * np.sum(np.abs(m) ** 2) for p, m in zip(shares, means, strict=True)),
        "fisher_trace": b / w,
        "fisher_full": np.trace(ratio).real / len(means),
    }


def assert_same(found, expected, rounding, covariance=True):
    assert found.classes.tolist() == expected.classes.tolist()
    assert found.counts.tolist() == expected.counts.tolist()
    assert_close(found.class_means, expected.class_means, NUMPY, rounding=rounding)
    for name in SCALARS if covariance else TOTALS:
        assert number(found, name) == pytest.approx(number(expected, name), rel=30 * rounding)
        unbiased = number(found.unbiased(), name), number(expected.unbiased(), name)
        assert unbiased[0] == pytest.approx(unbiased[1], rel=30 * rounding)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("settings", [{}, {"covariance": True}, {"groups": 3}], ids=str)
def test_whole_weights_are_repetitions(place, rng, kind, settings):
    x, labels, weights = weighted(rng, kind)
    repeated = ClassMoments(**settings).update(np.repeat(x, weights, axis=0), np.repeat(labels, weights))
    found = ClassMoments(**settings).update(place.lift(x), labels, weights)
    assert_same(found, repeated, place.rounding, covariance="covariance" in settings)
    lifted = ClassMoments(**settings).update(place.lift(x), place.lift(labels), weights=place.lift(1.0 * weights))
    assert_same(lifted, repeated, place.rounding, covariance="covariance" in settings)
    for values, expected in zip(*(m.per_feature().variances for m in (found, repeated)), strict=True):
        assert_close(values, expected, place)


@pytest.mark.parametrize("samples", [9, 40, 3000])
def test_real_weights_are_shares(rng, samples):
    x, labels = sample(rng, "real", (3,), samples)
    weights = rng.exponential(size=samples)
    moments = ClassMoments(covariance=True).update(x, labels, weights)
    for name, expected in slow_weighted(x, labels, weights).items():
        assert number(moments, name) == pytest.approx(expected, rel=1e-10)
        scaled = ClassMoments(covariance=True).update(x, labels, 1e20 * weights)
        assert number(scaled, name) == pytest.approx(expected, rel=1e-10)


def test_batches_order_and_merging_of_weighted_samples_change_nothing(rng):
    x, labels = sample(rng, "complex", (2,), 300)
    weights = np.where(rng.random(300) < 0.2, 0, rng.exponential(size=300))
    expected = slow_weighted(x, labels, weights)
    parts = [ClassMoments(True, groups) for groups in (3, 3)]
    for number_of, rows in enumerate(np.split(rng.permutation(300), [1, 2, 40, 130])):
        parts[number_of % 2].update(x[rows], labels[rows], weights[rows])
    total = pickle.loads(pickle.dumps(parts[0])).merge(parts[1])
    for name in SCALARS:
        assert number(total, name) == pytest.approx(expected[name], rel=1e-11)
    assert total.counts == pytest.approx([weights[labels == y].sum() for y in range(3)])


def test_batches_with_and_without_weights_follow_each_other_in_any_order(rng):
    x, labels, weights = weighted(rng)
    repeated = ClassMoments(True).update(x, labels).update(np.repeat(x, weights, axis=0), np.repeat(labels, weights))
    for first, second in itertools.permutations([(x, labels), (x, labels, weights)]):
        assert_same(ClassMoments(True).update(*first).update(*second), repeated, 1e-12)
        assert_same(ClassMoments(True).update(*first).merge(ClassMoments(True).update(*second)), repeated, 1e-12)


def test_a_sample_of_weight_0_is_not_there(place, rng):
    x, labels, weights = weighted(rng)
    x[weights == 0] = np.nan
    labels[np.flatnonzero(weights == 0)[0]] = 7
    there = weights > 0
    found = ClassMoments(groups=3).update(place.lift(x), labels, weights)
    expected = ClassMoments(groups=3).update(place.lift(x[there]), labels[there], weights[there])
    assert pickle.dumps(found) == pickle.dumps(expected)
    before = pickle.dumps(found)
    assert found.update(x, labels, 0 * weights) is found
    assert pickle.dumps(found) == before


def test_no_weights_are_counted_exactly_and_as_integers(rng):
    x, labels = sample(rng)
    plain, ones = ClassMoments(groups=3).update(x, labels), ClassMoments(groups=3).update(x, labels, np.ones(60))
    assert plain.counts.dtype == np.int64
    assert ones.counts.dtype == np.float64
    assert_same(ones, plain, 1e-14, covariance=False)
    assert ones.interval("fisher_trace") == pytest.approx(plain.interval("fisher_trace"), rel=1e-10)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("name", SCALARS)
def test_a_weighted_sample_is_one_draw_of_one_group(rng, name, unbiased):
    x, labels = sample(rng, "real", (3,), 132)
    weights = np.where(rng.random(132) < 0.2, 0.0, rng.exponential(3, size=132))
    weights[0] = 1e6  # nearly all of a class in one group
    there = np.flatnonzero(weights)
    ranks = np.array([np.sum(labels[there[:k]] == labels[row]) for k, row in enumerate(there)])

    def statistic(rows):
        moments = ClassMoments(covariance=True).update(x[rows], labels[rows], weights[rows])
        return number(moments.unbiased() if unbiased else moments, name)

    without = [statistic(there[ranks % 5 != group]) for group in range(5)]
    expected = stdtrit(4, 0.975) * np.sqrt(4 * np.var(without))
    grouped = ClassMoments(covariance=True, groups=5)
    for rows in np.split(np.arange(len(x)), [1, 50, 57]):
        grouped.update(x[rows], labels[rows], weights[rows])
    low, high = (grouped.unbiased() if unbiased else grouped).interval(name)
    assert (high - low) / 2 == pytest.approx(expected, rel=1e-8)


def test_groups_are_counted_in_samples(rng):
    x = rng.normal(size=(4, 2))
    moments = ClassMoments(groups=3).update(x, [0, 0, 1, 1], [10.0, 10, 10, 10])
    with pytest.raises(ValueError, match="class 0 has 2 samples, none in some group"):
        moments.interval("fisher_trace")


def test_unbiased_numbers_need_more_weight_than_one_sample_has(rng):
    moments = ClassMoments().update(rng.normal(size=(4, 2)), ["a", "a", "b", "b"], [0.2, 0.3, 5, 5])
    with pytest.raises(ValueError, match=r"labels: class 'a' weighs 0\.5 samples, expected at least two for unbiased"):
        moments.unbiased()


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1, 1, 1], ValueError, r"shape \(4,\), one per sample, got \(3,\)"),
        (np.ones((4, 1)), ValueError, r"shape \(4,\), one per sample, got \(4, 1\)"),
        (2.0, ValueError, r"shape \(4,\), one per sample, got \(\)"),
        ([1, -1, 1, 1], ValueError, r"finite numbers of at least 0, got -1\.0"),
        ([1, np.nan, 1, 1], ValueError, "finite numbers of at least 0, got nan"),
        ([1, np.inf, 1, 1], ValueError, "finite numbers of at least 0, got inf"),
        (["1"] * 4, TypeError, "real numbers, one per sample, got list of <U1"),
        ([1j] * 4, TypeError, "real numbers, one per sample, got list of complex128"),
        (np.ones(4, object), TypeError, "real numbers, one per sample, got ndarray of object"),
        ([[1], [1, 2], 1, 1], TypeError, "real numbers, one per sample"),
        (np.ma.masked_array(np.ones(4), [0, 1, 0, 0]), TypeError, "got MaskedArray"),
        ([1, 1, 1e31, 1], ValueError, r"at most 1e\+30, .* got 1e\+31 as the largest"),
        ([1e-31, 0, 0, 0], ValueError, "at least 1e-30 or 0, got 1e-31 as the largest"),
    ],
)
def test_wrong_weights_are_named_and_change_nothing(rng, weights, error, message):
    moments = ClassMoments(groups=2).update(rng.normal(size=(4, 2)), [0, 1, 0, 1])
    before = pickle.dumps(moments)
    with pytest.raises(error, match=f"^weights: expected .*{message}"):
        moments.update(np.ones((4, 2)), [0, 1, 2, 3], weights)
    assert pickle.dumps(moments) == before


def test_a_refused_weighted_batch_leaves_counts_as_they_were(rng):
    for settings in ({}, {"covariance": True}, {"groups": 2}):
        moments = ClassMoments(**settings).update(rng.normal(size=(40, 2)), np.arange(40) % 2)
        before = pickle.dumps(moments)
        with pytest.raises(ValueError, match="features: expected finite values"):
            moments.update(np.full((40, 2), np.nan), np.arange(40) % 3, np.ones(40))
        assert pickle.dumps(moments) == before
