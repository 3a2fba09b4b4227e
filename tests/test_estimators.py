"""Doubts about the estimators: do they keep scikit-learn's contract, and say what the functions behind them say?"""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", exc_type=ImportError)

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from collapse_theory import processes, scattering
from collapse_theory.estimators import ClassSeparation, ScatteringTransformer
from collapse_theory.wavelets import morlet_bank
from tests.places import NUMPY, assert_close

CASCADE = ScatteringTransformer(scales=1, angles=4, order=1, kind="cascade")
SCATTERING = ScatteringTransformer(scales=1, angles=4)
EXCEPTED = {
    "ScatteringTransformer": {
        "check_array_api_same_namespace": "nothing of an array is kept from fit, so that rows of any library will do"
    },
    "ClassSeparation": {},
}
ARRAY_API_CHECKS = """
import json, sys, warnings
warnings.simplefilter("ignore")
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator
from collapse_theory.estimators import ClassSeparation, ScatteringTransformer

results = []
for estimator in (ScatteringTransformer(scales=1, angles=4), ScatteringTransformer(kind="cascade"), ClassSeparation()):
    for one, check in estimator_checks_generator(estimator):
        if "array_api" in check.func.__name__:
            try:
                check(one)
                outcome = "passed"
            except Exception as error:
                outcome = f"{type(error).__name__}: {error}"
            results.append([type(estimator).__name__, check.func.__name__, str(check.keywords), outcome])
print(json.dumps(results))
"""


def drawn_pulses():
    """Rows of 16 x 16 images of two classes of one spectrum, Gaussian and sparse, and their labels."""
    spectrum = processes.power_law((16, 16), 1)
    images, labels = processes.labelled(
        processes.gaussian_fields(60, (16, 16), spectrum=spectrum, seed=0),
        processes.sparse_pulses(60, (16, 16), spectrum=spectrum, density=0.05, seed=1),
    )
    return images.reshape(len(images), -1), labels


@pytest.fixture
def pulses():
    return drawn_pulses()


@pytest.mark.filterwarnings("ignore")  # the checks' rows are no square images, and the transformer says so
@pytest.mark.parametrize("estimator", [SCATTERING, CASCADE, ClassSeparation()], ids=str)
def test_the_checks_of_scikit_learn_pass(estimator):
    excepted = EXCEPTED[type(estimator).__name__]
    results = check_estimator(estimator, expected_failed_checks=excepted, on_fail=None, on_skip=None)
    failed = [(r["check_name"], repr(r["exception"])) for r in results if r["status"] == "failed"]
    assert failed == []
    assert {r["check_name"] for r in results if r["status"] == "xfail"} <= set(excepted)
    assert all(
        "array_api" in r["check_name"] or "pandas" in r["check_name"] for r in results if r["status"] == "skipped"
    )
    assert sum(r["status"] == "passed" for r in results) >= 40


def test_the_array_api_checks_of_scikit_learn_pass():
    # In a process of its own: scipy reads the variable when it is imported.
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    output = subprocess.check_output(
        [sys.executable, "-c", ARRAY_API_CHECKS], env=environment, cwd=Path(__file__).parents[1], text=True
    )
    results = json.loads(output)
    for name in EXCEPTED:
        outcomes = [(check, where, outcome) for owner, check, where, outcome in results if owner == name]
        failed = {check for check, _, outcome in outcomes if outcome != "passed" and "SkipTest" not in outcome}
        there = {check for check, _, _ in outcomes}  # a check that this scikit-learn does not have cannot fail
        assert failed == set(EXCEPTED[name]) & there, outcomes
        for library in ("array_api_strict", "torch"):
            pytest.importorskip(library)
            assert any(library in where and outcome == "passed" for _, where, outcome in outcomes), outcomes


def test_a_row_gives_the_cascade_of_its_image(rng):
    rows = rng.normal(size=(5, 2 * 8 * 16))
    bank = morlet_bank((8, 16), scales=1, angles=4).tight("real")
    *_, expected = scattering.cascade(rows.reshape(5, 2, 8, 16), bank, "phase collapse", depth=2)
    transformer = ScatteringTransformer((2, 8, 16), scales=1, angles=4, kind="cascade", averaged=False, batch=2)
    assert_close(transformer.fit_transform(rows), expected.reshape(5, -1), NUMPY)
    transformer.set_params(averaged=True)
    assert_close(transformer.fit_transform(rows), expected.mean(axis=(-2, -1)), NUMPY)
    assert len(transformer.get_feature_names_out()) == expected.shape[1]


