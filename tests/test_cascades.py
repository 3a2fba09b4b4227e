"""Doubts about the cascade: is every channel where the table says, and is energy kept where it must be?"""

import tracemalloc

import numpy as np
import pytest

from collapse_theory import scattering, torus
from collapse_theory.arrays import array_namespace, is_complex, shape, to_host, to_library
from collapse_theory.fourier import fft2
from collapse_theory.nonlinearities import collapse_phase, named
from collapse_theory.scattering import Mixing, cascade, cascade_paths, semi_unitary
from collapse_theory.torus import crop, padded_shape
from collapse_theory.wavelets import morlet_bank, paper_bank
from tests.places import NUMPY, assert_close

FULL = morlet_bank(8, 2, 4, "full").tight("complex")
ONE_OCTAVE = morlet_bank(8, 1, 4, "full").tight("complex")


def images(kind="real", sides=(8, 8)):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 2, *sides))
    return x if kind == "real" else x + 1j * rng.normal(size=x.shape)


def along_path(x, path, bank, subsample=False):
    """The slow obvious value of one channel: follow the filters of its path, one convolution at a time."""
    z = x[:, path[0]]
    for step in path[1:]:
        here = bank.at(z.shape[-2:])
        real = not np.iscomplexobj(z)
        z = torus.convolve(z, here.filters_hat[step])
        z = np.abs(z) if step else (z.real if real else z)
        z = z[..., ::2, ::2] if subsample else z
    return z


@pytest.mark.parametrize(("bank", "subsample"), [(FULL, False), (ONE_OCTAVE, True)])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_each_channel_is_its_path(place, bank, subsample, kind):
    x = images(kind)
    for depth, layer in enumerate(cascade(place.lift(x), bank, "phase collapse", depth=2, subsample=subsample)):
        paths = cascade_paths(bank, depth=depth, channels=2)
        assert shape(layer)[-3] == len(paths) == 2 * (1 + len(bank)) ** depth
        expected = np.stack([along_path(x, path, bank, subsample) for path in paths], axis=1)
        assert_close(layer, expected, place, like=layer)
        assert is_complex(layer) == (kind == "complex")


def test_reductions_leave_complex_maps_and_collapses_real_ones():
    dtypes = {
        name: [layer.dtype.kind for layer in cascade(images(), FULL, name, depth=1)]
        for name in ("phase collapse", "tanh", "unit amplitude", "identity")
    }
    assert dtypes == {name: ["f", "f" if name == "phase collapse" else "c"] for name in dtypes}


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", ["phase collapse", "identity"])
def test_tight_bank_keeps_energy_at_every_depth(place, kind, name):
    x = images(kind)
    for layer in cascade(place.lift(x), FULL, name, depth=2):
        energy = np.sum(np.abs(to_host(layer)) ** 2, dtype=np.float64)
        assert energy == pytest.approx(np.sum(np.abs(x) ** 2), rel=place.rounding)


@pytest.mark.parametrize(("outputs", "kept"), [(None, True), (50, True), (17, False)])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_mixing_keeps_energy_if_and_only_if_outputs_are_at_least_inputs(outputs, kept, kind):
    x = images()
    for depth, layer in enumerate(cascade(x, FULL, "phase collapse", depth=1, mixing=Mixing(outputs, 3, kind))):
        ratio = np.sum(np.abs(layer) ** 2) / np.sum(x**2)
        assert (abs(ratio - 1) < 1e-12) == (kept or depth == 0)
        assert is_complex(layer) == (kind == "complex" and depth == 1)


def test_mixing_is_the_matrix_at_every_pixel(place):
    x, matrix = images("complex"), semi_unitary(3, 2, seed=0, kind="complex")
    lifted = place.lift(x)
    expected = np.einsum("oc,nchw->nohw", matrix, x)
    assert_close(scattering.mix_channels(lifted, matrix), expected, place, like=lifted)


