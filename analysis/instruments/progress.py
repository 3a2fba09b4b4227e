"""Progress of long work: a bar on a terminal, a line now and then in a log."""

import sys
import time

_SECONDS_BETWEEN_LINES = 10
_SECONDS_TO_THE_FIRST = 4


def bar(total, description, stream=None):
    """A function to call with the number of steps done since the last call, of `total` in all, and what they were of.

    stream : standard error by default

    On a terminal it moves a tqdm bar; otherwise it prints a line at most every ten seconds, and at the end.
    """
    stream = sys.stderr if stream is None else stream
    if stream.isatty():
        from tqdm import tqdm

        return _Bar(tqdm(total=total, desc=description, file=stream, smoothing=0.1)).update
    return _Log(total, description, stream).update


def training_bar(description, stream=None):
    """A function to call after each step of a training with what `collapse_theory.learned.train` reports.

    On a terminal it moves a tqdm bar; otherwise it prints a line at most every ten seconds, and at the end.
    """
    stream = sys.stderr if stream is None else stream
    return (_TrainingBar if stream.isatty() else _TrainingLog)(description, stream).show


class _Bar:
    def __init__(self, bar):
        self.bar = bar

    def update(self, steps, name=""):
        self.bar.set_postfix_str(name, refresh=False)
        self.bar.update(steps)


class _TrainingBar:
    def __init__(self, description, stream):
        self.description, self.stream, self.bar = description, stream, None

    def show(self, report):
        if self.bar is None:
            from tqdm import tqdm

            done = _told_of_the_start(report, self.stream)
            self.bar = tqdm(total=report["steps"], initial=done, desc=self.description, file=self.stream)
        self.bar.set_postfix_str(_measured(report), refresh=False)
        self.bar.update(1)
        if report["step"] == report["steps"]:
            self.bar.close()


class _TrainingLog:
    def __init__(self, description, stream):
        self.description, self.stream, self.started = description, stream, False
        self.last = time.monotonic() - _SECONDS_BETWEEN_LINES + _SECONDS_TO_THE_FIRST

    def show(self, report):
        if not self.started:
            self.started = True
            _told_of_the_start(report, self.stream)
        now = time.monotonic()
        if now - self.last >= _SECONDS_BETWEEN_LINES or report["step"] == report["steps"]:
            self.last = now
            steps = f"step {report['step']} of {report['steps']}"
            left = f"{report['seconds_left']:.0f} s left"
            print(f"{self.description}: {steps}, {_measured(report)}, {left}", file=self.stream, flush=True)


def _told_of_the_start(report, stream):
    """The steps that were done before, after a line that says so where there are any."""
    done = report["step"] - 1
    if done:
        print(f"resuming from step {done}", file=stream, flush=True)
    return done


def _measured(report):
    return (
        f"epoch {report['epoch']} of {report['epochs']}, loss {report['loss']:.3f}, "
        f"accuracy {100 * report['accuracy']:.1f} %, {report['images_per_second']:.0f} images/s"
    )


class _Log:
    def __init__(self, total, description, stream):
        self.total, self.description, self.stream = total, description, stream
        self.done, self.start, self.last = 0, time.monotonic(), time.monotonic()

    def update(self, steps, name=""):
        self.done += steps
        now = time.monotonic()
        if now - self.last >= _SECONDS_BETWEEN_LINES or self.done >= self.total:
            self.last = now
            print(
                f"{self.description}: {self.done} of {self.total}, {now - self.start:.0f} s" + (name and f", {name}"),
                file=self.stream,
                flush=True,
            )
