"""Arrays moved from one library to another: from the host, or on the same memory."""

import importlib

import numpy as np

__all__ = ["LIBRARIES", "native", "to_library"]

LIBRARIES = ("numpy", "torch", "cupy")


def to_library(x, name, copy=True):
    """An array as one of the library called `name`, keeping dtype and shape.

    x : NumPy array; or, without a copy, an array of any library, outside of a graph
    name : "numpy", "torch" or "cupy"
    copy : True: from the host to the GPU of that library, if it sees one; the result may share memory all the same.
        False: on the same memory of the same device, by DLPack: a write to either shows in both, unless the library of
        the result has made it read-only

    Returns (...) an array of that library.
    Raises ValueError if the name is unknown; ImportError if the library is not installed; RuntimeError if it is CuPy
    and there is no GPU. Without a copy, ValueError if `x` is read-only, which torch would not know; TypeError if the
    library does not take arrays of this kind: NumPy and CuPy have no memory in common, torch takes the memory of
    either, but not of an axis that runs backwards.
    """
    library = _library(name)
    if not copy:
        return _on_the_same_memory(x, name, library)
    if name == "numpy":
        return x
    if name == "torch":  # which takes no read-only, reversed or byte-swapped arrays
        x = np.require(native(x), requirements="CW")
        return library.asarray(x, device="cuda" if library.cuda.is_available() else "cpu")
    if not library.cuda.is_available():
        raise RuntimeError("cupy is installed, but it sees no GPU (cupy.cuda.is_available() is false)")
    return library.asarray(x)


def _on_the_same_memory(x, name, library):
    if isinstance(x, np.ndarray) and not x.flags.writeable:
        raise ValueError(f"x: expected an array that may be written to, got a read-only one of shape {x.shape}")
    try:
        if isinstance(x, np.ma.MaskedArray):
            raise BufferError("its mask would be lost")
        if getattr(x, "is_neg", bool)():  # the imaginary part of a conjugate: torch would forget the sign
            raise BufferError("a negated view; resolve it by resolve_neg")
        if name == "torch" and not isinstance(x, library.Tensor) and _runs_backwards(x):
            raise BufferError("an axis runs backwards; copy it")
        return library.from_dlpack(x)
    except (BufferError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        kind = f"{type(x).__module__}.{type(x).__name__}"
        raise TypeError(f"x: expected an array whose memory {name} can share, got {kind}: {error}") from None


def _runs_backwards(x):
    """Whether an axis has a negative stride, at which torch ends the process instead of raising."""
    if not hasattr(x, "strides") and x.__dlpack_device__()[0] == 1:  # on a processor, and its library does not tell
        x = np.from_dlpack(x)
    return any(side > 1 and stride < 0 for side, stride in zip(x.shape, getattr(x, "strides", ()), strict=False))


def native(x):
    """A byte-swapped NumPy array in the machine's byte order; anything else untouched."""
    swapped = isinstance(x, np.ndarray) and not x.dtype.isnative
    return x.astype(x.dtype.newbyteorder("=")) if swapped else x


def _library(name):
    if name not in LIBRARIES:
        raise ValueError(f"name: unknown array library {name!r}; known: {', '.join(LIBRARIES)}")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        extra = {"torch": "torch", "cupy": "cuda12", "numpy": ""}[name]
        command = f'pip install "collapse_theory[{extra}]"' + ", or cuda13" * (name == "cupy")
        raise ImportError(f"the array library {name!r} is not installed ({error}): {command}") from error
