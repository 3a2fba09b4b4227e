"""Doubts about the measurement: does it find the known answers, refuse what cannot be, and come back as recorded?"""

import importlib
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from analysis import __main__ as command
from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments import layer_table, probes, progress, sources
from analysis.instruments.sources import Sampling
from collapse_theory import comparison

SMALL = measurement.Setting(scales=1, angles=4, depth=2, subsample=True, sampling=Sampling(48, 80))


@pytest.fixture(scope="module")
def pulses():
    """What is measured of the two classes that differ by sparsity alone, and then of the same with other labels."""
    setting = replace(SMALL, sampling=Sampling(240, 400))
    sample, rng = sources.draw("pulses", setting.sampling), np.random.default_rng(0)
    shuffled = replace(sample, **{part: (x, rng.permutation(y)) for part, (x, y) in parts_of(sample).items()})
    return [measurement.measure_one(each, setting) for each in (sample, shuffled)]


def parts_of(sample):
    return {"train": sample.train, "test": sample.test}


def table_of(*measured):
    return measurement.table_of({(f"data {number}", "deep"): found for number, found in enumerate(measured)})


def of(rows, operation, name):
    return [row[name] for row in sorted(rows, key=lambda row: row["depth"]) if row["operation"] == operation]


def test_collapse_separates_what_a_threshold_does_not(pulses):
    rows = pulses[0]["rows"]
    collapse, threshold = (of(rows, name, "between_over_energy") for name in ("phase collapse", "soft threshold"))
    assert abs(collapse[0][0]) < 0.01
    assert collapse[1][1] > 0.02
    assert all(low > 0 for _, low, _ in of(rows, "phase collapse", "growth")[1:2])
    assert all(abs(value) < 0.01 for value, _, _ in threshold)
    assert of(rows, "phase collapse", "accuracy_linear")[1][0] > 0.8
    assert of(rows, "identity", "accuracy_linear")[1][0] < 0.7


def test_threshold_is_neither_dead_nor_idle(pulses):
    zeros = of(pulses[0]["rows"], "soft threshold", "zeros")
    assert 0.2 < zeros[1] < 0.6
    assert 0.2 < zeros[2] < 0.8


def test_the_verdict_is_said_of_what_differs_and_not_of_shuffled_labels(pulses):
    rows = table_of(*pulses)
    assert {row["verdict"] for row in rows if row["data"] == "data 0"} == {"more"}
    assert {row["verdict"] for row in rows if row["data"] == "data 1"} <= {"undecided", "no difference"}
    said = "\n".join(measurement.conclusions(rows))
    assert "data 0, deep                                       depth 2: more\n" in said
    assert re.search(r"data 1, deep +depth 2: (undecided|no difference)\n", said)
    assert "No difference: within 0.002 of 0." in said
    assert max(map(len, said.splitlines())) <= 80


def test_classes_that_a_mean_intensity_tells_apart_are_not_more():
    sample = sources.draw("pulses", SMALL.sampling)
    rng = np.random.default_rng(0)
    parts = {
        part: (rng.normal(size=x.shape) + 0.5 * y[:, None, None, None], y) for part, (x, y) in parts_of(sample).items()
    }
    rows = table_of(measurement.measure_one(replace(sample, **parts), SMALL))
    assert of(rows, "identity", "between_over_energy")[0][1] > 0.02
    assert {row["verdict"] for row in rows} <= {"undecided", "less", "no difference"}


def test_words_are_those_of_holm_over_the_comparisons_themselves(pulses):
    setting = replace(SMALL, sampling=Sampling(240, 400))
    sample = sources.draw("pulses", setting.sampling)
    names = np.array(["Gaussian", "sparse"])
    train, test = ((x.astype(np.float32), names[y]) for x, y in parts_of(sample).values())
    result = comparison.across_layers(*train, held_out=test, **setting.options())
    rows = [{"data": "x", "setting": "deep"} | row for row in layer_table.rows_of(result)]
    assert layer_table.verdicts(rows) == {("x", "deep"): comparison.holm([result])[0]}
    assert layer_table.verdicts(json.loads(json.dumps(rows))) == {("x", "deep"): result.verdict()}


def test_growth_is_said_of_the_paired_interval_alone(pulses):
    rows = table_of(pulses[0])
    for row in rows:
        if row["role"] == "collapse" and row["depth"] == 2:
            row["growth"] = [0.1, -0.01, 0.2]
    [line] = [line for line in measurement.conclusions(rows) if line.startswith("data 0") and "depth" not in line]
    assert line.split()[3] == "1"
    for row in rows:
        row["growth"] = None
    assert "none" in measurement.conclusions(rows)[-1]


