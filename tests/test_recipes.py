"""Doubts about recipes: is each option the descent that it names, and does a run with it resume to the same bits?"""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn
from torch.nn import functional

from collapse_theory import learned
from collapse_theory.learned.augmentation import cropped, order_of_samples
from collapse_theory.learned.training import Recipe, train
from tests.small_network import metrics, small_data, small_network, small_recipe, train_small

SMALL = learned.Architecture(side=8, colors=3, classes=4, channels=(3, 4))


def without_draws():
    """A small network without dropout."""
    return nn.Sequential(*[layer for layer in small_network() if not isinstance(layer, nn.Dropout)])


def scattering(mixing="complex"):
    return learned.scattering_network(SMALL, skip=True, mixing=mixing)


def adam(parameters):
    return torch.optim.AdamW(parameters, lr=1e-3)


def same(first, second):
    return all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def by_hand(network, recipe, *, optimizer, rate_of, loss_of=functional.cross_entropy, after=lambda step: None):
    """A plain loop of torch over the same batches."""
    (data, _), step = small_data(), 0
    for epoch in range(recipe.epochs):
        for index in order_of_samples(36, seed=0, epoch=epoch).split(recipe.batch):
            x, labels = data.batch(index, seed=0, epoch=epoch, padding=recipe.padding, flips=recipe.flips)
            for group in optimizer.param_groups:
                group["lr"] = rate_of(step)
            optimizer.zero_grad()
            loss_of(network(x), labels).backward()
            optimizer.step()
            step += 1
            after(step)
    return network


