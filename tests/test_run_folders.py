"""Doubts about run folders: is one in use, damaged, gone, or of another run told from one to resume?"""

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn

from collapse_theory.learned import checkpoints
from collapse_theory.learned.checkpoints import DamagedCheckpoint
from collapse_theory.learned.runs import RunFolder, RunFolderInUse
from collapse_theory.learned.training import train
from tests.small_network import assert_same_end, metrics, small_data, small_network, small_recipe, train_small


def test_a_run_folder_in_use_is_refused_with_the_number_of_its_process(tmp_path):
    with (
        RunFolder(tmp_path, {}, tensorboard=False),
        pytest.raises(RunFolderInUse, match=f"{tmp_path} is in use by process {os.getpid()}"),
    ):
        train_small(tmp_path, 1)
    (tmp_path / "run.json").unlink()
    assert train_small(tmp_path, 1)[1].finished


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of a process with threads
def test_a_lock_does_not_outlive_its_process_in_a_child(tmp_path):
    (wait, go), (ready, say) = os.pipe(), os.pipe()
    with RunFolder(tmp_path, {}, tensorboard=False):
        child = os.fork()
        if not child:
            os.close(go)
            os.write(say, b".")
            os.read(wait, 1)
            os._exit(0)
        os.read(ready, 1)
    with RunFolder(tmp_path, {}, tensorboard=False):
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
    for end in (wait, go, ready, say):
        os.close(end)
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        (f"{os.getpid()}", f"process {os.getpid()}"),
        ("99999999", "a child of process 99999999, which has ended itself"),
        ("?", "process unknown"),
        ("", "process unknown"),
    ],
)
def test_a_lock_names_nobody_who_is_not_there(tmp_path, text, owner):
    with RunFolder(tmp_path, {}, tensorboard=False):
        (tmp_path / "lock").write_text(text)
        with pytest.raises(RunFolderInUse, match=f"is in use by {owner}$"):
            RunFolder(tmp_path, {}, tensorboard=False).__enter__()


@pytest.mark.parametrize("act", [lambda path: path.rename(path.with_name("moved")), shutil.rmtree])
def test_a_folder_that_is_moved_or_removed_while_it_is_in_use_is_missed_at_the_next_step(tmp_path, act):
    def progress(report):
        if report["step"] == 3:
            act(tmp_path / "run")

    with pytest.raises(
        OSError, match=f"the run folder {tmp_path / 'run'} was moved or removed while it was in use"
    ) as e:
        train_small(tmp_path / "run", 2, progress=progress, checkpoint_seconds=0)
    assert not hasattr(e.value, "__notes__")
    assert not (tmp_path / "run").exists()
    if (tmp_path / "moved").exists():
        train_small(tmp_path / "moved", 2)
        train_small(tmp_path / "whole", 2)
        assert_same_end(tmp_path / "moved", tmp_path / "whole")


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    train_small(os.path.join("~", "run"), 1)
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize(
    ("folder", "error"),
    [
        (None, TypeError),
        (b"run", TypeError),
        ("", ValueError),
        ("a\0b", ValueError),
        ("~nobody-of-this-name/run", ValueError),
    ],
)
def test_what_is_no_path_of_a_folder_is_refused_by_name(folder, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=r"^folder: expected a path"):
        train_small(folder, 1)
    assert os.listdir(tmp_path) == []


def test_another_number_of_threads_is_told_once(tmp_path, caplog):
    threads = torch.get_num_threads()
    train_small(tmp_path, 1, stop_after=0)
    torch.set_num_threads(threads + 1)
    try:
        train_small(tmp_path, 1, stop_after=0)
        (line,) = caplog.messages
        assert line == (
            f"{tmp_path} was begun with {threads} threads and is resumed with {threads + 1}: the last bits will differ"
        )
    finally:
        torch.set_num_threads(threads)
    train_small(tmp_path, 1)
    assert len(caplog.messages) == 1


def test_a_folder_of_nothing_is_entered_again(tmp_path):
    for _ in range(2):
        with RunFolder(tmp_path, {}, tensorboard=False):
            pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is damaged"),
        (b"{}", "is damaged"),
        (b"[[[[", "is damaged"),
        (b"[" * 10**5, "is damaged"),
        (b"null", "is damaged"),
        (b'{"format": 2, "run": {}, "threads": 1, "sha256": "0"}', "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b'{"about": {}, "recipe": {}, "data": {}, "architecture": {}}', "is of an earlier version"),
    ],
)
def test_a_run_file_that_is_not_what_was_written_is_refused_by_name(tmp_path, text, message):
    train_small(tmp_path, 1)
    (tmp_path / "run.json").write_bytes(text)
    with pytest.raises(ValueError, match=f"{tmp_path / 'run.json'} {message}"):
        train_small(tmp_path, 1)
    (tmp_path / "run.json").unlink()
    assert train_small(tmp_path, 1)[1].finished


