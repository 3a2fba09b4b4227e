"""Places to put an array, and the one comparison of the tests: values, library, device and precision together."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from collapse_theory.arrays import array_namespace, device, to_host


@dataclass(frozen=True)
class Place:
    """lift puts a NumPy array there; rounding is the error allowed, relative to the largest value compared."""

    name: str
    lift: Callable[[np.ndarray], Any]
    rounding: float


def _single(x):
    kind = {"f": np.float32, "c": np.complex64}.get(np.asarray(x).dtype.kind)
    return np.asarray(x) if kind is None else np.asarray(x).astype(kind)


def _second_device(x):
    xp = pytest.importorskip("array_api_strict")
    return xp.asarray(np.asarray(x), device=xp.Device("device1"))


def _torch(x):
    return pytest.importorskip("torch").asarray(np.array(x))


def _cupy(x):
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("cupy is installed, but there is no GPU")
    return cupy.asarray(x)


def _torch_cuda(x):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    return torch.asarray(np.array(x), device="cuda")


NUMPY = Place("numpy", np.asarray, 1e-12)
PLACES = (
    NUMPY,
    Place("numpy-single", _single, 1e-5),
    Place("strict-second-device", _second_device, 1e-12),
    Place("torch", _torch, 1e-12),
    pytest.param(Place("cupy", _cupy, 1e-12), marks=pytest.mark.gpu, id="cupy"),
    pytest.param(Place("torch-cuda", _torch_cuda, 1e-12), marks=pytest.mark.gpu, id="torch-cuda"),
)


def rounding_of_transforms(count, samples):
    """What so many Fourier transforms, one after the other, of `samples` numbers may lose in single precision.

    Each loses up to log2(samples) units in the last place of the root mean square (Higham 2002, section 24.1).
    """
    return count * math.log2(samples) * float(np.finfo(np.float32).eps)


def assert_close(actual, expected, place, *, rounding=None, like=None):
    """`actual` has the shape and, to `rounding` times the largest value, the values of the host array `expected`.

    With `like`, it must also have the library, the device and the precision of `like`.
    """
    expected = np.asarray(expected)
    if like is not None:
        xp = array_namespace(actual, like)
        assert device(actual) == device(like)
        assert xp.finfo(actual.dtype).bits == xp.finfo(like.dtype).bits
        assert xp.isdtype(actual.dtype, "complex floating") == np.iscomplexobj(expected)
    values = to_host(actual)
    assert values.shape == expected.shape
    scale = max(float(np.max(np.abs(expected), initial=0.0)), np.finfo(np.float64).tiny)
    error = float(np.max(np.abs(values - expected), initial=0.0))
    limit = place.rounding if rounding is None else rounding
    assert error <= limit * scale, f"error {error / scale:.2e} of the maximum, allowed {limit:.0e}, in {place.name}"
