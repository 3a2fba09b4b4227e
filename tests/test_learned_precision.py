"""Doubts about where networks are made: in which precision, whatever the default, and on a device without numbers."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn

from collapse_theory import learned
from tests.small_network import small_data, small_network

SMALL = learned.Architecture(side=8, colors=2, classes=4, channels=(6, 8))


def images(count, side=8, colors=2):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(count, colors, side, side)).astype(np.float32))


def test_networks_are_in_single_precision_whatever_the_default():
    made = {
        "scattering": (lambda: learned.scattering_network(SMALL, "sigmoid", terms="equal", skip=True), (2, 8)),
        "residual": (learned.resnet20, (3, 8)),
        "baseline": (
            lambda: learned.scattering_baseline(learned.Baseline(16, 1, 3, scales=2, angles=4, outputs=8)),
            (1, 16),
        ),
    }
    for name, (make, (colors, side)) in made.items():
        expected, before = make(), torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            found = make()
            answer = found(images(3, side, colors))
        finally:
            torch.set_default_dtype(before)
        assert answer.dtype == torch.float32, name
        torch.testing.assert_close(answer, expected(images(3, side, colors)))
        assert {t.dtype for t in found.state_dict().values()} <= {torch.float32, torch.int64}, name


def test_networks_may_be_made_on_meta_and_run_there_unless_they_scatter():
    with torch.device("meta"):
        network, residual = learned.scattering_network(SMALL, skip=True), learned.resnet20()
        baseline = learned.scattering_baseline(learned.Baseline(16, 1, 3, scales=2, angles=4, outputs=8))
        assert network(torch.zeros(3, 2, 8, 8)).shape == (3, 4)
        assert residual(torch.zeros(3, 3, 8, 8)).shape == (3, 10)
        with pytest.raises(ValueError, match="x: expected images with values, got a tensor on the device meta"):
            baseline(torch.zeros(3, 1, 16, 16))


ASKED = {
    "evaluate": lambda network, data: learned.evaluate(network, data),
    "class_statistics": lambda network, data: learned.class_statistics(network, data),
    "dead_outputs": lambda network, data: learned.dead_outputs(network, data),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda network: network.half(), "float16 in '0.weight'"),
        (lambda network: network.bfloat16(), "bfloat16 in '0.weight'"),
        (lambda network: network.to("meta"), "no numbers, on the device meta in '0.weight'"),
        (lambda network: nn.Sequential(*network[:4], network[4:].half()), r"float16 in '4\.5\.weight'"),
    ],
)
def test_what_does_not_take_images_for_its_precision_says_so(name, change, said):
    with pytest.raises(ValueError, match=f"network: expected float32 or float64, got {said}: it does not take images"):
        ASKED[name](change(small_network()), small_data()[0])


def test_a_network_of_double_precision_is_measured_as_one_of_single():
    network, (data, _) = small_network(), small_data()
    single = learned.evaluate(network, data), learned.class_statistics(network, data, layers=["0"])[0]["energy"]
    double = network.double()
    assert learned.evaluate(double, data) == pytest.approx(single[0], rel=1e-4)
    assert learned.class_statistics(double, data, layers=["0"])[0]["energy"] == pytest.approx(single[1], rel=1e-4)
