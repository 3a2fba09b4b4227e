"""Doubts about blocks that are computed in few passes: are they the plain ones, with every gradient and statistic?"""

from copy import deepcopy

import pytest

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")
from collapse_theory.learned import blocks, passes, products  # noqa: E402
from tests.plain_network import plain  # noqa: E402

SMALL = learned.Architecture(side=9, colors=2, classes=4, channels=(4, 6, 5))
KINDS = [
    {},
    {"skip": True},
    {"angles": 8, "circle": "full"},
    {"angles": 8, "circle": "full", "skip": True},
    {"mixing": "real"},
    {"mixing": "real", "skip": True},
    {"angles": 8},
    {"angles": 8, "skip": True},
    {"angles": 8, "mixing": "real"},
]
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-4)]
THROUGH_FOURIER = [{"angles": 8}, {"angles": 8, "skip": True, "mixing": "real"}]


def images(count, dtype=torch.float64, side=9, colors=2):
    return torch.randn(count, colors, side, side, generator=torch.Generator().manual_seed(0), dtype=dtype)


def learn(network, x):
    """Logits, the gradients of the images and of all parameters, and the state after it."""
    x = x.clone().requires_grad_()
    logits = network(x)
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(len(x)) % logits.shape[1])
    names, parameters = zip(*network.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, [x, *parameters])
    found = {"logits": logits, "images": gradients[0], **dict(zip(names, gradients[1:], strict=True))}
    return found | {f"state {name}": value for name, value in network.state_dict().items()}


def assert_same(found, expected, tolerance):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        error = (found[name] - value).abs().max()
        assert error <= tolerance * value.abs().max(), f"{name}: {error}"


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("images_at_a_time", ["one", "one, phases again", "all"])
@pytest.mark.parametrize("options", KINDS, ids=str)
def test_few_passes_are_the_plain_layers_in_double_precision(options, images_at_a_time, training, monkeypatch):
    monkeypatch.setattr("collapse_theory.learned.networks._IN_CACHE", 2**30 if images_at_a_time == "all" else 1)
    monkeypatch.setattr("collapse_theory.learned.rows._WORTH_KEEPING", 0 if "again" in images_at_a_time else 2**30)
    network = learned.scattering_network(SMALL, **options).double()
    x, other = images(6), plain(network)
    network(x), other(x)  # so that the running statistics are some
    assert all(block.goes_by_parts() for block in network.blocks)
    assert not any(block.goes_by_parts() for block in other.blocks)
    assert_same(learn(network.train(training), x), learn(other.train(training), x), 1e-9)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("octaves", [0, 1])
@pytest.mark.parametrize("options", THROUGH_FOURIER, ids=str)
def test_few_passes_are_the_plain_layers_through_fourier(options, octaves, dtype, tolerance, monkeypatch):
    monkeypatch.setattr("collapse_theory.learned.wavelet_layer.LARGEST_MATRIX", 0)
    monkeypatch.setattr("collapse_theory.learned.adjoints._COLUMNS", 5)
    architecture = learned.Architecture(side=10, colors=2, classes=4, channels=(4, 6), octaves=octaves)
    network = learned.scattering_network(architecture, **options).to(dtype)
    x, other = images(6, dtype, side=10), plain(network)
    assert not any(block.wavelets.dense or block.wavelets.separable for block in network.blocks)
    assert all(block.goes_by_parts() for block in network.blocks)
    assert_same(learn(network, x), learn(other, x), tolerance)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", KINDS[:2] + KINDS[4:], ids=str)
def test_few_passes_are_the_plain_layers_in_single_precision(options, training):
    """So many images that products go to oneDNN."""
    network = learned.scattering_network(learned.Architecture(side=16, channels=(16, 24)), **options)
    x, other = images(64, torch.float32, 16, 3), plain(network)
    network(x), other(x)
    assert_same(learn(network.train(training), x), learn(other.train(training), x), 1e-4)


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_steps_for_a_compiler_are_the_same(options, monkeypatch):
    network = learned.scattering_network(SMALL, **options).double()
    other = deepcopy(network)
    expected = learn(other, images(6))
    monkeypatch.setattr(blocks.torch.compiler, "is_compiling", lambda: True)
    assert_same(learn(network, images(6)), expected, 1e-9)