def test_rows_are_complete_and_plain(pulses):
    rows = table_of(pulses[0])
    assert len(rows) == len(measurement.OPERATIONS) * 3
    assert json.loads(json.dumps(rows)) == rows
    assert of(rows, "tanh", "channels") == [1, 5, 25]
    assert of(rows, "tanh", "pixels") == [[32, 32], [16, 16], [8, 8]]
    for row in rows:
        low, high = row["fisher_trace"][1:]
        assert low <= row["fisher_trace"][0] <= high
        assert (row["difference"] is None) == (row["depth"] == 0 or row["role"] == "collapse")
        assert (row["evidence"] is None) == (row["depth"] < 2 or row["role"] == "collapse")
        assert (row["growth"] is None) == (row["depth"] == 0)


def test_moved_classes_have_flat_means_and_are_held_out_by_templates():
    sample = sources.draw("moved", Sampling(24, 900))
    images, labels = sample.train
    for label in np.unique(labels):
        here = images[labels == label]
        assert np.abs(here.mean(axis=0)).max() < 6 * here.std() / np.sqrt(len(here))
    assert len(np.unique(sample.templates)) == 3 * sources.TEMPLATES
    assert len(np.unique(3 * sample.templates + labels)) == 3 * sources.TEMPLATES
    found = measurement.measure_one(sources.draw("moved", SMALL.sampling), replace(SMALL, depth=1))
    [row] = [row for row in found["rows"] if row["evidence"] and row["operation"] == "tanh"]
    assert row["evidence"]["freedom"] == 3 * (sources.TEMPLATES // 2 - 1)


def test_samples_are_standardised_disjoint_and_seeded():
    first, again, other = (sources.draw("textures", Sampling(60, 90, seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.train[0], again.train[0])
    assert not np.array_equal(first.train[0], other.train[0])
    assert np.sqrt(np.mean(first.train[0] ** 2)) == pytest.approx(1)
    assert np.bincount(first.test[1]).tolist() == [30, 30, 30]


def test_a_depth_that_does_not_fit_is_left_out_and_what_cannot_be_compared_is_named():
    settings = {"deep": replace(SMALL, memory=1.3e6), "huge": replace(SMALL, memory=1)}
    measured = measurement.measure_all([("pulses", "deep"), ("pulses", "huge")], settings)
    lines = measurement.lines_left_out(measured)
    assert lines[0].startswith("pulses, deep: depth 2: left out. The class means of 2 classes")
    assert lines[-1].startswith("pulses, huge: left out. memory: expected more")
    rows = measurement.table_of(measured)
    assert {(row["setting"], row["depth"]) for row in rows} == {("deep", 0), ("deep", 1)}
    assert measurement.table_of({}) == []


def test_processes_that_share_the_work_measure_the_same(capsys):
    settings = {key: replace(SMALL, depth=1, mixed=key == "mixed") for key in ("deep", "mixed")}
    pairs = [("pulses", key) for key in settings]
    alone, shared = (measurement.table_of(measurement.measure_all(pairs, settings, workers=n)) for n in (1, 2))
    for name in ("fisher_trace", "accuracy_linear"):
        np.testing.assert_allclose([row[name] for row in alone], [row[name] for row in shared], rtol=1e-5, atol=1e-5)
    assert len(alone) == len(measurement.OPERATIONS) * 2 * 2
    said = capsys.readouterr().err
    assert "comparisons: 2 of 2" in said
    assert "s, pulses, " in said


def test_a_random_sign_removes_what_a_threshold_leaves_of_the_means_and_nothing_of_the_collapse():
    setting = replace(SMALL, sampling=Sampling(200, 400))
    right = {}
    for name in ("moved", "moved, either sign"):
        for row in measurement.measure_one(sources.draw(name, setting.sampling), setting)["rows"]:
            right[name, row["operation"], row["depth"]] = row["accuracy_nearest_mean"]
    assert right["moved", "tanh", 2][0] > right["moved, either sign", "tanh", 2][0] + 0.1
    assert right["moved, either sign", "tanh", 2][1] < 1 / 3
    assert right["moved, either sign", "phase collapse", 2][1] > 0.6


def test_own_images_by_class_can_be_measured(tmp_path, capsys):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for name, size in (("fine", 32), ("coarse", 8)):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(8):
            values = np.kron(
                rng.integers(0, 255, (size, size), dtype=np.uint8), np.ones((32 // size, 32 // size), np.uint8)
            )
            image.fromarray(values).save(tmp_path / "mine" / name / f"{number}.png")
    folder, out = str(tmp_path / "mine"), str(tmp_path)
    arguments = ["separation_across_layers", "--data", folder, "--setting", "deep", "--out", out]
    assert command.main([*arguments, "--on", "torch"] if pytest.importorskip("torch") else arguments) == 0
    assert "mine, deep" in capsys.readouterr().out
    saved = record.load("separation_across_layers", tmp_path)
    assert {row["data"] for row in saved["rows"]} == {"mine"}
    assert saved["settings"]["deep"]["depth"] == 3
    assert {"python", "numpy", "scikit-learn"} <= set(saved["versions"])


def test_questions_are_listed(capsys):
    assert command.main([]) == 0
    listed = capsys.readouterr().out
    assert max(map(len, listed.splitlines())) <= 95
    for name in command.QUESTIONS:
        question = importlib.import_module(f"analysis.{name}")
        assert name == question.NAME
        assert f"{name}: {question.TIME}\n" in listed
        assert question.__doc__.split("\n", 1)[0] in " ".join(listed.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["colours"], f"unknown question 'colours'; known: {', '.join(command.QUESTIONS)}"),
        (
            ["separation_across_layers", "--data", "nowhere"],
            "data: 'nowhere' is no folder and no known source; known: pulses",
        ),
        (["separation_across_layers", "--images", "0"], "images: expected an integer from 1 to 10000000, got 0"),
    ],
)
def test_wrong_commands_end_with_one_clear_line(tmp_path, capsys, arguments, message):
    extra = ["--out", str(tmp_path)] if len(arguments) > 1 else []
    assert command.main([*arguments, *extra]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error


def test_missing_cifar10_says_where_it_looked(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLLAPSE_THEORY_DATA", str(tmp_path))
    assert command.main(["separation_across_layers", "--data", "cifar10", "--out", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named_before_anything_runs(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert command.main(["separation_across_layers", "--out", str(tmp_path / "file")]) == 2
    assert f"cannot write to the folder {tmp_path / 'file'}" in capsys.readouterr().err


def test_damaged_or_missing_results_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no recorded result .*; make it with: python -m analysis lost"):
        record.load("lost", tmp_path)
    (tmp_path / "torn.json").write_text('{"rows": [')
    with pytest.raises(ValueError, match=r"torn.json is damaged"):
        record.load("torn", tmp_path)
    (tmp_path / "poor.json").write_text("{}")
    with pytest.raises(ValueError, match=r"poor.json is damaged \(lacks sha256\)"):
        record.load("poor", tmp_path)


def test_accuracy_has_a_wilson_interval_and_counts_right_answers():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    features = rng.normal(size=(200, 3)) + 4 * labels[:, None]
    share, low, high = probes.held_out_accuracy((features[:100], labels[:100]), (features[100:], labels[100:]))
    assert low < share <= high < 1.0000001
    assert share > 0.95
    shuffled = rng.permutation(labels[100:])
    assert probes.held_out_accuracy((features[:100], labels[:100]), (features[100:], shuffled))[0] < 0.7


def test_features_that_deviate_by_rounding_alone_do_not_count():
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    features = rng.normal(size=(80, 2)) + labels[:, None]
    rounding = 1 + 1e-7 * rng.normal(size=(80, 40))
    both = np.concatenate([features, rounding], axis=1)
    alone, beside = (probes.held_out_accuracy((x[:40], labels[:40]), (x[40:], labels[40:])) for x in (features, both))
    assert alone == beside
    rounding -= 1
    assert probes.held_out_accuracy((rounding[:40], labels[:40]), (rounding[40:], labels[40:]))[1] < 0.5


def test_complex_features_count_as_two_real_ones():
    z = np.array([[1 + 2j, 3 - 1j]])
    np.testing.assert_array_equal(probes.real_features(z), [[1, 3, 2, -1]])


def test_progress_in_a_log_is_a_line_at_the_end(capsys):
    update = progress.bar(4, "images", sys.stdout)
    update(1)
    update(3)
    assert capsys.readouterr().out.splitlines() == ["images: 4 of 4, 0 s"]
