"""Files written atomically, also by several processes at once; files of others are read if regular and bounded."""

import errno
import os
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = [
    "UNFINISHED",
    "bounded_bytes",
    "discard",
    "flush_folder",
    "locked",
    "open_lock",
    "reason",
    "saying",
    "tidy",
    "write_atomically",
    "write_flushed",
]

UNFINISHED = ".unfinished-"  # begins the name of what is being written, or removed
_LOCK = ".lock"


@contextmanager
def locked(folder):
    """Hold the lock of a folder: one process or thread at a time is inside, and the others wait.

    folder : holds the file `.lock`, which stays there: the system frees the lock of a process that ends, however it
        ends, and a file that is removed would be locked by two

    Raises OSError, naming the folder, if nothing can be written there.
    """
    with saying(f"cannot write to the folder {folder}"):
        file = open_lock(Path(folder) / _LOCK)
    with file:  # closing it frees the lock
        _wait_for(file)
        yield


def open_lock(path):
    """Open a file to be locked, made if need be.  Raises OSError if a pipe, a folder or a device is in its place."""
    with saying(Path(path).name):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0), 0o666)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is no regular file")
        return open(descriptor, "a+b", buffering=0)  # so that closing it writes nothing, and cannot fail


def write_atomically(path, content):
    """Write a file atomically, also if the machine stops.

    path : of the file. Its caller is the only one who writes it now: inside of `locked`, or as owner of the folder
    content : bytes, or text, which is written in UTF-8

    Raises OSError, naming the file, if it cannot be written; the one that was there is then intact.
    """
    path = Path(path)
    unfinished = path.with_name(f"{UNFINISHED}{path.name}-{secrets.token_hex(8)}")
    with saying(f"{path} could not be written"):
        for abandoned in path.parent.glob(f"{UNFINISHED}{_literally(path.name)}-*"):
            abandoned.unlink(missing_ok=True)  # by a writer that was killed
        try:
            write_flushed(unfinished, content.encode() if isinstance(content, str) else content)
            os.replace(unfinished, path)
            flush_folder(path.parent)
        finally:
            with suppress(OSError):  # then the next writer removes it
                unfinished.unlink(missing_ok=True)


def write_flushed(path, content):
    """Write bytes and flush them to the disk."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(folder):
    """Flush the names in a folder to the disk; some systems do so by themselves and open no folders."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def bounded_bytes(path, most):
    """The bytes of a regular file, or of one that a link leads to.

    Raises OSError if there is none, without waiting for a pipe or a device, and if it holds more than `most` bytes.
    Memory: what the bytes need, however large `most` is.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except ValueError as error:  # a name that no file can have
        raise OSError(errno.EINVAL, str(error)) from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        if status.st_size > most:
            raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, more than {most:,}")
        return file.read(status.st_size)


def discard(path):
    """Remove a folder. If the process is killed meanwhile, the rest has a name that `tidy` removes."""
    doomed = path if path.name.startswith(UNFINISHED) else path.with_name(UNFINISHED + path.name)
    if doomed != path:
        shutil.rmtree(doomed, ignore_errors=True)
        try:
            os.replace(path, doomed)
        except OSError:
            return
    shutil.rmtree(doomed, ignore_errors=True)


def tidy(folder):
    """Remove what was being written in a folder, or removed from it, when a process was killed."""
    for path in Path(folder).glob(f"{UNFINISHED}*"):
        if path.is_dir() and not path.is_symlink():
            discard(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def saying(what):
    """Raise an error of a file operation inside as an OSError that says `what` failed, and why."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno or errno.EIO, f"{what}: {reason(error)}") from error


def reason(error):
    """Why an operation on a file failed, in words."""
    return "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)


def _literally(name):
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


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
