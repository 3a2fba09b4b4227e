"""Doubts about arrays: does a value stay where it was and as precise, and is what cannot be used refused by name?"""

from types import SimpleNamespace

import numpy as np
import pytest

from collapse_theory import arrays
from collapse_theory.arguments import as_floating, as_images
from collapse_theory.arrays import array_namespace, device, place, place_once, to_host, to_library
from tests.places import NUMPY, assert_close


@pytest.fixture
def noise(rng):
    return rng.normal(size=(3, 4, 5)) + 1j * rng.normal(size=(3, 4, 5))


def test_placed_array_is_beside_the_other_and_as_precise(place, noise):
    like = place.lift(noise)
    assert_close(arrays.place(noise.real, like), noise.real, place, like=like)
    assert_close(arrays.place(noise, place.lift(noise.real)), noise, place, like=like)
    whole = arrays.place(np.arange(3, dtype=np.int8), like)
    assert array_namespace(whole).isdtype(whole.dtype, "integral")
    assert device(whole) == device(like)


def test_placing_copies(noise):
    placed = place(noise, like=noise)
    placed[...] = 0
    assert np.abs(noise).min() > 0


def test_round_trip_to_the_host_keeps_every_bit(place, noise):
    assert_close(place.lift(noise.real), noise.real, place, rounding=1e-7)
    assert isinstance(to_host(place.lift(noise)), np.ndarray)


def test_host_copy_is_off_the_graph():
    torch = pytest.importorskip("torch")
    z = torch.ones(2, dtype=torch.complex128, requires_grad=True)
    np.testing.assert_array_equal(to_host(torch.conj(2j * z)), [-2j, -2j])
    np.testing.assert_array_equal(to_host(torch.imag(torch.conj(2j * z))), [-2, -2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_floating_arrays_are_not_copied(dtype):
    x = np.ones(3, dtype)
    assert as_floating(x) is x


def test_integers_become_the_default_real_dtype_of_their_library(place):
    xp = array_namespace(place.lift(np.zeros(1)))
    x = as_floating(xp.asarray([1, 2, 3], device=device(place.lift(np.zeros(1)))))
    assert x.dtype == (xp.float32 if place.name.startswith("torch") else xp.float64)
    assert device(x) == device(place.lift(np.zeros(1)))


def test_precision_and_kind_are_read_from_the_dtype(place, noise):
    real, z = place.lift(noise.real), place.lift(noise)
    assert arrays.real_dtype(z) == real.dtype
    assert arrays.complex_dtype(real) == z.dtype
    assert arrays.is_complex(z)
    assert not arrays.is_complex(real)
    assert arrays.to_complex(z) is z


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_half_precision_of_torch_is_refused(name):
    torch = pytest.importorskip("torch")
    with pytest.raises(
        TypeError, match=rf"image: expected single or double precision .* got torch.{name}; cast it first"
    ):
        as_floating(torch.ones(2, dtype=getattr(torch, name)), "image")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: as_floating([1, 2], "image"), TypeError, "image: expected a NumPy, CuPy, torch .* got list"),
        (lambda: as_floating(None), TypeError, "x: expected .* got NoneType"),
        (lambda: as_floating(np.array("a")), TypeError, "x: expected single or double precision .* got <U1"),
        (
            lambda: as_floating(np.ones(2, np.longdouble)),
            TypeError,
            "x: expected single or double .* got float128",
        ),
        (
            lambda: as_images(np.ones(3)),
            ValueError,
            r"x: expected images \(..., H, W\) with at least 2 axes, got",
        ),
        (
            lambda: as_images(np.ones((0, 3))),
            ValueError,
            r"x: expected at least one sample .* got shape \(0, 3\)",
        ),
        (
            lambda: as_images(np.array([[1, np.inf]])),
            ValueError,
            "x: expected finite values, got 1 NaN or infinite",
        ),
        (lambda: to_library(np.ones(1), "jax"), ValueError, "unknown array library 'jax'; known: numpy, torch, cupy"),
    ],
)
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    def absent(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(arrays.importlib, "import_module", absent)
    with pytest.raises(ImportError, match=r"the array library 'torch' is not installed .*: pip install .*\[torch\]"):
        to_library(np.ones(1), "torch")


def test_arrays_are_handed_over_on_the_same_memory(noise):
    torch = pytest.importorskip("torch")
    mine = noise.copy()
    theirs = to_library(mine, "torch", copy=False)
    assert isinstance(theirs, torch.Tensor)
    theirs[0] = 7
    assert np.all(mine[0] == 7)
    assert np.shares_memory(to_library(theirs, "numpy", copy=False), mine)
    theirs[1] = 3
    assert np.all(to_library(theirs, "numpy", copy=False)[1] == 3)
    mine.flags.writeable = False
    with pytest.raises(ValueError, match="x: expected an array that may be written to, got a read-only one of shape"):
        to_library(mine, "torch", copy=False)
    np.testing.assert_array_equal(to_library(np.arange(3.0)[:1][::-1], "torch", copy=False), [0])
    np.testing.assert_array_equal(to_library(np.arange(6.0)[::2], "torch", copy=False), [0, 2, 4])
    for bad in ([1.0], mine.astype(">c16"), torch.ones(1, device="meta")):
        with pytest.raises(TypeError, match=r"x: expected an array whose memory \w+ can share, got "):
            to_library(bad, "torch" if not isinstance(bad, torch.Tensor) else "numpy", copy=False)


def test_torch_gets_the_same_dtype_and_shape(noise):
    pytest.importorskip("torch")
    np.testing.assert_array_equal(to_host(to_library(noise.astype(np.complex64), "torch")), noise.astype(np.complex64))
    assert to_library(noise, "numpy") is noise


class OnlySingle:
    """A library without double precision, as JAX is by default."""

    int8, int32, float32, complex64 = np.int8, np.int32, np.float32, np.complex64
    iinfo, finfo = np.iinfo, np.finfo

    def __array_namespace_info__(self):
        kinds = {"signed integer": ("int32", "int8"), "real floating": ("float32",), "complex floating": ("complex64",)}
        return SimpleNamespace(dtypes=lambda *, kind: {name: getattr(self, name) for name in kinds[kind]})


def test_widest_dtypes_are_those_that_a_library_has(place):
    xp = arrays.array_namespace(place.lift(np.zeros(1)))
    for kind, name in (("signed integer", "int64"), ("real floating", "float64"), ("complex floating", "complex128")):
        assert arrays.widest_dtype(xp, kind) == getattr(xp, name)
    assert arrays.widest_dtype(OnlySingle(), "signed integer") is np.int32
    assert arrays.widest_dtype(OnlySingle(), "complex floating") is np.complex64


def test_array_is_placed_once_for_each_precision_and_must_be_read_only(place):
    host = np.arange(3.0)
    with pytest.raises(ValueError, match="host: expected a read-only array"):
        place_once(host, place.lift(host))
    host.flags.writeable = False
    first = place_once(host, place.lift(np.zeros(1)))
    assert place_once(host, place.lift(np.ones(2))) is first
    assert_close(first, host, place, like=first)
    single = place_once(host, np.zeros(1, np.float32))
    assert single.dtype == np.float32
    assert place_once(host, np.zeros(1)) is not single


def test_array_placed_without_a_graph_can_enter_one_later():
    torch = pytest.importorskip("torch")
    host = np.arange(3.0)
    host.flags.writeable = False
    with torch.inference_mode():
        placed = place_once(host, torch.zeros(1))
    x = torch.ones(3, requires_grad=True)
    (placed * x).sum().backward()
    assert_close(x.grad, host, NUMPY, rounding=1e-7)