def test_the_published_recipe_is_to_the_bit_a_plain_loop_of_torch(tmp_path):
    recipe = Recipe(epochs=3, batch=8, rate_step=2, padding=2)
    found, expected = without_draws(), without_draws()
    train(found, small_data(), recipe, folder=tmp_path)
    optimizer = torch.optim.SGD(expected.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    by_hand(expected, recipe, optimizer=optimizer, rate_of=lambda step: 0.01 * 0.1 ** (step // 5 // 2))
    assert same(found, expected)


def test_nesterov_smoothing_and_a_line_are_those_of_torch(tmp_path):
    options = {"schedule": "linear", "warm_up": 0.5, "nesterov": True, "label_smoothing": 0.1, "flips": "alternating"}
    recipe = small_recipe(4, **options)
    found, expected = without_draws(), without_draws()
    train(found, small_data(), recipe, folder=tmp_path)
    settings = {"lr": 1.0, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4}

    def smoothed(logits, labels):
        target = 0.9 * functional.one_hot(labels, 4) + 0.1 / 4
        return -(target * torch.log_softmax(logits, 1)).sum(1).mean()

    # 20 steps, half of them rising: the rate is that of the middle of each.
    rates = [0.05 * min(step + 0.5, 19.5 - step) / 10 for step in range(20)]
    optimizer = torch.optim.SGD(expected.parameters(), **settings)
    by_hand(expected, recipe, optimizer=optimizer, rate_of=rates.__getitem__, loss_of=smoothed)
    for value, wanted in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(value, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("step", [0, 0.5, 1, 1, 1, 0.1]),
        ("linear", [0, 0.5, 1, 0.75, 0.5, 0.25]),
        ("cosine", [0, 0.5, 1, (2 + 2**0.5) / 4, 0.5, (2 - 2**0.5) / 4]),
    ],
)
def test_schedules_rise_and_fall_as_they_say(schedule, expected):
    recipe = Recipe(epochs=6, rate=2.0, schedule=schedule, warm_up=1 / 3, rate_step=5)
    assert [recipe.rate_of(epoch) / 2 for epoch in range(6)] == pytest.approx(expected, abs=1e-12)
    assert recipe.rate_at(10, 10) / 2 == pytest.approx(0.525)
    assert all(recipe.rate_at(step, 10) > 0 for step in range(60))


def test_alternating_flips_show_each_image_and_its_mirror_in_turn():
    images, index = torch.arange(24.0).reshape(8, 1, 1, 3), torch.arange(8)
    options = {"count": 8, "seed": 3, "padding": 0}
    seen = [cropped(images, index, epoch=epoch, flips="alternating", **options) for epoch in range(3)]
    assert torch.equal(seen[0], seen[2])
    assert torch.equal(seen[0], seen[1].flip(-1))
    assert torch.equal(seen[0], cropped(images, index, epoch=0, flips="random", **options))
    assert 0 < sum(not torch.equal(a, b) for a, b in zip(seen[0], images, strict=True)) < 8
    assert torch.equal(cropped(images, index, epoch=1, flips="none", **options), images)


def test_the_average_is_what_is_evaluated_and_what_is_left(tmp_path):
    recipe = small_recipe(2, average=0.3)
    found, raw = without_draws(), without_draws()
    outcome = train(found, small_data(), recipe, folder=tmp_path)
    averages = {name: value.clone().double() for name, value in raw.state_dict().items()}

    def follow(step):
        decay = min(0.3, (1 + step) / (10 + step))
        for name, value in raw.state_dict().items():
            averages[name] = decay * averages[name] + (1 - decay) * value if value.is_floating_point() else value

    settings = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4}
    optimizer = torch.optim.SGD(raw.parameters(), **settings)
    by_hand(raw, recipe, optimizer=optimizer, rate_of=lambda step: 0.05, after=follow)
    for name, value in found.state_dict().items():
        torch.testing.assert_close(value.double(), averages[name].double(), rtol=1e-5, atol=1e-6)
        assert name.endswith("tracked") or not torch.equal(value, raw.state_dict()[name])
    assert outcome.epochs[-1]["test_loss"] == learned.evaluate(found, small_data()[1], batch=8)["loss"]
    again = without_draws()
    train(again, small_data(), recipe, folder=tmp_path)
    assert same(found, again)


def test_accumulated_gradients_are_those_of_the_whole_batch(tmp_path):
    def network():
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.Tanh(), nn.Linear(8, 4))

    whole, parts, seen = network(), network(), []
    train(whole, small_data(), small_recipe(2), folder=tmp_path / "whole")
    parts.register_forward_hook(lambda module, inputs, output: seen.append(len(output)) if module.training else None)
    outcome = train(parts, small_data(), small_recipe(2, accumulation=3), folder=tmp_path / "parts")
    assert seen[-15:] == [3, 3, 2] * 4 + [2, 1, 1]
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    expected = [line["train_loss"] for line in metrics(tmp_path / "whole") if line["kind"] == "epoch"]
    assert [line["train_loss"] for line in outcome.epochs] == pytest.approx(expected, rel=1e-5)
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(192), nn.Linear(192, 4))
    with pytest.raises(ValueError, match=r"batch: of 36 images, .* the network cannot train on one"):
        train(network, small_data(), small_recipe(1, accumulation=4), folder=tmp_path / "one")


def test_an_optimizer_of_the_user_follows_the_schedule_in_proportion(tmp_path):
    recipe = small_recipe(3, rate=1.0, rate_step=2, rate_factor=0.5)
    found, expected = without_draws(), without_draws()
    train(found, small_data(), recipe, folder=tmp_path, optimizer=adam)
    by_hand(expected, recipe, optimizer=adam(expected.parameters()), rate_of=lambda s: 1e-3 * 0.5 ** (s // 10))
    assert same(found, expected)
    with pytest.raises(ValueError, match=r"is of another run: optimizer is .* there and absent here"):
        train(without_draws(), small_data(), recipe, folder=tmp_path)


class Counting(torch.optim.SGD):
    """Keeps what no checkpoint can hold."""

    def step(self, closure=None):
        super().step(closure)
        self.state[self.param_groups[0]["params"][0]]["seen"] = [1]


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (3, "optimizer: expected a function of the parameters that makes an optimiser of torch, got a int"),
        (list, "optimizer: expected a function of the parameters .*, got one that makes a list of Parameter"),
        (torch.optim.LBFGS, "optimizer: expected one that steps without a closure, got a LBFGS"),
        (lambda p: Counting(p, lr=0.1), "optimizer: expected tensors and numbers as its state, got a list of int"),
    ],
    ids=["number", "list", "closure", "state"],
)
def test_what_is_no_optimizer_is_refused(tmp_path, optimizer, message):
    with pytest.raises(TypeError, match=message):
        train(without_draws(), small_data(), small_recipe(1), folder=tmp_path / "run", optimizer=optimizer)


