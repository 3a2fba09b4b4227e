"""Verify every claim here and now, and print the ledger.

    python -m collapse_theory [--on numpy|torch|cupy] [--examples N] [--json FILE]
    python -m collapse_theory --table       the claims as a table in Markdown, as in claims/README.md
    python -m collapse_theory --version

`collapse-theory` is the same, where the package is installed.
The exit code is 0 if every claim stands and 1 if one fails, whose failing instance is printed, so that it can be
replayed; it is 2 if the library is missing or the file cannot be written, and 130 after Ctrl-C.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from . import __version__
from .arrays import LIBRARIES, to_library
from .ledger import ledger, table

SCRIPT = "collapse-theory"  # what pyproject.toml installs
_LEGEND = """
worst      the largest deviation / bound of an inequality, at most 1; else the largest error, at most 1e-9
predicted  deviation / bound at the hardest instance, as the proof says, and what was reached there; inequalities only
broken     the same as worst, without a hypothesis: above 1, else above 1e-6
ok         yes if the claim stands
"""


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code."""
    try:
        return _verify(_parser().parse_args(arguments))
    except KeyboardInterrupt:
        print("stopped by SIGINT; not all claims were verified", file=sys.stderr)
        return 130


def _verify(options):
    if options.table:
        print(table(), end="")
        return 0
    try:
        lift = partial(to_library, name=options.on)
        lift(np.zeros(1))
    except (ImportError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{'claim':<48} {'kind':<10} {'worst':>10} {'predicted':>10} {'reached':>10} {'broken':>10} {'seconds':>8}  ok"
    )
    entries = ledger(lift, options.examples, progress=lambda entry: print(_row(entry), flush=True))
    if options.json:
        try:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump([entry.as_json() for entry in entries], file, indent=1)
        except OSError as error:
            print(f"error: --json {options.json}: {error.strerror}", file=sys.stderr)
            return 2
    print(_LEGEND, end="")
    failed = [entry for entry in entries if entry.failures]
    for entry in failed:
        print(f"\n{entry.name}: {entry.statement}", *entry.failures, sep="\n    ")
    print(f"\n{len(entries) - len(failed)} of {len(entries)} claims stand, {options.examples} instances each.")
    return 1 if failed else 0


def _parser():
    is_script = Path(sys.argv[0]).stem == SCRIPT
    prog = SCRIPT if is_script else "python -m collapse_theory"
    parser = argparse.ArgumentParser(prog=prog, description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--on", choices=LIBRARIES, default="numpy", help="array library to verify on (default: numpy)")
    parser.add_argument(
        "--examples", type=_positive, metavar="N", default=100, help="random instances per claim (default: 100)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the ledger to this file too (default: to none)")
    parser.add_argument("--table", action="store_true", help="print the claims as a table in Markdown, verify nothing")
    parser.add_argument("--version", action="version", version=f"collapse_theory {__version__}")
    return parser


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text!r}")
    return int(text)


def _row(entry):
    numbers = [entry.worst, entry.sharpness, entry.reached, entry.broken]
    cells = " ".join(f"{_number(n):>10}" for n in numbers)
    return f"{entry.name:<48} {entry.kind:<10} {cells} {entry.seconds:>8.1f}  {'FAILED' if entry.failures else 'yes'}"


def _number(n):
    if isinstance(n, list):
        return ", ".join(map(_number, n))
    return "" if n is None else " to ".join(f"{end:.4g}" for end in n) if isinstance(n, tuple) else f"{n:.4g}"


if __name__ == "__main__":
    sys.exit(main())