@pytest.mark.parametrize(("outputs", "inputs"), [(5, 3), (3, 5), (4, 4)])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_semi_unitary(outputs, inputs, kind):
    p = semi_unitary(outputs, inputs, seed=0, kind=kind)
    gram = p.conj().T @ p if outputs >= inputs else p @ p.conj().T
    assert_close(gram, np.eye(min(outputs, inputs)), NUMPY)
    assert np.iscomplexobj(p) == (kind == "complex")
    assert not np.allclose(p, semi_unitary(outputs, inputs, seed=1, kind=kind))


def test_layers_are_mixed_differently():
    assert np.abs(Mixing().matrix(4, 0) - Mixing().matrix(4, 1)).max() > 0.1


@pytest.mark.parametrize("lowpass", ["kept", "also"])
def test_the_lowpass_is_collapsed_only_when_asked(lowpass):
    *_, layer = cascade(images(), FULL, "phase collapse", depth=1, lowpass=lowpass)
    assert (layer[:, [0, len(FULL) + 1]].min() < 0) == (lowpass == "kept")


@pytest.mark.parametrize("sides", [(8, 8), (7, 9)])
def test_reflecting_boundary_pads_and_crops_as_the_paper(place, sides):
    steps = [paper_bank(16, 4, "half octave"), paper_bank(16, 4, "next half octave")]
    arguments = {"depth": 2, "subsample": [False, True], "boundary": "reflect", "allow_loss": True}
    *_, layer = cascade(place.lift(images(sides=sides)), steps, "phase collapse", **arguments)
    expected = images(sides=sides)
    for bank, subsample in zip(steps, (False, True), strict=True):
        grid = padded_shape(expected.shape[-2:])
        z = torus.convolve(torus.reflect(expected, grid)[..., None, :, :], bank.at(grid).filters_hat)
        z = crop(z[..., ::2, ::2], 1) if subsample else crop(z, 2)
        z = np.concatenate([z[..., :1, :, :].real, np.abs(z[..., 1:, :, :])], axis=-3)
        expected = z.reshape(3, -1, *z.shape[-2:])
    assert_close(layer, expected, place, like=layer)


def test_one_bank_and_nonlinearity_a_layer():
    banks = [ONE_OCTAVE, morlet_bank(8, 2, 8, "full")]
    depths = list(cascade(images(), banks, ["identity", collapse_phase], depth=2))
    assert [layer.shape[1] for layer in depths] == [2, 10, 170]
    assert [layer.dtype.kind for layer in depths] == ["f", "c", "c"]
    paths = cascade_paths(banks, depth=2, channels=2)
    np.testing.assert_array_equal(paths[[0, 1, 17, 169]], [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 4, 16]])


def growth_in_single_precision(library, nonlinearity, depth=3):
    """Rms error of the float32 cascade against the float64 one at depth 0 .. `depth`, in 2^−23 of the rms."""
    bank = morlet_bank(16, 2, 4, "full").tight("complex")
    x = np.random.default_rng(0).normal(size=(1, 16, 16)).astype(np.float32)
    single = cascade(to_library(x, library), bank, nonlinearity, depth=depth)
    pairs = zip(map(to_host, single), cascade(x.astype(np.float64), bank, nonlinearity, depth=depth), strict=True)
    return [float(np.linalg.norm(a - b) / np.linalg.norm(b)) / np.finfo(np.float32).eps for a, b in pairs]


def loss_of_a_layer(library):
    """What a non-expansive layer may add, in 2^−23 of the rms: its two transforms as they are on white noise, half for
    rounding the filters, half for their product and one for the non-linearity.
    """
    x = np.random.default_rng(1).normal(size=(50, 16, 16)).astype(np.float32)
    found, expected = to_host(fft2(to_library(x, library))), np.fft.fft2(x.astype(np.float64))
    return 2 * np.linalg.norm(found - expected) / np.linalg.norm(expected) / np.finfo(np.float32).eps + 2


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("name", ["phase collapse", "tanh", "soft threshold"])
def test_single_precision_loses_what_the_transforms_do_a_layer_if_the_nonlinearity_is_non_expansive(library, name):
    pytest.importorskip(library)
    lost = growth_in_single_precision(library, named(name, **({"threshold": 0.1} if "soft" in name else {})))
    assert lost[1] > 0.1
    assert np.all(lost <= loss_of_a_layer(library) * np.arange(4))


