"""Doubts about the audit: are these the statistics of a layer's outputs, and are the dead counted right?"""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from collapse_theory import learned
from collapse_theory.learned import evaluate
from collapse_theory.learned.anatomy import class_statistics, dead_outputs
from collapse_theory.learned.labelled import labelled_images
from collapse_theory.separation import ClassMoments
from tests.small_network import small_data, small_network


def test_statistics_are_those_of_the_outputs_of_the_layer():
    network, (data, _) = small_network(), small_data()
    rows = class_statistics(network, data, batch=7)
    assert [(row["layer"], row["type"]) for row in rows] == [
        (str(n), kind) for n, kind in enumerate(("Conv2d", "BatchNorm2d", "ReLU", "Dropout", "Flatten", "Linear"))
    ]
    network.eval()
    outputs = network[:3](data.batch(slice(0, 36))[0]).detach().numpy()
    moments = ClassMoments().update(outputs, data.labels.numpy())
    row = rows[2]
    assert row["shape"] == [6, 3, 3]
    assert row["energy"] == pytest.approx(np.mean(np.sum(outputs.astype(float) ** 2, axis=(1, 2, 3))), rel=1e-5)
    for name in ("mean_energy", "within_class_variance", "between_class_variance", "fisher_trace"):
        assert row[name] == pytest.approx(getattr(moments.unbiased(), name), rel=1e-4)
    assert row["zeros"] == pytest.approx(np.mean(outputs == 0))


def test_the_network_is_left_as_it_was():
    network = small_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    class_statistics(network, small_data()[0])
    assert network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
    with pytest.raises(RuntimeError):
        class_statistics(network, labelled_images(np.zeros((4, 1, 8, 8)), [0, 0, 1, 1], classes=2))
    assert not any(module._forward_hooks for module in network.modules())


class Threshold(nn.ReLU):
    """A ReLU of x − 2, of which some channels are never reached."""

    def forward(self, x):
        return super().forward(x - 2)


def test_zeros_and_dead_channels_are_counted_over_all_batches():
    images = np.zeros((4, 3, 2, 2))
    images[0, 0, 0, 1], images[3, 2], images[2, 2] = 5, 3, 2
    data = labelled_images(images, [0, 1, 0, 1], classes=2)
    network = nn.Sequential(nn.Identity(), Threshold())
    for batch in (1, 3, 4):
        shares = dead_outputs(network, data, layers=["1"], batch=batch)["1"]
        assert shares["zeros"] == 1 - 5 / 48
        assert shares["dead_channels"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_zeros_are_those_of_the_statistics_asked_for_and_the_network_is_left_as_it_was(statistics):
    data = small_data()[0]
    network = nn.Sequential(nn.BatchNorm2d(3).eval(), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(192, 4))
    network[1].running_mean.fill_(100.0)  # every output is below 0 by the running statistics
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    shares = learned.dead_outputs(network, data, statistics=statistics)["2"]
    assert shares["dead_channels"] == (statistics == "running")
    assert (shares["zeros"] == 1) == (statistics == "running")
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert [module.training for module in network] == [False, True, True, True, True]


def test_statistics_that_are_unknown_are_refused():
    with pytest.raises(ValueError, match=r"statistics: unknown 'both'; known: 'running', 'batch'"):
        learned.dead_outputs(small_network(), small_data()[0], statistics="both")


def test_a_layer_that_works_in_place_does_not_change_what_came_before_it():
    data = small_data()[0]
    rows = class_statistics(nn.Sequential(nn.Identity(), nn.ReLU(inplace=True)), data)
    assert rows[0]["zeros"] < 0.02
    assert rows[1]["zeros"] > 0.1


def test_the_activations_of_scattering_networks_and_of_torch_are_found():
    data = small_data(side=32)[0]
    assert [*dead_outputs(small_network(), small_data()[0])] == ["2"]
    network = learned.scattering_network("cifar10", "soft threshold", width=1 / 64, skip=True)
    assert len(dead_outputs(network, data)) == 16
    assert len(dead_outputs(learned.resnet20(classes=4), data)) == 19


class Tokens(nn.Module):
    """Eight units on the rows of an image, of which four are dead; one activation for two purposes, and a function."""

    def __init__(self, first="images"):
        super().__init__()
        self.linear, self.rho, self.first, self.head = nn.Linear(24, 8), nn.ReLU(), first, nn.Linear(8, 4)
        with torch.no_grad():
            self.linear.weight[:4], self.linear.bias[:4] = 0.0, -1.0

    def forward(self, x):
        rows = x.permute((0, 2, 1, 3) if self.first == "images" else (2, 0, 1, 3)).flatten(2)
        one = self.rho(self.linear(rows))
        self.rho(rows - 9)
        return self.head(nn.functional.relu(one - 9).mean(1 if self.first == "images" else 0))


@pytest.mark.parametrize("first", ["images", "time"])
def test_units_of_tokens_second_calls_and_functions_are_seen_whichever_axis_comes_first(first):
    data, network = small_data(8)[0], Tokens(first)  # as many images as rows
    for wrapped in (network, torch.nn.DataParallel(network), torch.compile(network, backend="eager")):
        wrapped.eval()
        wrapped(data.batch(slice(0, 8))[0])
        found = dead_outputs(wrapped, data, batch=8)
        assert [*found] == ["rho", "rho#2", "relu()"]
        assert [shares["dead_channels"] for shares in found.values()] == [0.5, 1, 1]
    rows = class_statistics(network, data, layers=["linear"])
    rows_first = network.linear(data.batch(slice(0, 8))[0].permute(0, 2, 1, 3).flatten(2)).detach().numpy()
    assert rows[0]["fisher_trace"] == pytest.approx(
        ClassMoments().update(rows_first, data.labels.numpy()).unbiased().fisher_trace
    )


def test_the_memory_of_all_layers_together_is_bounded():
    data, network = small_data()[0], nn.Sequential(*(nn.Identity() for _ in range(5)))
    of_one = ClassMoments.bytes_for(4, 192)
    class_statistics(network, data, memory=5 * of_one)
    with pytest.raises(ValueError, match="memory: the class means of 5 layers take 0 MiB, more than the 0 MiB allowed"):
        class_statistics(network, data, memory=5 * of_one - 1)


def test_half_precision_is_measured_in_single():
    data = labelled_images(np.random.default_rng(0).normal(size=(8, 2, 4, 4)), np.arange(8) % 2, classes=2)

    class Halved(nn.Module):
        def forward(self, x):
            return x.bfloat16()

    row = class_statistics(nn.Sequential(Halved()), data)[0]
    assert row["energy"] == pytest.approx(float((data.images**2).sum((1, 2, 3)).mean()), rel=1e-2)


def test_a_layer_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="layers: unknown '7'; known: 0, 1, 2, 3, 4, 5"):
        class_statistics(small_network(), small_data()[0], layers=["0", "7"])


