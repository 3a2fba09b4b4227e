"""Doubts about training: is it the published descent, what stops it, does a killed run end as one that was not?"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import hypothesis
import torch
from torch import nn

from collapse_theory import learned
from collapse_theory.learned import checkpoints
from collapse_theory.learned.checkpoints import DamagedCheckpoint, load
from collapse_theory.learned.evaluation import evaluate
from collapse_theory.learned.finiteness import NotFinite
from collapse_theory.learned.runs import RunFolder, RunFolderInUse
from collapse_theory.learned.samples import labelled_images
from collapse_theory.learned.training import Recipe, restore, train
from tests.small_network import small_data, small_network, small_recipe, train_small

CHANGES_WITH_THE_CLOCK = ("seconds",)


def metrics(folder):
    """Lines of the metrics, without what the clock says."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in CHANGES_WITH_THE_CLOCK} for line in lines]


def assert_same_end(folder, other):
    """Weights, momentum and every line of the metrics agree to the bit."""
    first, second = (load(path / "checkpoints") for path in (folder, other))
    assert first.step == second.step
    assert first.state["sums"] == second.state["sums"]
    for group in ("weights", "momentum"):
        assert first.tensors[group].keys() == second.tensors[group].keys()
        assert all(torch.equal(a, second.tensors[group][name]) for name, a in first.tensors[group].items())
    assert metrics(folder) == metrics(other)


def test_the_defaults_are_those_of_the_paper():
    recipe = Recipe()
    assert [recipe.rate_of(epoch) for epoch in (0, 69, 70, 139, 140, 299)] == pytest.approx(
        [1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-6], rel=1e-12
    )
    assert (recipe.epochs, recipe.batch, recipe.momentum, recipe.weight_decay) == (300, 128, 0.9, 1e-4)
    assert (recipe.padding, recipe.precision) == (4, "float32")


def test_a_step_is_descent_with_momentum_and_decay_of_all_parameters(tmp_path):
    """Three epochs of one batch, without augmentation, against the formulas v <- 0.9 v + g + λ w, w <- w − η v."""
    (data, _), network = small_data(), nn.Sequential(nn.Flatten(), nn.BatchNorm1d(192), nn.Linear(192, 4))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.linspace(-1, 1, parameter.numel()).reshape(parameter.shape))
    recipe = Recipe(epochs=3, batch=36, rate=0.1, rate_step=2, weight_decay=0.3, padding=None)
    expected = [p.detach().double().clone() for p in network.parameters()]
    velocity = [torch.zeros_like(p) for p in expected]
    x, labels = data.batch(torch.arange(36))
    flat = x.flatten(1).double()
    for epoch in range(3):
        gain, bias, matrix, offset = (p.requires_grad_() for p in expected)
        normal = (flat - flat.mean(0)) / torch.sqrt(flat.var(0, correction=0) + 1e-5)
        loss = nn.functional.cross_entropy((normal * gain + bias) @ matrix.T + offset, labels)
        gradients = torch.autograd.grad(loss, expected)
        with torch.no_grad():
            velocity = [0.9 * v + g + 0.3 * p for v, g, p in zip(velocity, gradients, expected, strict=True)]
            expected = [p - (0.1, 0.1, 0.01)[epoch] * v for p, v in zip(expected, velocity, strict=True)]
    train(network, (data, data), recipe, folder=tmp_path)
    for parameter, value in zip(network.parameters(), expected, strict=True):
        assert float((parameter.detach() - value).abs().max()) < 1e-5 * float(value.abs().max())


def test_sixty_four_images_of_noise_are_learned_by_heart(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(64, 3, 8, 8), dtype=np.uint8), rng.integers(4, size=64)
    data = labelled_images(images, labels, classes=4, mean=[0.5] * 3, deviation=[0.3] * 3)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(), nn.Linear(1152, 4))
    outcome = train(network, (data, data), Recipe(epochs=15, batch=32, padding=None), folder=tmp_path)
    assert outcome.finished
    assert outcome.epochs[-1]["test_accuracy"] == 1.0
    assert evaluate(network, data)["accuracy"] == 1.0


def test_the_scattering_network_learns_sixty_four_images_by_heart(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(64, 3, 32, 32), dtype=np.uint8), rng.integers(10, size=64)
    data = labelled_images(images, labels, classes=10, mean=[0.5] * 3, deviation=[0.3] * 3)
    network = learned.scattering_network(width=1 / 32)
    outcome = train(network, (data, data), Recipe(epochs=18, batch=16, padding=None, rate=0.05), folder=tmp_path)
    assert max(line["test_accuracy"] for line in outcome.epochs) == 1.0


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


def test_the_random_numbers_of_the_caller_are_left_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_small(tmp_path, 1)
    assert torch.equal(torch.rand(3), expected)


def test_another_seed_is_another_run(tmp_path):
    ends = []
    for seed in (0, 1):
        network = small_network()
        train(network, small_data(), small_recipe(1, seed=seed), folder=tmp_path / str(seed))
        ends.append(network[0].weight)
    assert not torch.equal(*ends)


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
    with pytest.raises(ValueError, match=r"another architecture: 5.weight is float32 \(4, 54\) there and absent"):
        restore(small_network()[:5], found)