def test_a_row_gives_the_scattering_of_its_image(rng):
    rows = rng.normal(size=(5, 2 * 8 * 16))
    expected = scattering.scatter(rows.reshape(5, 2, 8, 16), 2, angles=4, order=2)
    transformer = ScatteringTransformer((2, 8, 16), scales=2, angles=4, averaged=False, batch=2)
    assert_close(transformer.fit_transform(rows), expected.reshape(5, -1), NUMPY)
    transformer.set_params(averaged=True)
    assert_close(transformer.fit_transform(rows), expected.mean(axis=(-2, -1)).reshape(5, -1), NUMPY)
    assert len(transformer.get_feature_names_out()) == 2 * len(scattering.paths(2, 4, 2))


@pytest.mark.parametrize("transformer", [SCATTERING, CASCADE], ids=["scattering", "cascade"])
def test_rows_come_back_where_and_as_precise_as_they_were(place, rng, transformer):
    host = rng.normal(size=(3, 64))
    expected = clone(transformer).fit_transform(host)
    rows = place.lift(host)
    assert_close(clone(transformer).fit_transform(rows), expected, place, like=rows)
    assert_close(clone(transformer).fit(host).transform(rows), expected, place, like=rows)


def test_gradients_pass_through(rng):
    torch = pytest.importorskip("torch")
    rows = torch.asarray(rng.normal(size=(2, 64))).requires_grad_()
    CASCADE.fit_transform(rows).sum().backward()
    assert float(rows.grad.abs().min()) > 0


def test_a_row_that_is_no_square_is_filled_with_zeros_and_not_in_silence(rng):
    rows, transformer = rng.normal(size=(4, 30)), clone(CASCADE).set_params(averaged=False)
    with pytest.warns(UserWarning, match=r"30 features is no square .* filled with zeros to 6 x 6: name image_shape="):
        filled = transformer.fit_transform(rows)
    whole = np.concatenate([rows, np.zeros((4, 6))], axis=1)
    assert_close(clone(transformer).set_params(image_shape=(6, 6)).fit_transform(whole), filled, NUMPY)
    assert clone(CASCADE).fit(whole).image_shape_ == (1, 6, 6)
    with pytest.warns(UserWarning, match="no square image of at least 2 x 2"):
        clone(CASCADE).fit(rows[:, :1])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kind": "wavelets"}, "kind: unknown 'wavelets'; known: 'scattering', 'cascade'"),
        ({"order": 3}, "order: expected an integer from 1 to 2, got 3"),
        ({"order": 0, "kind": "cascade"}, "order: expected an integer of at least 1, got 0"),
        ({"scales": 0}, "scales: expected an integer of at least 1, got 0"),
        ({"angles": 2.0}, r"angles: expected an integer of at least 1, got 2\.0"),
        ({"batch": 0}, "batch: expected an integer of at least 1, got 0"),
        ({"image_shape": (3, 8, 8)}, r"image_shape: expected \(C, H, W\) .* of n_features=64 samples, got \(3, 8, 8\)"),
        ({"image_shape": (64,)}, r"image_shape: expected .* got \(64,\)"),
        ({"image_shape": (-8, -8)}, r"image_shape: expected .* positive integers, .* got \(-8, -8\)"),
        ({"image_shape": (True, 8, 8)}, r"image_shape: expected .* positive integers, .* got \(True, 8, 8\)"),
    ],
)
def test_wrong_parameters_are_named_by_fit(parameters, message):
    with pytest.raises(ValueError, match=message):
        ScatteringTransformer(**parameters).fit(np.zeros((2, 64)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:, :32], "X has 32 features, but ScatteringTransformer is expecting 64 features as input"),
        (lambda x: x[0], r"X: expected real rows \(N, D\), .* got shape \(64,\)"),
        (lambda x: x[:0], r"X: expected real rows .* got shape \(0, 64\)"),
        (lambda x: x + 0j, "X: expected real rows .*complex128"),
        (lambda x: x * np.inf, "X: expected finite values, got 128 NaN or infinite"),
    ],
)
def test_wrong_rows_of_other_libraries_are_named(change, message):
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match=message):
        clone(CASCADE).fit(np.ones((2, 64))).transform(torch.asarray(change(np.ones((2, 64)))))


@pytest.mark.parametrize("transformer", [SCATTERING, CASCADE], ids=["scattering", "cascade"])
def test_a_collapse_chosen_by_grid_search_tells_classes_of_one_spectrum(pulses, transformer):
    pipeline = make_pipeline(transformer, RidgeClassifier())
    search = GridSearchCV(pipeline, {"scatteringtransformer__scales": [1, 2], "ridgeclassifier__alpha": [0.01]}, cv=3)
    search.fit(*pulses)
    assert search.best_score_ > 0.8
    raw = GridSearchCV(RidgeClassifier(), {"alpha": [0.01, 10]}, cv=3).fit(*pulses)
    assert raw.best_score_ < 0.65


