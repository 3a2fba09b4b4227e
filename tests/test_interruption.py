"""Doubts about stopping: does a signal, or an exception, leave a checkpoint of a whole step, and go its usual way?"""

import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn

from collapse_theory.learned import checkpoints, evaluation
from collapse_theory.learned.interruption import Interruption
from collapse_theory.learned.training import train
from tests.small_network import assert_same_end, small_data, small_network, small_recipe, train_small


def at_step(number, act):
    """A progress that acts after so many steps."""
    return lambda report: report["step"] == number and act()


def raising(signal_number):
    return lambda: signal.raise_signal(signal_number)


def broken():
    raise BrokenPipeError("nobody reads")


@pytest.fixture
def whole(tmp_path):
    train_small(tmp_path / "whole", 2)
    return tmp_path / "whole"


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (raising(signal.SIGINT), KeyboardInterrupt),
        (raising(signal.SIGTERM), SystemExit),
        (broken, BrokenPipeError),
        (sys.exit, SystemExit),
    ],
)
@pytest.mark.parametrize("step", [3, 5, 10])
def test_what_progress_or_a_signal_raises_leaves_a_checkpoint_and_says_so(tmp_path, whole, caplog, act, error, step):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(error) as caught:
        train_small(tmp_path / "run", 2, progress=at_step(step, act))
    name = tmp_path / "run" / "checkpoints" / f"step-{step:08d}"
    said = f"stopped after step {step} of 10; the same call resumes from {name}"
    assert caught.value.__notes__ == [said]
    assert caplog.messages == ([said] if error is SystemExit else [])
    assert checkpoints.names(name.parent) == [name.name]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    train_small(tmp_path / "run", 2)
    assert_same_end(tmp_path / "run", whole)


def test_sigterm_ends_with_the_usual_status():
    with pytest.raises(SystemExit) as caught, Interruption():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.code == 128 + signal.SIGTERM


class Signalling(nn.Module):
    """Raises a signal, or an error, in its step number n."""

    def __init__(self, n, act):
        super().__init__()
        self._n, self._act, self._seen = n, act, 0

    def forward(self, x):
        self._seen += self.training
        if self._seen == self._n and self.training:
            self._act()
        return x


@pytest.mark.parametrize(("act", "left"), [(raising(signal.SIGINT), 4), (broken, 3)])
def test_in_the_middle_of_a_step_a_signal_waits_for_its_end_and_an_error_undoes_it(tmp_path, act, left):
    """Passes that ask whether the network takes the data leave no trace in what it counts."""

    def network(n):
        return nn.Sequential(*small_network(), Signalling(n, act))

    error = KeyboardInterrupt if left == 4 else BrokenPipeError
    with pytest.raises(error):
        train(network(4), small_data(), small_recipe(2), folder=tmp_path / "run", log_every=1)
    assert checkpoints.names(tmp_path / "run" / "checkpoints") == [f"step-{left:08d}"]
    for name in ("run", "whole"):
        train(network(-1), small_data(), small_recipe(2), folder=tmp_path / name, log_every=1)
    assert_same_end(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize("epoch", [1, 2])
def test_stopped_while_it_evaluates_a_run_goes_on_with_the_evaluation(tmp_path, whole, monkeypatch, epoch):
    calls = []

    def evaluate(*arguments, **options):
        calls.append(1)
        if len(calls) == epoch:
            signal.raise_signal(signal.SIGINT)
        return evaluation.evaluate(*arguments, **options)

    monkeypatch.setattr("collapse_theory.learned.training.evaluate", evaluate)
    with pytest.raises(KeyboardInterrupt):
        train_small(tmp_path / "run", 2)
    outcome = train_small(tmp_path / "run", 2)[1]
    assert [line["epoch"] for line in outcome.epochs] == [1, 2]
    assert_same_end(tmp_path / "run", whole)
    assert train_small(tmp_path / "run", 2)[1].epochs == outcome.epochs


def test_a_handler_of_the_caller_is_called_and_what_is_ignored_stays_ignored(tmp_path):
    seen = []
    before = [signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))]
    before.append(signal.signal(signal.SIGINT, signal.SIG_IGN))
    try:
        act = lambda: [signal.raise_signal(n) for n in (signal.SIGTERM, signal.SIGINT)]  # noqa: E731
        assert train_small(tmp_path, 1, progress=at_step(2, act))[1].finished
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert seen == [signal.SIGTERM]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_in_the_conventional_way_with_one_line(tmp_path, number):
    script = (
        "import sys, pathlib, time\n"
        "from tests.small_network import train_small\n"
        "def tell(report):\n"
        "    print(report['step'], flush=True)\n"
        "    time.sleep(0.01)\n"
        "train_small(pathlib.Path(sys.argv[1]), 10**6, progress=tell)\n"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], **options)
    while process.stdout.readline() != "7\n":
        assert process.poll() is None, process.stderr.read()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in {signal.SIGINT: (-2, 130), signal.SIGTERM: (143,)}[number]
    (name,) = checkpoints.names(tmp_path / "checkpoints")
    line = errors.strip().splitlines()[-1]
    assert line.endswith(f"the same call resumes from {tmp_path / 'checkpoints' / name}")
    assert number == signal.SIGINT or errors.count("\n") == 1


def test_outside_of_the_main_thread_a_training_leaves_signals_alone(tmp_path):
    import threading

    thread = threading.Thread(target=train_small, args=(tmp_path, 1))
    thread.start()
    thread.join(timeout=60)
    assert checkpoints.names(tmp_path / "checkpoints") == ["step-00000005"]


def test_memory_that_is_short_in_one_step_costs_no_step_before_it(tmp_path):
    def short():
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(torch.OutOfMemoryError) as caught:
        train(nn.Sequential(*small_network(), Signalling(3, short)), small_data(), small_recipe(2), folder=tmp_path)
    assert caught.value.__notes__[0].startswith("stopped after step 2 of 10; the same call resumes from ")


def test_an_exception_that_cannot_be_told_has_its_note_all_the_same(tmp_path):
    class Untold(Exception):
        def __str__(self):
            raise RuntimeError("not today")

    def act():
        raise Untold

    with pytest.raises(Untold) as caught:
        train_small(tmp_path, 1, progress=at_step(3, act))
    assert caught.value.__notes__[0].startswith("stopped after step 3 of 5; the same call resumes from ")
