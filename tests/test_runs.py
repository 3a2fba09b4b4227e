"""Doubts about runs: does one that was killed end as one that was not, and is the folder of another one left alone?"""

import os
import shutil
import signal
import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch

from collapse_theory import learned
from collapse_theory.learned import training
from collapse_theory.learned.checkpoints import DamagedCheckpoint, load
from collapse_theory.learned.training import restore
from tests.operations import count_operations
from tests.small_network import assert_same_end, small_network, train_small


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.deep)])
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path, kills):
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


def test_going_back_and_stopping_before_the_first_step_loses_no_line(tmp_path, monkeypatch):
    train_small(tmp_path / "whole", 3)
    for _ in range(5):
        train_small(tmp_path / "run", 3, stop_after=0)
    with monkeypatch.context() as patch:
        patch.setattr(training._Training, "to_the_end", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train_small(tmp_path / "run", 3, checkpoint="step-00000004")
    outcome = train_small(tmp_path / "run", 3)[1]
    assert [line["epoch"] for line in outcome.epochs] == [1, 2, 3]
    assert_same_end(tmp_path / "run", tmp_path / "whole")


def killed_at(monkeypatch, folder, operation):
    """Go back to step 4 in a child, which is killed before its operation number n on files.  Returns whether it was."""
    child = os.fork()
    if not child:
        try:
            count_operations(monkeypatch, lambda n: n == operation and os.kill(os.getpid(), signal.SIGKILL))
            train_small(folder, 2, checkpoint="step-00000004", stop_after=0)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_killed_at_any_operation_while_it_goes_back_a_run_ends_as_one_that_is_not(tmp_path, monkeypatch, one_thread):
    train_small(tmp_path / "whole", 2)
    for _ in range(5):
        train_small(tmp_path / "run", 2, stop_after=0)
    operation = 0
    while True:
        operation += 1
        folder = tmp_path / str(operation)
        shutil.copytree(tmp_path / "run", folder)
        killed = killed_at(monkeypatch, folder, operation)
        train_small(folder, 2)
        assert_same_end(folder, tmp_path / "whole")
        assert not [path for path in folder.rglob(".*") if path.name.startswith((".unfinished", ".replaced"))]
        if not killed:
            break
    assert operation > 15


@pytest.fixture
def one_thread():
    """Torch on one thread: a process with threads must not be forked."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
    with pytest.raises(TypeError, match=r"checkpoint: expected what learned\.checkpoints\.load reads, got a str"):
        restore(small_network(), str(tmp_path))


def test_nothing_is_unpickled():
    """No file of the package calls torch.load or imports pickle but to refuse what it names."""
    folder = os.path.dirname(learned.__file__)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            assert "torch.load" not in text, name
            assert "import pickle" not in text, name
