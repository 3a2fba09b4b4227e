"""Doubts about what networks mix by: real matrices beside complex ones, and the names their weights are saved by."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")
SMALL = learned.Architecture(side=8, colors=2, classes=4, channels=(6, 8))


def images(count, side=8, colors=2):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(count, colors, side, side)).astype(np.float32))


@pytest.mark.parametrize("skip", [False, True])
def test_real_mixing_is_the_complex_one_with_a_real_matrix(skip):
    real, complex = (learned.scattering_network(SMALL, "tanh", skip, mixing=kind) for kind in ("real", "complex"))
    for one, other in zip(real.blocks, complex.blocks, strict=True):
        weight = one.mixing.weight
        other.mixing.weight.data = torch.stack([weight, torch.zeros_like(weight)], -1).detach()
        gram = weight @ weight.T if len(weight) <= weight.shape[1] else weight.T @ weight
        torch.testing.assert_close(gram, torch.eye(len(gram)), atol=1e-5, rtol=0)
    torch.testing.assert_close(real(images(5)), complex(images(5)))


def test_real_maps_stay_real_under_real_mixing_and_collapse_alone():
    for options, parts in (({}, 1), ({"skip": True}, 2), ({"nonlinearity": "tanh"}, 2)):
        network, seen = learned.scattering_network(SMALL, mixing="real", **options), []
        for block in network.blocks:
            block.register_forward_hook(lambda *call, seen=seen: seen.append(call[-1].is_complex()))
        network(images(3))
        assert seen == [parts == 2] * 2
        assert len(network.classifier.standardization.weight) == 8 * parts


def test_weights_have_the_names_and_shapes_of_the_first_version():
    found = {
        name: tuple(value.shape) for name, value in learned.scattering_network(SMALL, skip=True).state_dict().items()
    }
    sizes = {0: [(2, 1), (8, 2), (2, 1), (8, 1)], 1: [(6, 2), (24, 2), (6, 1), (24, 1)]}
    expected = {"blocks.0.mixing.weight": (6, 20, 2), "blocks.1.mixing.weight": (8, 60, 2)}
    for block, parts in sizes.items():
        for number, (channels, numbers) in enumerate(parts):
            name = f"blocks.{block}.mixing.standardization.{number}"
            expected |= {f"{name}.mean": (channels, numbers), f"{name}.variance": (channels,)}
    expected |= {
        f"classifier.standardization.{name}": (16,) for name in ("weight", "bias", "running_mean", "running_var")
    }
    expected |= {"classifier.standardization.num_batches_tracked": (), "classifier.linear.weight": (4, 256)}
    assert found == expected | {"classifier.linear.bias": (4,)}
