"""Doubts about real images: is each read once, is nothing tried that was fitted on, are the numbers those of theory?"""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.linear_model import Ridge

from analysis import __main__ as command
from analysis import do_real_images_separate as question
from analysis import record
from analysis.instruments import streams
from analysis.instruments.distinct_numbers import distinct_numbers
from analysis.instruments.sources import Sampling
from analysis.instruments.streamed_probe import PENALTIES, NormalEquations, StreamedProbe
from collapse_theory import datasets, processes
from collapse_theory.datasets import array_batches
from collapse_theory.nonlinearities import collapse_phase, saturate, soft_threshold
from collapse_theory.scattering import cascade
from collapse_theory.separation import ClassMoments
from collapse_theory.wavelets import morlet_bank

SMALL = replace(question.SETTING, depth=2, batch=25)
BANK = morlet_bank(8, 1, 4, "full").tight("complex")


def pulses(count, seed):
    """Gaussian fields against sparse pulses of one spectrum: moved, stationary, and told by a collapse alone."""
    spectrum = processes.power_law(16, 1)
    x, y = processes.labelled(
        processes.gaussian_fields(count, 16, spectrum=spectrum, seed=seed),
        processes.sparse_pulses(count, 16, spectrum=spectrum, density=0.05, seed=seed),
    )
    return x[np.argsort(y[::-1], kind="stable")][::-1], np.sort(y)


def stream(count=150, size=25):
    return streams.Stream("pulses", *(array_batches(*pulses(count, seed), size=size, seed=seed) for seed in (0, 1)))


@pytest.fixture(scope="module")
def measured():
    tasks = ("images", "phase collapse", "soft threshold", "identity")
    return {task: question.measure_one(task, stream(), SMALL) for task in tasks}


@pytest.mark.parametrize("nonlinearity", [saturate, partial(soft_threshold, threshold=0.01), collapse_phase])
def test_distinct_numbers_are_each_number_once(nonlinearity):
    x = np.random.default_rng(0).normal(size=(3, 2, 8, 8))
    z = list(cascade(x, BANK, nonlinearity, depth=2))[-1]
    kept = distinct_numbers(z, BANK, 2)
    assert kept.shape[1] == (2 * 3**2 if nonlinearity is collapse_phase else 2 * 5**2)
    every = np.concatenate([z.real, z.imag], axis=1) if np.iscomplexobj(z) else z
    rows, whole = (np.moveaxis(a, 1, 0).reshape(a.shape[1], -1) for a in (kept, every))
    distances = np.minimum(*(np.linalg.norm(whole[:, None] + sign * rows, axis=-1) for sign in (1, -1)))
    there = np.linalg.norm(whole, axis=-1) > 1e-9
    assert distances[there].min(axis=1).max() < 1e-9
    assert len(set(distances[there].argmin(axis=1))) == len(rows)