def grey(data):
    return labelled_images(data.images[:, :1].numpy(), data.labels.numpy(), classes=4)


@pytest.mark.parametrize(
    ("network", "data", "message"),
    [
        (small_network(), tuple(map(grey, small_data())), r"images: the network does not take \(1, 8, 8\): .*channels"),
        (small_network(), small_data(side=12), r"images: the network does not take \(3, 12, 12\): .*shape"),
        (
            small_network(),
            (small_data()[0], small_data(side=12)[0]),
            r"data: train has images \(3, 8, 8\) of 4 classes, ",
        ),
        (small_network()[:3], small_data(), r"labels: 4 classes, but the network answers \(2, 6, 3, 3\) for 2 images"),
        (small_network()[:5] + nn.Sequential(nn.Linear(54, 3)), small_data(), r"labels: 4 classes, but .* \(2, 3\)"),
        (small_network().to("meta"), small_data(), r"data: on cpu and cpu, the network on meta"),
    ],
)
def test_data_that_the_network_does_not_take_are_refused_before_anything_is_written(tmp_path, network, data, message):
    with pytest.raises(ValueError, match=message):
        train(network, data, small_recipe(1), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_network_may_have_more_outputs_than_there_are_classes(tmp_path):
    assert train(small_network()[:5], small_data(), small_recipe(1), folder=tmp_path).finished


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs: expected an integer of at least 1, got 0"),
        ({"batch": 2.0}, r"batch: expected an integer of at least 1, got 2\.0"),
        ({"rate": float("nan")}, "rate: expected a finite number of at least 0, got nan"),
        ({"padding": -1}, "padding: expected an integer of at least 0, got -1"),
        ({"precision": "float16"}, "precision: unknown 'float16'; known: 'float32', 'bfloat16'"),
        ({"seed": None}, "seed: expected an integer of at least 0, got None"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**changes)


class Root(nn.Module):
    """Has an infinite gradient at 0."""

    def forward(self, x):
        return torch.sqrt(0 * x)


class Logarithm(nn.Module):
    """Is not finite at 0."""

    def forward(self, x):
        return torch.log(torch.relu(x))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Logarithm(), r"the loss is (nan|inf|-inf); the output of layer 1 \(Logarithm\) is not finite, its input is"),
        (Root(), r"the norm of the gradient is nan; the gradient through layer 1 \(Root\) is not finite"),
    ],
)
def test_what_is_not_finite_stops_the_run_and_names_the_layer(tmp_path, layer, message):
    network = nn.Sequential(nn.Linear(8, 8), layer, nn.Flatten(), nn.Linear(192, 4))
    before = [p.clone() for p in network.parameters()]
    with pytest.raises(NotFinite, match=rf"step 1, epoch 1, learning rate 0.05: {message}.*newest checkpoint is none"):
        train(network, small_data(), small_recipe(1), folder=tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_a_descent_that_explodes_is_stopped(tmp_path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 64), nn.Linear(64, 64), nn.Linear(64, 4))
    with pytest.raises(NotFinite, match="learning rate 1e"):
        train(network, small_data(), small_recipe(20, rate=1e10), folder=tmp_path)


def test_bfloat16_trains_with_parameters_and_loss_in_single_precision(tmp_path):
    seen = []
    network = small_network()
    network[5].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    outcome = train(network, small_data(), small_recipe(3, precision="bfloat16"), folder=tmp_path, log_every=1)
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    train_small(tmp_path / "single", 3)
    assert outcome.epochs[-1]["train_loss"] != metrics(tmp_path / "single")[-1]["train_loss"]
    assert outcome.epochs[-1]["train_loss"] == pytest.approx(metrics(tmp_path / "single")[-1]["train_loss"], abs=0.05)


def test_progress_says_where_the_run_is(tmp_path):
    reports = []
    train_small(tmp_path, 2, progress=reports.append)
    assert [report["step"] for report in reports] == list(range(1, 11))
    assert [report["epoch"] for report in reports] == [1] * 5 + [2] * 5
    assert {(report["steps"], report["epochs"]) for report in reports} == {(10, 2)}
    assert reports[-1]["seconds_left"] == 0
    assert reports[4]["images_per_second"] > 0
    assert reports[0]["loss"] == metrics(tmp_path)[0]["loss"]


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


def test_the_data_are_known_by_their_values_labels_and_normalisation():
    data = small_data()[0]
    prints = {data.fingerprint(), small_data(seed=1)[0].fingerprint()}
    images, labels = data.images.numpy(), data.labels.numpy()
    prints.add(
        labelled_images(images, labels[::-1].copy(), classes=4, mean=[0.4] * 3, deviation=[0.3] * 3).fingerprint()
    )
    prints.add(labelled_images(images, labels, classes=4, mean=[0.5] * 3, deviation=[0.3] * 3).fingerprint())
    assert len(prints) == 4
    assert small_data()[0].fingerprint() == data.fingerprint()
