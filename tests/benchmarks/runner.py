"""Interleaved timing: one warm process per side, A B A B, outputs compared before anything is timed.

A repetition during which other processes used too large a share of the cores is thrown away. What is reported is the
median of the ratios of the rounds, never a ratio of two medians.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Demand", "Process", "compare", "measure", "rounds_of", "rows_of"]

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ROOT = Path(__file__).parents[2]
_ATTEMPTS = 4
_LEAST_SECONDS = 0.4  # of one repetition: the system counts time in hundredths of a second


@dataclass(frozen=True)
class Demand:
    """How carefully to measure.

    rounds : of all sides
    least : rounds that must be quiet, or there is no ratio
    others : largest share of the cores that other processes may use during a repetition
    threads : of every library
    """

    rounds: int = 5
    least: int = 3
    others: float = 0.06
    threads: int = 1


class Process:
    """A side, in a process of its own with a number of threads and the default allocator."""

    def __init__(self, work, side, folder, threads):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        environment |= dict.fromkeys(_THREADS, str(threads))
        command = [sys.executable, "-m", "tests.benchmarks.side", work, side, str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=_ROOT, env=environment, **pipes)
        self.start = self.listen()

    def listen(self):
        """The next message of the process.  Raises RuntimeError if it ended without one."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"a side of a benchmark ended with code {self.process.wait()}; its error is above")

    def time(self):
        """One repetition, long enough to be seen by the system: {"seconds": of one call, "others": share}."""
        calls = max(1, math.ceil(_LEAST_SECONDS / max(self.start["ready"], 1e-6)))
        self.process.stdin.write(f"{calls}\n")
        self.process.stdin.flush()
        return self.listen()

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def measure(name, work, on, demand):
    """Compare and time all sides of a work.  Returns rows of the table, one for each of our sides."""
    sides = {key: side for key, side in work.sides.items() if side.role == "peer" or side.on in on}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        processes, absent = {}, {}
        for key in sides:
            process = Process(name, key, folder, demand.threads)
            stack.callback(process.close)
            (absent if "absent" in process.start else processes)[key] = process
        outputs = {key: np.load(Path(folder) / f"{key}.npy", mmap_mode="r") for key in processes}
        errors = {key: compare(outputs, sides, key, work.tolerance) for key in processes if sides[key].role == "ours"}
        rounds = rounds_of({key: process.time for key, process in processes.items()}, demand, 1 if work.cold else None)
    peaks = {key: process.start["peak"] for key, process in processes.items()}
    missing = {sides[key].name: process.start["absent"] for key, process in absent.items()}
    return rows_of(work, sides, rounds, demand, errors=errors, peaks=peaks, missing=missing)


def compare(outputs, sides, key, tolerance):
    """Largest difference of our output to a peer's, relative to its maximum; None without a peer.

    Raises ValueError if it exceeds `tolerance`: what is not the same is not timed.
    """
    errors = {}
    for peer in (peer for peer in outputs if sides[peer].role == "peer"):
        ours, theirs = outputs[key], outputs[peer]
        if ours.shape != theirs.shape:
            raise ValueError(f"{key} and {peer} have other shapes, {ours.shape} and {theirs.shape}: nothing was timed")
        errors[peer] = float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))
        if not errors[peer] <= tolerance:
            raise ValueError(
                f"{key} and {peer} differ by {errors[peer]:.1e}, allowed {tolerance:.0e}: nothing was timed"
            )
    return max(errors.values(), default=None)


def rounds_of(sides, demand, rounds=None):
    """The rounds of which every repetition was quiet: dicts of seconds by side.

    sides : dict of functions that time one repetition, as `Process.time`
    """
    kept = []
    for _ in range(rounds or demand.rounds):
        seconds = {}
        for key, once in sides.items():
            seconds[key] = next((t for t in (_quiet(once(), demand) for _ in range(_ATTEMPTS)) if t), None)
            if seconds[key] is None:
                break
        else:
            kept.append(seconds)
    return kept


def _quiet(repetition, demand):
    """The seconds of a repetition, or None if others disturbed it."""
    others = repetition["others"]
    return repetition["seconds"] if others is None or others <= demand.others else None


def rows_of(work, sides, rounds, demand, *, errors, peaks, missing):
    """One row of plain values for each of our sides, against the fastest of the peers that are there."""
    seconds = {key: statistics.median(r[key] for r in rounds) for key in (rounds[0] if rounds else ())}
    peers = [key for key in seconds if sides[key].role == "peer"]
    fastest = min(peers, key=seconds.get, default=None)
    least = 1 if work.cold else demand.least
    rows = []
    for key in errors:
        side, limit = (
            sides[key],
            next((k for k in seconds if sides[k].role == "limit" and sides[k].on == sides[key].on), None),
        )
        called = side.on if side.name.startswith("ours") else side.name
        row = {"work": work.title, "on": called, "threads": demand.threads, "error": errors[key], "peak": peaks[key]}
        row |= {"rounds": len(rounds), "asked": 1 if work.cold else demand.rounds, "absent": missing}
        row |= {"limit": work.limit, "goal": work.goal.get(side.on)}
        if len(rounds) >= least:
            row |= {"seconds": seconds[key], "all": {sides[k].name: t for k, t in seconds.items()}}
            row |= _ratio("ratio", rounds, fastest, key) | _ratio("share", rounds, limit, key)
            row["peer"] = sides[fastest].name if fastest else None
        rows.append(row)
    return rows


def _ratio(name, rounds, above, below):
    """The median, smallest and largest of the ratios of the rounds, if there is something to compare with."""
    if above is None:
        return {}
    ratios = [r[above] / r[below] for r in rounds]
    return {name: [statistics.median(ratios), min(ratios), max(ratios)]}
