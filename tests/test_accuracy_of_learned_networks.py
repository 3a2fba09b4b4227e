"""Doubts about the question: are presets the paper's, is a run recorded and taken up, do wrong commands stop early?"""

from dataclasses import asdict, replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("skimage")

import io

from analysis import __main__ as command
from analysis import accuracy_of_learned_networks as question
from analysis import record
from analysis.instruments import learning, progress, trainings
from collapse_theory import datasets
from collapse_theory.learned.training import Recipe

SMALLEST = ["--preset", "smoke", "--width", "0.016", "--images", "40", "--epochs", "1", "--batch", "20"]


@pytest.fixture
def smallest(monkeypatch):
    smoke = replace(question.PRESETS["smoke"], tested=48, measured=24)
    monkeypatch.setitem(question.PRESETS, "smoke", smoke)
    return [question.NAME, *SMALLEST]


def test_the_preset_called_paper_is_the_recipe_of_the_paper():
    setting = question.PRESETS["paper"]
    assert asdict(Recipe()) | asdict(setting.recipe) == asdict(Recipe())
    assert (setting.data, setting.width, setting.images, setting.tested) == ("cifar10", 1.0, None, None)
    assert sum(p.numel() for p in learning.network_of(replace(setting, width=1 / 8)).parameters()) == 196346


def test_what_is_asked_for_changes_the_preset_and_nothing_else():
    arguments = ["--preset", "small", "--nonlinearity", "tanh", "--skip", "--epochs", "7", "--seed", "3"]
    setting = question.setting_of(command.parser_of(question).parse_args(arguments))
    small = question.PRESETS["small"]
    recipe = replace(small.recipe, epochs=7, seed=3)
    assert setting == replace(small, nonlinearity="tanh", skip=True, recipe=recipe)
    assert setting.label == "tanh, skip"


def test_a_run_is_stopped_taken_up_and_recorded_beside_others(tmp_path, capsys, smallest):
    where = ["--run", str(tmp_path / "run"), "--out", str(tmp_path)]
    assert command.main([*smallest, *where, "--minutes", "0"]) == 75
    said = capsys.readouterr().out
    assert said.startswith(f"Training in {tmp_path / 'run'}: phase collapse, width 0.016, 1 epochs\nof 40 images")
    assert "stopped after 0 minutes; the same command resumes the run in" in said
    assert not (tmp_path / f"{question.NAME}.json").exists()
    assert command.main([*smallest, *where]) == 0
    captured = capsys.readouterr()
    assert "step 2 of 2, epoch 1 of 1, loss" in captured.err
    assert "step 1 of" not in captured.err
    assert captured.err.startswith("resuming from step 1\n")
    assert "smoke, phase collapse\n    test accuracy, %" in captured.out
    check_evaluation(capsys, [*smallest, *where], said=captured.out)
    # Half of the outputs are dead at the start, and a step later.
    other = ["--nonlinearity", "soft threshold", "--terms", "equal", "--run", str(tmp_path / "other"), "--quiet"]
    assert command.main([*smallest, "--out", str(tmp_path), *other]) == 0
    assert command.main([*smallest, *where, "--quiet"]) == 0
    rows = record.load(question.NAME, tmp_path)["rows"]
    assert [row["network"] for row in rows] == ["soft threshold, equal terms", "phase collapse"]
    assert len(rows[0]["zeros_running"]) == len(rows[0]["dead_channels_running"]) == len(rows[0]["blocks"]) == 8
    assert all(0.45 < share < 0.55 for share in rows[0]["zeros_at_start_batch"].values())
    assert 0.2 < max(rows[0]["zeros_running"].values()) < 0.9
    assert all(np.isfinite(block["fisher_trace"]) for row in rows for block in row["blocks"])
    for name in ("between_over_energy", "nc1", "accuracy_linear", "accuracy_nearest_mean", "effective_rank"):
        assert all(np.isfinite(block[name]) for row in rows for block in row["blocks"]), name
    means = " ".join(f"{100 * block['accuracy_nearest_mean']:.0f}" for block in rows[1]["blocks"])
    assert f"    nearest class mean of each, %      {means}\n" in captured.out
    assert rows[0]["split"] == {"train": {"0": 14, "1": 13, "2": 13}, "test": {"0": 16, "1": 16, "2": 16}}
    command_line = " ".join(rows[0]["command"])
    assert command_line.startswith(f"python -m analysis {question.NAME} --preset smoke --nonlinearity soft threshold")
    assert "--run" not in command_line
    assert rows[1]["accuracy"][1] <= rows[1]["accuracy"][0] == rows[1]["test_accuracy_of_epochs"][-1]


def check_evaluation(capsys, words, said):
    """What was trained is evaluated again, by class too, whatever options stand beside its folder."""
    words = [*words, "--nonlinearity", "tanh", "--evaluate"]
    assert [command.main(words), command.main([*words, "--checkpoint", "best"])] == [0, 0]
    shown = capsys.readouterr().out.splitlines()
    accuracy = next(line.split()[3:] for line in said.splitlines() if "test accuracy" in line)
    assert shown[0] == "phase collapse, last, 48 test images of textures"
    assert shown[1].split()[3:] == accuracy
    counts = [[int(count) for count in line.split(";")[1].split()] for line in shown[3:6]]
    assert [sum(row) for row in counts] == [16] * 3
    right = sum(row[number] for number, row in enumerate(counts))
    assert f"{100 * right / 48:.1f}" == accuracy[0]
    assert shown[6:] == ["phase collapse, best, 48 test images of textures", *shown[1:6]]
    assert command.main([*words, "--run", "nothing"]) == 2
    assert "run.json cannot be read" in capsys.readouterr().err


