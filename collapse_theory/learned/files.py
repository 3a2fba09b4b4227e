"""Files that are whole or not there, and reading those of others: of regular files, no more than so many bytes."""

import errno
import os
import shutil
import stat
from pathlib import Path

__all__ = [
    "UNFINISHED",
    "bounded_bytes",
    "discard",
    "flush_folder",
    "reason",
    "tidy",
    "write_atomically",
    "write_flushed",
]

UNFINISHED = ".unfinished-"  # begins the name of what is being written, or removed


def write_atomically(path, text):
    """Write a text file, at once or not at all, also if the machine stops."""
    unfinished = path.with_name(UNFINISHED + path.name)
    write_flushed(unfinished, text.encode())
    os.replace(unfinished, path)
    flush_folder(path.parent)


def write_flushed(path, content):
    """Write bytes and bring them to the disk."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(folder):
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def bounded_bytes(path, most):
    """The bytes of a regular file, or of one that a link leads to.

    Raises OSError if there is none: a pipe or a device is not waited for; or if it holds more than `most` bytes.
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
            raise OSError(errno.EFBIG, f"it has {status.st_size} bytes, more than {most}")
        return file.read(most)


def discard(path):
    """Remove a folder; killed meanwhile, it has another name than before, which `tidy` knows."""
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


def reason(error):
    """Why an operation on a file failed, in words."""
    return "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
