"""Where an array lives: its library, device and precision. Only `contexts` and `transfers` name a library beside it.

What moves an array:

    place(host, like)           NumPy array -> beside another array: its library, device and precision
    place_once(host, like)      the same, remembered: for filters
    to_host(x)                  any array -> NumPy, copied off its graph: results and figures alone
    to_library(x, name)         NumPy array -> the library of that name, on its GPU if it sees one
    to_library(x, name, copy=False)     any array -> another library on the same memory, nothing copied
    by_numpy(function, x)       function(x), for tensors on a CPU that no graph needs by NumPy on the same memory
"""

import importlib
import weakref
from typing import TypeVar

import numpy as np
from array_api_compat import array_namespace as _array_namespace
from array_api_compat import device, is_array_api_obj, is_cupy_array, is_numpy_array, is_torch_array

from .contexts import apart, is_recorded
from .transfers import LIBRARIES, to_library

__all__ = [
    "LIBRARIES",
    "Array",
    "array_namespace",
    "by_numpy",
    "complex_dtype",
    "dense",
    "device",
    "in_double",
    "is_complex",
    "is_cupy_array",
    "is_kind",
    "is_numpy_array",
    "is_torch_array",
    "numpy_view",
    "place",
    "place_once",
    "real_dtype",
    "shape",
    "to_complex",
    "to_host",
    "to_library",
    "widest_dtype",
]

Array = TypeVar("Array")  # of any library: what goes in comes out

_NAMESPACES = {}  # by the types of arrays, what array-api-compat takes fifteen microseconds to find
_PLACED = {}  # by the id of a host array, what `place_once` made of it


def array_namespace(*arrays):
    """The array-API namespace that all `arrays` share.  Raises TypeError if one is no array or if libraries differ."""
    kinds = tuple(map(type, arrays))
    if kinds not in _NAMESPACES:
        _NAMESPACES[kinds] = _checked_namespace(arrays, kinds)
    return _NAMESPACES[kinds]


def _checked_namespace(arrays, kinds):
    for a, kind in zip(arrays, kinds, strict=True):
        if not is_array_api_obj(a):
            raise TypeError(f"expected a NumPy, CuPy, torch or other array-API array, got {kind.__name__}")
    try:
        return _array_namespace(*arrays)
    except TypeError:
        names = ", ".join(sorted({f"{kind.__module__}.{kind.__name__}" for kind in kinds}))
        raise TypeError(f"expected arrays of one library, got {names}") from None


def is_complex(x):
    """Whether the dtype of `x` is complex: decided by dtype, never by value."""
    return array_namespace(x).isdtype(x.dtype, "complex floating")


def real_dtype(x):
    """The real dtype as precise as the floating array `x`.  Raises TypeError unless that is single or double."""
    return array_namespace(x).float32 if _is_single(x) else array_namespace(x).float64


def complex_dtype(x):
    """The complex dtype as precise as the floating array `x`.  Raises TypeError unless that is single or double."""
    return array_namespace(x).complex64 if _is_single(x) else array_namespace(x).complex128


def _is_single(x, name="x"):
    """Whether the precision is single, and not double.  Raises TypeError for any other."""
    xp = dense(x, name)
    bits = xp.finfo(x.dtype).bits if is_kind(x, ("real floating", "complex floating")) else 0
    if bits not in (32, 64):
        raise TypeError(f"{name}: expected a floating array of single or double precision, got {x.dtype}")
    return bits == 32


def dense(x, name="x"):
    """The namespace of `x`.  Raises TypeError, naming it, if it is no array, or sparse, masked or nested."""
    try:
        xp = array_namespace(x)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    layout = "nested" if getattr(x, "is_nested", False) else str(getattr(x, "layout", "torch.strided"))
    if layout == "nested" or (layout.startswith("torch.") and layout != "torch.strided"):
        raise TypeError(f"{name}: expected a dense array, got one of layout {layout}")
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name}: expected a dense array without a mask, got {type(x).__name__}")
    return xp


def is_kind(x, kinds):
    """Whether the dtype of `x` is of one of these kinds; False for a dtype that the standard does not know."""
    try:
        return array_namespace(x).isdtype(x.dtype, kinds)
    except (TypeError, ValueError):  # a dtype that the standard does not know
        return False


def widest_dtype(xp, kind):
    """int64, float64 or complex128 of a library; of one that computes in single precision alone, its own widest.

    kind : "signed integer", "real floating" or "complex floating"
    """
    limits = xp.iinfo if kind == "signed integer" else xp.finfo
    return max(xp.__array_namespace_info__().dtypes(kind=kind).values(), key=lambda dtype: limits(dtype).bits)


