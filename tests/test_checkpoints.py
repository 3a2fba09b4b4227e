"""Doubts about checkpoints: is one ever half there, is damage seen, is anything run or lost?"""

import errno
import hashlib
import json
import os
import shutil
import signal
import warnings

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch

from collapse_theory.learned import checkpoints
from collapse_theory.learned.checkpoints import Checkpoint, DamagedCheckpoint, load, names, save
from tests.operations import count_operations


def checkpoint(step):
    tensors = {"a": torch.full((3, 2), float(step)), "b": torch.arange(4)[::2], "c": torch.tensor(1j)}
    return Checkpoint(step, {"weights": tensors, "momentum": {}}, {"sum": 0.1 * step, "name": "é"})


@pytest.fixture
def three(tmp_path):
    """A folder with checkpoints of steps 1, 2 and 3."""
    for step in (1, 2, 3):
        save(tmp_path, checkpoint(step), keep=3)
    return tmp_path


def test_what_was_saved_comes_back_to_the_bit(three):
    found = load(three)
    assert (found.step, found.state) == (3, {"sum": 0.1 * 3, "name": "é"})
    assert set(found.tensors) == {"weights", "momentum"}
    for name, tensor in checkpoint(3).tensors["weights"].items():
        assert found.tensors["weights"][name].dtype == tensor.dtype
        assert torch.equal(found.tensors["weights"][name], tensor)


def test_nothing_saved_is_none(tmp_path):
    assert load(tmp_path) is None


def test_the_newest_are_kept_and_a_future_that_is_rewritten_is_removed(three):
    save(three, checkpoint(2), keep=2)
    assert names(three) == ["step-00000001", "step-00000002"]
    save(three, checkpoint(5), keep=2)
    assert names(three) == ["step-00000002", "step-00000005"]
    assert load(three).step == 5
    assert load(three, "step-00000002").step == 2
    with pytest.raises(ValueError, match=r"no 'step-7' in .* there are: step-00000002, step-00000005"):
        load(three, "step-7")


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [flip_a_bit, cut, empty, os.remove])
@pytest.mark.parametrize("file", ["weights.safetensors", "momentum.safetensors", "state.json", "manifest.json"])
def test_a_damaged_checkpoint_is_refused_by_name_and_the_one_before_it_is_offered(three, file, damage):
    damage(three / "step-00000003" / file)
    named = file if (file, damage) != ("manifest.json", flip_a_bit) else "is not the file that was written"
    with pytest.raises(DamagedCheckpoint, match=rf"step-00000003 is damaged: .*{named}.*step-00000002, is intact") as e:
        load(three)
    assert "\n" not in str(e.value)
    assert load(three, "step-00000002").step == 2
    cut(three / "step-00000002" / file)
    with pytest.raises(DamagedCheckpoint, match="step-00000001, is intact"):
        load(three)
    shutil.rmtree(three / "step-00000001")
    with pytest.raises(DamagedCheckpoint, match="No earlier one is intact"):
        load(three)


@pytest.mark.parametrize("latest", [None, "", "step-00000009", "\x00\udcff"])
def test_without_a_usable_latest_the_newest_is_read(three, latest):
    if latest is None:
        (three / "LATEST").unlink()
    else:
        (three / "LATEST").write_bytes(latest.encode("utf-8", "surrogateescape"))
    assert load(three).step == 3


def test_a_manifest_does_not_reach_outside_its_folder(three):
    (three / "secret").write_text("{}")
    (three / "step-00000003" / "manifest.json").write_text('{"../secret": "0"}')
    with pytest.raises(DamagedCheckpoint, match="secret cannot be read"):
        load(three)


def test_pickles_are_never_read(three):
    """A pickle in the place of the weights, with a manifest that vouches for it, is refused and not executed."""
    import pickle

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(three / "trapped"),)

    folder = three / "step-00000003"
    (folder / "weights.safetensors").write_bytes(pickle.dumps(Trap()))
    manifest = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*s")}
    manifest["state.json"] = hashlib.sha256((folder / "state.json").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedCheckpoint, match=r"weights.safetensors"):
        load(three)
    assert not (three / "trapped").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("before", [0, 1])
