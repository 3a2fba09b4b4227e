"""Doubts about the score of separation: is it that of the moments, with every option, and with weights?"""

import pickle
from functools import reduce

import numpy as np
import pytest

pytest.importorskip("sklearn", exc_type=ImportError)

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from collapse_theory.estimators import ClassSeparation
from collapse_theory.separation import ClassMoments
from tests.places import NUMPY, assert_close
from tests.test_estimators import CASCADE, drawn_pulses


@pytest.fixture
def pulses():
    return drawn_pulses()


def test_separation_is_that_of_class_moments(place, pulses):
    rows, labels = pulses
    for statistic in ("fisher_trace", "within_class_variance", "between_class_variance", "mean_energy"):
        moments = ClassMoments().update(rows, labels)
        for unbiased, expected in ((False, moments), (True, moments.unbiased())):
            estimator = ClassSeparation(statistic, unbiased=unbiased).fit(place.lift(rows[::2]), labels[::2])
            score = estimator.score(place.lift(rows), labels)
            assert score == pytest.approx(getattr(expected, statistic), rel=10 * place.rounding)


def test_rows_in_parts_are_measured_as_a_whole(pulses):
    rows, labels = pulses
    names = np.array(["gaussian", "sparse"])[labels]
    whole, parts = ClassSeparation(groups=4).fit(rows, names), ClassSeparation(groups=4)
    for part in (slice(0, 50), slice(50, 70), slice(70, None)):
        parts.partial_fit(rows[part], names[part])
    assert parts.statistics_.fisher_trace == pytest.approx(whole.statistics_.fisher_trace, rel=1e-12)
    assert parts.classes_.tolist() == ["gaussian", "sparse"]
    assert parts.counts_.tolist() == [60, 60]
    assert_close(parts.class_means_, np.stack([rows[:60].mean(axis=0), rows[60:].mean(axis=0)]), NUMPY)
    assert whole.interval()[0] < whole.statistics_.fisher_trace < whole.interval()[1]
    assert whole.fit(rows[:20], np.arange(20) % 2).counts_.tolist() == [10, 10]


def test_the_full_ratio_has_its_ridge(pulses):
    features, labels = CASCADE.fit_transform(pulses[0]), pulses[1]
    moments = ClassMoments(covariance=True).update(features, labels).unbiased()
    for ridge in (None, 1.0):
        estimator = ClassSeparation("fisher_full", ridge=ridge).fit(features, labels)
        assert estimator.score(features, labels) == pytest.approx(moments.fisher_full(ridge), rel=1e-9)
    with pytest.raises(ValueError, match="statistic: unknown 'accuracy'; known: 'fisher_trace', 'fisher_full'"):
        ClassSeparation("accuracy").fit(features, labels)


INTERVALS = [{"ridge": 1.0}, {"ridge": 5.0}, {"ridge": None}, {"unbiased": False}, {"statistic": "fisher_trace"}]


def test_every_option_of_the_score_is_one_of_the_interval(pulses):
    features, labels = CASCADE.fit_transform(pulses[0]), pulses[1]
    moments = ClassMoments(covariance=True, groups=5).update(features, labels)
    seen = set()
    for changed in INTERVALS:
        options = {"statistic": "fisher_full", "unbiased": True, "ridge": None} | changed
        estimator = ClassSeparation(**options, groups=5).fit(features, labels)
        statistics = moments.unbiased() if options["unbiased"] else moments
        full = options["statistic"] == "fisher_full"
        value = statistics.fisher_full(options["ridge"]) if full else statistics.fisher_trace
        expected = statistics.interval(options["statistic"], 0.9, ridge=options["ridge"] if full else None)
        assert estimator.score(features, labels) == pytest.approx(value, rel=1e-9)
        assert estimator.interval(0.9) == pytest.approx(expected, rel=1e-9)
        assert np.mean(estimator.interval(0.9)) == pytest.approx(value, rel=1e-9)
        seen.add(tuple(np.round(estimator.interval(0.9), 9)))
    assert len(seen) == len(INTERVALS)


