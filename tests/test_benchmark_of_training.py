"""Doubts about the table of training steps: does it say what was measured, and that there is no GPU?"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from collapse_theory import learned  # noqa: E402
from collapse_theory.learned import scattering_network  # noqa: E402
from tests.benchmarks.learned import __main__ as command  # noqa: E402
from tests.benchmarks.learned import accuracy  # noqa: E402
from tests.benchmarks.learned.steps import SIDES, WORKS, augmented, flops, step_of  # noqa: E402

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


def test_operations_are_those_counted_by_hand_for_the_network_of_the_paper(monkeypatch):
    """Mixing takes 1.086 GFLOP an image without skip, 2.716 with, and three times as many in a step."""
    zeros = lambda outputs, inputs, **_: np.zeros((outputs, inputs), np.complex64)  # noqa: E731
    monkeypatch.setattr("collapse_theory.learned.layers.semi_unitary", zeros)
    for skip, mixing in ((False, 1.086e9), (True, 2.716e9)):
        network = scattering_network(skip=skip)
        wavelets = sum(_second(block) for block in network.blocks)
        assert flops(network) - wavelets == pytest.approx(3 * mixing, rel=0.02)
        assert 0.03 < wavelets / flops(network) < 0.2


def _second(block):
    """Operations of the two products of the wavelets, forwards and backwards."""
    layer, channels = block.wavelets, block.mixing.sizes[0]
    along = layer.first.numel() * layer.side
    return 4 * channels * (along + layer.after * sum(matrix.numel() for matrix in layer.second()))


@pytest.mark.parametrize("side", SIDES)
def test_every_side_of_a_work_does_a_step_that_changes_the_weights(side, monkeypatch):
    work = WORKS["eighth-skip"]
    monkeypatch.setitem(WORKS, "small", type(work)("small", 1, 2, {"width": 1 / 32, "skip": True}))
    step, network = step_of(WORKS["small"], side)
    before = network.blocks[0].mixing.weight.detach().clone()
    step()
    assert (network.blocks[0].mixing.weight - before).abs().max() > 0
    assert network.blocks[1].wavelets.separable == (side != "plain")


def test_the_augmentation_of_a_batch_is_timed_beside_a_step():
    work = type(WORKS["augmentation"])("small", 1, 2, {"width": 1 / 32, "skip": True})
    assert set(augmented(work, torch.get_num_threads(), 1)["seconds"]) == {"float32", "augmentation"}


def test_a_low_precision_that_loses_more_than_the_seeds_do_is_named():
    found = {"float32": [0.50, 0.52, 0.54], "bfloat16 products": [0.49, 0.49, 0.49], "bfloat16": [0.40, 0.5, 0.53]}
    lines = accuracy.lines_of(found)
    assert "| float32 | 50.0, 52.0, 54.0 | 52.0 | 0.0 | 4.0 | yes |" in lines
    assert "| bfloat16 products | 49.0, 49.0, 49.0 | 49.0 | 3.0 | 4.0 | yes |" in lines
    assert "| bfloat16 | 40.0, 50.0, 53.0 | 47.7 | 4.3 | 4.0 | no |" in lines


def test_trainings_of_a_seed_differ_in_their_precision_alone(monkeypatch):
    seen, images = [], torch.zeros((4, 3, 32, 32), dtype=torch.uint8)
    data = [learned.labelled_images(images.numpy(), np.arange(4) % 2, classes=10)] * 2

    def train(network, data, recipe, *, folder):
        seen.append((network.blocks[0].mixing.weight[0, 0, 0].item(), recipe))
        return learned.recipes.Outcome(True, 1, 1.0, ({"test_accuracy": 0.5},), 1)

    monkeypatch.setattr(accuracy, "labelled", lambda setting, device: data)
    monkeypatch.setattr(accuracy.learned, "train", train)
    lines = accuracy.accuracy_lines(accuracy.SETTING, seeds=2)
    assert "training images 4, epochs 1, batch 32; test images 4" in lines[0]
    assert [recipe.precision for _, recipe in seen] == [*accuracy.PRECISIONS] * 2
    assert [recipe.seed for _, recipe in seen] == [0, 0, 0, 1, 1, 1]
    assert len({weight for weight, _ in seen}) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_command_says_so(capsys):
    assert command.main(["--on", "cuda"]) == 2
    assert "torch sees no GPU here; the same command measures everything where it does" in capsys.readouterr().err
