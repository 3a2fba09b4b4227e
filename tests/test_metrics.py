"""Doubts about metrics: is a line that was changed, cut or lost seen, and what is torn at the end dropped?"""

import errno
import json
import os

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from collapse_theory.learned.checkpoints import DamagedCheckpoint
from collapse_theory.learned.metrics import Metrics
from tests.small_network import assert_same_end, train_small


@pytest.fixture
def five(tmp_path):
    """Metrics of five lines, their count and their last chain."""
    metrics = Metrics(tmp_path / "metrics.jsonl", "a run")
    metrics.start()
    for step in range(1, 6):
        metrics.append({"kind": "step", "step": step, "loss": 0.1 * step, "name": "é"})
    metrics.close()
    return metrics


OPENED = []


@pytest.fixture(autouse=True)
def _closed():
    """What a test has opened is closed after it."""
    yield
    while OPENED:
        OPENED.pop().close()


def again(metrics, run="a run"):
    """As a process that resumes the run."""
    other = Metrics(metrics.path, run)
    other.start(metrics.count, metrics.chain)
    OPENED.append(other)
    return other


def test_lines_are_plain_json_and_come_back_without_their_checksums(five):
    lines = [json.loads(line) for line in five.path.read_text().splitlines()]
    expected = [{"kind": "step", "step": step, "loss": 0.1 * step, "name": "é"} for step in range(1, 6)]
    assert again(five).read() == expected
    assert [{k: v for k, v in line.items() if k != "chain"} for line in lines] == expected
    assert lines[-1]["chain"] == five.chain


def test_what_was_written_after_the_checkpoint_is_dropped_unread(five):
    whole = five.path.read_bytes()
    with open(five.path, "ab") as file:
        file.write(b'{"kind": "step", "step": 6}\n\xff\xfe\n{"kind": "st')
    other = again(five)
    assert five.path.read_bytes() == whole
    other.append({"kind": "step", "step": 6})
    assert [line["step"] for line in other.read()] == [1, 2, 3, 4, 5, 6]


def changed(text):
    return text.replace(b'"loss": 0.2', b'"loss": 0.3')


DAMAGE = {
    "a digit": (changed, "line 2 is not the line that was written"),
    "a byte that is no text": (lambda t: t.replace(b"0.2", b"0.\xff"), "line 2 is not"),
    "a step as text": (lambda t: t.replace(b'"step": 3', b'"step": "3"'), "line 3 is not"),
    "no JSON": (lambda t: t.replace(b'"step": 3', b'"step": '), "line 3 is not"),
    "a list": (lambda t: b"[]\n" + t.split(b"\n", 1)[1], "line 1 is not"),
    "a lost line": (lambda t: b"\n".join(t.split(b"\n")[:2] + t.split(b"\n")[3:]), "line 3 is not"),
    "an empty line": (lambda t: t.replace(b"\n", b"\n\n", 1), "line 2 is not"),
    "two lines in the place of each other": (
        lambda t: b"\n".join([*t.split(b"\n")[1::-1], *t.split(b"\n")[2:]]),
        "line 1 is not",
    ),
    "the last line": (lambda t: t[:-3] + b"?" + t[-2:], "line 5 is not"),
    "the last line, torn": (lambda t: t[:-9], "line 5 is not"),
    "the last line, lost": (lambda t: t[: t.rindex(b"\n", 0, -1) + 1], "it has 4 lines, of 5 that were written"),
    "all lines, lost": (lambda t: b"", "it has 0 lines, of 5"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_by_the_name_of_the_file(five, name):
    damage, message = DAMAGE[name]
    before = damage(five.path.read_bytes())
    five.path.write_bytes(before)
    with pytest.raises(DamagedCheckpoint, match=f"metrics.jsonl is damaged: {message}"):
        again(five)
    assert five.path.read_bytes() == before


def test_a_file_that_is_not_there_or_no_file_is_refused(five):
    five.path.unlink()
    with pytest.raises(DamagedCheckpoint, match=r"metrics\.jsonl is damaged: it has 0 lines, of 5"):
        again(five)
    os.mkfifo(five.path)
    with pytest.raises(DamagedCheckpoint, match=r"metrics\.jsonl cannot be read: it is no regular file"):
        again(five)


def test_only_the_end_of_the_last_line_may_be_missing(five):
    five.path.write_bytes(five.path.read_bytes()[:-1])
    other = again(five)
    other.append({"kind": "step", "step": 6})
    assert len(other.read()) == 6


def test_the_lines_of_another_run_are_refused(five):
    with pytest.raises(DamagedCheckpoint, match="line 1 is not"):
        again(five, run="another run")


def test_a_disk_that_is_full_is_told_with_the_name_of_the_file(five):
    other = again(five)

    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def close(self):
            pass

    other._file.close()
    other._file = Full()
    with pytest.raises(OSError, match=r"metrics\.jsonl could not be written: the disk is full") as caught:
        other.append({"kind": "step", "step": 6})
    assert caught.value.errno == errno.ENOSPC
    assert len(other.read()) == 5


def test_a_finished_run_with_damaged_metrics_is_refused_and_the_checkpoint_before_the_damage_leads_to_its_end(tmp_path):
    train_small(tmp_path / "whole", 2)
    for _ in range(11):
        train_small(tmp_path / "hurt", 2, stop_after=0)
    path = tmp_path / "hurt" / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(
        DamagedCheckpoint, match=r"it has 11 lines, of 12.*step-00000009, is intact: resume .*checkpoint="
    ):
        train_small(tmp_path / "hurt", 2)
    train_small(tmp_path / "hurt", 2, checkpoint="step-00000009")
    assert_same_end(tmp_path / "hurt", tmp_path / "whole")
    path.unlink()
    with pytest.raises(DamagedCheckpoint, match=r"metrics\.jsonl is damaged: it has 0 lines, of 12"):
        train_small(tmp_path / "hurt", 2)
