"""Doubts about runs: does one that was killed end as one that was not, and is the folder of another one left alone?"""

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import hypothesis
import torch
from torch import nn

from collapse_theory import learned
from collapse_theory.learned import checkpoints
from collapse_theory.learned.checkpoints import DamagedCheckpoint, load
from collapse_theory.learned.runs import RunFolder, RunFolderInUse
from collapse_theory.learned.training import restore, train
from tests.small_network import assert_same_end, metrics, small_data, small_network, small_recipe, train_small


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path):
    kills = 20 if hypothesis.settings.default.max_examples < 1000 else 200
    command = [sys.executable, "-m", "tests.small_network", str(tmp_path / "killed"), str(kills), "1"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        train_small(tmp_path / "whole", int(result.stdout))
    finally:
        torch.set_num_threads(threads)
    assert_same_end(tmp_path / "killed", tmp_path / "whole")


def test_a_run_that_is_stopped_goes_on_in_the_middle_of_an_epoch(tmp_path):
    train_small(tmp_path / "whole", 2)
    for _ in range(10):
        network, outcome = train_small(tmp_path / "parts", 2, stop_after=0)
        assert outcome.finished == (outcome.step == 10)
    assert_same_end(tmp_path / "whole", tmp_path / "parts")
    again, outcome = train_small(tmp_path / "parts", 2)
    assert outcome.finished
    assert [line["epoch"] for line in outcome.epochs] == [1, 2]
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))


def test_a_damaged_checkpoint_stops_the_run_and_the_one_before_it_leads_to_the_same_end(tmp_path):
    train_small(tmp_path / "whole", 2)
    for _ in range(7):
        train_small(tmp_path / "hurt", 2, stop_after=0)
    weights = tmp_path / "hurt" / "checkpoints" / "step-00000007" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(DamagedCheckpoint, match=r"step-00000007 is damaged: weights.*step-00000006, is intact"):
        train_small(tmp_path / "hurt", 2)
    train_small(tmp_path / "hurt", 2, checkpoint="step-00000006")
    assert_same_end(tmp_path / "whole", tmp_path / "hurt")


def test_a_torn_line_of_the_metrics_is_dropped(tmp_path):
    train_small(tmp_path / "whole", 2)
    train_small(tmp_path / "torn", 2, stop_after=0)
    with open(tmp_path / "torn" / "metrics.jsonl", "a") as file:
        file.write('{"kind": "step", "step": 2, "loss": 9}\n{"kind": "st')
    train_small(tmp_path / "torn", 2)
    assert_same_end(tmp_path / "whole", tmp_path / "torn")


def test_a_run_folder_in_use_is_refused_with_the_number_of_its_process(tmp_path):
    with (
        RunFolder(tmp_path, {}, tensorboard=False),
        pytest.raises(RunFolderInUse, match=f"{tmp_path} is in use by process {os.getpid()}"),
    ):
        train_small(tmp_path, 1)
    (tmp_path / "run.json").unlink()
    assert train_small(tmp_path, 1)[1].finished


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": small_recipe(2, rate=0.1)}, r"recipe, rate is 0\.05 there and 0\.1 here"),
        ({"about": {"skip": True}}, "about, skip is absent there and true here"),
        (
            {"network": small_network(channels=3)[:5] + nn.Sequential(nn.Linear(54, 5))},
            r"5\.weight is \"float32 \(4, 54",
        ),
        ({"data": small_data(seed=1)}, "data, train is "),
    ],
)
def test_the_folder_of_another_run_is_refused(tmp_path, change, message):
    first = {"network": small_network(), "data": small_data(), "recipe": small_recipe(2), "about": {}}

    def run(network, data, recipe, about):
        train(network, data, recipe, folder=tmp_path, about=about)

    run(**first)
    before = (tmp_path / "run.json").read_text()
    with pytest.raises(ValueError, match=f"is of another run: .*{message}"):
        run(**first | change)
    assert (tmp_path / "run.json").read_text() == before


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path):
    train_small(tmp_path, 1)
    found = load(tmp_path / "checkpoints")
    restore(small_network(seed=1), found)
    with pytest.raises(
        ValueError, match=r"another architecture: 0.weight is float32 \(6, 3, 3, 3\) there and .*\(6, 1"
    ):
        restore(small_network(channels=1), found)
    with pytest.raises(ValueError, match=r"another architecture: 5.bias is float32 \(4,\) there and absent"):
        restore(small_network()[:5], found)


def test_too_little_room_is_told_before_training_starts(tmp_path, monkeypatch):
    usage = checkpoints.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    with pytest.raises(OSError, match=r"has 0 MiB free; 3 checkpoints"):
        train_small(tmp_path, 1)
    assert not (tmp_path / "metrics.jsonl").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=f"cannot write to the run folder {tmp_path / 'file'}"):
        train_small(tmp_path / "file", 1)


def test_tensorboard_gets_the_scalars_where_it_is_installed(tmp_path, monkeypatch):
    import types

    told = []

    class SummaryWriter:
        def __init__(self, folder, purge_step):
            told.append((folder.name, purge_step))

        def add_scalar(self, name, value, step):
            told.append((name, value, step))

        def close(self):
            told.append("closed")

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", types.SimpleNamespace(SummaryWriter=SummaryWriter))
    train_small(tmp_path, 1)
    assert (told[0], told[-1]) == (("tensorboard", 1), "closed")
    assert ("step/loss", metrics(tmp_path)[0]["loss"], 1) in told
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    train_small(tmp_path / "without", 1)


def test_nothing_is_unpickled():
    """No file of the package calls torch.load or imports pickle but to refuse what it names."""
    folder = os.path.dirname(learned.__file__)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            assert "torch.load" not in text, name
            assert "import pickle" not in text, name
