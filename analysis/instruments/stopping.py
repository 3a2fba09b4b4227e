"""A command that is told to stop ends as if by Ctrl-C: nobody is left at work, and one line says so."""

import signal
import sys
import threading
from contextlib import contextmanager

UNFINISHED = 75  # the exit code of a command that ended before its work did, as it was asked to (EX_TEMPFAIL)
_EXTRAS = {"torch": "torch", "safetensors": "torch", "sklearn": "figures", "skimage": "figures", "PIL": "figures"}
_EXTRAS |= {"matplotlib": "figures", "tqdm": "figures", "pdoc": "docs"}
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """The signal that asked for it, as the argument."""


def answered(function, after_stop="the same command resumes with what is left"):
    """The exit code of `function()`; an error that is a sentence is printed as one line, and so is a stop.

    after_stop : what is so once it was stopped, in words
    """
    try:
        with _signals_stop():
            return function()
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        hint = f'; pip install -e ".[{_EXTRAS[package]}]" brings it' if package in _EXTRAS else ""
        print(f"error: {error}{hint}", file=sys.stderr)
        return 2
    except (ValueError, ArithmeticError, OSError, ImportError, RuntimeError, MemoryError) as error:
        print(f"error: {_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        number = error.args[0] if error.args else signal.SIGINT
        print(f"stopped by {signal.Signals(number).name}; {after_stop}", file=sys.stderr)
        return 128 + number


def _sentence(error):
    """What an error says, without the number that the system gave it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


@contextmanager
def _signals_stop():
    """While inside, SIGTERM and SIGHUP raise `Stopped`, unless they are ignored, as `nohup` asks for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in before:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number, frame):
    raise Stopped(number)
