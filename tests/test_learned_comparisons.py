"""Doubts about what the learned scattering networks are compared with: residual networks and fixed scattering."""

import numpy as np
import pytest

from collapse_theory.scattering import scatter

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")


def images(count, side=32):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(count, 3, side, side)).astype(np.float32))


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def test_residual_networks_have_the_published_parameters():
    assert parameters(learned.resnet20()) == 269_722
    assert parameters(learned.resnet18()) == 11_689_512
    without = learned.resnet18(bias=False)
    assert parameters(without) == 11_679_912
    assert {key for key, _ in without.named_parameters() if "bias" in key} == {"classifier.bias"}


@pytest.mark.parametrize("name", learned.REAL_NONLINEARITIES)
def test_residual_networks_apply_the_published_real_functions(name):
    published = {
        "rectifier": torch.relu,
        "phase collapse": torch.abs,
        "soft threshold": lambda a: torch.relu(a - 1) - torch.relu(-a - 1),
        "tanh": torch.tanh,
        "compression": lambda a: a / (1 + a.abs()),
        "identity": lambda a: a,
    }
    network, seen = learned.resnet20(name), []
    for block in network.blocks:
        block.nonlinearity.register_forward_hook(lambda _, x, y: seen.append((x[0], y)))
    network(images(4)).sum().backward()
    assert len(seen) == 9
    for x, y in seen:
        torch.testing.assert_close(y, published[name](x))
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


def test_residual_networks_halve_the_sides_as_published():
    for network, side, expected in (
        (learned.resnet20(), 32, [32] * 3 + [16] * 3 + [8] * 3),
        (learned.resnet18(classes=7), 64, [16, 16, 8, 8, 4, 4, 2, 2]),
    ):
        seen = []
        for block in network.blocks:
            block.register_forward_hook(lambda *call, seen=seen: seen.append(call[-1].shape[-1]))
        assert network.eval()(images(1, side)).shape[1] == network.classifier.out_features
        assert seen == expected


def test_a_shortcut_without_parameters_adds_the_subsampled_maps_between_zeros():
    block = learned.resnet20("identity").blocks[3]
    x = torch.rand(2, 16, 32, 32)
    added = block(x) - block.inner(x)
    torch.testing.assert_close(added[:, 8:24], x[:, :, ::2, ::2], atol=1e-5, rtol=0)
    assert added[:, :8].abs().max() < 1e-5
    assert added[:, 24:].abs().max() < 1e-5


def test_convolutions_start_with_the_variance_of_their_outputs():
    weight = learned.resnet18().blocks[7].inner[0].weight
    assert abs(weight.std().item() / (2 / (512 * 9)) ** 0.5 - 1) < 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: learned.resnet20("sigmoid"), "nonlinearity: unknown 'sigmoid'; known: 'rectifier'"),
        (lambda: learned.resnet18(bias="none"), "bias: unknown 'none'"),
        (lambda: learned.resnet20(classes=0), "classes: expected an integer of at least 1, got 0"),
        (lambda: learned.resnet20()(torch.zeros(1, 1, 32, 32)), r"x: expected real images \(B, 3, H, W\), got torch"),
        (lambda: learned.scattering_baseline("mnist"), "data: unknown 'mnist'"),
        (lambda: learned.scattering_baseline(mixing="none"), "mixing: unknown 'none'; known: 'learned', 'fixed'"),
        (lambda: learned.scattering_baseline()(torch.zeros(1, 3, 31, 32)), r"x: expected real images \(B, 3, 32, 32\)"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_baseline_is_a_linear_map_of_normalised_mixed_scattering_coefficients():
    network, x = learned.scattering_baseline().train(), images(6)
    s = scatter(x, 3, 8).reshape(6, 651, 4, 4)
    s = (s - s.mean((0, 2, 3), keepdim=True)) / (s.var((0, 2, 3), keepdim=True, correction=0) + 1e-5).sqrt()
    mixed = torch.einsum("kc,bcmn->bkmn", network.mixing, s)
    mixed = mixed / mixed.square().sum(1, keepdim=True).sqrt()
    expected = network.classifier(network.last_standardization(mixed).flatten(1))
    torch.testing.assert_close(network(x), expected, atol=1e-4, rtol=1e-4)


def test_the_mixing_of_the_baseline_is_orthogonal_and_learned_or_fixed():
    free, fixed = (learned.scattering_baseline(mixing=mixing) for mixing in ("learned", "fixed"))
    torch.testing.assert_close(free.mixing @ free.mixing.T, torch.eye(128), atol=1e-5, rtol=0)
    assert parameters(free) - parameters(fixed) == 128 * 651
    assert "mixing" in fixed.state_dict()


def test_the_baseline_for_large_images_pools_before_it_classifies():
    network = learned.scattering_baseline("imagenet").eval()
    assert network.mixing.shape == (256, 1251)
    assert network.classifier.in_features == 256 * 10 * 10
    with torch.no_grad():
        assert network(images(1, 224)).shape == (1, 1000)


def test_blocks_of_whole_octaves_halve_the_sides():
    octaves = learned.Architecture(channels=(8, 8, 8, 8), octaves=4)
    assert octaves.steps() == ("octave",) * 4
    assert octaves.sides() == (32, 16, 8, 4, 2)


def test_residual_networks_that_learn_their_terms_start_as_the_published_ones():
    for name, each in (("soft threshold", 1), ("compression", 2), ("tanh", 0)):
        fixed, learns = learned.resnet20(name, bias=False), learned.resnet20(name, bias=False, learns=True)
        assert parameters(learns) - parameters(fixed) == each * (16 + 3 * 2 * (16 + 32 + 64))
        torch.testing.assert_close(learns(images(4)), fixed(images(4)))
        learns(images(4)).square().sum().backward()
        terms = [p for key, p in learns.named_parameters() if key.split(".")[-1] in ("threshold", "gain", "bias")]
        terms = [p for p in terms if p is not learns.classifier.bias]
        assert all(torch.isfinite(p.grad).all() and p.grad.abs().max() > 0 for p in terms)