def to_complex(x):
    """`x` as a complex array of its own precision; a complex array is returned as it is."""
    dtype = complex_dtype(x)
    return x if is_complex(x) else array_namespace(x).astype(x, dtype)


def in_double(x):
    """An array in double precision, where its library has it."""
    xp = array_namespace(x)
    return xp.astype(x, widest_dtype(xp, "complex floating" if is_complex(x) else "real floating"), copy=False)


def shape(x):
    """The shape of `x` as a plain tuple of integers, for messages."""
    return tuple(int(n) for n in x.shape)


def place(host, like):
    """Put a NumPy array beside another array: same library, device and precision.

    host : NumPy array, boolean, integer, real or complex
    like : floating array of any library

    Returns an array of the shape of `host`: complex if it is complex, real otherwise, integer if it is integer.
    Raises TypeError for other dtypes; ValueError if a number is too large for the precision.
    """
    if np.ma.is_masked(host):
        raise TypeError("host: expected numbers without a mask, got a masked array")
    host = np.asarray(host)
    single = host.dtype.kind not in "iu" and _is_single(like, "like")
    return _placed(host, array_namespace(like), device(like), single)


def _placed(host, xp, where, single):
    kinds = {"b": "float", "f": "float", "c": "complex", "i": "int", "u": "int"}
    if host.dtype.kind not in kinds:
        raise TypeError(f"host: expected numbers, got {host.dtype}")
    if host.dtype.kind == "u" and host.size and host.max() > np.iinfo(np.int64).max:
        raise ValueError(f"host: expected numbers that fit into int64, got {host.max()}")
    kind = kinds[host.dtype.kind]
    kind += {"float": ("64", "32"), "complex": ("128", "64"), "int": ("64", "64")}[kind][single]
    try:
        with np.errstate(over="raise", under="ignore"):
            host = np.array(host, dtype=kind)
    except FloatingPointError:
        raise ValueError(f"host: expected numbers that fit into {kind}, got {np.max(np.abs(host)):.3g}") from None
    return xp.asarray(host, device=where)


def place_once(host, like):
    """`place`, remembered for as long as `host` lives: the same array for each library, device and precision.

    host : read-only NumPy array
    like : floating array of any library, device and precision

    Returns what `place` does, shared by everyone who asks: nobody may write to it.
    Raises ValueError if `host` may be written to, and as `place`.
    """
    if host.flags.writeable:
        raise ValueError(f"host: expected a read-only array, got a writeable one of shape {host.shape}")
    if is_recorded():  # as a constant of what is recorded
        return place(host, like)
    if id(host) not in _PLACED:
        weakref.finalize(host, _PLACED.pop, id(host), None)
    places = _PLACED.setdefault(id(host), {})
    where = array_namespace(like), device(like), _is_single(like, "like")
    key = where[0].__name__, str(where[1]), where[2]
    if key not in places:
        # A tensor made under inference_mode or vmap is of no use after it. CuPy has streams instead, also a thread's.
        here = is_numpy_array(like) or is_cupy_array(like)
        places[key] = _placed(host, *where) if here else apart(_placed, host, *where)
    return places[key]


def to_host(x):
    """Copy an array to NumPy, off the graph. Only results and figures may call this: a transfer is never implicit."""
    if is_torch_array(x):
        return x.detach().resolve_conj().resolve_neg().cpu().numpy()
    if is_cupy_array(x):
        return x.get()
    if hasattr(x, "device") and not is_numpy_array(x):
        xp = array_namespace(x)
        x = xp.asarray(x, device=xp.__array_namespace_info__().default_device())
    return np.asarray(x)


def numpy_view(x):
    """A torch tensor on a CPU, outside of any graph or transform, as a NumPy array on the same memory; else None.

    NumPy is the quicker of the two there; it works on the cores that `cores` counts, whatever torch was told.
    """
    if is_recorded() or not is_torch_array(x) or str(x.layout) != "torch.strided" or str(x.device) != "cpu":
        return None
    torch = importlib.import_module("torch")
    in_a_graph = x.requires_grad and torch.is_grad_enabled()
    if in_a_graph or torch.autograd.forward_ad.unpack_dual(x).tangent is not None:
        return None
    try:
        return x.detach().resolve_conj().resolve_neg().numpy()
    except (RuntimeError, TypeError):  # a tensor without memory of its own, as under torch.func; a dtype NumPy lacks
        return None


def by_numpy(function, x):
    """function(x), computed by NumPy if `x` is a tensor that `numpy_view` takes.

    function : from one array to one array of the same library

    Returns what `function` does, in the library and on the device of `x`.
    """
    host = numpy_view(x)
    return function(x) if host is None else array_namespace(x).asarray(function(host), device=device(x))
