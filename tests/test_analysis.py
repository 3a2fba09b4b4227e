"""Doubts about the measurement: does it find the known answers, refuse what cannot be, and come back as recorded?"""

import importlib
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from analysis import __main__ as command
from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments import probes, progress, sources
from analysis.instruments.sources import Sample, Sampling

SMALL = measurement.Setting(scales=1, angles=4, depth=2, subsample=True, sampling=Sampling(48, 80), calibration=16)


@pytest.fixture(scope="module")
def pulses():
    """Rows of a small measurement on the two classes that differ by sparsity alone."""
    return measurement.measure(sources.draw("pulses", replace(SMALL, sampling=Sampling(240, 400)).sampling), SMALL)


def of(rows, operation, name):
    return [row[name] for row in sorted(rows, key=lambda row: row["depth"]) if row["operation"] == operation]


def test_collapse_separates_what_a_threshold_does_not(pulses):
    collapse, threshold = (of(pulses, name, "fisher_trace") for name in ("phase collapse", "soft threshold"))
    assert abs(collapse[0][0]) < 0.01
    assert collapse[1][1] > 0.02
    assert collapse[2][0] > collapse[1][0]
    assert all(abs(value) < 0.01 for value, _, _ in threshold)


def test_classes_of_one_spectrum_are_told_by_a_collapse_alone(pulses):
    assert of(pulses, "phase collapse", "accuracy_of_averages")[1][0] > 0.8
    assert of(pulses, "identity", "accuracy_of_averages")[1][0] < 0.7


def test_only_the_collapse_moves_energy_into_the_means(pulses):
    shares = {}
    for name in measurement.OPERATIONS:
        means, energies = of(pulses, name, "mean_energy"), of(pulses, name, "energy")
        shares[name] = [mean[0] / energy for mean, energy in zip(means, energies, strict=True)]
    assert shares["phase collapse"][1] > 0.2
    assert shares["phase collapse"][2] > shares["phase collapse"][1] + 0.1
    assert all(max(map(abs, shares[name])) < 0.02 for name in measurement.OPERATIONS[1:])


def test_threshold_is_neither_dead_nor_idle(pulses):
    zeros = of(pulses, "soft threshold", "zeros")
    assert 0.2 < zeros[1] < 0.6
    assert 0.2 < zeros[2] < 0.8


@pytest.mark.parametrize(("other", "above"), [([0.1, 0.0, 0.29], 1), ([0.1, 0.0, 0.31], 0), ([0.1, None, None], 0)])
def test_a_collapse_stands_above_where_no_interval_reaches_its_own(other, above):
    shared = {"data": "x", "setting": "deep", "accuracy_of_averages": [0.5, 0.4, 0.6]}
    ratios = {name: [[0.1, 0.0, 1.0], other] for name in measurement.OPERATIONS}
    ratios["phase collapse"] = [[0.2, 0.1, 0.3], [0.4, 0.3, 0.5]]
    rows = [
        shared | {"operation": name, "depth": depth, "fisher_trace": ratio}
        for name, both in ratios.items()
        for depth, ratio in enumerate(both, start=1)
    ]
    growth, interval = measurement.conclusions(rows)[-2:]
    assert "grows at each layer in 1 of 1;" in growth
    assert interval == f"Its 95 % interval at the deepest layer lies above all others in {above} of 1."


def test_rows_are_complete_and_plain(pulses):
    assert len(pulses) == len(measurement.OPERATIONS) * 3
    assert json.loads(json.dumps(pulses)) == pulses
    assert of(pulses, "tanh", "channels") == [1, 5, 25]
    assert of(pulses, "tanh", "pixels") == [[32, 32], [16, 16], [8, 8]]
    for row in pulses:
        low, high = row["fisher_trace"][1:]
        assert low <= row["fisher_trace"][0] <= high


def test_averages_of_band_passes_are_exactly_zero_and_not_rounding(pulses):
    assert of(pulses, "identity", "fisher_full")[0] is None
    assert of(pulses, "phase collapse", "fisher_full")[1][0] > 0.1


def test_moved_classes_have_flat_means_before_the_collapse():
    sample = sources.draw("moved", Sampling(24, 900))
    images, labels = sample.test
    for label in np.unique(labels):
        here = images[labels == label]
        means = here.mean(axis=0)
        assert np.abs(means).max() < 6 * here.std() / np.sqrt(len(here))


def test_samples_are_standardised_disjoint_and_seeded():
    first, again, other = (sources.draw("textures", Sampling(60, 90, seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.train[0], again.train[0])
    assert not np.array_equal(first.train[0], other.train[0])
    assert np.sqrt(np.mean(first.train[0] ** 2)) == pytest.approx(1)
    assert np.bincount(first.test[1]).tolist() == [30, 30, 30]


def test_too_many_class_means_are_refused_with_their_size():
    setting = replace(measurement.SETTINGS["orientation"], memory=2**28)
    with pytest.raises(
        ValueError, match=r"3 classes x 295936 features x 20 groups would take 406 MiB.* memory = 256 MiB"
    ):
        measurement.check_memory(setting, channels=1, classes=3)
    measurement.check_memory(measurement.SETTINGS["orientation"], channels=1, classes=3)


def test_what_does_not_fit_is_left_out_and_said_so_unless_it_was_asked_for(capsys):
    small = {"deep": SMALL, "huge": replace(SMALL, memory=1)}
    pairs = measurement.pairs_that_fit(["pulses"], small)
    assert pairs == [("pulses", "deep")]
    assert "pulses, huge: left out. setting: the class means of 2 classes" in capsys.readouterr().out
    with pytest.raises(measurement.TooLarge):
        measurement.measure_all([("pulses", "huge")], small)


def test_processes_that_share_the_work_measure_the_same(capsys):
    setting = {"deep": replace(SMALL, depth=1)}
    alone, shared = (measurement.measure_all([("pulses", "deep")], setting, workers=n) for n in (1, 2))
    for name in ("energy", "fisher_trace", "accuracy_of_averages"):
        np.testing.assert_allclose([row[name] for row in alone], [row[name] for row in shared], rtol=1e-5, atol=1e-5)
    assert len(alone) == len(measurement.OPERATIONS) * 2
    said = capsys.readouterr().err
    assert "measurements: 6 of 6" in said
    assert "s, pulses, deep, " in said


def test_a_random_sign_removes_what_a_threshold_leaves_of_the_means_and_nothing_of_the_collapse():
    setting = replace(SMALL, sampling=Sampling(200, 400))
    ratios = {}
    for name in ("moved", "moved, either sign"):
        sample = sources.draw(name, setting.sampling)
        for operation in ("phase collapse", "soft threshold"):
            ratios[name, operation] = measurement.measure_one(operation, sample, setting, "numpy")[-1]["fisher_full"]
    assert ratios["moved", "soft threshold"][1] > 0.3
    assert abs(ratios["moved, either sign", "soft threshold"][0]) < 0.05
    assert ratios["moved, either sign", "phase collapse"][0] > 0.8 * ratios["moved", "phase collapse"][0] > 5


def test_small_classes_have_no_interval():
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(12, 1, 32, 32)), np.arange(12) % 2
    rows = measurement.measure(Sample("few", ("a", "b"), (images, labels), (images, labels)), replace(SMALL, depth=1))
    assert rows[0]["fisher_trace"][1:] == [None, None]


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