def test_the_fast_preset_is_what_it_says_and_options_change_a_recipe():
    parser = command.parser_of(question)
    setting = question.setting_of(parser.parse_args(["--preset", "fast", "--mixing", "real", "--no-nesterov"]))
    recipe = setting.recipe
    assert setting.label == "phase collapse, skip, real mixing"
    assert (setting.width, setting.images, setting.tested, recipe.batch, recipe.padding) == (1 / 8, None, None, 128, 4)
    assert [recipe.rate_of(epoch) for epoch in (0, 1, 2, 6, 10)] == pytest.approx([0, 0.25, 0.5, 0.25, 0])
    assert (recipe.epochs, recipe.label_smoothing, recipe.weight_decay, recipe.nesterov) == (10, 0.1, 2e-4, False)
    assert question.PRESETS["fast"].recipe == replace(recipe, nesterov=True)
    words = ["--preset", "paper", "--optimizer", "muon", "--average", "0.99", "--schedule", "cosine", "--drop-last"]
    changed = question.setting_of(parser.parse_args(words)).recipe
    assert changed == Recipe(optimizer="muon", average=0.99, schedule="cosine", drop_last=True)
    assert sum(p.numel() for p in learning.network_of(setting).parameters()) < 200_000


def test_a_setting_recorded_before_an_option_was_there_is_that_of_its_default():
    setting = asdict(question.PRESETS["small"])
    older = {name: value for name, value in setting.items() if name != "mixing"}
    older["recipe"] = {name: value for name, value in setting["recipe"].items() if name not in ("average", "flips")}
    assert trainings.completed(older) == setting


def test_the_comparisons_are_networks_too():
    def setting(*words):
        return question.setting_of(command.parser_of(question).parse_args(["--preset", "small", *words]))

    residual, fixed = (setting("--network", name) for name in ("residual", "fixed scattering"))
    assert (residual.label, fixed.label) == ("residual, rectifier", "fixed scattering")
    assert setting("--network", "residual", "--nonlinearity", "tanh").label == "residual, tanh"
    counts = [sum(p.numel() for p in learning.network_of(s).parameters()) for s in (residual, fixed)]
    assert counts == [269_722, 128 * 651 + 2 * 128 + 10 * (128 * 16 + 1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network", "residual", "--skip"], "skip: True is for learned scattering, not residual"),
        (["--terms", "equal", "--quantile", "2"], "quantile: expected a number from 0 to 1, got 2"),
        (["--nonlinearity", "colour"], "nonlinearity: unknown 'colour'; known: 'identity', 'phase collapse'"),
        (["--epochs", "0"], "epochs: expected an integer from 1 to 1000000, got 0"),
        (["--device", "cuda:77"], "device: 'cuda:77' was asked for, but torch sees no such GPU"),
        (["--data", "cifar10"], "CIFAR-10 was not found"),
        (["--checkpoint", "step-7"], "checkpoint: no 'step-7' in"),
        (["--out", "FILE"], "cannot write to the folder"),
        (["--run", "FILE"], "cannot write to the run folder"),
    ],
)
def test_wrong_commands_end_with_one_clear_line_before_training(
    tmp_path, capsys, monkeypatch, smallest, arguments, message
):
    monkeypatch.setenv("COLLAPSE_THEORY_DATA", str(tmp_path))
    (tmp_path / "file").write_text("")
    arguments = [str(tmp_path / "file") if word == "FILE" else word for word in arguments]
    where = ["--run", str(tmp_path / "run"), "--out", str(tmp_path / "out")]
    assert command.main([*smallest, *where, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert "step 1" not in error


def test_damaged_results_are_named_before_training(tmp_path, capsys, smallest):
    path = tmp_path / f"{question.NAME}.json"
    path.write_text('{"rows": [{}]}')
    assert command.main([*smallest, "--run", str(tmp_path / "run"), "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path} is damaged (lacks sha256)")
    assert "step" not in error
    assert not (tmp_path / "run").exists()


def test_textures_come_in_three_colours_their_classes_in_turn():
    train, test = learning.labelled(replace(question.PRESETS["smoke"], images=7), "cpu")
    assert train.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert test.labels.bincount().tolist() == [128] * 3
    grey = train.images.unique(dim=1)
    assert grey.shape[1] == 1
    first = datasets.textures("train")[0][[0, 128, 256, 1]]
    np.testing.assert_array_equal(train.images[:4, 2], first[:, 0])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_of_a_training_is_a_bar_on_a_terminal_and_lines_in_a_log():
    report = {"steps": 4, "epoch": 1, "epochs": 2, "loss": 1.5, "accuracy": 0.25, "images_per_second": 80.0}
    for stream in (Terminal(), io.StringIO()):
        show = progress.training_bar("small", stream)
        for step in (3, 4):
            show({**report, "step": step, "seconds_left": 4.0 - step})
        text = stream.getvalue()
        assert "loss 1.500, accuracy 25.0 %, 80 images/s" in text
        assert ("4/4" if stream.isatty() else "step 4 of 4") in text
        assert text.count("\n") == 2
        assert "resuming from step 2\n" in text
