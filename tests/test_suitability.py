"""Doubts about what can be trained: is what cannot told in one sentence, before anything is trained or written?"""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from collapse_theory import learned
from collapse_theory.learned.labelled import labelled_images
from collapse_theory.learned.training import train
from tests.small_network import metrics, small_data, small_network, small_recipe


def flat(*layers):
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(192, 4))


def data_of(count):
    data = small_data(count)[0]
    return data, data


class Answering(nn.Module):
    """Changes its output by a function, always or while training."""

    def __init__(self, answer, *, always=True):
        super().__init__()
        self.inner, self._answer, self._always = flat(nn.BatchNorm1d(192)), answer, always

    def forward(self, x):
        y = self.inner(x)
        return self._answer(y) if self.training or self._always else y


X = torch.zeros(4, 3, 8, 8)
DATASET = TensorDataset(X, torch.zeros(4))
MADE = r"expected what learned\.labelled_images\(images, labels, classes=\.\.\.\) makes of two arrays, or .*, got a"
PAIR = r"data: expected \(train, test\), two of learned\.labelled_images, got a"
REFUSED = {
    "a dict": ({"network": Answering(lambda y: {"logits": y})}, "but in evaluation it is a dict of 'logits'"),
    "a dict, while training": (
        {"network": Answering(lambda y: {"logits": y}, always=False)},
        "but while training it is a dict of 'logits'",
    ),
    "auxiliary outputs": (
        {"network": Answering(lambda y: (y, y), always=False)},
        "but while training it is a tuple of Tensor, Tensor",
    ),
    "complex outputs": ({"network": Answering(torch.fft.fft)}, r"it is a tensor \(2, 4\) of complex64"),
    "one output per image": ({"network": Answering(lambda y: y[:, 0])}, r"labels: 4 classes, .* is \(2,\) for 2"),
    "a loader": ({"data": DataLoader(DATASET)}, f"{PAIR} DataLoader"),
    "two loaders": ({"data": (DataLoader(DATASET), DataLoader(DATASET))}, f"data, train: {MADE} DataLoader"),
    "two data sets": ({"data": (DATASET, DATASET)}, f"data, train: {MADE} TensorDataset"),
    "images and labels": ({"data": (X, torch.zeros(4))}, f"data, train: {MADE} tensor"),
    "training data alone": ({"data": small_data()[0]}, f"{PAIR} LabelledImages"),
    "pairs": ({"data": ((X, X), (X, X))}, f"data, train: {MADE} tuple of Tensor, Tensor"),
    "a function": ({"network": torch.relu}, "network: expected a torch module, got a builtin_function"),
    "a dict as recipe": ({"recipe": {"epochs": 1}}, "recipe: expected a learned.Recipe, got a dict of 'epochs'"),
    "all frozen": (
        {"network": small_network().requires_grad_(False)},
        "network: expected parameters to train, got none",
    ),
    "extra state": ({"network": None}, "network: expected tensors in its state_dict, got a dict as '_extra_state'"),
    "the last alone": (
        {"network": flat(nn.BatchNorm1d(192)), "data": data_of(17)},
        r"batch: of 17 images, 8 at a time, the last is alone, .*more than 1 value.*; choose .*drop_last=True\)$",
    ),
    "one alone": (
        {"network": flat(nn.BatchNorm1d(192)), "recipe": small_recipe(1, batch=1)},
        r"batch: of 36 images, 1 at a time, the last is alone, .*; choose another batch$",
    ),
    "drop all": (
        {"recipe": small_recipe(1, batch=40, drop_last=True)},
        "batch: expected at most 36, the images there are, as drop_last is set, got 40",
    ),
    "log_every": ({"log_every": 0}, "log_every: expected an integer of at least 1, got 0"),
    "stop_after": ({"stop_after": float("nan")}, "stop_after: expected a finite number of at least 0, got nan"),
    "checkpoint_seconds": ({"checkpoint_seconds": -1}, "checkpoint_seconds: expected a finite number of at least 0"),
}


class Extra(nn.Module):
    """Keeps a dict beside its tensors."""

    def __init__(self):
        super().__init__()
        self.inner = flat()

    def forward(self, x):
        return self.inner(x)

    def get_extra_state(self):
        return {"a": 1}

    def set_extra_state(self, state):
        pass