LINE = {"schedule": "linear", "warm_up": 0.3, "nesterov": True, "label_smoothing": 0.1, "flips": "alternating"}
RESUMED = {
    "a line, nesterov": (small_network, LINE, {}),
    "an average": (small_network, {"schedule": "cosine", "average": 0.9}, {}),
    "accumulation": (small_network, {"accumulation": 2, "largest_gradient": 0.5}, {}),
    "muon, complex": (scattering, LINE | {"optimizer": "muon", "average": 0.9}, {}),
    "muon, real": (lambda: scattering("real"), {"optimizer": "muon"}, {}),
    "adam": (small_network, {"average": 0.9}, {"optimizer": adam}),
}


@pytest.mark.parametrize("name", RESUMED)
def test_a_run_that_is_stopped_at_steps_and_resumed_ends_as_one_that_is_not(tmp_path, name):
    make, changes, options = RESUMED[name]
    recipe, ends = small_recipe(2, **changes), []
    for folder, lives in (("whole", 0), ("parts", 6)):
        for _ in range(lives):
            train(make(), small_data(), recipe, folder=tmp_path / folder, stop_after=0, log_every=1, **options)
        ends.append(make())
        outcome = train(ends[-1], small_data(), recipe, folder=tmp_path / folder, log_every=1, **options)
        assert outcome.finished
    assert same(*ends)
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "parts")
    groups = [learned.checkpoints.load(tmp_path / folder / "checkpoints").tensors for folder in ("whole", "parts")]
    assert groups[0].keys() == groups[1].keys() >= ({"average"} if "average" in changes else set())
    for group, tensors in groups[0].items():
        assert all(torch.equal(tensor, groups[1][group][name]) for name, tensor in tensors.items())


def test_a_finished_run_goes_on_where_more_epochs_change_nothing_in_those_that_are_done(tmp_path):
    whole, _ = train_small(tmp_path / "whole", 9)  # the rate halves in the ninth
    train_small(tmp_path / "longer", 2)
    longer, outcome = train_small(tmp_path / "longer", 9)
    assert outcome.finished
    assert same(whole, longer)
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "longer")
    with pytest.raises(ValueError, match=r"recipe: expected at least the 45 steps .* has done, got epochs of 25"):
        train_small(tmp_path / "longer", 5)
    for schedule in ("linear", "cosine"):
        folder = tmp_path / schedule
        train(small_network(), small_data(), small_recipe(1, schedule=schedule), folder=folder)
        with pytest.raises(ValueError, match="is of another run: recipe, epochs is 1 there and 2 here"):
            train(small_network(), small_data(), small_recipe(2, schedule=schedule), folder=folder)


def test_a_line_of_the_metrics_comes_after_some_seconds_too(tmp_path):
    lines = []
    for seconds in (3600, 0):
        folder = tmp_path / str(seconds)
        train(small_network(), small_data(), small_recipe(1), folder=folder, log_every=100, log_seconds=seconds)
        lines.append([line["step"] for line in metrics(folder) if line["kind"] == "step"])
    assert lines == [[], [1, 2, 3, 4, 5]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "slow"}, "schedule: unknown 'slow'; known: 'step', 'linear', 'cosine'"),
        ({"warm_up": 1}, r"warm_up: expected a number in \[0, 1\), got 1"),
        ({"label_smoothing": 1.0}, r"label_smoothing: expected a number in \[0, 1\), got 1\.0"),
        ({"nesterov": True, "momentum": 0}, "nesterov: expected a momentum above 0 beside it, got 0"),
        ({"flips": "up"}, "flips: unknown 'up'; known: 'random', 'alternating', 'none'"),
        ({"average": 1}, "average: expected a number between 0 and 1, or None, got 1"),
        ({"accumulation": 0}, "accumulation: expected an integer of at least 1, got 0"),
        ({"optimizer": "adam"}, "optimizer: unknown 'adam'; known: 'descent', 'muon'"),
        ({"matrix_rate": np.nan}, "matrix_rate: expected a finite number of at least 0, got nan"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**changes)
