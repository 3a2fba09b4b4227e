"""Doubts about results, pictures and pages that are written over others: are they whole after a kill, on a full disk?

python -m tests.test_killed_writers                  the table of SECURITY.md, in full
python -m tests.test_killed_writers KIND FOLDER KILLS SEED     one campaign of kills, in a process without threads
"""

import errno
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("resource")
pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

import resource

from PIL import Image

from analysis import record
from figures import pictures, report

KILLS = {"record": 150, "figure": 100, "report": 100}
ROWS = 300


def put(kind, folder, number):
    """Write the result, the picture or the page of this number.  Returns its path."""
    if kind == "record":
        rows = [{"number": number}] * ROWS
        return record.save("rows", rows, settings={}, seconds=1.0, on="numpy", folder=folder)
    if kind == "figure":
        from matplotlib import pyplot as plt

        drawn, axes = plt.subplots(figsize=(2, 2))
        axes.plot([number] * 9)
        drawn.suptitle(str(number))
        pictures.save(drawn, folder / "drawn.png")
        plt.close(drawn)
        return folder / "drawn.png"
    picture = pictures.Picture("two_rings", f"number {number};", bytes(10**5))
    return pictures.write(folder / "report.html", report.page(pictures=[picture]))


def number_in(kind, path):
    """The number of a file that is whole, or None for a picture.  Raises if it is not whole."""
    if kind == "record":
        rows = record.load("rows", path.parent)["rows"]
        assert len(rows) == ROWS
        return rows[0]["number"]
    if kind == "figure":
        content = path.read_bytes()
        assert content[-8:] == b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big")
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
        return None
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>")
    return int(text.split("number ")[1].split(";")[0])


def kill_often(kind, folder, *, kills, seed):
    """Kill a process that writes over the same file without end.  Returns after how many all was whole."""
    chance, newest = random.Random(seed), 0
    path = put(kind, folder, 0)
    for _ in range(kills):
        receive, send = os.pipe()
        child = os.fork()
        if not child:
            for number in range(newest + 1, newest + 10**6):
                put(kind, folder, number)
                os.write(send, b".")
            os._exit(1)
        os.close(send)
        acknowledged = chance.randint(0, 2)
        start = time.perf_counter()
        for _step in range(acknowledged):
            os.read(receive, 1)
        one = (time.perf_counter() - start) / max(acknowledged, 1)
        time.sleep(chance.random() * min(max(one, 0.02), 0.2))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while os.read(receive, 1):
            acknowledged += 1
        os.close(receive)
        found = number_in(kind, path)
        assert found is None or newest + acknowledged <= found <= newest + acknowledged + 1
        newest += acknowledged + (found is not None and found > newest + acknowledged)
    put(kind, folder, 0)
    assert {path.name for path in folder.iterdir()} == {path.name, ".lock"}
    return kills


def in_a_process(kind, folder, *, kills, seed):
    """A campaign in a process of its own, without threads.  Returns how many kills harmed nothing."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.test_killed_writers", kind, str(folder), str(kills), str(seed)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


@contextmanager
def files_of_at_most(size):
    """No file of this process grows beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("share", [0.1, pytest.param(1.0, marks=pytest.mark.deep)])
@pytest.mark.parametrize("kind", KILLS)
def test_a_kill_leaves_no_torn_file_over_a_good_one(tmp_path, kind, share):
    kills = round(share * KILLS[kind])
    assert in_a_process(kind, tmp_path / kind, kills=kills, seed=1) == kills


@pytest.mark.parametrize("size", [0, 1, 500, 2000])
@pytest.mark.parametrize("kind", KILLS)
def test_a_file_that_does_not_fit_is_named_and_the_one_before_it_stays(tmp_path, kind, size):
    folder = tmp_path / "room"
    folder.mkdir()
    path = put(kind, folder, 1)
    before = path.read_bytes()
    assert len(before) > size
    with files_of_at_most(size), pytest.raises(OSError, match=r"^\[Errno \d+\] .*") as caught:
        put(kind, folder, 2)
    assert caught.value.errno in (errno.EFBIG, errno.ENOSPC)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert not list(folder.glob(".unfinished*"))
    put(kind, folder, 2)
    number_in(kind, path)


@pytest.mark.parametrize("size", [0, 1, 30, 500])
def test_a_run_that_does_not_fit_names_its_file_and_goes_on_to_the_same_end(tmp_path, size):
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from tests.small_network import assert_same_end, train_small

    options = {"checkpoint_seconds": 0, "tensorboard": False}
    train_small(tmp_path / "whole", 2, **options)
    train_small(tmp_path / "run", 2, stop_after=0, **options)
    with files_of_at_most(size), pytest.raises(OSError, match=str(tmp_path / "run")) as caught:
        train_small(tmp_path / "run", 2, **options)
    assert "\n" not in str(caught.value)
    train_small(tmp_path / "run", 2, **options)
    assert_same_end(tmp_path / "run", tmp_path / "whole")


def main(arguments):
    if arguments:
        kind, folder, kills, seed = arguments
        print(kill_often(kind, Path(folder), kills=int(kills), seed=int(seed)))
        return
    print("| killed while it writes a | killed | whole, the old or the new |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as room:
        for kind, kills in KILLS.items():
            print(f"| {kind} | {kills} | {in_a_process(kind, Path(room) / kind, kills=kills, seed=1)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
