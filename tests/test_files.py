"""Doubts about files: whole or not there, flushed before they are named, one writer at a time?"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collapse_theory import files

ROOT = Path(__file__).parents[1]
APPENDS = """
import sys
from pathlib import Path
from collapse_theory.files import locked, write_atomically
path = Path(sys.argv[1])
for number in range(25):
    with locked(path.parent):
        write_atomically(path, path.read_text() + f"{sys.argv[2]} {number}\\n")
"""


def test_content_is_flushed_before_it_is_named_and_names_after_it(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, real=real: (calls.append(name), real(*a)))
    files.write_atomically(tmp_path / "page", "über")
    assert calls == ["fsync", "replace", "fsync"]
    assert (tmp_path / "page").read_bytes() == "über".encode()


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there_and_names_the_file(tmp_path, monkeypatch, name):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "page").write_text("before")
    monkeypatch.setattr(os, name, full)
    with pytest.raises(OSError, match=r"page could not be written: the disk is full"):
        files.write_atomically(tmp_path / "page", "after")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_what_a_killed_writer_left_is_removed_by_the_next_one_of_the_same_file(tmp_path):
    for name in (".unfinished-a[1].png-0123", ".unfinished-a1.png-0123"):
        (tmp_path / name).write_text("torn")
    files.write_atomically(tmp_path / "a[1].png", b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".unfinished-a1.png-0123", "a[1].png"]


def test_processes_that_write_one_file_at_once_lose_nothing(tmp_path):
    (tmp_path / "lines").write_text("")
    command = [sys.executable, "-c", APPENDS, str(tmp_path / "lines")]
    writers = [subprocess.Popen([*command, name], cwd=ROOT) for name in "abcd"]
    assert [writer.wait() for writer in writers] == [0] * 4
    lines = (tmp_path / "lines").read_text().splitlines()
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abcd" for number in range(25))


def test_reading_takes_what_the_file_needs_whatever_is_allowed(tmp_path):
    (tmp_path / "page").write_bytes(b"whole")
    for most in (5, 2**62, float("inf")):
        assert files.bounded_bytes(tmp_path / "page", most) == b"whole"
    with pytest.raises(OSError, match="it has 5 bytes, more than 4"):
        files.bounded_bytes(tmp_path / "page", 4)


def test_a_lock_that_cannot_be_made_names_the_folder(tmp_path):
    with pytest.raises(OSError, match=r"cannot write to the folder .*nowhere"), files.locked(tmp_path / "nowhere"):
        pass
