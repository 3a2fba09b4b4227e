"""Doubts about the table of training steps: does it say what was measured, and that there is no GPU?"""

import pytest

torch = pytest.importorskip("torch")
from collapse_theory.learned import scattering_network  # noqa: E402
from tests.benchmarks.learned import __main__ as command  # noqa: E402
from tests.benchmarks.learned.steps import SIDES, WORKS, flops, step_of  # noqa: E402

ROW = {
    "name": "full",
    "threads": 1,
    "seconds": {"plain": 12.0, "float32": 4.0, "products": 3.0, "bfloat16": 2.0},
    "flops": 4e11,
    "rate": 2e11,
    "peaks": {"plain": 2**31, "float32": 2**30},
}


def test_a_row_has_the_times_beside_their_goals_the_share_of_the_floor_and_the_memory():
    lines = command.lines_of(
        [ROW, {"name": "augmentation", "threads": 2, "seconds": {"float32": 1, "augmentation": 0.02}}], "here"
    )
    cells = ["full, without skip, 128 images", "1", "12", "4", "3.00 (goal 2.5)", "50 %", "4.00", "6.00 (goal 5)"]
    assert f"| {' | '.join(cells)} | 0.50 of 2048 MiB |" in lines
    assert "Augmentation of a batch, 2 threads: 2.0 % of a step (goal 3 %), 1/8, with skip." in lines
    assert lines[0].startswith("here. ")


def test_operations_are_those_of_the_paper_s_network():
    """3.69 GFLOP an image without skip, and 8.58 with, of which the wavelets that are separable take a tenth or less."""
    for skip, expected in ((False, 3.69e9), (True, 8.58e9)):
        assert 0.95 < flops(scattering_network(width=1 / 4, skip=skip)) * 16 / expected < 1.25


@pytest.mark.parametrize("side", SIDES)
def test_every_side_of_a_work_does_a_step_that_changes_the_weights(side, monkeypatch):
    work = WORKS["eighth-skip"]
    monkeypatch.setitem(WORKS, "small", type(work)("small", 1, 2, {"width": 1 / 32, "skip": True}))
    step, network = step_of(WORKS["small"], side)
    before = network.blocks[0].mixing.weight.detach().clone()
    step()
    assert (network.blocks[0].mixing.weight - before).abs().max() > 0
    assert network.blocks[1].wavelets.separable == (side != "plain")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_command_says_so(capsys):
    assert command.main(["--on", "cuda"]) == 2
    assert "torch sees no GPU here; the same command measures everything where it does" in capsys.readouterr().err
