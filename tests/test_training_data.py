"""Doubts about what the command trains on: is each set read, split and mirrored as it should be?"""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("sklearn")
pytest.importorskip("skimage")
pillow = pytest.importorskip("PIL.Image")

from analysis import __main__ as command  # noqa: E402
from analysis import accuracy_of_learned_networks as question  # noqa: E402
from analysis import record  # noqa: E402
from analysis.instruments import learning, training_data  # noqa: E402
from analysis.instruments.training_data import SETS  # noqa: E402
from collapse_theory import datasets  # noqa: E402


def write(folder, classes, count, side):
    rng = np.random.default_rng(0)
    for number, name in enumerate(classes):
        place = folder / name
        place.mkdir(parents=True)
        for n in range(count + number):
            pillow.fromarray(rng.integers(256, size=(side, side + n, 3), dtype=np.uint8)).save(place / f"{n}.png")


def setting(*words):
    return question.setting_of(command.parser_of(question).parse_args(["--preset", "small", *words]))


@pytest.mark.parametrize("name", ["mnist", "emnist", "fashion mnist", "cifar100", "kth tips"])
def test_every_published_set_makes_data_and_networks_of_its_shape(monkeypatch, name):
    rng, classes = np.random.default_rng(0), training_data._CLASSES[name]
    channels, side = (3, 32) if name == "cifar100" else (1, 28)
    images, labels = rng.integers(256, size=(4 * classes, channels, side, side), dtype=np.uint8), None
    labels = np.arange(4 * classes) % classes
    if name == "kth tips":
        monkeypatch.setattr(datasets, "kth_tips", lambda side: (images[:, :, :side, :side] / np.float32(255), labels))
    else:
        monkeypatch.setattr(datasets, name.replace(" ", "_"), lambda split: (images, labels))
    chosen = replace(setting("--data", name, "--width", "0.016", "--side", "20"), images=None, tested=None)
    train, test = learning.labelled(chosen, "cpu")
    assert train.shape == test.shape == (channels, *[20 if name == "kth tips" else side] * 2)
    assert (train.classes, len(train), len(test)) == (classes, *[(2 if name == "kth tips" else 4) * classes] * 2)
    for network in ("learned scattering", "residual", "fixed scattering"):
        if network != "fixed scattering" or train.shape[1] % 8 == 0:
            options = {"width": 1.0, "skip": False} if network != "learned scattering" else {}
            nonlinearity = "rectifier" if network == "residual" else "phase collapse"
            other = replace(chosen, network=network, nonlinearity=nonlinearity, **options)
            logits = learning.network_of(other, train).eval()(train.batch(slice(0, 2))[0])
            assert logits.shape == (2, classes)


def test_digits_are_not_mirrored_unless_that_is_asked_for():
    assert [setting("--data", name).recipe.flips for name in SETS if "cifar" not in name] == [
        *("none", "random", "none", "random", "random")
    ]
    assert setting("--data", "mnist", "--flips", "random").recipe.flips == "random"
    assert setting("--data", "fashion-mnist", "--padding", "2").recipe.padding == 2


@pytest.mark.parametrize("split", [False, True])
def test_a_folder_of_ones_own_is_trained_on_recorded_and_evaluated(tmp_path, capsys, split):
    folder = tmp_path / "photographs"
    for part in ("train", "test") if split else (".",):
        write(folder / part, ("cat", "dog", "owl"), 4, 40)
    where = ["--data", str(folder), "--run", str(tmp_path / "run"), "--out", str(tmp_path)]
    small = ["--width", "0.016", "--epochs", "1", "--batch", "5", "--side", "16"]
    assert command.main([question.NAME, *where, *small]) == 0
    said = capsys.readouterr().out
    assert f"of all images of {folder}, of each the largest central square shrunk to 16 x 16. Preset smoke" in said
    (row,) = record.load(question.NAME, tmp_path)["rows"]
    count = {"0": 4, "1": 5, "2": 6} if split else {"0": 2, "1": 2, "2": 3}
    assert row["split"]["train"] == count
    assert row["data_identity"][f"photographs{', train' * split}"]["images"] == 15
    assert command.main([question.NAME, *where, *small, "--evaluate"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_large_images_are_decoded_as_they_are_needed_and_both_presets_are_the_papers(tmp_path, capsys, monkeypatch):
    for part in ("train", "val"):
        write(tmp_path / "imagenet" / part, ("n01", "n02"), 2, 70)
    monkeypatch.setenv("COLLAPSE_THEORY_DATA", str(tmp_path))
    words = ["--preset", "imagenet", "--side", "66", "--width", "0.016", "--epochs", "1", "--batch", "5"]
    where = ["--workers", "0", "--run", str(tmp_path / "run"), "--out", str(tmp_path)]
    assert command.main([question.NAME, *words, *where]) == 0
    assert "of each a random part brought to 66 x 66, in tests the middle" in capsys.readouterr().out
    (row,) = record.load(question.NAME, tmp_path)["rows"]
    assert row["data_identity"]["imagenet, train"]["of"] == "names"
    assert row["blocks"] == []
    for name, (epochs, batch, rate, step) in {
        "imagenet": (150, 128, 0.01, 45),
        "imagenet-residual": (90, 256, 0.1, 30),
    }.items():
        chosen = question.PRESETS[name]
        assert (chosen.side, chosen.recipe.padding, chosen.recipe.flips) == (224, 0, "random")
        assert (chosen.recipe.epochs, chosen.recipe.batch, chosen.recipe.rate, chosen.recipe.rate_step) == (
            *(epochs, batch, rate, step),
        )
        train, _ = training_data.images_of(chosen, "cpu", 0)
        network = learning.network_of(replace(chosen, width=1 / 32) if name == "imagenet" else chosen, train)
        assert train.shape == (3, 224, 224)
        assert getattr(network, "stem", [None] * 4)[-1].__class__.__name__ in ("MaxPool2d", "NoneType")


def test_a_name_that_is_neither_a_set_nor_a_folder_is_told_at_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLLAPSE_THEORY_DATA", str(tmp_path))
    assert command.main([question.NAME, "--data", "nothing"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        "error: data: 'nothing' is no folder, here or in the folders of COLLAPSE_THEORY_DATA, and none"
    )
    assert error.endswith("of cifar10, cifar100, mnist, fashion-mnist, emnist, kth-tips, textures\n")
    write(tmp_path / "flat", ("a", "b"), 1, 70)
    assert command.main([question.NAME, "--data", "flat", "--side", "65"]) == 2
    assert "data: expected train/ and val/ in" in capsys.readouterr().err


def test_two_folders_of_one_last_name_have_a_run_each(tmp_path):
    names = set()
    for place in ("one", "two"):
        write(tmp_path / place / "photographs", ("a", "b"), 1, 8)
        names.add(training_data.called(setting("--data", str(tmp_path / place / "photographs"))))
    assert len(names) == 2
    assert all(name.startswith("photographs ") for name in names)
