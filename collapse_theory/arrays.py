"""Where an array lives: its library, its device, its precision. No other module names an array library."""

import importlib
import math
import weakref
from contextlib import nullcontext

import numpy as np
from array_api_compat import array_namespace as _array_namespace
from array_api_compat import device, is_array_api_obj, is_cupy_array, is_numpy_array, is_torch_array

__all__ = [
    "LIBRARIES",
    "array_namespace",
    "check_finite",
    "complex_dtype",
    "device",
    "floating",
    "hand_over",
    "images",
    "is_complex",
    "numbers_at_once",
    "numpy_view",
    "place",
    "place_once",
    "real_dtype",
    "to_complex",
    "to_host",
    "to_library",
]

LIBRARIES = ("numpy", "torch", "cupy")
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
    """The real dtype that is as precise as the floating array `x`."""
    return array_namespace(x).float32 if _is_single(x) else array_namespace(x).float64


def complex_dtype(x):
    """The complex dtype that is as precise as the floating array `x`."""
    return array_namespace(x).complex64 if _is_single(x) else array_namespace(x).complex128


def _is_single(x, name="x"):
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, ("real floating", "complex floating")):
        raise TypeError(f"{name}: expected a floating array, got {x.dtype}")
    return xp.finfo(x.dtype).bits == 32


def to_complex(x):
    """`x` as a complex array of its own precision; a complex array is returned as it is."""
    return x if is_complex(x) else array_namespace(x).astype(x, complex_dtype(x))


def floating(x, name="x"):
    """`x` as a real or complex floating array of single or double precision.

    x : any array; integers and booleans become the default real dtype of their library
    name : how an error calls it

    Returns an array of the shape of `x`: `x` itself if it is floating already.
    Raises TypeError if `x` is not a numeric array, is sparse or masked, or has half or extended precision.
    """
    try:
        xp = array_namespace(x)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if isinstance(x, np.ma.MaskedArray) or (is_torch_array(x) and str(x.layout) != "torch.strided"):
        raise TypeError(f"{name}: expected a dense array without a mask, got {getattr(x, 'layout', type(x).__name__)}")
    x = _native(x)
    if x.dtype in (xp.float32, xp.float64, xp.complex64, xp.complex128):
        return x
    try:
        whole = xp.isdtype(x.dtype, ("bool", "integral"))
    except (TypeError, ValueError):
        whole = False
    if whole:
        return xp.astype(x, xp.__array_namespace_info__().default_dtypes(device=device(x))["real floating"])
    raise TypeError(
        f"{name}: expected single or double precision (float32, float64, complex64, complex128) or integers, "
        f"got {x.dtype}; cast it first"
    )


def _native(x):
    """A byte-swapped NumPy array in the machine's byte order; anything else untouched."""
    return x.astype(x.dtype.newbyteorder("=")) if is_numpy_array(x) and not x.dtype.isnative else x


def check_finite(x, name="x"):
    """Raise ValueError if `x` holds NaN or infinity, which an FFT would spread over the whole image, or no values."""
    xp = array_namespace(x)
    if is_torch_array(x) and x.is_meta:
        raise ValueError(f"{name}: expected an array that holds values, got one on the device meta, shape {shape(x)}")
    with np.errstate(over="ignore", invalid="ignore"):
        total = xp.sum(x)  # one quick pass: finite only if all values are; it may overflow even so
    if not bool(xp.isfinite(total)) and not bool(xp.all(xp.isfinite(x))):
        count = int(xp.sum(xp.astype(~xp.isfinite(x), xp.int64)))
        raise ValueError(
            f"{name}: expected finite values, got {count} NaN or infinite of {math.prod(x.shape)} in shape {shape(x)}"
        )


def images(x, name="x", least_axes=2):
    """`x` as finite floating images: the one check at the door of every function of images.

    x : (..., H, W) real, complex or integer, with at least `least_axes` axes

    Returns what `floating` returns.
    Raises TypeError as `floating`; ValueError if axes are missing, an axis is empty, or a value is not finite.
    """
    x = floating(x, name)
    if x.ndim < least_axes:
        axes = "(..., C, H, W)" if least_axes == 3 else "(..., H, W)"
        raise ValueError(f"{name}: expected images {axes} with at least {least_axes} axes, got shape {shape(x)}")
    if 0 in x.shape:
        raise ValueError(f"{name}: expected at least one sample on every axis, got shape {shape(x)}")
    check_finite(x, name)
    return x


def shape(x):
    """The shape of `x` as a plain tuple of integers, for messages."""
    return tuple(int(n) for n in x.shape)