@pytest.mark.parametrize("size", [7, 60])
def test_normal_equations_are_a_ridge_on_standardised_features(size):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)) * [1, 3, 10, 0] + [0, 5, 1000, 2], np.arange(60) % 3
    equations = NormalEquations(3)
    for start in range(0, 60, size):
        equations.add(x[start : start + size], y[start : start + size])
    weights, offsets = equations.solve(0.1)
    deviation = np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
    ridge = Ridge(alpha=60 * 0.1).fit((x - x.mean(axis=0)) / deviation, np.eye(3)[y])
    np.testing.assert_allclose(weights, (ridge.coef_ / deviation).T, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(x @ weights + offsets, ridge.predict((x - x.mean(axis=0)) / deviation), atol=1e-9)


def test_a_probe_learns_of_what_it_chose_on_and_not_of_what_it_tries():
    rng = np.random.default_rng(0)
    y = np.arange(300) % 2
    x = rng.normal(size=(300, 5)) + 0.5 * y[:, None]
    probe, later = StreamedProbe(2), slice(200, 300)
    probe.fit(x[:12], y[:12])
    probe.choose(x[12:200], y[12:200])
    probe.test(x[later], y[later])
    right = probe.right
    probe.test(x[later], 1 - y[later])
    assert (probe.tried, probe.right) == (200, 100)
    assert right == right_after(x, y, 200, probe.penalty, later) > right_after(x, y, 12, probe.penalty, later)
    chosen_on = [right_after(x, y, 12, penalty, slice(12, 200)) for penalty in PENALTIES]
    assert max(chosen_on) == right_after(x, y, 12, probe.penalty, slice(12, 200)) > min(chosen_on)


def right_after(x, y, count, penalty, part):
    """How many of a part of the samples are put in their class by what is fitted on the first ones."""
    known = NormalEquations(2)
    known.add(x[:count], y[:count])
    weights, offsets = known.solve(penalty)
    return int(np.sum(np.argmax(x[part] @ weights + offsets, axis=1) == y[part]))


def test_each_image_is_used_once_to_fit_then_to_choose_then_to_try():
    x = np.arange(70.0)[:, None, None, None] * np.ones((1, 1, 2, 2))
    y = np.arange(70) % 2
    made = streams.Stream(
        "numbers", array_batches(x[:50], y[:50], size=4, seed=0), array_batches(x[50:], y[50:], size=4)
    )
    uses = [(use, *images[:, 0, 0, 0]) for use, images, _ in made.uses()]
    assert [use for use, *_ in uses] == ["fit"] * 11 + ["choose"] * 2 + ["test"] * 5
    assert sorted(number for _, *numbers in uses for number in numbers) == list(range(70))
    assert len(made) == 70
    assert min(number for use, *numbers in uses if use == "test" for number in numbers) == 50


def test_a_collapse_alone_separates_what_is_stationary_and_more_so_at_each_layer(measured):
    (images,) = measured["images"]
    ratios = {task: [row["fisher_trace"] for row in rows] for task, rows in measured.items()}
    assert images["fisher_trace"][1] < 0 < images["fisher_trace"][2]
    assert ratios["phase collapse"][0][1] > 0.01
    assert ratios["phase collapse"][1][0] > 1.3 * ratios["phase collapse"][0][0]
    assert max(abs(value) for task in ("soft threshold", "identity") for value, *_ in ratios[task]) < 0.01
    assert measured["phase collapse"][0]["accuracy_of_averages"][0] > 0.75
    assert measured["identity"][0]["accuracy_of_averages"][0] < 0.65


def test_rows_are_complete_plain_and_of_all_images(measured):
    rows = [row for rows in measured.values() for row in rows]
    assert json.loads(json.dumps(rows)) == rows
    assert {row["images"] for row in rows} == {600}
    assert [row["distinct_numbers"] for row in measured["phase collapse"]] == [3 * 64, 9 * 16]
    assert [row["distinct_numbers"] for row in measured["soft threshold"]] == [5 * 64, 25 * 16]
    assert [row["accuracy_of_features"] is None for row in measured["identity"]] == [True, True]
    assert 0.2 < measured["soft threshold"][0]["zeros"] < 0.6


def test_statistics_are_those_of_all_images_at_once(measured):
    first = stream().train[0][0].astype(np.float32)
    x, y = (np.concatenate(pair) for pair in zip(pulses(150, 0), pulses(150, 1), strict=True))
    layers = cascade((x - first.mean()) / first.std(), SMALL.bank(), "phase collapse", depth=2, subsample=True)
    moments = ClassMoments(groups=20).update(list(layers)[2], y).unbiased()
    row = measured["phase collapse"][1]
    assert row["fisher_trace"][0] == pytest.approx(moments.fisher_trace, rel=1e-4)
    per_feature = moments.per_feature()
    between, low = (
        values.sum() for values in (per_feature.between_class_variance, per_feature.between_class_variance[0])
    )
    assert row["waves"]["between_class_variance"] == pytest.approx(between - low, rel=1e-4)
    assert measured["images"][0]["waves"] is None


def test_moved_photographs_are_themselves_standardised_and_moved_anew(monkeypatch):
    x = np.random.default_rng(0).integers(0, 200, (40, 1, 28, 28), dtype=np.uint8)
    x[..., 14, 14] = 255
    y = np.arange(40) % 10
    monkeypatch.setattr(datasets, "fashion_mnist", lambda split: (x, y))
    made, again, other = (streams.moved_fashion_mnist(Sampling(40, 30, seed), 40) for seed in (0, 0, 1))
    (train, labels), (test, _) = made.train[0], made.test[0]
    assert train.shape == (40, 1, 32, 32)
    assert test.shape == (30, 1, 32, 32)
    np.testing.assert_allclose([train.mean(axis=(1, 2, 3)), train.std(axis=(1, 2, 3)) - 1], 0, atol=1e-5)
    np.testing.assert_array_equal(train, again.train[0][0])
    assert not np.array_equal(train, other.train[0][0])
    padded = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2))).astype(np.float64)
    spectra = np.abs(
        np.fft.fft2((padded - padded.mean((1, 2, 3), keepdims=True)) / padded.std((1, 2, 3), keepdims=True))
    )
    found = np.abs(np.fft.fft2(train))
    nearest = np.abs(found[:, None] - spectra[None]).max(axis=(2, 3, 4))
    assert nearest.min(axis=1).max() < 1e-2
    assert sorted(nearest.argmin(axis=1)) == list(range(40))
    assert np.array_equal(labels, y[nearest.argmin(axis=1)])
    places = [[int(image.argmax()) for image in images] for images in (train, test)]
    assert len(set(places[0])) > 30
    assert len(set(places[0]) & set(places[1])) < 10


