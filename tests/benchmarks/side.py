"""One side of a benchmark in a process of its own: warm it up, keep its output, then time it whenever asked.

python -m tests.benchmarks.side WORK SIDE FOLDER      (started by the runner, which talks to it line by line)

It says "ready" with the seconds of a warm call and what it added to the memory, the output being in FOLDER/SIDE.npy.
Then for each line "N" it does the work N times and says how long that took, and what share of the cores went to others
meanwhile; a cold work is done once, and that call is the one timed. Ours is as in a long run: plans are made and loops
compiled at the first call.
"""

import ctypes
import json
import math
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from collapse_theory.arrays import to_host
from collapse_theory.machine.worth import Worth

from .machine import Watch, ceilings, peak_memory, reset_peak
from .works import WORKS

__all__ = ["main"]


def main(arguments, commands=sys.stdin, say=None):
    say = say or (lambda message: print(json.dumps(message), flush=True))
    work, side, folder = arguments
    try:
        if work == "ceilings":
            say(ceilings(side))
            return
        at_once()
        run = WORKS[work].sides[side].prepare()
        output, seconds, others, peak = watched(run)
        np.save(Path(folder) / f"{side}.npy", to_host(output))
        del output
        if not WORKS[work].cold:
            give_back_memory()
            seconds, peak = watched(run)[1::2]
        say({"ready": seconds, "peak": peak})
    except (ImportError, RuntimeError) as error:
        say({"absent": str(error).split("\n", 1)[0]})
        return
    for line in commands:
        if WORKS[work].cold:
            say({"seconds": seconds, "others": others})
            continue
        calls, watch = int(line), Watch()
        for _ in range(calls):
            wait(run())
        elapsed, others = watch.read()
        say({"seconds": elapsed / calls, "others": others})


def at_once():
    """Plan transforms and compile loops at the first call, not when that pays."""
    Worth.pays = True


def watched(run):
    """(output, seconds, share of the cores that others used, bytes added at the peak) of a call."""
    before, watch = reset_peak(), Watch()
    output = run()
    wait(output)
    return output, *watch.read(), None if before is None else peak_memory() - before


def give_back_memory():
    """Return what was freed to the system, where its C library can: it would hide what the next call takes."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def wait(result):
    """Read one number of a result: a GPU has then finished."""
    if not math.isfinite(float(to_host(result.reshape(-1)[-1:])[0].real)):
        raise ValueError("a result is not finite")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # Ctrl-C goes to all processes, and the one that asks says so
        main(sys.argv[1:])