def test_pickles_and_clones_do_the_same(pulses):
    pipeline = make_pipeline(clone(CASCADE), ClassSeparation(groups=5)).fit(*pulses)
    again, anew = pickle.loads(pickle.dumps(pipeline)), clone(pipeline).fit(*pulses)
    for other in (again, anew):
        assert other.score(*pulses) == pipeline.score(*pulses)
        assert other[-1].interval() == pipeline[-1].interval()
        np.testing.assert_array_equal(other[0].transform(pulses[0]), pipeline[0].transform(pulses[0]))


def test_parameters_set_after_fit_wait_for_the_next_fit(rng):
    rows, labels = rng.normal(size=(20, 64)), np.arange(20) % 2
    transformer = clone(CASCADE).fit(rows)
    expected, names = transformer.transform(rows), transformer.get_feature_names_out().tolist()
    transformer.set_params(angles=8, scales=2, order=2, kind="scattering", averaged=False, image_shape=(4, 16), batch=3)
    assert_close(transformer.transform(rows), expected, NUMPY)
    assert transformer.get_feature_names_out().tolist() == names
    assert transformer.fit_transform(rows).shape[1] == len(transformer.get_feature_names_out()) > len(names)
    separation = ClassSeparation("fisher_full", ridge=1.0, groups=4).fit(rows, labels)
    before = separation.score(rows, labels), separation.interval(), separation.statistics_.fisher_trace
    separation.set_params(statistic="mean_energy", ridge=2.0, unbiased=False, groups=0)
    assert (separation.score(rows, labels), separation.interval(), separation.statistics_.fisher_trace) == before
    assert separation.partial_fit(rows, labels).counts_.tolist() == [20, 20]
    assert separation.fit(rows, labels).score(rows, labels) != before[0]


@pytest.mark.parametrize("batch", [0, -1, 1.5, "many"])
def test_a_batch_set_after_fit_is_checked(batch):
    transformer = clone(CASCADE).fit(np.ones((2, 64))).set_params(batch=batch)
    with pytest.raises(ValueError, match=f"batch: expected an integer of at least 1, got {batch!r}"):
        transformer.transform(np.ones((2, 64)))


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match="ClassSeparation estimator requires y to be passed, but the target y is None"):
        ClassSeparation().fit(np.ones((4, 2)), None)
    for method, arguments in ((clone(CASCADE).transform, [np.ones((4, 64))]), (ClassSeparation().score, [[[0]], [0]])):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            method(*arguments)


def test_names_of_columns_say_which_wavelets_led_there(rng):
    rows = rng.normal(size=(2, 2 * 256))
    names = ScatteringTransformer((2, 16, 16), scales=2, angles=3).fit(rows).get_feature_names_out()
    table = scattering.paths(2, 3)
    number = {angle: place for place, angle in enumerate(table["angle1"][1:4])}  # in the order of the paths
    for channel in range(2):
        for name, path in zip(np.split(names, 2)[channel], table, strict=True):
            wavelets = [(path[f"scale{n}"], number[path[f"angle{n}"]]) for n in range(1, path["order"] + 1)]
            parts = [f"channel{channel}", f"order{path['order']}", *(f"scale{j}_angle{a}" for j, a in wavelets)]
            assert name == "_".join(parts)


def test_names_of_a_cascade_follow_its_layers(rng):
    transformer = ScatteringTransformer((1, 16, 16), scales=2, angles=3, order=2, kind="cascade", averaged=False)
    names = transformer.fit(rng.normal(size=(2, 256))).get_feature_names_out().reshape(-1, 256)
    bank = morlet_bank((16, 16), 2, 3)
    scale, angle = bank.scale.tolist(), [bank.angle[:3].tolist().index(a) for a in bank.angle]
    for (first, *_, last), (_, *path) in zip(names, scattering.cascade_paths(bank, depth=2), strict=True):
        filters = [f"scale{scale[k - 1]}_angle{angle[k - 1]}" if k else "lowpass" for k in path]
        expected = "_".join(f"layer{number}_{name}" for number, name in enumerate(filters, 1))
        assert (first, last) == (f"{expected}_row0_column0", f"{expected}_row15_column15")


@pytest.mark.parametrize("estimator", [SCATTERING, ClassSeparation()])
def test_images_that_are_no_rows_are_told_how_to_become_rows(rng, estimator):
    with pytest.raises(ValueError, match=r"X: expected rows \(N, D\), got shape \(2, 1, 16, 16\).* X.reshape"):
        clone(estimator).fit(rng.normal(size=(2, 1, 16, 16)), [0, 1])
