"""Measure how fast, beside whom, and how far from the limit; record it, and print one table."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from analysis import record
from analysis.instruments.options import Parser, real, whole
from analysis.instruments.stopping import answered
from collapse_theory.arrays import LIBRARIES, to_library
from collapse_theory.files import write_atomically

from .growth import measure_growth
from .runner import Demand, Process, measure
from .table import lines_of, written_into
from .works import WORKS

NAME = "benchmarks"
_SAYS = (
    "Measures how fast each work is beside its peers and the limit of the machine, records it, and prints one table.",
    "Time: half an hour on a quiet machine. Rows that are not asked for stay in the result as they were recorded.",
)
_EXAMPLES = (
    "python -m tests.benchmarks --recorded",
    "python -m tests.benchmarks --only scatter-32",
    "python -m tests.benchmarks --on cupy --record",
    "python -m tests.benchmarks --recorded --into tests/benchmarks/README.md",
)


def main(arguments=None):
    """Measure, record, print.  Returns the exit code."""
    return answered(lambda: _answer(_parser().parse_args(arguments)), after_stop="nothing was recorded")


def _answer(options):
    folder = record.RESULTS if options.recorded else options.results
    if folder is None:
        folder = options.out = record.folder_to_write(options)
        run(options)
    lines = lines_of(record.load(NAME, folder))
    print(*lines, sep="\n")
    if options.into:
        path = Path(options.into)
        write_atomically(path, written_into(path.read_text(encoding="utf-8"), lines))
    return 0


def run(options):
    """Measure what was asked for, and record it; rows that were not asked for stay as they were recorded."""
    for on in options.on:
        to_library(np.zeros(1), on)
    record.check_kept(NAME, options.out)
    counts = [count for count in options.threads if count <= os.cpu_count()]
    demands = [Demand(options.rounds, options.least, options.others / 100, count) for count in counts]
    start, rows, failed = time.perf_counter(), [], []
    for name in options.only:
        try:
            rows += _rows(name, options.on, demands)
        except (ValueError, RuntimeError) as error:  # the other rows are worth having
            failed.append(f"{name}: {error}")
    settings = {f"{demand.threads} threads": demand for demand in demands}
    about = {"settings": settings, "seconds": time.perf_counter() - start, "on": " ".join(options.on)}
    record.save(NAME, rows, folder=options.out, keep=lambda row: row["name"] not in options.only, **about)
    if failed:
        raise RuntimeError("; ".join(failed))


def _rows(name, on, demands):
    """Rows of one name, reported on standard error as they come."""
    rows = []
    if name == "growth":
        rows = [row for library in on for row in measure_growth(library)]
    for demand in demands:
        if name == "ceilings":
            rows.append({"threads": demand.threads, "date": time.strftime("%Y-%m-%d")})
            rows[-1]["ceilings"] = _ceilings(on[-1], demand.threads)
        elif name in WORKS and demand.threads in WORKS[name].threads:
            rows += measure(name, WORKS[name], on, demand)
    print(f"{name}: {len(rows)} rows", file=sys.stderr, flush=True)
    return [{"name": name} | row for row in rows]


def _ceilings(on, threads):
    process = Process("ceilings", on, ".", threads)
    process.close()
    return process.start


def _parser():
    names = ("ceilings", *WORKS, "growth")
    parser = Parser("python -m tests.benchmarks", _SAYS, _EXAMPLES)
    only = f"any of {', '.join(names)} (default: all)"
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=names, default=names, help=only)
    libraries = "array libraries of our side"
    parser.add_argument("--on", nargs="+", choices=LIBRARIES, default=["numpy", "torch"], help=libraries)
    rounds = "rounds of all sides, A B A B"
    parser.add_argument("--rounds", type=whole(1, 1000), default=5, metavar="N", help=rounds)
    parser.add_argument("--least", type=whole(1, 1000), default=3, metavar="N", help="rounds that must be quiet")
    others = "percentage of the cores that other processes may use"
    parser.add_argument("--others", type=real(0, 100), default=6.0, metavar="PERCENT", help=others)
    threads = "number of threads of every library"
    parser.add_argument("--threads", nargs="+", type=whole(1, 4096), default=[1, 2], metavar="N", help=threads)
    results = parser.add_mutually_exclusive_group()
    results.add_argument("--recorded", action="store_true", help="print the committed table, and measure nothing")
    own = "print the table of the result in this folder, and measure nothing"
    results.add_argument("--from", dest="results", metavar="FOLDER", help=own)
    parser.add_argument("--into", metavar="FILE", help="put the table there, too, between its two marks")
    record.add_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