def test_a_lost_run_file_is_replaced_for_the_same_run_alone(tmp_path):
    train_small(tmp_path, 1, about={"a": 1})
    (tmp_path / "run.json").unlink()
    with pytest.raises(DamagedCheckpoint, match=r"metrics\.jsonl is damaged: line 1 is not"):
        train_small(tmp_path, 1, about={"a": 2})
    (tmp_path / "run.json").unlink()
    assert train_small(tmp_path, 1, about={"a": 1})[1].finished


def test_what_json_does_not_hold_is_refused_as_about(tmp_path):
    with pytest.raises(TypeError, match="about: expected plain values, as JSON has them"):
        train_small(tmp_path / "run", 1, about={"a": object()})
    for _ in range(2):
        train_small(tmp_path / "run", 1, about={"a": float("nan")})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": small_recipe(2, rate=0.1)}, r"recipe, rate is 0\.05 there and 0\.1 here"),
        ({"about": {"skip": True}}, "about, skip is absent there and true here"),
        (
            {"network": small_network(channels=3)[:5] + nn.Sequential(nn.Linear(54, 5))},
            r"5\.weight is \"float32 \(4, 54",
        ),
        ({"data": small_data(seed=1)}, "data, train is "),
    ],
)
def test_the_folder_of_another_run_is_refused(tmp_path, change, message):
    first = {"network": small_network(), "data": small_data(), "recipe": small_recipe(2), "about": {}}

    def run(network, data, recipe, about):
        train(network, data, recipe, folder=tmp_path, about=about)

    run(**first)
    before = (tmp_path / "run.json").read_text()
    with pytest.raises(ValueError, match=f"is of another run: .*{message}"):
        run(**first | change)
    assert (tmp_path / "run.json").read_text() == before


def test_too_little_room_is_told_before_training_starts(tmp_path, monkeypatch):
    usage = checkpoints.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    with pytest.raises(OSError, match=r"has 0 MiB free; 3 checkpoints"):
        train_small(tmp_path, 1)
    assert not (tmp_path / "metrics.jsonl").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=f"cannot write to the run folder {tmp_path / 'file'}"):
        train_small(tmp_path / "file", 1)


def test_tensorboard_gets_the_scalars_where_it_is_installed(tmp_path, monkeypatch):
    import types

    told = []

    class SummaryWriter:
        def __init__(self, folder, purge_step):
            told.append((folder.name, purge_step))

        def add_scalar(self, name, value, step):
            told.append((name, value, step))

        def close(self):
            told.append("closed")

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", types.SimpleNamespace(SummaryWriter=SummaryWriter))
    train_small(tmp_path, 1)
    assert (told[0], told[-1]) == (("tensorboard", 1), "closed")
    assert ("step/loss", metrics(tmp_path)[0]["loss"], 1) in told
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    train_small(tmp_path / "without", 1)


def socket_at(path):
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{here}/{path.name}")  # a path of its own may be too long
        finally:
            os.close(here)


SPECIAL = [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/null"), lambda path: path.symlink_to(path)]


@pytest.mark.parametrize("make", SPECIAL)
@pytest.mark.parametrize("name", ["lock", "run.json", "metrics.jsonl", "checkpoints"])
def test_what_is_no_file_in_the_place_of_one_ends_in_a_sentence_that_names_it(tmp_path, name, make):
    make(tmp_path / name)
    if name == "checkpoints" and make is os.mkdir:
        return
    with pytest.raises((OSError, ValueError), match=f"{tmp_path}.*") as caught:
        train_small(tmp_path, 1)
    assert "Errno None" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system has no /proc")
def test_a_socket_in_the_place_of_the_lock_ends_in_a_sentence(tmp_path):
    socket_at(tmp_path / "lock")
    with pytest.raises(OSError, match=f"cannot write to the run folder {tmp_path}: "):
        train_small(tmp_path, 1)


def test_a_folder_in_the_place_of_latest_is_removed_or_named(tmp_path):
    train_small(tmp_path, 2, stop_after=0)
    latest = tmp_path / "checkpoints" / "LATEST"
    latest.unlink()
    latest.mkdir()
    train_small(tmp_path, 2, stop_after=0)
    assert latest.is_file()
    latest.unlink()
    latest.mkdir()
    (latest / "mine").touch()
    with pytest.raises(OSError, match=f"{latest} is a folder, and not a file"):
        train_small(tmp_path, 2)
    assert (latest / "mine").exists()


def test_a_relative_folder_is_found_again_from_another_one(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    moving = lambda report: os.chdir(tmp_path / "elsewhere")  # noqa: E731
    assert train_small(Path("run"), 1, progress=moving, checkpoint_seconds=0)[1].finished
    assert checkpoints.names(tmp_path / "run" / "checkpoints")
    assert not list((tmp_path / "elsewhere").iterdir())
