"""Files that are whole or not there, whoever writes beside us and whenever the machine stops."""

import os
import secrets
from contextlib import contextmanager
from pathlib import Path

__all__ = ["locked", "write_atomically"]

_UNFINISHED, _LOCK = ".unfinished-", ".lock"


@contextmanager
def locked(folder):
    """While inside, no other process or thread is inside for the same folder; the others wait.

    folder : holds the file `.lock`, which stays there: the system frees the lock of a process that ends, however it
        ends, and a file that is removed would be locked by two

    Raises OSError, naming the folder, if nothing can be written there.
    """
    try:
        file = open(Path(folder) / _LOCK, "a+b")  # noqa: SIM115
    except OSError as error:
        raise OSError(error.errno, f"cannot write to the folder {folder}: {error.strerror}") from error
    with file:  # closing it frees the lock
        _wait_for(file)
        yield


def write_atomically(path, content):
    """Write a file, at once or not at all, also if the machine stops.

    path : of the file. Its caller is the only one who writes it now: inside of `locked`, or as owner of the folder
    content : bytes, or text, which is written in UTF-8

    Raises OSError, naming the file, if it cannot be written; the one that was there is then intact.
    """
    path = Path(path)
    unfinished = path.with_name(f"{_UNFINISHED}{path.name}-{secrets.token_hex(8)}")
    try:
        for abandoned in path.parent.glob(f"{_UNFINISHED}{_literally(path.name)}-*"):
            abandoned.unlink(missing_ok=True)  # by a writer that was killed
        with open(unfinished, "xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        _flush_names(path.parent)
    except OSError as error:
        raise OSError(error.errno, f"{path} could not be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _literally(name):
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _flush_names(folder):
    """Bring the names in a folder to the disk; some systems do it by themselves and open no folders."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wait_for(file):
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        while True:
            try:
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError:  # it gives up after ten seconds
                continue
    return fcntl.flock(file, fcntl.LOCK_EX)
