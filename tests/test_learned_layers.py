"""Doubts about the layers of the networks: standardisation, mixing, normalisation, non-linearities, classifier."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
layers = pytest.importorskip("collapse_theory.learned.layers")


def maps(shape, *, complex=True, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn((*shape, 2), generator=generator, dtype=dtype) * torch.tensor([1.0, 0.5], dtype=dtype) + 0.3
    return torch.view_as_complex(x) if complex else x[..., 0].clone()


def energy(x, axes):
    return x.abs().square().mean(axes)


@pytest.mark.parametrize("complex", [False, True])
def test_standardised_channels_have_mean_0_and_the_announced_energy(complex):
    x, layer = maps((5, 3, 4, 4), complex=complex), layers.Standardization(3, complex=complex)
    x = x * torch.tensor([1e-2, 1.0, 10.0])[:, None, None]
    y = layer(x)
    variance = energy(x - x.mean((0, 2, 3), keepdim=True), (0, 2, 3))
    assert y.mean((0, 2, 3)).abs().max() < 1e-6
    torch.testing.assert_close(energy(y, (0, 2, 3)), variance / (variance + 1e-5), rtol=1e-5, atol=0)


@pytest.mark.parametrize("complex", [False, True])
def test_running_statistics_are_a_tenth_of_the_unbiased_ones_of_the_batch(complex):
    x, layer = maps((5, 3, 4, 4), complex=complex), layers.Standardization(3, complex=complex)
    layer(x)
    mean = x.mean((0, 2, 3))
    variance = energy(x - mean[:, None, None], (0, 2, 3)) * 80 / 79
    torch.testing.assert_close(layer.mean, 0.1 * layers.real_parts(mean[None, :, None, None])[0, :, 0, 0])
    torch.testing.assert_close(layer.variance, 0.9 + 0.1 * variance)
    layer.eval()
    before = layer.variance.clone()
    torch.testing.assert_close(layer(x), (x - 0.1 * mean[:, None, None]) / (before + 1e-5).sqrt()[:, None, None])
    assert torch.equal(layer.variance, before)


def test_standardising_real_maps_is_torchs_batch_normalisation():
    x, layer = maps((5, 3, 4, 4), complex=False), layers.Standardization(3, complex=False)
    reference = torch.nn.BatchNorm2d(3, affine=False)
    torch.testing.assert_close(layer(x), reference(x))
    torch.testing.assert_close(layer.mean[:, 0], reference.running_mean)
    torch.testing.assert_close(layer.variance, reference.running_var)


def test_root_mean_square_keeps_every_phase_and_puts_every_amplitude_at_one():
    x, layer = 1e-3 * maps((5, 3, 4, 4)), layers.RootMeanSquare(3, complex=True)
    y = layer(x)
    torch.testing.assert_close(y / y.abs(), x / x.abs())
    torch.testing.assert_close(energy(y, (0, 2, 3)), torch.ones(3), rtol=1e-3, atol=0)
    torch.testing.assert_close(layer.variance, energy(x, (0, 2, 3)))
    layer(2 * x)
    torch.testing.assert_close(layer.variance, (0.9 + 0.1 * 4) * energy(x, (0, 2, 3)))


@pytest.mark.parametrize(("outputs", "inputs"), [(4, 9), (9, 4), (6, 6)])
def test_mixing_starts_with_orthonormal_rows_or_columns(outputs, inputs):
    p = torch.view_as_complex(layers.Mixing([(inputs, True)], outputs, seed=0).weight.detach())
    gram = p @ p.mH if outputs <= inputs else p.mH @ p
    torch.testing.assert_close(gram, torch.eye(len(gram), dtype=gram.dtype), atol=1e-5, rtol=0)
    assert p.imag.abs().max() > 0.1


@pytest.mark.parametrize("training", [True, False])
def test_mixing_parts_is_the_plain_complex_product_of_standardised_maps(training):
    parts = [maps((5, 2, 4, 4)), maps((5, 3, 4, 4), complex=False, seed=1), maps((5, 1, 4, 4), seed=2)]
    mixing = layers.Mixing([(2, True), (3, False), (1, True)], 4, seed=0)
    mixing(parts)
    mixing.train(training)
    mixed = mixing(parts)
    standard = [s.train(training)(x).to(torch.complex64) for s, x in zip(mixing.standardization, parts, strict=True)]
    plain = torch.einsum("kc,bcmn->bkmn", torch.view_as_complex(mixing.weight), torch.cat(standard, 1))
    torch.testing.assert_close(mixed, plain, atol=1e-5, rtol=1e-5)


def test_normalised_pixels_have_norm_one():
    for complex in (True, False):
        y = layers.Normalization()(maps((2, 7, 3, 3), complex=complex) * torch.logspace(-3, 3, 3))
        torch.testing.assert_close(y.abs().square().sum(1), torch.ones(2, 3, 3), atol=1e-5, rtol=0)


def test_a_pixel_without_energy_stays_zero_with_a_finite_gradient():
    x = torch.zeros((1, 4, 2, 2), dtype=torch.complex64, requires_grad=True)
    y = layers.Normalization()(x)
    (y.real.sum() + y.imag.sum()).backward()
    assert torch.equal(y, torch.zeros_like(y))
    assert torch.isfinite(torch.view_as_real(x.grad)).all()
    assert x.grad.abs().min() > 0  # finite because it is bounded, not because it was cut off


@pytest.mark.parametrize("name", ["soft threshold", "sigmoid", "unit amplitude", "tanh", "compression", "identity"])
def test_reductions_turn_with_the_phase(name):
    rho, z = layers.Nonlinearity(name, 3), maps((4, 3, 5, 5))
    turn = torch.exp(torch.tensor(0.7j))
    assert (rho(turn * z) - turn * rho(z)).abs().max() < 1e-5
    assert not rho.collapses


@pytest.mark.parametrize("name", ["phase collapse", "phase collapse beyond"])
def test_collapses_do_not(name):
    rho, z = layers.Nonlinearity(name, 3), maps((4, 3, 5, 5))
    turn = torch.exp(torch.tensor(0.7j))
    assert (rho(turn * z) - turn * rho(z)).abs().max() > 0.3
    assert rho.collapses
    assert not rho(z).is_complex()


def test_published_formulas_with_their_softening():
    z, e = maps((4, 3, 5, 5), dtype=torch.float64), 1e-6
    modulus = z.abs()
    published = {
        "soft threshold": torch.relu(1 - 0.1 / (modulus + e)) * z,
        "sigmoid": torch.sigmoid(modulus) * z / (modulus + e),
        "unit amplitude": z / (modulus + e),
        "tanh": torch.tanh(modulus) * z / (modulus + e),
        "compression": modulus / (1 + modulus) * z / (modulus + e),
        "phase collapse": modulus,
    }
    for name, expected in published.items():
        torch.testing.assert_close(layers.Nonlinearity(name, 3).double()(z), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", layers.NETWORK_NONLINEARITIES)
def test_gradients_of_the_nonlinearity_and_its_parameters(name):
    rho = layers.Nonlinearity(name, 2).double()
    z = maps((2, 2, 2, 2), dtype=torch.float64).requires_grad_()
    inputs = [z, *rho.parameters()]
    assert torch.autograd.gradcheck(lambda z, *_: rho(z), inputs)


def test_gradients_of_standardisation_mixing_and_normalisation():
    mixing, norm = layers.Mixing([(2, True), (1, False)], 2, seed=0).double(), layers.Normalization()
    parts = [maps((2, 2, 2, 2), dtype=torch.float64), maps((2, 1, 2, 2), dtype=torch.float64, complex=False)]
    parts = [part.requires_grad_() for part in parts]
    assert torch.autograd.gradcheck(lambda *p: norm(mixing(p[:2])), [*parts, mixing.weight])


def test_the_classifier_sees_real_and_imaginary_parts_in_turn():
    x, classifier = maps((4, 3, 2, 2)), layers.Classifier(3, side=2, classes=5, seed=0)
    interleaved = torch.stack([x.real, x.imag], 2).reshape(4, 6, 2, 2)
    expected = classifier.linear(classifier.standardization(interleaved).flatten(1))
    torch.testing.assert_close(classifier(x), expected)
    bound = classifier.linear.weight.abs().max() * np.sqrt(24)
    assert 0.9 < bound < 1.000001