def test_unit_amplitude_amplifies_rounding_beyond_that():
    assert growth_in_single_precision("numpy", "unit amplitude")[-1] > 3 * loss_of_a_layer("numpy")


def test_cascade_has_the_right_gradient():
    torch = pytest.importorskip("torch")
    bank = morlet_bank(4, 1, 2).tight()
    x = torch.asarray(np.random.default_rng(0).normal(size=(1, 4, 4))).requires_grad_()
    deepest = lambda x: list(cascade(x, bank, "phase collapse", depth=2, subsample=[False, True]))[-1]  # noqa: E731
    assert torch.autograd.gradcheck(deepest, (x,))


HALF = morlet_bank(8, 1, 4)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": np.ones((8, 8))}, ValueError, r"x: expected images \(..., C, H, W\) with at least 3 axes, got shape"),
        (
            {"x": np.ones((1, 0, 8))},
            ValueError,
            r"x: expected at least one sample on every axis, got shape \(1, 0, 8\)",
        ),
        ({"x": np.full((1, 8, 8), np.nan)}, ValueError, r"x: expected finite values, got 64 NaN or infinite of 64"),
        ({"x": np.full((1, 8, 8), np.inf)}, ValueError, "x: expected finite values"),
        ({"x": np.ones((1, 8, 8), np.float16)}, TypeError, "x: expected single or double precision .* got float16"),
        ({"x": [[[1.0]]]}, TypeError, "x: expected a NumPy, CuPy, torch or other array-API array, got list"),
        ({"x": np.array([[["a"]]])}, TypeError, "x: expected single or double precision"),
        ({"bank": [HALF]}, ValueError, "bank: expected one value, or 2 of them, one per layer, got 1"),
        ({"bank": "morlet"}, TypeError, "bank: expected a FilterBank, got str"),
        ({"nonlinearity": "sine"}, ValueError, "nonlinearity: unknown 'sine'; known: 'identity', 'phase collapse'"),
        ({"nonlinearity": 3}, TypeError, "nonlinearity: expected a callable or a name, got 3"),
        ({"depth": -1}, ValueError, "depth: expected an integer of at least 0, got -1"),
        ({"lowpass": "dropped"}, ValueError, "lowpass: unknown 'dropped'; known: 'kept', 'also'"),
        ({"boundary": "zero"}, ValueError, "boundary: unknown 'zero'; known: 'periodic', 'reflect'"),
        (
            {"subsample": True, "x": np.ones((1, 6, 8))},
            ValueError,
            r"subsample: expected even sides at depth 1, got \(3, 4",
        ),
        ({"subsample": True, "depth": 4}, ValueError, r"scales: too many for this grid: .* got \(1, 1\)"),
        ({"mixing": np.eye(3), "depth": 1}, ValueError, r"mixing: expected a matrix with 5 columns, .* got \(3, 3\)"),
        ({"mixing": Mixing(kind="quaternion"), "depth": 1}, ValueError, "kind: unknown 'quaternion'"),
        (
            {"x": np.ones((1, 8, 8)) * 1j},
            ValueError,
            "bank: .* does not see half of the spectrum of the complex maps at",
        ),
        ({"nonlinearity": "tanh"}, ValueError, "does not see half of the spectrum of the complex maps at depth 1"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    call = {"x": np.ones((1, 8, 8)), "bank": HALF, "nonlinearity": "phase collapse", "depth": 2} | arguments
    with pytest.raises(error, match=message):
        list(cascade(call.pop("x"), call.pop("bank"), call.pop("nonlinearity"), **call))


def test_mistakes_are_found_before_anything_is_computed():
    with pytest.raises(ValueError, match="lowpass"):
        cascade(np.ones((1, 8, 8)), HALF, "phase collapse", depth=1, lowpass="dropped")


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.bool_, ">f4"])
def test_integers_are_converted_once_and_foreign_byte_order_read(dtype):
    x = np.random.default_rng(0).integers(0, 2, (1, 8, 8)).astype(dtype)
    *_, layer = cascade(x, HALF, "phase collapse", depth=1)
    assert layer.dtype == (np.float32 if dtype == ">f4" else np.float64)
    *_, expected = cascade(x.astype(np.float64), HALF, "phase collapse", depth=1)
    assert_close(layer, expected, NUMPY, rounding=1e-6)


