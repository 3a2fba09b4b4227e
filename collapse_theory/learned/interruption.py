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
    patient : whether every signal waits for `act`
    """

    def __init__(self, *, patient=False):
        self._before, self._held, self._waiting, self._patient = {}, False, None, patient

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
        if self._waiting is not None and not self._patient:
            self.act(self._waiting)

    @property
    def waiting(self):
        """The signal that waits; 0 for none."""
        return self._waiting or 0

    def act(self, number):
        """Raise what this signal raises, whether it came to this process or to another; none waits any more."""
        self._waiting = None
        self._act(number, None)

    def _arrived(self, number, frame):
        if self._patient or (self._held and self._waiting is None):
            self._waiting = number
        else:
            self._act(number, frame)

    def _act(self, number, frame):
        before = self._before.get(number, signal.default_int_handler if number == signal.SIGINT else None)
        if callable(before):
            before(number, frame)
        else:
            raise SystemExit(128 + number)
