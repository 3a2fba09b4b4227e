"""Doubts about the benchmark: is what is not the same refused, a disturbed repetition thrown away, a ratio a ratio?"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from analysis import record
from tests.benchmarks import __main__ as command
from tests.benchmarks import side as process
from tests.benchmarks.growth import slope
from tests.benchmarks.machine import Watch, peak_memory, reset_peak
from tests.benchmarks.runner import Demand, compare, rounds_of, rows_of
from tests.benchmarks.table import END, START, lines_of, written_into
from tests.benchmarks.works import WORKS, Side, Work

SIDES = {
    "mine": Side("ours", "ours, numpy", "numpy", lambda: lambda: np.arange(4.0)),
    "slow": Side("peer", "a slow peer", "numpy", lambda: lambda: np.arange(4.0)),
    "quick": Side("peer", "a quick peer", "numpy", lambda: lambda: np.arange(4.0)),
    "least": Side("limit", "the least", "numpy", lambda: lambda: np.arange(4.0)),
}
WORK = Work("counting", SIDES, tolerance=1e-5, goal={"numpy": 3}, limit="the least")
NONE = {"errors": {"mine": 1e-7}, "peaks": {"mine": 2**21}, "missing": {}}


def sequence(values):
    """A side whose repetitions take these seconds while others use these shares."""
    remaining = iter(values)
    return lambda: dict(zip(("seconds", "others"), next(remaining), strict=True))


GROWTH = {"work": "new", "on": "numpy", "grows": "side", "sizes": [1, 2], "seconds": [1.0, 2.0], "slope": 1.0}


def rows(rounds, **others):
    return rows_of(WORK, SIDES, rounds, Demand(), **NONE | others)


def recorded(*made):
    ceilings = {"name": "ceilings", "threads": 1, "date": "2022-04-25", "ceilings": {"GEMM 2048, GFLOP/s": 71.4}}
    growth = {"name": "growth"} | GROWTH | {"work": "counting", "slope": 2.0}
    return {"machine": "a machine", "rows": [ceilings, *({"name": "counting"} | row for row in made), growth]}


def test_sides_take_turns():
    calls = []
    sides = {name: lambda name=name: calls.append(name) or {"seconds": 1.0, "others": 0.0} for name in "ab"}
    assert rounds_of(sides, Demand(rounds=3)) == [{"a": 1.0, "b": 1.0}] * 3
    assert calls == list("ababab")


def test_disturbed_repetitions_are_done_again_and_hopeless_rounds_left_out():
    a = sequence([(9.0, 0.07), (1.0, 0.06), *[(9.0, 0.5)] * 4, (2.0, 0.0)])
    b = sequence([(3.0, 0.0), (4.0, None)])
    assert rounds_of({"a": a, "b": b}, Demand(rounds=3)) == [{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 4.0}]


def test_ratio_is_the_median_of_the_rounds_against_the_quickest_peer():
    rounds = [
        {"mine": mine, "slow": 9.0, "quick": quick, "least": 1.0}
        for mine, quick in ((1.0, 2.0), (2.0, 8.0), (4.0, 20.0))
    ]
    (row,) = rows(rounds)
    assert row["peer"] == "a quick peer"
    assert row["ratio"] == [4.0, 2.0, 5.0]
    assert row["share"] == [0.5, 0.25, 1.0]
    assert row["seconds"] == 2.0


def test_too_few_quiet_rounds_give_no_ratio_and_say_so():
    (row,) = rows([{"mine": 1.0, "slow": 2.0, "quick": 3.0, "least": 1.0}] * 2)
    assert "ratio" not in row
    assert "too noisy: 2 quiet rounds of 5" in "\n".join(lines_of(recorded(row)))


def test_absent_peer_is_a_row_that_says_so():
    (row,) = rows([{"mine": 1.0, "least": 0.5}] * 3, missing={"Kymatio": "No module named 'kymatio'"})
    line = next(line for line in lines_of(recorded(row)) if line.startswith("| counting"))
    reason = "Kymatio absent: No module named 'kymatio'"
    assert line == f"| counting | 1 | 1 s numpy | {reason} |  | 50 % of the least | 1e-07 | 2 MiB |"


def test_table_has_the_ratio_beside_its_goal_and_the_machine():
    (row,) = rows([{"mine": 0.05, "slow": 0.3, "quick": 0.2, "least": 0.01}] * 3)
    lines = lines_of(recorded(row))
    assert lines[0] == "a machine, 2022-04-25, 1 threads: GEMM 2048 GFLOP/s 71."
    assert "| 50 ms numpy | 0.2 s a quick peer | 4 [4-4], goal 3 | 20 % of the least |" in lines[4]
    assert lines[-1] == "Cost grows, numpy: counting as side^2.00."


def test_growth_that_the_cost_of_a_call_hides_is_said_to_be_too_small_to_measure():
    record = recorded()
    record["rows"][-1]["slope"] = 0.89
    assert lines_of(record)[-1] == "Cost grows, numpy: counting as side (too small to measure)."


@pytest.mark.parametrize(
    ("output", "message"),
    [(np.arange(4.0) + 1e-4, "differ by 3.3e-05, allowed 1e-05: nothing was timed"), (np.arange(5.0), "other shapes")],
)
def test_answers_that_differ_are_not_timed(output, message):
    outputs = {"mine": output, "slow": np.arange(4.0), "quick": np.arange(4.0), "least": np.zeros(1)}
    with pytest.raises(ValueError, match=message):
        compare(outputs, SIDES, "mine", 1e-5)
    with pytest.raises(ValueError, match="nan"):
        compare(outputs | {"mine": np.full(4, np.nan)}, SIDES, "mine", 1e-5)
    assert compare(outputs | {"mine": np.arange(4.0) + 1e-6}, SIDES, "mine", 1e-5) == pytest.approx(1e-6 / 3)


def test_a_side_is_warmed_up_kept_and_timed_as_often_as_asked(monkeypatch, tmp_path):
    calls, said = [], []
    run = lambda: calls.append(0) or np.arange(4.0)  # noqa: E731
    monkeypatch.setitem(WORKS, "counting", Work("counting", {"mine": Side("ours", "ours", "numpy", lambda: run)}))
    process.main(["counting", "mine", tmp_path], commands=["3\n", "1\n"], say=said.append)
    assert len(calls) == 2 + 3 + 1
    assert [set(message) for message in said] == [{"ready", "peak"}, *[{"seconds", "others"}] * 2]
    np.testing.assert_array_equal(np.load(tmp_path / "mine.npy"), np.arange(4.0))


def test_a_side_that_cannot_be_imported_says_so(monkeypatch, tmp_path):
    def prepare():
        raise ImportError("No module named 'nobody'\nand more")

    said = []
    monkeypatch.setitem(WORKS, "counting", Work("counting", {"mine": Side("peer", "a peer", "numpy", prepare)}))
    process.main(["counting", "mine", tmp_path], commands=["1\n"], say=said.append)
    assert said == [{"absent": "No module named 'nobody'"}]


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux says what others do")
def test_watch_sees_a_busy_neighbour_and_not_its_own_work():
    own, shares = Watch(), []
    while time.perf_counter() - own.start < 0.3:
        sum(range(1000))
    shares.append(own.read()[1])
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    time.sleep(0.2)
    watched = Watch()
    time.sleep(0.5)
    neighbour.kill()
    neighbour.wait()
    seconds, others = watched.read()
    assert 0.5 <= seconds < 5
    assert others > 0.2 / (2 * 8)
    assert 0 <= shares[0] <= 1


def test_peak_memory_is_that_of_what_ran_since():
    before = reset_peak()
    if before is None:
        pytest.skip("the system does not let a peak be forgotten")
    block = np.ones(2**24)
    del block
    assert 0.9 < (peak_memory() - before) / 2**27 < 1.2
    assert abs(reset_peak() - before) < 2**26
    assert peak_memory() - before < 2**26


def test_slope_is_the_exponent():
    assert slope([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0]) == pytest.approx(2)


def test_rows_that_are_not_measured_again_stay(tmp_path, capsys, monkeypatch):
    kept = recorded(*rows([{"mine": 1.0, "slow": 2.0, "quick": 3.0, "least": 1.0}] * 3))
    record.save(command.NAME, kept["rows"], settings={}, seconds=1.0, on="numpy", folder=tmp_path)
    monkeypatch.setattr(command, "measure_growth", lambda on: [GROWTH])
    assert command.main(["--only", "growth", "--on", "numpy", "--out", str(tmp_path)]) == 0
    assert [row["name"] for row in json.loads((tmp_path / "benchmarks.json").read_text())["rows"]] == [
        "ceilings",
        "counting",
        "growth",
    ]
    printed = capsys.readouterr().out
    assert "new as side^1.00" in printed
    assert "| counting | 1 |" in printed


def test_a_stop_does_not_promise_to_resume(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "run", lambda options: signal.raise_signal(signal.SIGINT))
    assert command.main(["--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "stopped by SIGINT; nothing was recorded\n"


def test_a_row_that_fails_does_not_lose_the_others(tmp_path, capsys, monkeypatch):
    def differ(name, work, on, demand):
        raise ValueError("outputs differ: nothing was timed")

    monkeypatch.setattr(command, "measure", differ)
    monkeypatch.setattr(command, "measure_growth", lambda on: [GROWTH])
    only = ["--only", "bank", "growth", "--on", "numpy", "--threads", "1"]
    assert command.main([*only, "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith("error: bank: outputs differ: nothing was timed\n")
    assert [row["name"] for row in record.load(command.NAME, tmp_path)["rows"]] == ["growth"]


def test_a_library_that_cannot_be_used_is_one_clear_error(capsys, monkeypatch, tmp_path):
    def refuse(host, on):
        raise RuntimeError(f"{on} is installed, but it sees no GPU")

    monkeypatch.setattr(command, "to_library", refuse)
    assert command.main(["--on", "cupy", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "error: cupy is installed, but it sees no GPU\n"


@pytest.mark.parametrize("name", WORKS)
def test_every_work_has_ours_everywhere_and_a_peer(name):
    roles = {role: {side.on for side in WORKS[name].sides.values() if side.role == role} for role in ("ours", "peer")}
    assert roles["peer"]
    assert "numpy" in roles["ours"]


def test_table_in_the_readme_is_the_recorded_one():
    readme = (Path(__file__).parent / "benchmarks" / "README.md").read_text(encoding="utf-8")
    lines = lines_of(record.load(command.NAME))
    assert readme in (written_into(readme, lines), written_into(readme, ["Not measured yet on a quiet machine."]))


def test_table_is_written_between_its_marks_and_nowhere_else(tmp_path, capsys):
    kept = recorded(*rows([{"mine": 1.0, "slow": 2.0, "quick": 3.0, "least": 1.0}] * 3))
    record.save(command.NAME, kept["rows"], settings={}, seconds=1.0, on="numpy", folder=tmp_path)
    file = tmp_path / "README.md"
    file.write_text(f"before\n{START}old\n{END}\nafter\n")
    assert command.main(["--from", str(tmp_path), "--into", str(file)]) == 0
    assert file.read_text() == f"before\n{START}{capsys.readouterr().out}{END}\nafter\n"
    file.write_text("nothing")
    assert command.main(["--from", str(tmp_path), "--into", str(file)]) == 2
    assert "expected a text with" in capsys.readouterr().err
