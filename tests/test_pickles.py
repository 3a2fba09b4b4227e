"""Doubts about pickles: may a file that one was given run anything, or touch memory that is not its own?"""

import os
import pickle

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
@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_of_bytes_are_read_as_python_reads_them(rng, protocol, order):
    array = np.asarray(rng.integers(256, size=(3, 5), dtype=np.uint8), order=order)
    read, number = read_pickle(pickle.dumps([array, 7], protocol=protocol))
    np.testing.assert_array_equal(read.values, array)
    assert number == 7


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
    with pytest.raises(pickle.UnpicklingError, match=rf"it asks for {os.name}\.mkdir; only arrays of bytes are read"):
        read_pickle(raw)
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "__builtin__.eval",
        "builtins.getattr",
        "_codecs.encode",
        "numpy.load",
        "numpy.core.multiarray.scalar",
    ],
)
def test_no_other_name_is_imported(name):
    module, _, function = name.rpartition(".")
    with pytest.raises(pickle.UnpicklingError, match=f"it asks for {name}"):
        read_pickle(f"c{module}\n{function}\n(V1\ntR.".encode())


def test_nothing_of_numpy_is_called():
    # numpy.ndarray((1,), object, bytes) would take the bytes for the address of an object.
    raw = b"cnumpy\nndarray\n((I1\ntcnumpy\ndtype\n(VO\ntRC\x08" + bytes(8) + b"tR."
    assert read_pickle(raw).values is None


@pytest.mark.parametrize("dtype", [np.int16, np.float64, object, "u1,u1"])
def test_only_bytes_are_read(dtype):
    with pytest.raises(pickle.UnpicklingError, match="expected an array of uint8, got '"):
        read_pickle(pickle.dumps(np.zeros(3, dtype), protocol=3))


def test_an_array_longer_than_its_bytes_is_refused():
    raw = pickle.dumps(np.zeros((2, 3), np.uint8), protocol=3)
    with pytest.raises(ValueError, match="cannot reshape array of size 6"):
        read_pickle(raw.replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86"))