def test_rows_with_weights_are_rows_repeated(place, pulses, rng):
    rows, labels = pulses
    weights = rng.integers(0, 3, len(labels))
    repeated = np.repeat(rows, weights, axis=0), np.repeat(labels, weights)
    for options in ({}, {"unbiased": False}, {"statistic": "mean_energy"}):
        estimator = ClassSeparation(**options).fit(place.lift(rows), labels, sample_weight=weights)
        expected = ClassSeparation(**options).fit(place.lift(repeated[0]), repeated[1])
        assert estimator.counts_.tolist() == expected.counts_.tolist()
        assert_close(estimator.class_means_, expected.class_means_, place)
        scores = [estimator.score(place.lift(rows), labels, place.lift(weights)), expected.score(*repeated)]
        assert scores[0] == pytest.approx(scores[1], rel=100 * place.rounding)
        parts = ClassSeparation(**options)
        for part in (slice(0, 70), slice(70, None)):
            parts.partial_fit(place.lift(rows[part]), labels[part], weights[part])
        assert parts.score(*repeated) == pytest.approx(scores[1], rel=100 * place.rounding)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 1, 1], r"shape \(4,\), one per sample, got \(3,\)"),
        ([1, -1, 1, 1], r"finite numbers of at least 0, got -1\.0"),
        ([0, 0, 0, 0], "one weight at least above 0, got zeros alone"),
    ],
)
def test_wrong_sample_weights_are_named(weights, message):
    rows, labels = np.eye(4), [0, 0, 1, 1]
    fitted = ClassSeparation().fit(rows, labels)
    for method in (ClassSeparation().fit, ClassSeparation().partial_fit, fitted.score):
        with pytest.raises(ValueError, match=f"^sample_weight: expected {message}"):
            method(rows, labels, sample_weight=weights)


def test_a_mask_is_refused_where_scikit_learn_would_drop_it():
    rows, labels = np.eye(4), np.array([0, 0, 1, 1])
    hidden = np.arange(4) == 1
    for method in (ClassSeparation().fit, ClassSeparation().partial_fit, ClassSeparation().fit(rows, labels).score):
        with pytest.raises(ValueError, match=r"^labels: expected .* none missing, got a masked one"):
            method(rows, np.ma.masked_array(labels, hidden))
        with pytest.raises(ValueError, match=r"^X: expected every value to count, got a masked array"):
            method(np.ma.masked_array(rows, rows > 0), labels)
    assert ClassSeparation().fit(np.ma.masked_array(rows), np.ma.masked_array(labels)).counts_.tolist() == [2, 2]


def test_an_interval_asks_for_a_fit():
    with pytest.raises(NotFittedError):
        ClassSeparation(groups=2).interval()


def test_pipelines_are_searched_for_what_separates_best_with_no_classifier(pulses):
    grid = {"scatteringtransformer__order": [1, 2], "scatteringtransformer__averaged": [True, False]}
    search = GridSearchCV(make_pipeline(clone(CASCADE), ClassSeparation()), grid, cv=StratifiedKFold(3))
    search.fit(*pulses)
    assert search.best_params_["scatteringtransformer__averaged"]
    assert search.best_score_ > 0.2
    pixels = GridSearchCV(ClassSeparation(), {"unbiased": [True]}, cv=StratifiedKFold(3)).fit(*pulses)
    assert abs(pixels.best_score_) < 0.05


def test_moments_that_workers_return_become_those_of_all(pulses):
    """As joblib and dask carry them from process to process."""
    rows, labels = pulses
    found = [pickle.loads(pickle.dumps(ClassMoments().update(rows[n::3], labels[n::3]))) for n in range(3)]
    merged, whole = reduce(ClassMoments.merge, found), ClassMoments().update(rows, labels)
    assert merged.fisher_trace == pytest.approx(whole.fisher_trace, rel=1e-12)
    assert merged.counts.tolist() == whole.counts.tolist()