def test_killed_before_any_operation_a_save_leaves_the_old_or_the_new_checkpoint_whole(tmp_path, monkeypatch, before):
    """The old one is that of step 1, or none."""
    with monkeypatch.context() as patch:
        total = count_operations(patch, lambda n: None)
        save(tmp_path / "whole", checkpoint(1))
    assert total() > 15
    outcomes = set()
    for kill in range(1, total() + 1):
        folder = tmp_path / str(kill)
        if before:
            save(folder, checkpoint(1))
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            child = os.fork()  # of a process with threads, which Python 3.12 warns of: the child starts none
        if not child:
            try:
                with monkeypatch.context() as patch:
                    count_operations(patch, lambda n, kill=kill: n == kill and os.kill(os.getpid(), signal.SIGKILL))
                    save(folder, checkpoint(2))
            finally:
                os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        found = load(folder)
        assert found is None or found.tensors["weights"]["a"][0, 0] == found.step
        outcomes.add(found.step if found else 0)
        save(folder, checkpoint(2))
        assert load(folder).step == 2
    assert outcomes == {before, 2}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_or_failing_disk_is_named_and_costs_nothing(three, monkeypatch, number):
    with monkeypatch.context() as patch:
        total = count_operations(patch, lambda n: None)
        save(three, checkpoint(4), keep=9)
    for failing in range(2, total() + 1):  # the first makes the folder, which is there

        def fail(n, failing=failing):
            if n == failing:
                raise OSError(number, os.strerror(number))

        room = "the disk is full" if number == errno.ENOSPC else "Input/output error"
        with monkeypatch.context() as patch:
            count_operations(patch, fail)
            with pytest.raises(OSError, match=f"could not be written: {room}; intact: ") as e:
                save(three, checkpoint(5), keep=9)
        assert e.value.errno == number
        assert names(three)[:4] == [f"step-0000000{n}" for n in (1, 2, 3, 4)]
        assert not list(three.glob(".unfinished-step*"))
        assert load(three).step in (4, 5)
        shutil.rmtree(three / "step-00000005", ignore_errors=True)


def test_room_is_asked_for_before_it_is_needed(tmp_path):
    checkpoints.check_room(tmp_path, 1)
    with pytest.raises(OSError, match="MiB free; 3 checkpoints of 1099511627776 MiB are needed"):
        checkpoints.check_room(tmp_path, 2**60)


def left_over(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("begin", [lambda folder: save(folder, checkpoint(9)), checkpoints.settle])
def test_what_killed_processes_left_unfinished_is_removed_whatever_its_step(three, begin):
    for name in ("step-00000007", "step-00000008", "LATEST"):
        path = three / f".unfinished-{name}"
        path.write_text("") if name == "LATEST" else shutil.copytree(three / "step-00000003", path)
    shutil.copytree(three / "step-00000003", three / ".replaced-step-00000003")
    begin(three)
    assert left_over(three) == []
    assert load(three).step in (3, 9)


def test_a_checkpoint_that_was_set_aside_when_its_process_was_killed_is_there(three):
    (three / "step-00000003").rename(three / ".replaced-step-00000003")
    assert names(three)[-1] == "step-00000003"
    assert load(three).step == 3
    checkpoints.settle(three)
    assert (load(three).step, left_over(three)) == (3, [])


def test_a_disk_that_fails_for_good_leaves_at_most_one_unfinished_checkpoint(three, monkeypatch):
    def fail(*arguments, **options):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace", "unlink", "rmdir"):
            patch.setattr(os, name, fail)
        for step in (4, 5):
            with pytest.raises(OSError, match="could not be written: Input/output error; intact: step-00000001, "):
                save(three, checkpoint(step))
    checkpoints.settle(three)
    assert (load(three).step, left_over(three)) == (3, [])


def test_going_back_makes_an_earlier_checkpoint_the_newest(three):
    checkpoints.go_back(three, "step-00000002")
    assert names(three) == ["step-00000001", "step-00000002"]
    assert (three / "LATEST").read_text() == "step-00000002"
    (three / "LATEST").unlink()
    assert load(three).step == 2


def test_steps_are_compared_as_numbers(tmp_path):
    for step in (99_999_999, 100_000_000):
        save(tmp_path, checkpoint(step))
    (tmp_path / "LATEST").unlink()
    assert load(tmp_path).step == 100_000_000
