"""Doubts about any non-linearity in few passes: is a block the plain one, with every gradient and statistic?"""

from copy import deepcopy

import pytest

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")
from collapse_theory.learned import blocks, layers  # noqa: E402
from tests.plain_network import plain  # noqa: E402
from tests.test_learned_passes import SMALL, assert_same, images, learn  # noqa: E402

NAMES = layers.NETWORK_NONLINEARITIES
TERMS = ("published", "equal")
ARCHITECTURES = [{"skip": True}, {}, {"mixing": "real", "skip": True}, {"angles": 8, "circle": "full", "skip": True}]


def network_of(name, terms, architecture=SMALL, dtype=torch.float64, **options):
    """A network whose parameters of non-linearities differ from channel to channel."""
    network, generator = learned.scattering_network(architecture, name, terms=terms, **options), torch.Generator()
    with torch.no_grad():
        for which, parameter in network.named_parameters():
            if "nonlinearity" in which:
                parameter.add_(0.05 * torch.rand(parameter.shape, generator=generator.manual_seed(1)))
    return network.to(dtype)


def assert_plain(network, x, training, tolerance):
    other = plain(network)
    network(x), other(x)  # so that the running statistics are some
    assert all(block.goes_by_parts() for block in network.blocks)
    assert_same(learn(network.train(training), x), learn(other.train(training), x), tolerance)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("name", NAMES)
def test_few_passes_are_the_plain_layers_with_any_nonlinearity(name, terms, training):
    number = 2 * NAMES.index(name) + training
    for options in (ARCHITECTURES[number % 4], ARCHITECTURES[(number + 1) % 4]):
        assert_plain(network_of(name, terms, **options), images(6), training, 1e-9)


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("images_at_a_time", ["one", "one, wavelets again", "all"])
@pytest.mark.parametrize("skip", [False, True])
def test_they_are_in_groups_of_any_size(skip, images_at_a_time, terms, monkeypatch):
    monkeypatch.setattr("collapse_theory.learned.networks._IN_CACHE", 2**30 if images_at_a_time == "all" else 1)
    monkeypatch.setattr("collapse_theory.learned.rows._WORTH_KEEPING", 0 if "again" in images_at_a_time else 2**30)
    assert_plain(network_of("soft threshold", terms, skip=skip), images(6), True, 1e-9)


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("name", NAMES)
def test_they_are_as_right_as_the_plain_layers_in_single_precision(name, terms):
    """Of what divides by an amplitude near 0, rounding alone is 1e-2; and so many images that products go to oneDNN."""
    architecture = learned.Architecture(side=12, channels=(8, 12))
    network = network_of(name, terms, architecture, torch.float32, skip=True)
    other, exact = plain(network), plain(network_of(name, terms, architecture, skip=True))
    x = images(64, torch.float32, 12, 3)
    found, other, exact = learn(network, x), learn(other, x), learn(exact, x.double())
    for key, value in exact.items():
        error, allowed = ((each[key] - value).abs().max() for each in (found, other))
        assert error <= max(1e-4 * value.abs().max(), 4 * allowed), key


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("name", NAMES)
def test_their_steps_for_a_compiler_are_the_same(name, terms, monkeypatch):
    network = network_of(name, terms, skip=True)
    other = deepcopy(network)
    expected = learn(other, images(6))
    monkeypatch.setattr(blocks.torch.compiler, "is_compiling", lambda: True)
    assert_same(learn(network, images(6)), expected, 1e-9)


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("name", NAMES)
def test_images_without_energy_have_finite_gradients(name, terms):
    network, x = network_of(name, terms, dtype=torch.float32, skip=True), images(6, torch.float32)
    x[0], x[1] = 0, 1
    assert all(torch.isfinite(value).all() for value in learn(network, x).values())


def test_products_alone_have_less_precision_under_autocast():
    block = network_of("soft threshold", "equal", dtype=torch.float32, skip=True).blocks[0].eval()
    x = images(6, torch.float32).permute(2, 3, 0, 1)[None, None]
    with torch.no_grad():
        exact = block.parts(x)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = block.parts(x)
    assert rounded.dtype == torch.float32
    assert 1e-4 < (rounded - exact).abs().max() < 0.1


@pytest.mark.parametrize("layer", ["scaling.0", "mixing.standardization.1"])
def test_a_layer_that_is_in_evaluation_alone_uses_its_running_statistics(layer):
    network = network_of("soft threshold", "equal", skip=True)
    network(images(6))
    network.blocks[0].get_submodule(layer).eval()
    other = plain(network)
    assert not network.blocks[0].goes_by_parts()
    assert_same(learn(network, images(6)), learn(other, images(6)), 1e-9)


def test_parameters_that_are_fixed_stay_without_gradient():
    network = network_of("sigmoid", "published")
    fixed = [p for name, p in network.named_parameters() if name.endswith("gain")]
    for parameter in fixed:
        parameter.requires_grad_(False)
    network(images(4)).square().sum().backward()
    assert all(p.grad is None for p in fixed)
    assert all(p.grad.abs().max() > 0 for name, p in network.named_parameters() if name.endswith("bias"))
