"""One side of a benchmark in a process of its own: warm it up, keep its answer, then time it whenever asked.

python -m tests.benchmarks.side WORK SIDE FOLDER      (started by the runner, which talks to it line by line)

It says "ready" with the seconds of a warm call and the peak memory, the answer being in FOLDER/SIDE.npy. Then for each
line "N" it does the work N times and says how long that took, and what share of the cores went to others meanwhile;
a cold work is done once, and that call is the one timed.
"""

import json
import math
import sys
import time
from pathlib import Path

import numpy as np

from collapse_theory.arrays import to_host

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
        run = WORKS[work].sides[side].prepare()
        before, watch = reset_peak(), Watch()
        answer = run()
        seconds, others = watch.read()
        peak = None if before is None else peak_memory() - before
        np.save(Path(folder) / f"{side}.npy", to_host(answer))
        del answer
        if not WORKS[work].cold:
            start = time.perf_counter()
            wait(run())
            seconds = time.perf_counter() - start
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


def wait(result):
    """Read one number of a result: a GPU has then finished."""
    if not math.isfinite(float(to_host(result.reshape(-1)[-1:])[0].real)):
        raise ValueError("a result is not finite")


if __name__ == "__main__":
    main(sys.argv[1:])