@pytest.mark.parametrize("options", [*KINDS[:2], *KINDS[4:]], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_a_block(options, training):
    network = learned.scattering_network(learned.Architecture(side=4, colors=2, channels=(2, 2)), **options).double()
    for block, parts in zip(network.blocks, (1, 1 + network.blocks[0].mixing.complex), strict=True):
        generator = torch.Generator().manual_seed(1)
        x = torch.randn(2, parts, 4, 4, 2, 2, generator=generator, dtype=torch.float64).requires_grad_()
        block.train(training)
        assert torch.autograd.gradcheck(
            lambda x, _, block=block: block.parts(x), [x, block.mixing.weight], fast_mode=True
        )


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("training", [True, False])
def test_real_mixing_without_its_zeros_is_the_plain_one(training, dtype, tolerance, monkeypatch):
    monkeypatch.setattr("collapse_theory.learned.passes._WORTH_COPYING", 1)
    monkeypatch.setattr("collapse_theory.learned.products._AT_A_TIME", 2**11)
    network = learned.scattering_network(SMALL, mixing="real", skip=True).to(dtype)
    x, other, seen = images(16, dtype), plain(network), []
    monkeypatch.setattr(passes, "Whole", lambda half: seen.append(half))
    network(x), other(x)
    assert_same(learn(network.train(training), x), learn(other.train(training), x), tolerance)
    assert not seen


def test_a_second_derivative_is_refused_on_the_processor():
    network, x = learned.scattering_network(SMALL), images(2, torch.float32).requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiate twice"):
        gradient.square().sum().backward()


def test_a_graph_that_is_kept_gives_the_same_gradients_after_other_calls():
    network, x = learned.scattering_network(SMALL), images(4, torch.float32)
    loss = network(x).square().sum()
    expected = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
    network(3 * x + 1).square().sum().backward()
    found = torch.autograd.grad(loss, list(network.parameters()))
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)


def test_images_that_go_out_of_scope_do_not_change_what_was_answered():
    network, x = learned.scattering_network(SMALL).eval(), images(4, torch.float32)
    with torch.no_grad():
        first = network(x)
        kept = first.clone()
        network(2 * x)
    assert torch.equal(first, kept)


@pytest.mark.parametrize("skip", [False, True])
def test_flat_images_have_finite_gradients(skip):
    network, x = learned.scattering_network(SMALL, skip=skip), images(6, torch.float32)
    x[0], x[1] = 0, 1
    assert all(torch.isfinite(value).all() for value in learn(network, x).values())


def test_who_looks_in_between_sees_the_layers():
    network, seen = learned.scattering_network(SMALL), []
    expected = network.eval()(images(3, torch.float32))
    network.blocks[1].nonlinearity[0].register_forward_hook(lambda *call: seen.append(call[-1].shape))
    assert not network.blocks[1].goes_by_parts()
    torch.testing.assert_close(network(images(3, torch.float32)), expected)
    assert seen == [(3, 16, 4, 4)]


def test_who_looks_at_all_modules_sees_the_layers_too():
    network, seen = learned.scattering_network(SMALL), []
    hook = torch.nn.modules.module.register_module_forward_hook(lambda module, *_: seen.append(type(module).__name__))
    try:
        network(images(3, torch.float32))
    finally:
        hook.remove()
    assert seen.count("Nonlinearity") == 3


@pytest.mark.parametrize("count", [1, 2, 7, 16])
def test_any_number_of_images(count):
    network = learned.scattering_network(SMALL).eval()
    torch.testing.assert_close(network(images(16, torch.float32)[:count]), network(images(16, torch.float32))[:count])


def test_products_through_a_convolution_are_products():
    generator = torch.Generator().manual_seed(0)
    x, matrix = (torch.randn(n, 40, generator=generator) for n in (512, 24))
    torch.testing.assert_close(products.multiply_rows(x, matrix), x @ matrix.T)
    gradient = torch.randn(512, 24, generator=generator)
    torch.testing.assert_close(products.gradient_of_matrix(gradient, x), gradient.T @ x, atol=1e-4, rtol=1e-5)
    rounded = products.multiply_rows(x, matrix, half=True)
    assert 1e-4 < (rounded - x @ matrix.T).abs().max() < 0.2


def test_memory_for_one_call_is_the_same_at_the_next_if_it_is_little():
    few, many = ([products.scratch("some", shape, torch.empty(0)) for _ in range(2)] for shape in ((10,), (2**22 + 1,)))
    assert few[0].data_ptr() == few[1].data_ptr()
    assert many[0].data_ptr() != many[1].data_ptr()


def test_variances_of_complex_channels_are_of_both_parts():
    values = torch.arange(7.0)
    assert passes.over_parts(values, ((2, True), (3, False))).tolist() == [2, 4, 2, 4, 4, 5, 6]
