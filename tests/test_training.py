"""Doubts about training: is it the published descent, and what stops it?"""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn

from collapse_theory import learned
from collapse_theory.learned.evaluation import evaluate
from collapse_theory.learned.labelled import labelled_images
from collapse_theory.learned.not_finite import NotFinite
from collapse_theory.learned.training import Recipe, train
from tests.small_network import metrics, small_data, small_network, small_recipe, train_small


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
    images, labels = rng.integers(256, size=(64, 3, 16, 16), dtype=np.uint8), rng.integers(10, size=64)
    data = labelled_images(images, labels, classes=10, mean=[0.5] * 3, deviation=[0.3] * 3)
    network = learned.scattering_network(learned.Architecture(side=16), width=1 / 32)
    recipe = Recipe(epochs=19, batch=16, padding=None, rate=0.1, rate_step=12)
    assert train(network, (data, data), recipe, folder=tmp_path).epochs[-1]["test_accuracy"] == 1.0


def test_images_of_one_colour_are_trained_on(tmp_path):
    """Batch normalisation maps them to exact zeros, where the gradient of the rectifier is 0."""
    images = np.full((32, 3, 8, 8), 128, np.uint8)
    data = labelled_images(images, np.arange(32) % 10, classes=10, mean=[128 / 255] * 3, deviation=[0.25] * 3)
    assert train(learned.resnet20(), (data, data), Recipe(epochs=1, batch=16, padding=None), folder=tmp_path).finished


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
        (small_network()[:3], small_data(), r"labels: 4 classes, but the output .* is \(2, 6, 3, 3\) for 2 images"),
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs: expected an integer of at least 1, got 0"),
        ({"batch": 2.0}, r"batch: expected an integer of at least 1, got 2\.0"),
        ({"rate": float("nan")}, "rate: expected a finite number of at least 0, got nan"),
        ({"momentum": 1}, r"momentum: expected a number in \[0, 1\), got 1"),
        ({"padding": -1}, "padding: expected an integer of at least 0, got -1"),
        ({"precision": "float16"}, "precision: unknown 'float16'; known: 'float32', 'bfloat16 products', '"),
        ({"seed": None}, "seed: expected an integer of at least 0, got None"),
        ({"drop_last": "no"}, "drop_last: unknown 'no'; known: False, True"),
        ({"largest_gradient": 0}, "largest_gradient: expected a positive number, got 0"),
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
    network.insert(0, nn.BatchNorm2d(3))
    message = message.replace("layer 1", "layer 2")
    before = [t.clone() for t in network.state_dict().values()]
    with pytest.raises(NotFinite, match=rf"step 1, epoch 1, learning rate 0.05: {message}.*newest checkpoint is none"):
        train(network, small_data(), small_recipe(1), folder=tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(before, network.state_dict().values(), strict=True))
    assert all(p.grad is None for p in network.parameters())


class Forbidden(nn.Module):
    """Gives the first class a probability of 0: the loss of its images is infinite, all gradients are finite."""

    def forward(self, x):
        return x + torch.tensor([-torch.inf, 0, 0, 0])


def test_a_loss_that_is_infinite_with_finite_gradients_stops_the_run(tmp_path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 4), Forbidden())
    with pytest.raises(NotFinite, match=r"the loss is inf; the output of layer 2 \(Forbidden\) is not finite"):
        train(network, small_data(), small_recipe(1), folder=tmp_path)


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
    losses = torch.tensor([line["loss"] for line in metrics(tmp_path) if line["kind"] == "step"])
    assert not torch.equal(losses, losses.bfloat16().float())
    train_small(tmp_path / "single", 3)
    assert outcome.epochs[-1]["train_loss"] != metrics(tmp_path / "single")[-1]["train_loss"]
    assert outcome.epochs[-1]["train_loss"] == pytest.approx(metrics(tmp_path / "single")[-1]["train_loss"], abs=0.05)


