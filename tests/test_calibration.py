"""Doubts about calibration: is a threshold the quantile of what it meets, and nothing else changed?"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")
Nonlinearity = learned.layers.Nonlinearity
SMALL = learned.Architecture(side=8, colors=2, classes=4, channels=(6, 8))


def images(count):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(count, 2, 8, 8)).astype(np.float32))


@pytest.mark.parametrize("terms", ["published", "equal"])
@pytest.mark.parametrize("name", ["soft threshold", "phase collapse beyond"])
def test_calibrated_thresholds_are_as_dead_as_asked_and_nothing_else_moves(name, terms):
    network, x = learned.scattering_network(SMALL, name, skip=True, terms=terms).eval(), images(16)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert learned.calibrate(network, x, quantile=0.25) is network
    moved = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert moved == {key for key in before if key.endswith("threshold")}
    labels = np.arange(16) % 4
    data = learned.labelled_images(x.numpy(), labels, classes=4)
    dead = {name: share["zeros"] for name, share in learned.dead_outputs(network, data, statistics="batch").items()}
    assert list(dead) == [f"blocks.{b}.nonlinearity.{part}" for b in (0, 1) for part in (0, 1)]
    assert all(abs(fraction - 0.25) < 0.01 for fraction in dead.values())
    assert not any(module.training for module in network.modules())
    with pytest.raises(ValueError, match="quantile: expected a number from 0 to 1, got 2"):
        learned.calibrate(network, x, quantile=2)


@pytest.mark.parametrize("quantile", [0, 0.25, 0.5, 1])
def test_a_quantile_is_the_interpolated_one(quantile):
    z = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 2, 5, 4)).astype(np.float32))
    layer = learned.calibrate(Nonlinearity("soft threshold", 2), z, quantile=quantile)
    expected = np.quantile(np.abs(z.numpy()).transpose(1, 0, 2, 3).reshape(2, -1), quantile, axis=1)
    np.testing.assert_allclose(layer.threshold.detach(), expected, rtol=1e-6)


def test_more_than_two_to_the_24_amplitudes_have_a_quantile():
    z = torch.arange(2**24 + 2, dtype=torch.int32).remainder(1001).to(torch.float32).view(1, 1, 2, -1)
    layer = learned.calibrate(Nonlinearity("soft threshold", 1), z)
    assert layer.threshold.item() == 500


def test_a_calibration_that_is_refused_changes_nothing():
    class Refusing(torch.nn.Module):
        def forward(self, z):
            raise ValueError("no")

    network = torch.nn.Sequential(Nonlinearity("soft threshold", 2), Refusing())
    with pytest.raises(ValueError, match="no"):
        learned.calibrate(network, images(3))
    assert network[0].threshold.tolist() == pytest.approx([0.1, 0.1])
    for number, message in ((float("nan"), "finite amplitudes at layer '0'"), (float("inf"), "finite")):
        with pytest.raises(ValueError, match=f"images: .*{message}"):
            learned.calibrate(network, torch.full_like(images(3), number))
    with pytest.raises(ValueError, match="images: expected some"):
        learned.calibrate(network, images(3)[:0])
    assert network[0].threshold.tolist() == pytest.approx([0.1, 0.1])
    for change, message in ({"quantile": "0.5"}, "quantile: .* '0.5'"), ({"images": [1]}, "images: .* got a list"):
        with pytest.raises((ValueError, TypeError), match=message):
            learned.calibrate(**{"network": network, "images": images(3)} | change)
