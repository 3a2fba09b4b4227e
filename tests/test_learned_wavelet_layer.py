"""Doubts about the wavelets of the networks: golden values, one matrix against Fourier, odd sides."""

import math

import numpy as np
import pytest

from collapse_theory.nonlinearities import identity
from collapse_theory.scattering import Layer, apply_layer
from collapse_theory.torus import padded_shape
from collapse_theory.wavelets import paper_bank
from tests.places import NUMPY, assert_close, rounding_of_transforms

torch = pytest.importorskip("torch")
wavelet_layer = pytest.importorskip("collapse_theory.learned.wavelet_layer")
WaveletLayer = wavelet_layer.WaveletLayer

# From the published code, in single precision, of x[u1, u2] = sin(0.7 u1 + 0.3 u2) + 0.25 u1 - 0.1 u2 on 8 x 8:
# low-pass at (0, 0) and (1, 2) and its sum; wavelets 0 and 1 at the same two samples; the sum of every modulus.
GOLDEN = {
    ("half octave", 4): (
        [0.319388, 0.941336, 31.270821],
        [-0.147613 + 0.000099j, 0.065921 - 0.080001j, -0.347892 - 0.000233j, 0.088871 - 0.135021j],
        [6.820765, 9.443919, 4.052907, 3.787047],
    ),
    ("next half octave", 4): (
        [0.319388, 0.576262, 7.993929],
        [-0.126212 + 0.000516j, 0.050384 + 0.108111j, -0.317438 - 0.001074j, 0.052605 + 0.078317j],
        [1.511935, 2.226589, 0.851221, 0.861194],
    ),
    ("octave", 8): (
        [0.547260, 0.528649, 8.224859],
        [-0.037427 - 0.003385j, 0.014299 + 0.091568j, -0.056044 - 0.007739j, 0.036795 + 0.114971j],
        [0.997215, 1.236433, 1.796250, 2.059874, 1.251365, 0.724397, 0.701361, 0.802038],
    ),
    ("half octave", 8): (
        [0.319388, 0.941336, 31.270821],
        [-0.037427 - 0.003385j, 0.026319 + 0.012672j, -0.056044 - 0.007739j, 0.040963 - 0.039039j],
        [3.926395, 5.081578, 7.334558, 8.828966, 5.161191, 3.027068, 2.794951, 3.197826],
    ),
    ("next half octave", 8): (
        [0.319388, 0.576262, 7.993929],
        [-0.023639 - 0.001579j, 0.008691 + 0.065764j, -0.042032 - 0.016139j, 0.029681 + 0.087934j],
        [0.808347, 1.031151, 1.580366, 1.967012, 1.075238, 0.647146, 0.584128, 0.669162],
    ),
}
STEPS = ("octave", "half octave", "next half octave")


def maps(rng, side, complex, channels=3):
    x = rng.normal(size=(2, channels, side, side, 2)).astype(np.float32)
    return torch.view_as_complex(torch.from_numpy(x)) if complex else torch.from_numpy(x[..., 0].copy())


@pytest.mark.parametrize("dense", [None, False, True])
@pytest.mark.parametrize("complex", [False, True])
@pytest.mark.parametrize(("step", "angles"), GOLDEN)
def test_the_published_numbers_come_out(step, angles, complex, dense):
    rows, columns = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    x = torch.tensor(np.sin(0.7 * rows + 0.3 * columns) + 0.25 * rows - 0.1 * columns, dtype=torch.float32)[None, None]
    layer = WaveletLayer(8, step, complex=complex, angles=angles, pi=3.1415, dense=dense)
    low, waves = layer(x.to(torch.complex64) if complex else x)
    low, waves = low[0, 0].numpy(), waves[0].numpy()
    golden_low, golden_waves, golden_sums = GOLDEN[step, angles]
    found = [low[0, 0], low[1, 2], low.sum()]
    assert np.abs(np.array(found) - golden_low).max() < 2e-5
    found = [waves[wave][sample] for wave in (0, 1) for sample in ((0, 0), (1, 2))]
    assert np.abs(np.array(found) - golden_waves).max() < 2e-5
    assert np.abs(np.abs(waves).sum((1, 2)) - golden_sums).max() < 2e-5