def place(host, like):
    """Put a NumPy array beside another array: same library, device and precision.

    host : NumPy array, boolean, integer, real or complex
    like : floating array of any library

    Returns an array of the shape of `host`: complex if it is complex, real otherwise, integer if it is integer.
    """
    xp = array_namespace(like)
    host = np.asarray(host)
    if host.dtype.kind in "iu":
        return xp.asarray(host.astype(np.int64), device=device(like))
    if host.dtype.kind not in "bfc":
        raise TypeError(f"host: expected numbers, got {host.dtype}")
    single = _is_single(like, "like")
    kind = ("complex128", "complex64") if host.dtype.kind == "c" else ("float64", "float32")
    return xp.asarray(np.array(host, dtype=kind[single]), device=device(like))


def place_once(host, like):
    """`place`, remembered for as long as `host` lives: the same array for each library, device and precision.

    host : read-only NumPy array
    like : floating array of any library

    Returns what `place` does, shared by everyone who asks: nobody may write to it.
    """
    if host.flags.writeable:
        raise ValueError(f"host: expected a read-only array, got a writeable one of shape {host.shape}")
    if id(host) not in _PLACED:
        weakref.finalize(host, _PLACED.pop, id(host), None)
    places = _PLACED.setdefault(id(host), {})
    key = array_namespace(like).__name__, str(device(like)), real_dtype(like)
    if key not in places:
        # A torch tensor made under `inference_mode` could never enter a graph again.
        ordinary = importlib.import_module("torch").inference_mode(False) if is_torch_array(like) else nullcontext()
        with ordinary:
            places[key] = place(host, like)
    return places[key]


def to_host(x):
    """Copy an array to NumPy, off the graph. Only results and figures may call this: a transfer is never implicit."""
    if is_torch_array(x):
        return x.detach().resolve_conj().cpu().numpy()
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
    if not is_torch_array(x) or str(x.layout) != "torch.strided" or str(x.device) != "cpu":
        return None
    torch = importlib.import_module("torch")
    in_a_graph = x.requires_grad and torch.is_grad_enabled()
    if in_a_graph or torch.compiler.is_compiling() or torch.autograd.forward_ad.unpack_dual(x).tangent is not None:
        return None
    try:
        return x.detach().resolve_conj().resolve_neg().numpy()
    except (RuntimeError, TypeError):  # a tensor without memory of its own, as under torch.func; a dtype NumPy lacks
        return None


def numbers_at_once(x):
    """How many numbers to work on at a time: what a processor's cache holds, or 1 GiB of a GPU."""
    return 2**28 if is_cupy_array(x) or (is_torch_array(x) and x.device.type != "cpu") else 2**22


def to_library(host, name):
    """Put a NumPy array in the library called `name`, on its GPU if it sees one, keeping dtype and shape.

    host : NumPy array
    name : "numpy", "torch" or "cupy"

    Raises ValueError if the name is unknown, ImportError if the library is not installed, RuntimeError if it is CuPy
    and there is no GPU.
    """
    library = _library(name)
    if name == "numpy":
        return host
    if name == "torch":  # which takes no read-only, reversed or byte-swapped arrays
        host = np.require(_native(host), requirements="CW")
        return library.asarray(host, device="cuda" if library.cuda.is_available() else "cpu")
    if not library.cuda.is_available():
        raise RuntimeError("cupy is installed, but it sees no GPU (cupy.cuda.is_available() is false)")
    return library.asarray(host)


def hand_over(x, name):
    """An array as one of another library, on the same memory of the same device: nothing is copied (DLPack).

    x : array of any library, outside of a graph
    name : "numpy", "torch" or "cupy"

    Returns (...) an array of that library; writing to one writes to both, where the other lets itself be written to.
    Raises ValueError if the name is unknown or `x` is read-only, which torch would not know; ImportError if the library
    is not installed; TypeError if it does not take arrays of this kind: NumPy and CuPy have no memory in common, torch
    takes the memory of either.
    """
    library = _library(name)
    if is_numpy_array(x) and not x.flags.writeable:
        raise ValueError(f"x: expected an array that may be written to, got a read-only one of shape {x.shape}")
    try:
        return library.from_dlpack(x)
    except (BufferError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        kind = f"{type(x).__module__}.{type(x).__name__}"
        raise TypeError(f"x: expected an array whose memory {name} can share, got {kind}: {error}") from None


def _library(name):
    if name not in LIBRARIES:
        raise ValueError(f"name: unknown array library {name!r}; known: {', '.join(LIBRARIES)}")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"the array library {name!r} is not installed ({error}); see README.md, Install") from error
