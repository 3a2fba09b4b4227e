"""Pickles of byte arrays, read without importing or calling anything that they name: they may come from anywhere."""

import io
import pickle

import numpy as np

__all__ = ["read_pickle"]


def read_pickle(raw):
    """Read a pickle of numbers, texts, lists, dictionaries and NumPy arrays of bytes.

    raw : the bytes of the file; texts of Python 2 are read as bytes

    Returns what it holds, with each array in the attribute `values`, (...) uint8, of a stand-in.
    Raises pickle.UnpicklingError if it asks for anything but such arrays; a damaged one may raise any exception.
    """
    return _Unpickler(io.BytesIO(raw), encoding="bytes").load()


class _PickledType:
    """Stands for numpy.dtype: a name that is read, never a type that is built."""

    def __init__(self, name=None, *_):
        self.name = name

    def __setstate__(self, state):
        """The rest of a dtype, its byte order and alignment, does not matter to bytes."""


class _PickledArray:
    """Stands for numpy.ndarray: read from its state, without the unpickling of NumPy, which trusts what it is told."""

    values = None

    def __init__(self, *_):
        pass

    def __setstate__(self, state):
        _, shape, kind, fortran, raw = state
        if kind.name not in ("u1", b"u1"):
            raise pickle.UnpicklingError(f"expected an array of uint8, got {kind.name!r}")
        self.values = np.frombuffer(raw, dtype=np.uint8).reshape(shape, order="F" if fortran else "C")


_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _PickledArray,
    ("numpy._core.multiarray", "_reconstruct"): _PickledArray,
    ("numpy", "ndarray"): _PickledArray,
    ("numpy", "dtype"): _PickledType,
}


class _Unpickler(pickle.Unpickler):
    """Knows the names that an array of bytes needs, by inert stand-ins; refuses any other."""

    def find_class(self, module, name):
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}; only arrays of bytes are read")
        return _STAND_INS[module, name]