class Windows(nn.Module):
    """Cuts images in four windows, which it puts in the batch, for a non-linearity."""

    def __init__(self):
        super().__init__()
        self.rho = nn.ReLU()

    def forward(self, x):
        return self.rho(x.reshape(4 * len(x), 48)).reshape(x.shape)


class Named(nn.Module):
    """Answers with a dict, of which one entry has no axis of the images."""

    def forward(self, x):
        return {"logits": x, "weights": torch.zeros(3)}


@pytest.mark.parametrize(
    ("layer", "name", "output"),
    [
        (Windows(), "1.rho", r"\(12, 48\) and \(8, 48\) for 2, with several entries per image"),
        (Named(), "1['weights']", r"\(3,\) and \(3,\) for 2, with no axis of the images"),
    ],
)
def test_what_has_no_entry_an_image_is_passed_over_and_refused_by_name(layer, name, output):
    data, network = small_data()[0], nn.Sequential(nn.Identity(), layer)
    assert name not in [row["layer"] for row in class_statistics(network, data, batch=36)]
    for measure in (class_statistics, dead_outputs):
        if measure is dead_outputs and name == "1.rho":
            zeros = dead_outputs(network, data)["1.rho"]["zeros"]
            assert zeros == pytest.approx(float((network(data.batch(slice(0, 36))[0]) == 0).double().mean()))
            continue
        said = f"layers: {name!r} cannot be measured: its output for 3 images is ".replace("[", r"\[") + output
        with pytest.raises(ValueError, match=said):
            measure(network, data, layers=["0", name.split("[")[0]])
    assert not any(module._forward_hooks for module in network.modules())


def test_frozen_modules_and_statistics_of_those_that_never_rest_are_left_as_they_were():
    class Restless(nn.BatchNorm2d):
        def train(self, mode=True):
            return super().train(True)

    network = nn.Sequential(nn.BatchNorm2d(3).eval(), Restless(3), nn.Flatten(), nn.Linear(192, 4))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    data = small_data()[0]
    for look in (class_statistics, dead_outputs, learned.evaluate):
        look(network, data)
        assert [module.training for module in network.modules()] == modes
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items()), look


def test_what_is_no_labelled_images_is_told_how_to_become_some():
    x = torch.zeros(4, 3, 8, 8)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.zeros(4)))
    for look in (class_statistics, dead_outputs, learned.evaluate):
        for value, kind in ((loader, "DataLoader"), (loader.dataset, "TensorDataset"), ((x, x[0]), "tuple of Tensor")):
            with pytest.raises(TypeError, match=rf"^labelled: expected what learned\.labelled_images.* got a {kind}"):
                look(small_network(), value)
        with pytest.raises(TypeError, match=r"^network: expected a torch module, got a builtin_function_or_method"):
            look(len, small_data()[0])


class StartsOnce(nn.Module):
    """Scales by what it has seen first, and knows by an attribute of its own that it has."""

    def __init__(self):
        super().__init__()
        self.started, self.register = False, self.register_buffer("scale", torch.zeros(1))

    def forward(self, x):
        if not self.started:
            self.started, self.shape = True, x.shape
            self.scale.copy_(x.abs().mean())
        return (x * self.scale).flatten(1)


class BuildsItself(nn.Module):
    """Makes its own parameters from what it has seen first."""

    built = False

    def forward(self, x):
        if not self.built:
            self.linear, self.built = nn.Linear(x[0].numel(), 4), True
        return self.linear(x.flatten(1))


@pytest.mark.parametrize("look", [evaluate, class_statistics])
def test_what_a_network_has_noted_of_itself_is_left_as_it_was_unless_it_built_itself(look):
    _, test = small_data()
    network, built = StartsOnce(), BuildsItself()
    before = dict(vars(network))
    for one in (network, built):
        look(one, test)
    assert vars(network) == before
    assert network.scale.tolist() == [0]
    linear = built.linear
    look(built, test)
    assert built.linear is linear
