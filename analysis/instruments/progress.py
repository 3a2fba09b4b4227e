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


def training_bar(description, stream=None):
    """A function to call after each step of a training with what `collapse_theory.learned.train` reports.

    On a terminal it moves a tqdm bar; otherwise it prints a line at most every ten seconds, and at the end.
    """
    stream = sys.stderr if stream is None else stream
    return (_TrainingBar if stream.isatty() else _TrainingLog)(description, stream).show


class _TrainingBar:
    def __init__(self, description, stream):
        self.description, self.stream, self.bar = description, stream, None

    def show(self, report):
        if self.bar is None:
            from tqdm import tqdm

            done = report["step"] - 1
            self.bar = tqdm(total=report["steps"], initial=done, desc=self.description, file=self.stream)
        self.bar.set_postfix_str(_measured(report), refresh=False)
        self.bar.update(1)
        if report["step"] == report["steps"]:
            self.bar.close()


class _TrainingLog:
    def __init__(self, description, stream):
        self.description, self.stream, self.last = description, stream, time.monotonic()

    def show(self, report):
        now = time.monotonic()
        if now - self.last >= _SECONDS_BETWEEN_LINES or report["step"] == report["steps"]:
            self.last = now
            steps = f"step {report['step']} of {report['steps']}"
            left = f"{report['seconds_left']:.0f} s left"
            print(f"{self.description}: {steps}, {_measured(report)}, {left}", file=self.stream, flush=True)


def _measured(report):
    return (
        f"epoch {report['epoch']} of {report['epochs']}, loss {report['loss']:.3f}, "
        f"accuracy {100 * report['accuracy']:.1f} %, {report['images_per_second']:.0f} images/s"
    )


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