@pytest.mark.parametrize("complex", [False, True])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("side", "circle", "angles"), [(7, "half", 8), (6, "full", 8), (7, "full", 8), (12, "half", 4)]
)
def test_one_matrix_and_fourier_are_the_cascade(side, circle, angles, step, complex, rng):
    x = maps(rng, side, complex)
    options = {"complex": complex, "angles": angles, "circle": circle}
    matrix, fourier, own = (WaveletLayer(side, step, dense=dense, **options) for dense in (True, False, None))
    grid = padded_shape((side, side))
    rounding = rounding_of_transforms(2, math.prod(grid))
    assert own.separable == (angles == (8 if circle == "full" else 4))
    for one, two, other in zip(matrix(x), own(x), fourier(x), strict=True):
        assert one.dtype == two.dtype == other.dtype
        assert_close(one, other.numpy(), NUMPY, rounding=rounding)
        assert_close(two, other.numpy(), NUMPY, rounding=rounding)
    bank = paper_bank(grid, angles, step, circle)
    expected = apply_layer(x.numpy(), Layer(bank, identity, boundary="reflect", subsample=step != "half octave"))
    expected = expected.reshape(2, 3, 1 + angles, *expected.shape[-2:])
    low, waves = matrix(x)
    assert low.is_complex() == complex
    assert_close(low, expected[:, :, 0] if complex else expected[:, :, 0].real, NUMPY, rounding=rounding)
    assert_close(waves, expected[:, :, 1:].reshape(2, 3 * angles, *expected.shape[-2:]), NUMPY, rounding=rounding)


@pytest.mark.parametrize("dense", [False, True])
def test_sides_go_from_7_to_6_to_3(dense, rng):
    first = WaveletLayer(7, "half octave", complex=True, angles=4, dense=dense)
    second = WaveletLayer(6, "next half octave", complex=True, angles=4, dense=dense)
    low, _ = first(maps(rng, 7, True))
    assert low.shape[-2:] == (6, 6)
    assert second(low)[1].shape == (2, 12, 3, 3)


def test_matrices_are_for_small_maps_only():
    assert WaveletLayer(16, "half octave", complex=True, angles=8).dense
    assert not WaveletLayer(112, "half octave", complex=True, angles=8).dense


@pytest.mark.parametrize(("circle", "angles"), [("half", 4), ("full", 8)])
def test_two_products_in_double_precision_are_those_of_the_filters_in_double_precision(circle, angles, rng):
    x = maps(rng, 8, True).to(torch.complex128)
    options = {"complex": True, "angles": angles, "circle": circle}
    plain, own = (WaveletLayer(8, "next half octave", dense=dense, **options).double() for dense in (True, None))
    for one, other in zip(own(x), plain(x), strict=True):
        assert (one - other).abs().max() < 1e-9 * other.abs().max()
    single = own.float()(x.to(torch.complex64))
    assert torch.equal(own.double()(x)[0], WaveletLayer(8, "next half octave", **options).double()(x)[0])
    assert single[0].dtype == torch.complex64


def test_filters_are_no_part_of_a_checkpoint_and_follow_the_layer():
    layer = WaveletLayer(8, "octave", complex=True, angles=4)
    assert not layer.state_dict()
    assert {buffer.dtype for buffer in layer.double().buffers()} == {torch.float64}
    assert layer(torch.ones((1, 1, 8, 8), dtype=torch.complex128))[1].dtype == torch.complex128


@pytest.mark.parametrize("dense", [False, True])
def test_autocast_answers_in_single_precision(dense, rng):
    layer, x = WaveletLayer(8, "octave", complex=True, angles=4, dense=dense), maps(rng, 8, True)
    with torch.autocast("cpu", torch.bfloat16):
        low, waves = layer(x)
    assert low.dtype == waves.dtype == torch.complex64
    assert_close(waves, layer(x)[1].numpy(), NUMPY, rounding=2e-2)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(
    "x", [torch.zeros(1, 1, 8, 9), torch.zeros(1, 8, 8), torch.zeros(1, 1, 8, 8, dtype=torch.complex64)]
)
def test_other_maps_are_refused(x, dense):
    with pytest.raises(ValueError, match=r"x: expected real maps \(B, C, 8, 8\), got torch"):
        WaveletLayer(8, "octave", complex=False, angles=4, dense=dense)(x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"angles": 0}, "angles: expected an integer of at least 1, got 0"),
        ({"angles": 2}, "angles: expected more than 2 per π"),
        ({"angles": 4, "circle": "full"}, "angles: expected more than 2 per π"),
        ({"angles": 4, "circle": "third"}, "circle: unknown 'third'"),
    ],
)
def test_impossible_angles_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WaveletLayer(8, "next half octave", complex=False, **options)
