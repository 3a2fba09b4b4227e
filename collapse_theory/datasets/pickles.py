"""Pickles of arrays of integers, read without running anything that they name, since they may come from anywhere.

A pickle is a program for a small machine with a stack. This is that machine without the instructions that make
objects. Its memory and its time are bounded by a multiple of the length of the file.
"""

import codecs
import io
import pickle
import pickletools

import numpy as np

__all__ = ["PickledArray", "read_pickle"]

_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_MOST_STEPS = (100_000, 64)  # steps, and bytes of the file for one more; a published file has 500 bytes per step
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
_TEXTS = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_BYTES = {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_TEXTS_OF_PYTHON_2 = {"BINSTRING", "SHORT_BINSTRING"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARKED = {"APPENDS", "LIST", "TUPLE", "DICT", "SETITEMS"}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict}
_INTEGERS = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)}


def read_pickle(raw):
    """Read a pickle of numbers, texts, lists, dictionaries and NumPy arrays of integers, of any protocol.

    raw : the bytes of the file; texts of Python 2 are read as bytes

    Returns what it holds, with each array as a `PickledArray`.
    Raises pickle.UnpicklingError if it asks for anything but such arrays, or has more steps than such a file; a damaged
    one may raise any exception.
    """
    return _Machine(raw).run()


class PickledArray:
    """Stands for a NumPy array, in the attribute `values`: None until the pickle says what they are."""

    values = None

    def build(self, state):
        """Take the state of numpy.ndarray, without the unpickling of NumPy, which trusts what it is told.

        Raises pickle.UnpicklingError unless it is the state of an array of integers.
        """
        _, shape, kind, fortran, raw = state
        self.values = _array(raw, kind, shape, "F" if fortran else "C")


class _PickledType:
    """Stands for numpy.dtype: a name and a byte order that are read, never a type that is built."""

    def __init__(self, name):
        self.name, self.order = name.decode() if isinstance(name, bytes) else name, "="

    def build(self, state):
        """Take the byte order of the state of numpy.dtype; the rest does not matter to integers."""
        order = state[1]
        self.order = order.decode() if isinstance(order, bytes) else order


def _short(value):
    """A value that may be endless, in a few words."""
    return repr(value[:60]) if isinstance(value, str | bytes) else f"a {type(value).__name__}"


def _array(raw, kind, shape, order="C"):
    if not isinstance(kind, _PickledType) or not isinstance(kind.name, str) or kind.name not in _INTEGERS:
        raise pickle.UnpicklingError(f"expected an array of integers, got {_short(getattr(kind, 'name', None))}")
    if not isinstance(raw, bytes) or not isinstance(shape, tuple) or {type(n) for n in shape} - {int}:
        raise pickle.UnpicklingError(f"expected the bytes and the shape of an array, got a {type(raw).__name__}")
    return np.frombuffer(raw, dtype=np.dtype(kind.name).newbyteorder(kind.order)).reshape(shape, order=order)


def _from_buffer(raw, kind, shape, order):
    array = PickledArray()
    array.values = _array(raw, kind, shape, order)
    return array


def _encoded(text, codec):
    """The bytes that Python 3 writes as a text for Python 2."""
    if codec not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"it asks for the encoding {_short(codec)}")
    return text.encode("latin-1")


# What the pickle of an array names, and what is called instead.
_STAND_INS = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): lambda *_: PickledArray() for core in ("core", "_core")},
    **{
        (f"numpy.{core}.multiarray", "scalar"): lambda kind, raw: int(_array(raw, kind, ()))
        for core in ("core", "_core")
    },
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
    ("numpy", "ndarray"): lambda *_: PickledArray(),
    ("numpy", "dtype"): lambda name, *_: _PickledType(name),
    ("_codecs", "encode"): _encoded,
    **{(module, "bytes"): lambda: b"" for module in ("builtins", "__builtin__")},
}


def _stand_in(module, name):
    if not (isinstance(module, str) and isinstance(name, str) and (module, name) in _STAND_INS):
        asked = ".".join(str(part)[:60] for part in (module, name) if isinstance(part, str))
        raise pickle.UnpicklingError(f"it asks for {asked}; only arrays of integers are read")
    return _STAND_INS[module, name]


class _Machine:
    """The stack, the marks on it and the memory of one pickle while it is read."""

    def __init__(self, raw):
        self.file, self.left = io.BytesIO(raw), _MOST_STEPS[0] + len(raw) // _MOST_STEPS[1]
        self.stack, self.marks, self.memory = [], [], {}

    def run(self):
        """Step by step to the end.  Returns what is on the top of the stack."""
        while (name_and_argument := self.step())[0] != "STOP":
            self.take(*name_and_argument)
        return self.stack.pop()

    def step(self):
        """The name of the next instruction, and its argument."""
        self.left -= 1
        if self.left < 0:
            raise pickle.UnpicklingError("it has more steps than a file of images of its length")
        code = self.file.read(1)
        if code not in _OPCODES:
            raise pickle.UnpicklingError(f"no instruction begins with {code.hex() or 'nothing'}")
        opcode = _OPCODES[code]
        if opcode.name == "STRING":  # a text of Python 2, which need not be ASCII
            return "BINSTRING", codecs.escape_decode(self.file.readline()[1:-2])[0].decode("latin-1")
        return opcode.name, opcode.arg.reader(self.file) if opcode.arg else None

    def take(self, name, argument):
        """Obey one instruction: a constant, or a method of this name."""
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _NUMBERS or name in _TEXTS:
            self.stack.append(argument)
        elif name in _BYTES:
            self.stack.append(bytes(argument))
        elif name in _TEXTS_OF_PYTHON_2:
            self.stack.append(argument.encode("latin-1"))
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self.put_together("TUPLE", self.taken(_TUPLES[name]))
        elif name in _MARKED:
            self.put_together(name, self.taken(len(self.stack) - self.marks.pop()))
        elif name in ("APPEND", "SETITEM"):
            self.put_together(f"{name}S", self.taken(1 if name == "APPEND" else 2))
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memory[len(self.memory) if name == "MEMOIZE" else argument] = self.stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self.memory[argument])
        elif name == "MARK":
            self.marks.append(len(self.stack))
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            module_and_name = self.taken(2) if name == "STACK_GLOBAL" else argument.split(" ", 1)
            self.stack.append(_stand_in(*module_and_name))
        elif name == "REDUCE":
            function, arguments = self.taken(2)
            self.stack.append(function(*arguments))
        elif name == "BUILD":
            (state,) = self.taken(1)
            self.stack[-1].build(state)
        elif name not in ("PROTO", "FRAME"):
            raise pickle.UnpicklingError(f"it has the instruction {name}; only arrays of integers are read")

    def taken(self, count):
        """The last values, taken off the stack."""
        if not 0 <= count <= len(self.stack):
            raise pickle.UnpicklingError("it takes more from its stack than there is")
        start = len(self.stack) - count
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def put_together(self, name, values):
        """Make a list, a tuple or a dictionary of these values, or add them to the one on the stack."""
        if name == "TUPLE":
            self.stack.append(tuple(values))
            return
        if name in ("LIST", "DICT"):
            self.stack.append([] if name == "LIST" else {})
        target, listed = self.stack[-1], name in ("LIST", "APPENDS")
        # The hash of tuples within each other may take for ever.
        if type(target) is not (list if listed else dict) or not (
            listed or set(map(type, values[::2])) <= {str, bytes}
        ):
            raise pickle.UnpicklingError("expected lists, and dictionaries whose keys are texts")
        if listed:
            target.extend(values)
        else:
            target.update(zip(values[::2], values[1::2], strict=True))