def test_halves_of_materials_do_not_share_a_photograph(monkeypatch):
    x = np.random.default_rng(0).normal(size=(40, 1, 8, 8))
    monkeypatch.setattr(datasets, "kth_tips", lambda side: (x, np.arange(40) % 4))
    made = streams.moved_kth_tips(Sampling(20, 20), 20)
    (train, labels), (test, _) = made.train[0], made.test[0]
    assert np.bincount(labels).tolist() == [5] * 4
    assert len(made) == 40
    largest = np.sort(np.concatenate([train, test]).max(axis=(1, 2, 3)))
    assert len(np.unique(largest)) == 40


def test_the_answer_is_recorded_with_its_memory_and_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(question, "STREAMS", {"cifar10": lambda sampling, size: stream(30, 30)})
    monkeypatch.setattr(question, "SETTING", SMALL)
    monkeypatch.setattr(question, "identities", lambda names: {})
    arguments = ["--operations", "phase collapse", "tanh", "--images", "30", "--out", str(tmp_path)]
    assert command.main([question.NAME, *arguments]) == 0
    printed = capsys.readouterr().out
    assert "cifar10, phase collapse: " in printed
    assert "MiB at most; recorded in" in printed
    saved = record.load(question.NAME, tmp_path)
    assert [(row["operation"], row["depth"]) for row in saved["rows"]] == [
        (operation, depth) for operation in ("phase collapse", "tanh") for depth in range(3)
    ]
    assert saved["peak_memory_mib"] > 0
    assert saved["settings"]["cifar10"]["sampling"] == {"train": 30, "test": 30, "seed": 0}


def test_the_recorded_pass_is_of_all_of_cifar10_under_2_gib():
    saved = record.load(question.NAME)
    rows = [row for row in saved["rows"] if row["data"] == "cifar10"]
    assert saved["peak_memory_mib"] < 2048
    assert {row["images"] for row in rows} == {60_000}
    assert {(row["operation"], row["depth"]) for row in rows} == {
        (operation, depth) for operation in question.OPERATIONS for depth in range(4)
    }


def test_the_table_in_words_is_the_recorded_one():
    rows = [row for row in record.load(question.NAME)["rows"] if row["depth"]]
    lines = {line.strip().split("   ")[0]: line.strip().split("   ", 1)[1] for line in TABLE.splitlines()}
    for operation in question.OPERATIONS:
        here = [row for row in rows if row["operation"] == operation]
        assert shown(lines[f"B / W, {operation}"]) == [row["fisher_trace"][0] for row in here]
    for operation in ("phase collapse", "identity"):
        here = [100 * row["accuracy_of_averages"][0] for row in rows if row["operation"] == operation]
        assert shown(lines[f"averages, %, {operation}"]) == here


TABLE = question.__doc__.split("KTH-TIPS, moved\n", 1)[1].split("\n\n", 1)[0]


def shown(line):
    """The numbers of a line of text, each equal to whatever it may be rounded from."""
    numbers = [(float(word), len(word.partition(".")[2])) for word in line.split()]
    return [pytest.approx(value, rel=0, abs=0.5001 * 10.0**-digits) for value, digits in numbers]
