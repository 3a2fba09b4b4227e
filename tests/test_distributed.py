"""Doubts about processes that train together: do two compute what one does, and does one that ends tell the others?"""

import json
import signal

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from collapse_theory.learned import checkpoints, distributed  # noqa: E402
from tests.several_processes import ended, launch, networks, train_networks  # noqa: E402
from tests.small_network import assert_same_end, metrics, train_small  # noqa: E402

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no processes")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder of all that two processes have done, after two of which one was killed."""
    folder = tmp_path_factory.mktemp("processes")
    errors, codes = ended(launch("killed", folder), 60)
    (folder / "first said").write_text(errors[0])
    (folder / "codes").write_text(json.dumps(codes))
    assert ended(launch("all_else", folder), 120) == (["", ""], [0, 0])
    return folder


def said(folder):
    return [json.loads((folder / f"said-{process}").read_text()) for process in (0, 1)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train_networks(tmp_path_factory.mktemp("alone"))
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", [*networks()])
def test_two_processes_train_as_one_does_in_double_precision(done, alone, name):
    """Weights, running statistics, thresholds, losses and accuracies, with last batches that do not divide evenly."""
    for process in (0, 1):
        end = torch.load(done / f"end-{process}", weights_only=True)[name]
        for tensor, expected in alone[name]["weights"].items():
            error = (end["weights"][tensor] - expected).abs().max()
            assert error <= 1e-7 * expected.abs().max(), tensor
        for line, expected in zip(end["epochs"], alone[name]["epochs"], strict=True):
            assert line == pytest.approx(expected, rel=1e-6)  # the loss is in single precision


def test_a_process_that_is_killed_does_not_leave_the_other_waiting(done):
    assert json.loads((done / "codes").read_text()) == [1, -signal.SIGKILL]
    lines = (done / "first said").read_text().splitlines()
    assert any("RuntimeError: another process of the training has ended, or cannot be reached: " in x for x in lines)
    assert "stopped after step 6 of 10; the same call resumes from " in lines[-1]


@pytest.mark.parametrize("name", ["killed", "interrupted"])
def test_what_was_stopped_and_resumed_ends_bit_for_bit_where_it_would_have(done, name):
    assert_same_end(done / name, done / "whole")
    assert checkpoints.names(done / name / "checkpoints")[-1] == "step-00000010"


def test_a_signal_to_one_process_stops_all_after_the_same_step(done):
    first, second = (each["interrupted"] for each in said(done))
    assert first[0] == second[0] == "KeyboardInterrupt"
    assert first[-1].startswith("stopped after step 3 of 10; the same call resumes from ")
    assert second[-1] == "process 1; what is left, the first process says"


def test_an_exception_in_one_process_reaches_the_others_although_it_lives_on(done):
    first, second = (each["left"] for each in said(done))
    assert second[:2] == ["BrokenPipeError", "nobody reads"]
    assert first[0] == "RuntimeError"
    assert first[1].startswith("another process of the training has ended, or cannot be reached: ")
    assert first[-1].startswith("stopped after step 2 of 10; the same call resumes from ")


def test_what_is_not_finite_in_one_process_is_named_in_all(done):
    errors = [each["not finite"] for each in said(done)]
    assert [error[0] for error in errors] == ["NotFinite"] * 2
    text = "step 3, epoch 1, learning rate 0.05: the loss is nan; the output of layer 4 (Flatten) is not finite"
    assert all(error[1].startswith(text) for error in errors)


def test_what_a_network_saves_is_that_of_the_first_process_and_each_draws_for_itself(done):
    (first, drawn), (second, others) = (each["remembered"] for each in said(done))
    assert first == second != 0
    assert len(drawn) == len(others)
    assert sum(a != b for a, b in zip(drawn, others, strict=True)) >= 10  # steps; evaluations draw alike


def test_processes_must_be_told_the_same(done):
    for each in said(done):
        assert each["other recipe"] == "training: expected the same in all 2 processes, got another in process 1"
        assert each["few images"].startswith("batch: of 36 images, 35 at a time, the fewest of a step are 1, too few")
    assert not (done / "other recipe" / "run.json").exists()


def test_one_process_goes_on_with_what_two_have_begun_and_says_so(done, tmp_path, caplog):
    import shutil

    shutil.copytree(done / "left", tmp_path / "run")
    outcome = train_small(tmp_path / "run", 2)[1]
    assert outcome.finished
    assert "was begun with 2 processes and is resumed with 1: the last bits will differ" in "".join(caplog.messages)
    whole = [line["loss"] for line in metrics(done / "whole") if line["kind"] == "step"]
    here = [line["loss"] for line in metrics(tmp_path / "run") if line["kind"] == "step"]
    assert here[:2] == whole[:2]
    assert len(here) == len(whole)


def test_a_process_alone_has_what_it_has():
    mean, variance, x = torch.ones(3), torch.ones(3), torch.arange(10)
    with distributed.together():
        assert (distributed.count(), distributed.number(), distributed.launched()) == (1, 0, (1, 0))
        assert distributed.moments(mean, variance, 5) == (mean, variance, 5)
        assert distributed.summed(x) is x
        assert distributed.gathered("a") == ["a"]
    assert [part.tolist() for part in distributed.part_of(x, 3)] == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
