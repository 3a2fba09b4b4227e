"""Doubts about commands that are stopped: does anybody stay at work, and is what was done measured again?"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from analysis import __main__ as command
from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments.measuring import measuring
from analysis.instruments.sources import Sampling
from analysis.instruments.stopping import Stopped, answered

ROOT = Path(__file__).parents[1]
TWO_WORKERS = """
import sys, time
from analysis.instruments.stopping import answered
from analysis.instruments.workers import results_as_they_come

def wait():
    for job, _ in results_as_they_come(time.sleep, [0.0, 600.0, 601.0, 602.0], 2):
        print(job, flush=True)

if __name__ == "__main__":
    sys.exit(answered(wait))
"""
SMALLEST = measurement.Setting(scales=1, angles=4, depth=1, subsample=True, sampling=Sampling(8, 8))


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_whoever_ends_a_measurement_ends_its_workers(tmp_path, name):
    (tmp_path / "two.py").write_text(TWO_WORKERS)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}  # of semaphores, after SIGKILL
    with subprocess.Popen([sys.executable, "two.py"], cwd=tmp_path, env=environment, **pipes) as process:
        assert process.stdout.readline() == "0.0\n"
        process.send_signal(getattr(signal, name))
        _, said = process.communicate(timeout=60)  # the pipes close when the last process is gone
    if name == "SIGTERM":
        assert said == "stopped by SIGTERM; the same command resumes with what is left\n"
        assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_stop_is_one_line_and_a_code(capsys, number):
    before = signal.getsignal(number)
    assert answered(lambda: signal.raise_signal(number)) == 128 + number
    assert capsys.readouterr().err == f"stopped by {number.name}; the same command resumes with what is left\n"
    assert signal.getsignal(number) is before


def test_an_ignored_signal_stays_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert answered(lambda: signal.raise_signal(signal.SIGHUP) or 0) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


DATA = ["pulses", "textures", "moved"]


@pytest.fixture
def jobs(monkeypatch):
    """The samples that small comparisons are made of, alone; it is stopped before the one whose number is in `stop`."""
    done, real = [], measurement.measure_one

    def measured(sample, *arguments):
        if len(done) == done_before_stop[0]:
            raise Stopped(signal.SIGTERM)
        done.append(sample.name)
        return real(sample, *arguments)

    done_before_stop = [2]
    monkeypatch.setattr(measurement, "measure_one", measured)
    monkeypatch.setattr(measurement, "cores", lambda: 1)
    monkeypatch.setattr(measurement, "SETTINGS", {"deep": replace(SMALLEST), "mixed": replace(SMALLEST, mixed=True)})
    return done, done_before_stop


def test_a_measurement_that_was_stopped_resumes_with_what_is_left(tmp_path, capsys, jobs):
    done, stop = jobs
    arguments = [measurement.NAME, "--data", *DATA, "--setting", "deep", "--quiet", "--images", "8", "--out"]
    assert command.main([*arguments, str(tmp_path / "stopped")]) == 128 + signal.SIGTERM
    assert done == DATA[:2]
    assert not (tmp_path / "stopped" / f"{measurement.NAME}.json").exists()
    stop[0] = None
    capsys.readouterr()
    assert command.main([*arguments, str(tmp_path / "stopped")]) == 0
    assert capsys.readouterr().err.startswith("resuming from 2 results in ")
    assert done == DATA
    assert command.main([*arguments, str(tmp_path / "whole")]) == 0
    assert done == 2 * DATA
    stopped, whole = (record.load(measurement.NAME, tmp_path / name) for name in ("stopped", "whole"))
    assert stopped["rows"] == whole["rows"]
    assert stopped["reproducible"] is whole["reproducible"] is True
    assert sorted(path.name for path in (tmp_path / "stopped").iterdir()) == [".lock", f"{measurement.NAME}.json"]


def test_another_command_does_not_go_on_with_it(tmp_path, jobs):
    done, stop = jobs
    arguments = [measurement.NAME, "--data", *DATA, "--quiet", "--out", str(tmp_path), "--setting", "deep"]
    assert command.main([*arguments, "--images", "8"]) == 128 + signal.SIGTERM
    stop[0] = None
    assert command.main([*arguments, "--images", "8", "--seed", "1"]) == 0
    assert done == DATA[:2] + DATA


def test_what_was_kept_and_is_damaged_is_refused_by_its_name(tmp_path, capsys, jobs):
    arguments = [measurement.NAME, "--data", *DATA, "--quiet", "--out", str(tmp_path), "--setting", "deep"]
    assert command.main(arguments) == 128 + signal.SIGTERM
    (kept,) = tmp_path.glob("*.unfinished-*.json")
    kept.write_text(kept.read_text().replace('"zeros": ', '"zeros": 1', 1))
    assert command.main(arguments) == 2
    assert f"error: {kept} is damaged (rows[0]: not what was written" in capsys.readouterr().err


def test_what_nobody_has_gone_on_with_for_long_is_removed_and_no_more(tmp_path):
    names = [f"rows.unfinished-{hash_}.json" for hash_ in ("0123456789ab", "ba9876543210")]
    for name, days in zip([*names, "other.unfinished-0123456789ab.json", "rows.json"], (31, 1, 31, 31), strict=True):
        (tmp_path / name).write_text("{}")
        then = time.time() - days * 86400
        os.utime(tmp_path / name, (then, then))
    with measuring("rows", settings={}, on="numpy", folder=tmp_path):
        pass
    assert not (tmp_path / names[0]).exists()
    assert {names[1], "other.unfinished-0123456789ab.json", "rows.json"} <= {path.name for path in tmp_path.iterdir()}
