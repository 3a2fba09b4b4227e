"""Doubts about interventions and stability: are the parts those of the activation, and are the moves as predicted?"""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.nn import functional

from collapse_theory import learned
from collapse_theory.learned.auditing.rectifiers import parts_of

LABELS = np.arange(48) % 3


def noise(colours=1, side=8, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(48, colours, side, side)) + rng.normal(size=(3, colours, side, side))[LABELS]).astype("f4")


class Network(nn.Module):
    """A rectifier as a module, in place, or as a function, between two linear maps."""

    def __init__(self, kind, normalise=False):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(64, 16), nn.Linear(16, 3)
        self.norm = nn.BatchNorm1d(16) if normalise else nn.Identity()
        modules = {"module": nn.ReLU(), "in place": nn.ReLU(inplace=True), "gelu": nn.GELU()}
        self.rho = modules.get(kind, functional.relu)
        self.after = nn.Identity()

    def forward(self, x):
        return self.last(self.after(self.rho(self.norm(self.first(x.flatten(1))))))


@pytest.mark.parametrize("kind", ["module", "in place", "function", "gelu"])
def test_parts_replace_the_rectifier_and_what_remains_is_measured(kind):
    network, x = Network(kind).eval(), torch.as_tensor(noise())
    report = learned.audit(network, (x, LABELS), moved=0)
    with torch.no_grad():
        a = network.first(x.flatten(1))
        rho = functional.gelu if kind == "gelu" else functional.relu
        even, odd = (rho(a) + rho(-a)) / 2, (rho(a) - rho(-a)) / 2
        right = {
            name: float(np.mean(network.last(part).argmax(1).numpy() == LABELS))
            for name, part in (("statistics estimated again", rho(a)), ("even part", even), ("odd part", odd))
        }
    found = {row["by"]: row for row in report.interventions}
    assert [*found] == ["statistics estimated again", "even part", "odd part", "soft threshold"]
    for name, share in right.items():
        assert found[name]["accuracy"] == share
    row = next(row for row in report.rows if row["is_activation"])
    energy = float(a.double().square().sum())
    assert row["even_energy"] == pytest.approx(float(even.double().square().sum()) / energy, rel=1e-5)
    assert row["odd_energy"] == pytest.approx(float(odd.double().square().sum()) / energy, rel=1e-5)


def test_the_soft_threshold_is_as_sparse_as_the_rectifier_and_statistics_are_estimated_again():
    network, x = Network("module", normalise=True), noise()
    with torch.no_grad():
        network.norm.running_mean += 100.0  # nothing passes the rectifier
        network.norm.num_batches_tracked += 1000
        network.norm.bias += torch.linspace(-1, 1, 16)
    seen = []
    hook = network.after.register_forward_hook(lambda module, inputs, output: seen.append(output))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    report = learned.audit(network, (x, LABELS), moved=0, batch=48, interventions="each")
    hook.remove()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert [(row["replaced"], row["by"]) for row in report.interventions[4:]] == [
        ("rho", by) for by in ("even part", "odd part", "soft threshold")
    ]
    again, threshold = seen[-13], seen[-1]
    assert float((again > 0).float().mean()) > 0.3
    assert float((threshold == 0).float().mean()) > 0.95  # as on the network as it is, where all are 0
    with torch.no_grad():
        network.norm.running_mean -= 100.0
    seen.clear()
    hook = network.after.register_forward_hook(lambda module, inputs, output: seen.append(output))
    learned.audit(network, (x, LABELS), moved=0, batch=48)
    hook.remove()
    whole = [output for output in seen if len(output) == 48]
    np.testing.assert_allclose((whole[-1] == 0).float().mean(0), (whole[0] == 0).float().mean(0), atol=1 / 48 + 1e-6)


def test_a_part_that_forgets_the_sign_is_even():
    a = torch.linspace(-2, 2, 9)
    even, odd = parts_of(functional.relu, a)
    torch.testing.assert_close(even, a.abs() / 2)
    torch.testing.assert_close(odd, a / 2)


def test_narrow_kernels_move_by_the_turn_of_their_phase_and_averages_stay():
    side, angular = 16, 2 * np.pi * 3 / 16
    torch.manual_seed(0)
    convolution = nn.Conv2d(1, 1, side, padding="same", padding_mode="circular", bias=False)
    wave = np.cos(angular * np.arange(side))[:, None] * np.exp(-((np.arange(side) - 8) ** 2) / 40)[None]
    with torch.no_grad():
        convolution.weight.copy_(torch.as_tensor(wave, dtype=torch.float32))
    network = nn.Sequential(convolution, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 3))
    report = learned.audit(network, (noise(side=side), LABELS), moved=48, interventions="none")
    (kernel,) = report.kernels
    assert abs(kernel["center_row"]) == pytest.approx(angular, abs=0.05)
    assert kernel["measured_change"] == pytest.approx(kernel["predicted_change"], abs=0.02)
    assert kernel["measured_change"] > 0.2
    rows, x = report.to_dicts(), torch.as_tensor(noise(side=side))
    with torch.no_grad():
        y = convolution(x).double()
    moved = [(torch.roll(y, shift, (2, 3)) - y).square().sum() for shift in ((0, 1), (1, 0))]
    expected = float(sum(moved) / 4 / (y - y.mean(0)).square().sum())
    assert rows[0]["translation_change"] == pytest.approx(expected, rel=1e-4)
    assert 0.01 < rows[0]["deformation_change"] < 1
    assert rows[1]["translation_change"] < 0.01
