"""Ctrl-C and the signals that end a process, as exceptions that wait for the end of a step."""

import signal
import threading
from contextlib import contextmanager

__all__ = ["Interruption", "add_note"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def add_note(error, note):
    """Add a note to an exception."""
    try:
        text = str(error)
    except Exception:  # it may be of anybody's class
        text = ""
    if note != text:
        error.add_note(note)


class Interruption:
    """While its `with` statement lasts, signals raise: KeyboardInterrupt, or SystemExit with status 128 + the signal.

    Inside `held` one signal waits for the end; a second one does not. A handler that was there before is called
    instead; a signal that was ignored stays ignored. Outside of the main thread nothing is changed.
    """

    def __init__(self):
        self._before, self._held, self._waiting = {}, False, None

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                before = signal.getsignal(number)
                if before not in (None, signal.SIG_IGN):
                    self._before[number] = before
                    signal.signal(number, self._arrived)
        return self

    def __exit__(self, *_):
        for number, before in self._before.items():
            signal.signal(number, before)
        if self._waiting is not None:  # what it waited for has failed
            signal.raise_signal(self._waiting)

    @contextmanager
    def held(self):
        """A signal waits for the end of this, unless it ends by an exception.

        Raises at that end what the signal raises: KeyboardInterrupt or SystemExit.
        """
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._waiting is not None:
            number, self._waiting = self._waiting, None
            self._act(number, None)

    def _arrived(self, number, frame):
        if self._held and self._waiting is None:
            self._waiting = number
        else:
            self._act(number, frame)

    def _act(self, number, frame):
        before = self._before[number]
        if callable(before):
            before(number, frame)
        else:
            raise SystemExit(128 + number)
