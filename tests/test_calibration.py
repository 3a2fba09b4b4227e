"""Doubts about calibration: is a threshold the quantile of what it meets, and nothing else changed?"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")
from collapse_theory.learned.layers import Nonlinearity


def images(count):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(count, 2, 8, 8)).astype(np.float32))


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
    for change, message in ({"quantile": "0.5"}, "quantile: .* '0.5'"), ({"images": [1]}, "images: .* got a list"):
        with pytest.raises((ValueError, TypeError), match=message):
            learned.calibrate(**{"network": network, "images": images(3)} | change)