REFUSED["extra state"][0]["network"] = Extra()


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_is_told_before_anything_is_written_and_left_as_it_was(tmp_path, name):
    change, message = REFUSED[name]
    arguments = {"network": small_network(), "data": small_data(), "recipe": small_recipe(1)} | change
    network = arguments["network"]
    state = {} if not isinstance(network, nn.Module) else network.state_dict()
    before = {key: value.clone() for key, value in state.items() if isinstance(value, torch.Tensor)}
    randomness = torch.get_rng_state()
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        train(**arguments, folder=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
    assert all(torch.equal(value, state[key]) for key, value in before.items())
    assert not isinstance(network, nn.Module) or network.training
    assert torch.equal(torch.get_rng_state(), randomness)


def test_of_answers_in_evaluation_the_same_is_told_by_evaluate():
    with pytest.raises(TypeError, match=r"network: .* output for 36 images, .* it is a list of Tensor"):
        learned.evaluate(Answering(lambda y: [y]), small_data()[0])


def test_a_last_batch_of_one_is_trained_on_where_the_network_can_and_left_out_where_asked(tmp_path):
    steps = {}
    for name, network, drop in (
        ("kept", flat(), False),
        ("dropped", flat(nn.BatchNorm1d(192)), True),
        ("frozen", flat(nn.BatchNorm1d(192).eval()), False),
    ):
        outcome = train(network, data_of(17), small_recipe(2, drop_last=drop), folder=tmp_path / name, log_every=1)
        steps[name] = outcome.step
        seen = {line["epoch"]: line for line in metrics(tmp_path / name) if line["kind"] == "epoch"}
        assert len(seen) == 2
    assert steps == {"kept": 6, "dropped": 4, "frozen": 6}


def test_a_network_that_takes_whole_batches_alone_is_trained(tmp_path):
    class Quarters(nn.Module):
        def forward(self, x):
            return x.reshape(4, -1, *x.shape[1:]).reshape(x.shape) if self.training else x

    network = nn.Sequential(Quarters(), flat())
    assert train(network, small_data(), small_recipe(1), folder=tmp_path).finished


def test_frozen_statistics_stay_frozen_and_those_of_a_network_in_evaluation_are_trained(tmp_path):
    for freeze in (True, False):
        network = flat(nn.BatchNorm1d(192))
        (network[1] if freeze else network).eval()
        before = network[1].running_mean.clone()
        train(network, small_data(), small_recipe(1), folder=tmp_path / str(freeze))
        assert torch.equal(network[1].running_mean, before) == freeze
        assert network[1].training != freeze


def test_a_long_gradient_is_shortened_and_a_short_one_is_not(tmp_path):
    """One step of descent without momentum moves the parameters by rate times gradient."""
    moved = {}
    for largest in (None, 1e-3, 1e3):
        network = flat()
        with torch.no_grad():
            network[-1].weight.zero_()
            network[-1].bias.zero_()
        changes = {"momentum": 0.0, "weight_decay": 0.0, "batch": 36, "padding": None, "rate": 1.0}
        recipe = small_recipe(1, largest_gradient=largest, **changes)
        train(network, small_data(), recipe, folder=tmp_path / str(largest))
        moved[largest] = float(torch.cat([p.detach().flatten() for p in network.parameters()]).norm())
    assert moved[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert moved[None] == moved[1e3] > 0.1


@pytest.mark.parametrize("name", ["sigmoid", "unit amplitude"])
def test_black_images_have_long_gradients_that_a_recipe_shortens(tmp_path, name):
    images = np.random.default_rng(0).integers(256, size=(16, 3, 8, 8), dtype=np.uint8)
    images[0] = 0
    data = labelled_images(images, np.arange(16) % 4, classes=4, mean=[0.5] * 3, deviation=[0.3] * 3)
    network = learned.scattering_network(learned.Architecture(8, 3, 4, (4, 8)), name)
    before = torch.cat([p.detach().flatten() for p in network.parameters()])
    recipe = small_recipe(1, batch=16, padding=None, momentum=0.0, weight_decay=0.0, rate=1.0, largest_gradient=0.1)
    assert train(network, (data, data), recipe, folder=tmp_path).finished
    after = torch.cat([p.detach().flatten() for p in network.parameters()])
    assert float((after - before).norm()) == pytest.approx(0.1, rel=1e-2)


def test_numbers_of_numpy_are_plain_in_a_recipe(tmp_path):
    recipe = small_recipe(np.int64(1), rate=np.float32(0.5), seed=np.uint8(3))
    assert [type(value) for value in (recipe.epochs, recipe.rate, recipe.seed)] == [int, float, int]
    assert train(flat(), small_data(), recipe, folder=tmp_path).finished
