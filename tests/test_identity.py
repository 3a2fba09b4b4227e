"""Doubts about what identifies a run: are two that compute something else told apart, and two alike taken as one?"""

import json
import os
import subprocess
import sys
import types
from functools import partial

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn
from torch.nn import functional

from collapse_theory import learned
from collapse_theory.learned import training
from collapse_theory.learned.identity import computation, schedule
from collapse_theory.learned.training import Recipe, train
from tests.small_network import small_data, small_network, small_recipe

SMALL = learned.Architecture(side=8, colors=3, classes=4, channels=(2, 2))


def scattering(nonlinearity="tanh", **options):
    return learned.scattering_network(SMALL, nonlinearity, **options)


def with_dropout(share):
    return nn.Sequential(nn.Dropout(share), nn.Flatten(), nn.Linear(192, 4))


class Applied(nn.Module):
    """A function of its own, and what it is told to keep."""

    def __init__(self, function=None, **kept):
        super().__init__()
        self.function = function
        vars(self).update(kept)
        self.linear = nn.Linear(192, 4)
        self.register_buffer("filters", torch.full((3,), kept.get("filters_of", 1.0)), persistent=False)

    def forward(self, x):
        return self.linear(x.flatten(1))


def frozen(module, name):
    getattr(module, name).requires_grad_(False)
    return module


def resting(network, number):
    network[number].eval()
    return network


def power(exponent):
    return lambda x: x**exponent


DIFFERENT = {
    "non-linearity": (scattering("tanh"), scattering("unit amplitude")),
    "pi": (scattering(), scattering(pi=3.1415)),
    "circle": (scattering(angles=8), scattering(angles=8, circle="full")),
    "dropout": (with_dropout(0.1), with_dropout(0.9)),
    "activation": (nn.Sequential(nn.ReLU()), nn.Sequential(nn.GELU())),
    "stride": (nn.Sequential(nn.MaxPool2d(2, 1)), nn.Sequential(nn.MaxPool2d(2, 2))),
    "function": (Applied(torch.relu), Applied(torch.tanh)),
    "torch's functional": (Applied(functional.gelu), Applied(functional.silu)),
    "partial": (Applied(partial(functional.leaky_relu, negative_slope=0.1)), Applied(functional.leaky_relu)),
    "lambda": (Applied(lambda x: x + 1), Applied(lambda x: x + 2)),
    "what a function holds": (Applied(power(2)), Applied(power(3))),
    "own attribute": (Applied(gain=1.0), Applied(gain=2.0)),
    "not a number": (Applied(gain=float("nan")), Applied(gain=float("inf"))),
    "settings": (Applied(settings={"a": (1, 2)}), Applied(settings={"a": (1, 3)})),
    "namespace": (
        Applied(settings=types.SimpleNamespace(steps=1)),
        Applied(settings=types.SimpleNamespace(steps=2)),
    ),
    "filters": (Applied(filters_of=1.0), Applied(filters_of=1.1)),
    "frozen parameter": (Applied(), frozen(Applied(), "linear")),
    "frozen statistics": (small_network(), resting(small_network(), 1)),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_computes_something_else_is_another_run(name):
    first, second = map(computation, DIFFERENT[name])
    assert json.dumps(first) != json.dumps(second)
    assert json.dumps(first) == json.dumps(computation(DIFFERENT[name][0]))


def test_weights_statistics_what_is_kept_and_the_mode_do_not_make_another_run(tmp_path):
    network = small_network()
    before = json.dumps(computation(network))
    train(network, small_data(), small_recipe(1), folder=tmp_path)
    network.last = torch.ones(3)
    assert json.dumps(computation(network)) == json.dumps(computation(network.eval())) == before


class Warm(Recipe):
    """Begins slowly."""

    def rate_of(self, epoch):
        return self.rate * min(1, (epoch + 1) / 3)


class Warmer(Recipe):
    """Begins more slowly."""

    def rate_of(self, epoch):
        return self.rate * min(1, (epoch + 1) / 4)


def test_a_schedule_is_known_by_its_rates():
    assert schedule(Recipe())["rate_of"] == {"0": 0.01, "70": 0.001, "140": 1e-4, "210": 1e-5, "280": 1e-6}
    assert schedule(Warm(epochs=5))["rate_of"] == {"0": pytest.approx(1 / 300), "1": pytest.approx(1 / 150), "2": 0.01}
    same = type("Warm", (Recipe,), {"rate_of": Warmer.rate_of})
    assert schedule(Warm(epochs=5)) != schedule(same(epochs=5))
    assert schedule(Warm(epochs=1, rate=0.0))["class"] != schedule(Recipe(epochs=1, rate=0.0))["class"]
    huge = type("Huge", (Recipe,), {"rate_of": lambda self, epoch: float("nan")})
    with pytest.raises(ValueError, match=r"rate_of\(0\): expected a finite number of at least 0, got nan"):
        schedule(huge())


def test_the_folder_of_another_computation_is_refused_and_the_first_difference_named(tmp_path):
    first = {"network": with_dropout(0.1), "recipe": small_recipe(1)}
    for change, message in (
        ({"network": with_dropout(0.9)}, r"network, 0, p is 0\.1 there and 0\.9 here"),
        ({"recipe": Warm(**vars(small_recipe(1)))}, 'recipe, class is "collapse_theory.Recipe" there and "Warm" here'),
    ):
        train(**first, data=small_data(), folder=tmp_path)
        with pytest.raises(ValueError, match=f"is of another run: {message}"):
            train(**first | change, data=small_data(), folder=tmp_path)


def test_a_run_that_began_with_other_random_numbers_is_another_run(tmp_path, monkeypatch):
    """As that of an earlier version: resumed, its images would come in an order of which it has seen a part."""
    run = {"network": with_dropout(0.1), "recipe": small_recipe(1), "data": small_data(), "folder": tmp_path}
    with monkeypatch.context() as earlier:
        earlier.setattr(training, "RANDOM_NUMBERS", None)
        train(**run)
    with pytest.raises(ValueError, match='is of another run: random numbers is absent there and "Philox'):
        train(**run)


def test_it_is_the_same_in_every_process():
    code = (
        "import json; from tests.test_identity import DIFFERENT, computation;"
        "print(json.dumps({name: [computation(n) for n in pair] for name, pair in DIFFERENT.items()}))"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    found = [subprocess.check_output(command, env=environment | {"PYTHONHASHSEED": seed}) for seed in ("1", "2")]
    assert found[0] == found[1]


def test_what_a_run_is_can_be_read_again_however_much_a_network_holds(tmp_path):
    def told(last):
        return computation(Applied(words=[*range(10**5), last]))["network"]["words"]

    assert len(json.dumps(told(1))) < 100
    assert told(1) == told(1) != told(2)
    with pytest.raises(ValueError, match="about: expected less than"):
        train(small_network(), small_data(), small_recipe(1), folder=tmp_path, about={"much": "x" * 2**26})
    assert not (tmp_path / "run.json").exists()