def test_evaluation_is_over_all_images_whatever_the_batch():
    network, (data, _) = small_network(), small_data()
    network.eval()
    x, labels = data.batch(slice(0, 36))
    with torch.no_grad():
        logits = network(x)
    loss = float(-torch.log_softmax(logits, 1)[torch.arange(36), labels].mean())
    right = float((logits.argmax(1) == labels).double().mean())
    for batch in (5, 36):
        assert evaluate(network, data, batch=batch) == {"loss": pytest.approx(loss, rel=1e-5), "accuracy": right}


def test_progress_says_where_the_run_is(tmp_path):
    reports = []
    train_small(tmp_path, 2, progress=reports.append)
    assert [report["step"] for report in reports] == list(range(1, 11))
    assert [report["epoch"] for report in reports] == [1] * 5 + [2] * 5
    assert {(report["steps"], report["epochs"]) for report in reports} == {(10, 2)}
    assert reports[-1]["seconds_left"] == 0
    assert reports[4]["images_per_second"] > 0
    assert reports[0]["loss"] == metrics(tmp_path)[0]["loss"]


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


@pytest.mark.parametrize("measure", [evaluate, learned.class_statistics, learned.dead_outputs])
@pytest.mark.parametrize("batch", [0, -1, 2.5])
def test_a_batch_that_is_none_is_refused_and_not_answered(measure, batch):
    with pytest.raises(ValueError, match=f"batch: expected an integer of at least 1, got {batch}"):
        measure(small_network(), small_data()[0], batch=batch)


def test_the_precision_is_the_one_asked_for_whatever_the_caller_is_in():
    network, (_, test) = small_network(), small_data()
    single, half = (evaluate(network, test, precision=precision) for precision in ("float32", "bfloat16"))
    with torch.autocast("cpu", torch.bfloat16):
        assert evaluate(network, test) == single != half
    with pytest.raises(ValueError, match="precision: unknown 'float16'; known: 'float32', 'bfloat16 products', 'bf"):
        evaluate(network, test, precision="float16")


def test_a_run_is_the_same_whatever_torch_is_told_about_gradients(tmp_path):
    weights = train_small(tmp_path / "usual", 1)[0].state_dict()
    with torch.no_grad():
        found = train_small(tmp_path / "without", 1)[0].state_dict()
    assert all(torch.equal(found[name], weights[name]) for name in weights)


@pytest.mark.parametrize("cut", [torch.Tensor.detach, torch.Tensor.long])
def test_an_answer_without_a_gradient_is_refused_before_anything_is_written(tmp_path, cut):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    network.register_forward_hook(lambda module, inputs, answer: cut(answer))
    with pytest.raises(ValueError, match="network: expected an output that has a gradient, got a tensor"):
        train(network, small_data(), small_recipe(1), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_network_whose_sizes_and_statistics_come_with_the_images_is_trained_and_goes_on(tmp_path):
    def network():
        torch.manual_seed(0)
        return nn.Sequential(nn.LazyConv2d(3, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(4))

    ends = []
    for folder, stop_after in (("whole", None), ("stopped", 0), ("stopped", None)):
        ends.append(network())
        train(ends[-1], small_data(), small_recipe(1), folder=tmp_path / folder, stop_after=stop_after)
    assert all(torch.equal(a, b) for a, b in zip(ends[0].parameters(), ends[2].parameters(), strict=True))
    assert torch.equal(ends[0][1].running_var, ends[2][1].running_var)


@pytest.mark.parametrize(
    ("option", "message"),
    [({"checkpoint_seconds": None}, "checkpoint_seconds: .*None"), ({"progress": 3}, "progress: expected a function")],
    ids=str,
)
def test_an_option_that_cannot_be_is_refused_before_the_first_step(tmp_path, option, message):
    with pytest.raises((ValueError, TypeError), match=message):
        train_small(tmp_path / "run", 1, **option)
    assert not (tmp_path / "run").exists()
