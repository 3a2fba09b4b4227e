"""Doubts about pickles: may a file that one was given run anything, touch memory not its own, or take for ever?"""

import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest

from collapse_theory.datasets.pickles import read_pickle


class Attack:
    """Makes a folder when Python unpickles it, as it could do anything else."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "<i8", ">i8", "<u2", ">i4"])
@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_integers_are_read_as_python_reads_them(rng, protocol, dtype, order):
    array = np.asarray(rng.integers(256, size=(3, 5)).astype(dtype), order=order)
    array, part, empty = array, array[::2, ::2], array[:0]
    read, part_read, again, empty_read = read_pickle(pickle.dumps([array, part, array, empty], protocol=protocol))
    np.testing.assert_array_equal(read.values, array)
    np.testing.assert_array_equal(part_read.values, part)
    assert empty_read.values.shape == (0, 5)
    assert again is read


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_are_read_as_python_reads_them(protocol):
    values = {
        "numbers": [0, 1, -1, 255, 65536, -(2**31), 2**31, 2**70, -(2**70), 0.5, -1e300, True, False, None],
        "texts": ["", "ascii", "\xe9\n\u20ac\U0001f431", "x" * 300, "x" * 70000],
        "bytes": [b"", b"ascii", bytes(range(256)), b"x" * 70000],
        b"tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((1,), [2])],
        "many": list(range(3000)),
        "nested": {"a": {b"b": [[], {}]}},
    }
    assert read_pickle(pickle.dumps(values, protocol=protocol)) == values


def test_scalars_of_numpy_are_read_as_integers():
    for protocol in range(6):
        assert read_pickle(pickle.dumps([np.int64(7), np.uint8(200)], protocol=protocol)) == [7, 200]


def test_the_texts_of_python_2_are_read_as_bytes():
    assert read_pickle(b"(S'\\xff\\x00a'\nS\"it's\"\nl.") == [b"\xff\x00a", b"it's"]
    assert read_pickle(b"\x80\x02]q\x00(U\x02\xff\x00T\x01\x00\x00\x00ae.") == [b"\xff\x00", b"a"]


def test_the_arrays_of_python_2_are_read():
    raw = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x02K\x02\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x04\x01\x02\xfe\xfftb."
    )
    np.testing.assert_array_equal(read_pickle(raw).values, [[1, 2], [254, 255]])


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path):
    marker = tmp_path / "marker"
    raw = pickle.dumps({b"data": np.zeros(3, np.uint8), b"more": [Attack(marker)]}, protocol=3)
    pickle.loads(raw)
    assert marker.exists()  # the attack is real
    marker.rmdir()
    with pytest.raises(
        pickle.UnpicklingError, match=rf"it asks for {os.name}\.mkdir; only arrays of integers are read"
    ):
        read_pickle(raw)
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "__builtin__.eval",
        "builtins.getattr",
        "_codecs.decode",
        "numpy.load",
        "numpy.core.multiarray.fromfile",
    ],
)
def test_no_other_name_is_imported(name):
    module, _, function = name.rpartition(".")
    for raw in (f"c{module}\n{function}\n(V1\ntR.", f"V{module}\nV{function}\n\x93(V1\ntR."):
        with pytest.raises(pickle.UnpicklingError, match=f"it asks for {name.rpartition('.')[0]}"):
            read_pickle(raw.encode("latin-1"))


def test_nothing_of_numpy_is_called():
    # numpy.ndarray((1,), object, bytes) would take the bytes for the address of an object.
    raw = b"cnumpy\nndarray\n((I1\ntcnumpy\ndtype\n(VO\ntRC\x08" + bytes(8) + b"tR."
    assert read_pickle(raw).values is None


@pytest.mark.parametrize("dtype", [np.float64, object, "u1,u1", "U3", "M8[s]", bool])
def test_only_integers_are_read(dtype):
    with pytest.raises(pickle.UnpicklingError, match="expected an array of integers, got '"):
        read_pickle(pickle.dumps(np.zeros(3, dtype), protocol=3))


def test_an_array_longer_than_its_bytes_is_refused():
    raw = pickle.dumps(np.zeros((2, 3), np.uint8), protocol=3)
    with pytest.raises(ValueError, match="cannot reshape array of size 6"):
        read_pickle(raw.replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86"))


DOUBLED = b")\x94" + b"".join(b"h%c\x86\x94" % k for k in range(60))  # 2^60 leaves, 61 tuples
HOSTILE = {
    "a memory of 2^32 places": (b"\x80\x02Nr" + struct.pack("<I", 2**32 - 1) + b".", None),
    "a key whose hash takes for ever": (b"}" + DOUBLED + b"Ns.", "dictionaries whose keys are texts"),
    "the same with a mark": (b"}(" + DOUBLED + b"Nu.", "dictionaries whose keys are texts"),
    "the same as a whole": (b"(" + DOUBLED + b"Nd.", "dictionaries whose keys are texts"),
    "a name whose words take for ever": (
        b"cnumpy\ndtype\n" + DOUBLED + b"\x85R" + b"\x94",
        "no instruction",
    ),
    "a dtype whose name takes for ever": (
        b"cnumpy._core.numeric\n_frombuffer\n(C\x00cnumpy\ndtype\n" + DOUBLED + b"\x85RK\x00\x85X\x01\0\0\0CtR.",
        "expected an array of integers, got a tuple",
    ),
    "an encoding whose words take for ever": (
        b"c_codecs\nencode\n(X\0\0\0\0" + DOUBLED + b"tR.",
        "the encoding a tuple",
    ),
    "a module whose words take for ever": (DOUBLED + b"X\1\0\0\0a\x93.", "it asks for a"),
    "an object of Python": (b"cnumpy\nndarray\n)\x81.", "the instruction NEWOBJ"),
    "an instance": (b"(inumpy\nndarray\n.", "the instruction INST"),
    "a persistent object": (b"Pname\n.", "the instruction PERSID"),
    "an extension": (b"\x82\x01.", "the instruction EXT1"),
    "a buffer of elsewhere": (b"\x97.", "the instruction NEXT_BUFFER"),
    "a set": (b"\x8f.", "the instruction EMPTY_SET"),
    "an empty dictionary a byte": (b"]" + b"}a" * 60_000 + b".", "more steps than a file"),
    "marks without an end": (b"(" * 150_000 + b".", "more steps than a file"),
    "a stack that is empty": (b"\x86.", "takes more from its stack"),
    "a mark that was passed": (b"K\1K\1(\x86t.", "takes more from its stack"),
    "a list that is none": (b"K\1K\2a.", "expected lists"),
    "a dictionary that is none": (b"]X\1\0\0\0aK\1s.", "expected lists"),
    "no end": (b"K\1", "no instruction begins with nothing"),
    "an array of 2^40 bytes": (b"\x96" + struct.pack("<Q", 2**40) + b".", "expected 1099511627776 bytes"),
    "a text of 2^40 bytes": (b"\x8d" + struct.pack("<Q", 2**40) + b".", "expected 1099511627776 bytes"),
    "a frame of 2^60 bytes": (b"\x80\4\x95" + struct.pack("<Q", 2**60) + b"K\1.", None),
    "bytes of a text": (b"c_codecs\nencode\n(X\0\0\0\0X\x05\0\0\0utf-8tR.", "the encoding 'utf-8'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pickle_takes_what_its_length_allows(name):
    raw, refused = HOSTILE[name]
    tracemalloc.start()
    try:
        if refused:
            with pytest.raises((pickle.UnpicklingError, ValueError), match=refused):
                read_pickle(raw)
        else:
            assert read_pickle(raw) in (None, 1)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
