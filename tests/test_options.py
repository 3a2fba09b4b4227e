"""Doubts about options: is every number out of its range refused in one sentence, before anything is measured?"""

import importlib

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from analysis import __main__ as command
from analysis import accuracy_of_learned_networks as accuracy
from figures import __main__ as drawing

NUMBERS = {
    "separation_across_layers": {"images", "seed"},
    "what_the_phase_knew": {"steps", "seed"},
    "few_samples_a_class": {"draws", "seed"},
    "do_real_images_separate": {"images", "seed"},
    "tuning_of_learned_networks": {"first", "seed"},
    "anatomy_of_a_network": {"images", "side", "mean", "deviation", "seed"},
    "accuracy_of_learned_networks": {
        *("quantile", "angles", "width", "images", "tested", "epochs", "batch", "accumulation", "seed", "minutes"),
        *("rate", "rate-factor", "rate-step", "warm-up", "momentum", "weight-decay", "matrix-rate", "average"),
        *("label-smoothing", "largest-gradient", "padding", "start", "validation", "side", "workers"),
    },
}
WRONG = ("-1", "nan", "inf", "1e300", "1" + 5000 * "0", "text", "")


@pytest.mark.parametrize("name", command.QUESTIONS)
def test_every_number_has_a_range(name, capsys):
    parser = command.parser_of(importlib.import_module(f"analysis.{name}"))
    numbers = [action for action in parser._actions if action.type and not hasattr(action.type, "is_name")]
    taken = {action.option_strings[-1][2:] for action in numbers}
    assert taken == NUMBERS[name]
    for option in NUMBERS[name]:
        for wrong in WRONG:
            assert command.main([name, f"--{option}={wrong}"]) == 2
            said = capsys.readouterr().err
            assert said.startswith(f"error: {option}: expected a")
            assert f", got {wrong[:20]}" in said
            assert len(said.splitlines()) == 1
            assert len(said) < 200


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (command.main, ["few_samples_a_class", "--colour"], "error: unrecognized arguments: --colour"),
        (command.main, ["few_samples_a_class", "--on", "paper"], "error: on: invalid choice: 'paper'"),
        (command.main, ["separation_across_layers", "--data", "a", "a"], "error: data: 'a' is given twice"),
        (command.main, ["separation_across_layers", "--setting", "deep", "deep"], "error: setting: 'deep' is given"),
        (command.main, ["few_samples_a_class", "--data", "textures", "textures"], "error: data: 'textures' is given"),
        (command.main, ["do_real_images_separate", "--operations", "tanh", "tanh"], "error: operations: 'tanh' is"),
        (drawing.main, ["--on", "paper"], "error: on: invalid choice: 'paper'"),
        (drawing.main, ["--colour"], "error: unrecognized arguments: --colour"),
    ],
)
def test_a_wrong_option_is_one_sentence(capsys, tmp_path, main, arguments, message):
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(message)
    assert len(said.splitlines()) == 1


def test_help_is_still_printed(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["few_samples_a_class", "--help"])
    assert ended.value.code == 0
    assert "--draws N" in capsys.readouterr().out


def test_a_training_that_is_not_finite_ends_in_one_line(capsys, tmp_path, monkeypatch):
    def measure(*_, **__):
        raise ArithmeticError("step 6: the loss is nan")

    monkeypatch.setattr(accuracy, "measure", measure)
    assert command.main([accuracy.NAME, "--preset", "smoke", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "error: step 6: the loss is nan\n"
