"""Progress of long work: a bar on a terminal, a line now and then in a log."""

import sys
import time

_SECONDS_BETWEEN_LINES = 10


def bar(total, description, stream=None):
    """A function to call with the number of steps done since the last call, of `total` in all.

    stream : standard error by default

    On a terminal it moves a tqdm bar; otherwise it prints a line at most every ten seconds, and at the end.
    """
    stream = sys.stderr if stream is None else stream
    if stream.isatty():
        from tqdm import tqdm

        return tqdm(total=total, desc=description, file=stream, smoothing=0.1).update
    return _Log(total, description, stream).update


class _Log:
    def __init__(self, total, description, stream):
        self.total, self.description, self.stream = total, description, stream
        self.done, self.start, self.last = 0, time.monotonic(), time.monotonic()

    def update(self, steps):
        self.done += steps
        now = time.monotonic()
        if now - self.last >= _SECONDS_BETWEEN_LINES or self.done >= self.total:
            self.last = now
            print(
                f"{self.description}: {self.done} of {self.total}, {now - self.start:.0f} s",
                file=self.stream,
                flush=True,
            )
