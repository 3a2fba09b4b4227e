"""Doubts about the question of a network of one's own: does it read what people have, and say what does not fit?"""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("sklearn")
pytest.importorskip("skimage")

import torch
from safetensors.torch import save_file
from torch import nn

from analysis import __main__ as command
from analysis import anatomy_of_a_network as question
from analysis import record
from analysis.instruments.kept_weights import keep
from analysis.instruments.learning import network_of
from analysis.instruments.trainings import PRESETS

BUILD = """from torch import nn


def build():
    return nn.Sequential(nn.Conv2d(1, 4, 3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
"""
SMALL = ("--images", "24", "--side", "16", "--colours", "1")


@pytest.fixture
def own(tmp_path):
    """A file that builds a network, weights that make all outputs of its rectifier 0, and a folder to write to."""
    (tmp_path / "mine.py").write_text(BUILD)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    with torch.no_grad():
        network[0].bias.fill_(-100.0)
    save_file(network.state_dict(), tmp_path / "mine.safetensors")
    return tmp_path


def test_a_network_of_a_file_is_audited_with_its_weights_and_its_table_written(own, capsys):
    options = ["--network", str(own / "mine.py"), *SMALL, "--out", str(own)]
    assert command.main([question.NAME, *options, "--weights", str(own / "mine.safetensors")]) == 0
    found = record.load(question.NAME, own)
    layers = [row for row in found["rows"] if row["kind"] == "layer"]
    assert [row["layer"] for row in layers] == list("0123")
    assert layers[1]["dead_channels"] == 1  # by the weights of the file
    assert found["rows"][0]["classes"] == 3
    assert (own / f"{question.NAME}.csv").read_text().count("\n") == 5
    said = capsys.readouterr().out
    assert "24 images of 3 classes, 4 layers measured" in said
    assert question.conclusions(found["rows"])[0] in said
    assert command.main([question.NAME, *options, "--weights", str(own / "mine.py")]) == 2
    assert "weights: expected a safetensors file, " in capsys.readouterr().err
    assert command.main([question.NAME, "--network", "mine", *SMALL, "--out", str(own)]) == 2
    assert "network: expected resnet20, or a Python file with build()" in capsys.readouterr().err
    (own / "mine.py").write_text("")
    assert command.main([question.NAME, *options]) == 2
    assert "has no function build()" in capsys.readouterr().err


def test_a_trained_network_of_a_run_is_audited(own, capsys):
    from collapse_theory import learned

    rng = np.random.default_rng(0)
    images, labels = rng.random((6, 1, 16, 16)), np.arange(6) % 3
    data = learned.labelled_images(images, labels, classes=3)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    learned.train(network, (data, data), learned.Recipe(epochs=1, batch=6), folder=own / "run")
    options = ["--run", str(own / "run"), *SMALL, "--interventions", "none", "--out", str(own)]
    assert command.main([question.NAME, *options, "--network", str(own / "mine.py")]) == 0
    assert "24 images of 3 classes, 4 layers measured" in capsys.readouterr().out
    assert command.main([question.NAME, *options]) == 2
    assert "network: expected the network that was trained" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [{"width": 1 / 64, "skip": True}, {"network": "residual", "nonlinearity": "tanh", "width": 1.0}], ids=str
)
def test_weights_that_a_table_has_kept_say_of_which_network_they_are(change, own, capsys):
    path, setting = own / "kept.safetensors", replace(PRESETS["smoke"], **change)
    network = network_of(setting)
    keep(network, setting, path)
    assert path.stat().st_size < 2.1 * sum(p.numel() for p in network.parameters()) + 40_000
    options = ["--weights", str(path), "--images", "24", "--interventions", "none", "--out", str(own)]
    assert command.main([question.NAME, *options]) == 0
    assert record.load(question.NAME, own)["rows"][0]["network"] == str(path)
    layers = [row["layer"] for row in record.load(question.NAME, own)["rows"] if row["kind"] == "layer"]
    assert {layer.split(".")[0] for layer in layers} >= {"blocks", "classifier"}
    assert command.main([question.NAME, *options, "--network", str(own / "mine.py")]) == 2
    assert "weights: 0.weight is absent there" in capsys.readouterr().err


def test_images_are_of_a_folder_with_classes_in_turn(own):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (own / "mine" / name).mkdir(parents=True)
        for number in range(5):
            image.fromarray(rng.integers(0, 255, (16, 16), dtype=np.uint8)).save(own / "mine" / name / f"{number}.png")
    options = command.parser_of(question).parse_args(["--data", str(own / "mine"), *SMALL, "--images", "6"])
    names = ("network", "weights", "run", "data", "images", "side", "interventions", "mean", "deviation")
    setting = question.Setting(**{name: getattr(options, name) for name in names}, colours=1)
    data, classes = question.labelled(setting)
    assert classes == ("cat", "dog")
    assert data.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert data.images.shape == (6, 1, 16, 16)
    assert float(data.mean) == pytest.approx(np.mean(setting.mean))