def test_two_libraries_are_not_mixed():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"expected arrays of one library, got numpy.ndarray, torch.Tensor"):
        array_namespace(np.ones(2), torch.ones(2))


@pytest.mark.parametrize(("scales", "angles", "side"), [(1, 4, 32), (2, 8, 64), (1, 6, 128)])
@pytest.mark.parametrize("subsample", [True, False])
def test_peak_memory_of_a_layer_is_that_of_the_formula(monkeypatch, rng, scales, angles, side, subsample):
    monkeypatch.setattr("collapse_theory.machine.cores.cores", lambda: 1)
    bank = morlet_bank((side, side), scales, angles, "full").tight("complex")
    x = rng.normal(size=(2**16 // side**2, 3, side, side)).astype(np.float32)
    layer = scattering.Layer(bank, "phase collapse", subsample=subsample)
    scattering.apply_layer(x, layer)  # makes the filters
    tracemalloc.start()
    scattering.apply_layer(x, layer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    n, k, a = x.size, len(bank), 2 if subsample else 1
    m = n * (1 + k) / a**2
    assert peak == pytest.approx(4 * max(2 * a * n + 2 * m, 4 * m - m / (1 + k)), rel=0.1)


def test_torch_tensors_that_go_by_numpy_stay_torch_for_the_nonlinearity():
    torch = pytest.importorskip("torch")
    x, gain = torch.asarray(images(), dtype=torch.float32), torch.tensor(2.0, requires_grad=True)
    seen = []

    def scaled(z):
        seen.append((type(z), z.dtype, str(z.device)))
        return gain * torch.abs(z)

    layer = scattering.Layer(FULL, scaled)
    expected = scattering.apply_layer(x.numpy(), scattering.Layer(FULL, lambda z: 2 * np.abs(z)))
    with torch.device("meta"):  # where a tensor goes does not depend on the default device
        result = scattering.apply_layer(x, layer)
    assert seen == [(torch.Tensor, torch.complex64, "cpu")]
    assert_close(result.detach(), expected, NUMPY, rounding=1e-6)
    result.sum().backward()
    assert gain.grad > 0
    for same in (x.transpose(-1, -2).contiguous().transpose(-1, -2), x.clone().requires_grad_()):
        assert_close(scattering.apply_layer(same, layer).detach(), expected, NUMPY, rounding=1e-6)
    z = torch.asarray(images("complex"))
    conjugate = scattering.apply_layer(z.conj(), scattering.Layer(FULL, torch.abs))
    assert_close(
        conjugate, scattering.apply_layer(z.conj().resolve_conj().numpy(), scattering.Layer(FULL, np.abs)), NUMPY
    )


def test_half_precision_is_refused_by_a_layer():
    with pytest.raises(TypeError, match="x: expected single or double precision"):
        scattering.apply_layer(images().astype(np.float16), scattering.Layer(FULL, "phase collapse"))


@pytest.mark.parametrize("reduction", ["phase collapse", "tanh"])
@pytest.mark.parametrize("mixing", [None, Mixing(outputs=4)])
def test_whole_shifts_commute_with_a_cascade_if_they_are_multiples_of_its_steps(place, rng, reduction, mixing):
    """Φ(x_τ)(u) = Φ(x)(u − τ / 2^d), τ in 2^d Z², with a subsampling by 2 at each of d layers."""
    x, bank = rng.normal(size=(1, 8, 12)), morlet_bank((8, 12), 1, 4, "full")

    def features(image):
        return list(cascade(place.lift(image), bank, reduction, depth=2, subsample=True, mixing=mixing))[-1]

    moved = np.roll(to_host(features(x)), (1, -2), axis=(-2, -1))
    assert_close(features(np.roll(x, (4, -8), axis=(-2, -1))), moved, place)
    assert np.max(np.abs(to_host(features(np.roll(x, (5, -8), axis=(-2, -1)))) - moved)) > 0.1
