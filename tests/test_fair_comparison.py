"""Doubts about fairness: can what separates no means be made to win, or what does be said to make no difference?"""

from dataclasses import replace

import numpy as np
import pytest

from collapse_theory import comparison, datasets
from collapse_theory.comparison import Evidence, across_layers
from collapse_theory.comparison.estimates import Estimate, share_interval
from collapse_theory.comparison.verdicts import verdict_of
from collapse_theory.nonlinearities import saturate
from collapse_theory.scattering import Mixing, cascade, fitted
from collapse_theory.wavelets import morlet_bank
from tests.test_comparison import TWO, fields, mean_intensity, templates_in_noise

FAKES = {
    "a turn": lambda z: z * np.exp(1j),
    "a gain": lambda z: 2 * z,
    "nearly linear": lambda z: 1e3 * saturate(z / 1e3),
    "nearly one": lambda z: (1 + 1e-7) * z,
}


def normal(rng, count):
    return rng.normal(size=(count, 1, 8, 8))


def heavy(rng, count):
    return normal(rng, count) * np.abs(rng.standard_cauchy(size=(count, 1, 1, 1)))


def constant_but_few(rng, count):
    return normal(rng, count) * (np.arange(count) < 4)[:, None, None, None]


def colours(rng, count):
    return rng.normal(size=(count, 3, 8, 8))


NULLS = {
    "normal": (normal, np.arange(40) % 2),
    "heavy tails": (heavy, np.arange(40) % 2),
    "constant but few": (constant_but_few, np.arange(40) % 2),
    "colours": (colours, np.arange(40) % 2),
    "many classes": (normal, np.arange(160) % 20),
    "one in a hundred": (normal, np.arange(600) < 6),
    "few": (normal, np.arange(8) % 2),
}


@pytest.mark.parametrize("name", NULLS)
def test_classes_of_one_law_are_not_told_apart(name):
    """Twelve draws each; at most one word is wrong: of 100, 0 to 3 were."""
    draw, labels = NULLS[name]
    words = [
        across_layers(draw(np.random.default_rng(seed), len(labels)), labels, TWO, depth=1).verdict()
        for seed in range(12)
    ]
    assert sum(word in ("more", "less") for word in words) <= 1


@pytest.mark.parametrize("data", [fields, mean_intensity, templates_in_noise])
@pytest.mark.parametrize("name", FAKES)
def test_what_moves_no_phase_into_means_is_not_more(name, data):
    operations = (("phase collapse", FAKES[name]), "soft threshold")
    assert across_layers(*data(40), operations, depth=2).verdict() != "more"


def test_a_mean_intensity_that_all_share_changes_no_word():
    x, y = fields(40)
    plain, offset = (across_layers(x + shift, y, TWO, depth=2) for shift in (0.0, 50.0))
    for row, its in zip(plain.rows, offset.rows, strict=True):
        np.testing.assert_allclose(row["between_over_energy"], its["between_over_energy"], rtol=1e-6, atol=1e-9)
    assert plain.verdict() == offset.verdict() == "more"


def test_a_rare_class_makes_the_margin_smaller_and_no_difference_harder_to_say():
    x, y = fields(400)
    kept = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:8]])
    rare, equal = across_layers(x[kept], y[kept], TWO, depth=1), across_layers(*fields(20), TWO, depth=1)
    assert equal.margin == pytest.approx(0.002)
    assert rare.margin == pytest.approx(0.002 * 4 * (4 / 204) * (200 / 204))
    assert rare.verdict() in ("more", "undecided")


@pytest.mark.parametrize(("each", "measured"), [(4, 3), (5, 3), (6, 3), (7, 4), (10, 5)])
def test_classes_of_few_images_are_compared_and_accuracies_left_out(each, measured):
    x, y = fields(each)
    result = across_layers(x, y, TWO, depth=1)
    assert set(result.settings["test"].values()) == {measured}
    left_out = any(line.startswith("accuracies: left out. A class has one image") for line in result.left_out)
    assert left_out == (each - measured < 2)
    assert left_out == all(row["accuracy_linear"] is None for row in result.rows)
    assert result.verdict() in ("more", "undecided")


