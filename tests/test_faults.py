"""Doubts about a disk that fails: after any failing operation, is the file or the run whole, and is its end the same?

python -m tests.test_faults     every fault of the whole campaign, counted
"""

import builtins
import errno
import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("sklearn")

from analysis import record
from collapse_theory import files
from collapse_theory.learned import checkpoints, metrics, runs
from figures import pictures
from tests.small_network import assert_same_end, train_small

KINDS = ("write", "open", "fsync", "replace", "mkdir", "unlink")
ERRORS = (errno.ENOSPC, errno.EIO)


class Torn:
    """A file, of whose failing writes half arrives."""

    def __init__(self, file, before):
        self._file, self._before = file, before

    def write(self, content):
        try:
            self._before("write")
        except OSError:
            self._file.write(content[: len(content) // 2])
            raise
        return self._file.write(content)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()


def inject(patch, *, kind=None, number=0, for_good=False, error=errno.EIO):
    """Let the operation of this kind and number fail, once or with all after it.  Returns the counts by kind."""
    counts = Counter()

    def before(name, *path):
        counts[name] += 1
        if name == kind and (counts[name] == number or (for_good and counts[name] > number)):
            raise OSError(error, os.strerror(error), *path)

    def counted(name, function):
        def call(*arguments, **options):
            before(name)
            return function(*arguments, **options)

        return call

    def opened(*arguments, **options):
        before("open", str(arguments[0]))  # as the system does
        return Torn(builtins.open(*arguments, **options), before)

    for name in KINDS[1:]:
        patch.setattr(os, name, counted(name, getattr(os, name)))
    for module in (files, metrics, runs):
        patch.setattr(module, "open", opened, raising=False)
    return counts


def _train(folder):
    return train_small(folder, 1, checkpoint_seconds=0)


def _check_run(folder, whole):
    if (folder / "checkpoints").is_dir():
        checkpoints.load(folder / "checkpoints")
    _train(folder)
    assert_same_end(folder, whole)
    assert not list(folder.rglob(".unfinished*"))


def _record(folder, *, number=2):
    about = {"settings": {}, "seconds": 1.0, "on": "numpy", "folder": folder}
    return record.save("rows", [{"number": number}], keep=lambda old: True, **about)


def _check_record(folder, whole):
    assert [row["number"] for row in record.load("rows", folder)["rows"]] in ([1], [1, 2])
    _record(folder, number=3)
    assert not list(folder.glob(".unfinished*"))


def _draw(folder, content=b"new"):
    return pictures.write(folder / "drawn.png", content * 1000)


def _check_picture(folder, whole):
    assert (folder / "drawn.png").read_bytes() in (b"old" * 1000, b"new" * 1000)
    _draw(folder)
    assert not list(folder.glob(".unfinished*"))


# What is done before, what fails, and what must hold after it.
WORK = {
    "training": (lambda folder: None, _train, _check_run),
    "a picture": (lambda folder: _draw(folder, b"old"), _draw, _check_picture),
    "record.save": (lambda folder: _record(folder, number=1), _record, _check_record),
}
SHARES = {"training": 10, "record.save": 5, "a picture": 5}  # CI tries one in so many


def campaign(name, room, step):
    """Counts of raised and unnoticed faults, every `step`-th of all there are; each left what was there whole."""
    prepare, work, check = WORK[name]
    (room / "whole").mkdir()
    prepare(room / "whole")
    with pytest.MonkeyPatch.context() as patch:
        total = inject(patch)
        work(room / "whole")
        total = dict(total)
    faults = [
        (kind, number, for_good, error)
        for kind in KINDS
        for number in range(1, total.get(kind, 0) + 1)
        for for_good in (False, True)
        for error in ERRORS
    ]
    outcomes = Counter()
    for place, (kind, number, for_good, error) in enumerate(faults[::step]):
        folder = room / str(place)
        folder.mkdir()
        prepare(folder)
        with pytest.MonkeyPatch.context() as patch:
            inject(patch, kind=kind, number=number, for_good=for_good, error=error)
            try:
                work(folder)
                outcomes["no harm"] += 1
            except (OSError, checkpoints.DamagedCheckpoint, ValueError) as raised:
                if type(raised) is ValueError and "cannot be read" not in str(raised):
                    raise
                outcomes["named" if str(folder) in str(raised) else f"unnamed: {kind} {number}: {raised}"] += 1
        check(folder, room / "whole")
    return outcomes


@pytest.mark.parametrize("share", ["some", pytest.param("all", marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", WORK)
def test_a_fault_of_the_disk_costs_nothing_that_was_there(name, share, tmp_path):
    counts = campaign(name, tmp_path, SHARES[name] if share == "some" else 1)
    assert counts["named"] > 0
    assert set(counts) <= {"named", "no harm"}, counts


if __name__ == "__main__":
    for each in WORK:
        with tempfile.TemporaryDirectory() as place:
            print(each, dict(campaign(each, Path(place), 1)), flush=True)