def test_a_few_images_with_all_the_energy_do_not_make_no_difference():
    x, y = fields(30)
    result = across_layers(x * (np.arange(60) < 6)[:, None, None, None], y, TWO, depth=1)
    assert result.margin == 0
    assert str(result).splitlines()[2] == "no difference is not said:"
    assert result.verdict() in ("more", "undecided")
    assert any(line.startswith("no difference: is not said.") for line in result.left_out)
    assert across_layers(x, y, TWO, depth=1).margin > 0


def test_a_mixing_is_that_of_the_cascade_and_keeps_the_energy():
    x, y = fields(16)
    bank, mixing = morlet_bank((16, 16), 1, 4, "full").tight("complex"), Mixing(seed=3)
    result = across_layers(x, y, TWO, held_out=(x, y), depth=2, mixing=mixing)
    layers = fitted(x, bank, TWO[1], depth=2, subsample=True, mixing=mixing)
    *_, deepest = cascade(x, bank, layers, depth=2)
    assert result.measured[TWO[1], 2].energy.value == pytest.approx(np.sum(np.abs(deepest) ** 2) / len(x), rel=1e-9)
    plain = across_layers(x, y, TWO, held_out=(x, y), depth=1)
    for one, other in ((result, plain),):
        values = [each.estimates["phase collapse", 1]["between_over_energy"].value for each in (one, other)]
        assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert result.settings["mixed"]
    assert not plain.settings["mixed"]


def test_batches_may_be_held_out():
    (x, y), (other, labels) = fields(20), fields(24, seed=9)
    arrays = across_layers(x, y, TWO, depth=1, held_out=(other, labels))
    held = datasets.array_batches(other, labels, size=5, seed=2)
    streamed = across_layers(datasets.array_batches(x, y, size=7), None, TWO, depth=1, held_out=held)
    for row, its in zip(arrays.rows, streamed.rows, strict=True):
        for measure in comparison.MEASURES:
            np.testing.assert_allclose(row[measure], its[measure], rtol=1e-9, atol=1e-12)
    assert streamed.settings["test"] == {"0": 24, "1": 24}


def test_evidence_is_plain_and_says_the_same_word():
    results = {name: across_layers(*data(40), depth=1) for name, data in (("a", fields), ("b", mean_intensity))}
    written = {name: (each.evidence().to_dicts(), each.margin) for name, each in results.items()}
    known = {name: Evidence.from_dicts(*each) for name, each in written.items()}
    assert comparison.holm(known) == comparison.holm(results)
    for name, each in results.items():
        assert known[name].verdict(0.9) == each.verdict(0.9)
    nothing = [row | {"value": None, "error": None} for row in written["a"][0]]
    assert Evidence.from_dicts(nothing, 0.1).verdict() == "undecided"


def test_what_expands_is_not_more_than_the_control_by_its_gain():
    sure = Estimate(1.0, ((np.array([1.0, 1.0 + 1e-6, 1.0 - 1e-6]), None),))
    rows = (("tanh", "reduction", "fisher_trace", sure), ("identity", "control", "fisher_trace", sure))
    assert verdict_of([sure], [sure], 0.1, 0.95) == "more"
    assert Evidence(rows, 0.1).verdict() == "undecided"
    assert Evidence((rows[0], (*rows[1][:2], "between_over_energy", sure)), 0.1).verdict() == "more"


def test_where_all_are_right_and_fits_differ_the_share_has_an_interval():
    fits = Estimate(1.0, ((np.ones(100), None), (1 - np.arange(10) / 5000, None)))
    share, low, high = share_interval(fits, 0.95, 100)
    assert share == high == 1
    assert 0.9 < low < 1
    assert share_interval(replace(fits, value=0.0), 0.95, 100)[2] < 0.1
