"""The folder of a run: its description, metrics and checkpoints. One process at a time may use it.

FOLDER/run.json        what is run, with a checksum; written first and never changed
FOLDER/metrics.jsonl   see `metrics`
FOLDER/checkpoints/    see `checkpoints`
FOLDER/best/           the same, of the epoch that did best on the test images
FOLDER/lock            held by the process that trains; free again when it ends, however it ends
"""

import errno
import hashlib
import json
import os
import weakref

from ..arguments import as_path
from ..files import bounded_bytes, open_lock, reason, saying, tidy, write_atomically
from .checkpoints import settle
from .identity import shortened
from .metrics import Metrics

__all__ = ["Elsewhere", "RunFolder", "RunFolderInUse", "first_difference", "what_is_run", "without"]

_FORMAT, _MOST = 2, 2**26  # of run.json: the first had no checksums; bytes
_LOCKS = weakref.WeakSet()


class RunFolderInUse(RuntimeError):
    """Another process is training in this run folder."""


class RunFolder:
    """A run folder, locked while the `with` statement lasts.

    path : of the folder, made if need be; "~" is your home
    identity : dict of plain values that say what is run; a folder of another run is refused, but for one that has fewer
        epochs and is the same in them
    tensorboard : also write scalars for TensorBoard, if it is installed
    threads : number of threads that the run begins with; a resumed run has those of its beginning as `threads`

    Its attribute `moved` may be set to a function that tells which (module, name) of the network a checkpoint
    restores; two runs may differ in these alone.

    Raises RunFolderInUse; ValueError, naming the first difference, for the folder of another run, and for a run.json
    that is damaged or of an earlier version; TypeError for an identity that JSON does not hold; OSError if nothing can
    be written there.
    """

    def __init__(self, path, identity, *, tensorboard=True, threads=None):
        self.path, self.threads = as_path(path).absolute(), threads
        try:
            self.identity = json.loads(json.dumps(identity))
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(f"about: expected plain values, as JSON has them ({error})") from None
        self.checkpoints, self.best = self.path / "checkpoints", self.path / "best"
        self.metrics = self._metrics()
        self._tensorboard, self._lock, self._board, self.moved = tensorboard, None, None, set

    def __enter__(self):
        with saying(f"cannot write to the run folder {self.path}"):
            with saying(self.checkpoints.name):
                self.checkpoints.mkdir(parents=True, exist_ok=True)
            self._lock = open_lock(self.path / "lock")
        _LOCKS.add(self._lock)
        try:
            self._take_lock()
            tidy(self.path)
            for folder in (self.checkpoints, self.best):
                settle(folder)
            self._claim()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, *_):
        for open_file in (self.metrics, self._board, self._lock):
            if open_file is not None:
                open_file.close()

    def start_metrics(self, step, count=0, chain=None):
        """Keep the metrics up to this step, which are so many lines, and append from there.

        Raises as `Metrics.start`.
        """
        self.metrics.start(count, chain)
        self._board = _board(self.path, step) if self._tensorboard else None

    def log(self, line):
        """Append one dict of plain values, with its "step" and its "kind"."""
        self.metrics.append(line)
        if self._board is not None:
            for name, value in line.items():
                if isinstance(value, float):
                    self._board.add_scalar(f"{line['kind']}/{name}", value, line["step"])

    def check_there(self):
        """Raise OSError, saying what is lost, if the folder is no longer where it was: moved, or removed."""
        try:
            if os.path.samestat(os.stat(self.path / "lock"), os.fstat(self._lock.fileno())):
                return
        except (FileNotFoundError, NotADirectoryError):
            pass
        raise OSError(
            errno.ENOENT,
            f"the run folder {self.path} was moved or removed while it was in use: what came after its newest "
            "checkpoint is in the network alone; where the folder is now, the same call resumes from that checkpoint",
        )

    def _metrics(self):
        return Metrics(self.path / "metrics.jsonl", json.dumps(self.identity))

    def _take_lock(self):
        import fcntl  # not on every system that the rest of the package runs on

        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            owner = _owner(self._lock.read(100).decode(errors="replace"))
            raise RunFolderInUse(f"the run folder {self.path} is in use by {owner}") from None
        with saying(f"cannot write to the run folder {self.path}"):
            self._lock.truncate(0)
            self._lock.write(str(os.getpid()).encode())
            self._lock.flush()

    def _claim(self):
        """Write what is run, or compare it with what the folder is for."""
        path = self.path / "run.json"
        if not os.path.lexists(path):
            text = _sealed({"format": _FORMAT, "run": self.identity, "threads": self.threads})
            if len(text) > _MOST:
                raise ValueError(f"about: expected less than {_MOST} characters that say what is run, got {len(text)}")
            write_atomically(path, text)
            return
        found = what_is_run(path)
        here = _as_short_as(found["run"], self.identity)
        difference = first_difference(found["run"], here)
        if difference and difference.startswith("network, "):  # what a checkpoint puts back has moved
            moved = self.moved()
            difference = first_difference(without(found["run"], moved), without(here, moved))
        if difference:
            raise ValueError(f"the run folder {self.path} is of another run: {difference}; name another folder")
        self.identity, self.threads = found["run"], found["threads"]
        self.metrics = self._metrics()


class Elsewhere:
    """A run folder in a process that writes nothing, since another one does.

    path : of the folder
    """

    def __init__(self, path):
        self.path, self.threads, self.metrics, self.moved = as_path(path).absolute(), None, _Unwritten(), set
        self.checkpoints = self.path / "checkpoints"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def log(self, line):
        """Nothing."""

    def check_there(self):
        """Nothing."""


class _Unwritten:
    def read(self):
        return []


def _let_go():
    """Release the lock in a child of a fork: it would hold it until it ends, whatever becomes of the trainer."""
    for lock in list(_LOCKS):
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _owner(text):
    """Who holds a lock, from what is written in it."""
    if not text.strip().isdecimal():
        return "process unknown"
    process = int(text)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return f"a child of process {process}, which has ended itself"
    except PermissionError:
        pass
    return f"process {process}"


def _sealed(found):
    """The text of run.json: with the checksum of all the rest."""
    return json.dumps(found | {"sha256": hashlib.sha256(json.dumps(found).encode()).hexdigest()}, indent=1)


def what_is_run(path):
    """What a run.json holds: "run", its identity, and "threads".

    Raises ValueError unless it is, to the byte, what was written.
    """
    text, found = None, {}
    try:
        text = bounded_bytes(path, _MOST).decode()
        found = json.loads(text)
        if isinstance(found, dict) and text == _sealed({name: found[name] for name in ("format", "run", "threads")}):
            return found
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {reason(error)}") from None
    except (ValueError, KeyError, RecursionError):
        pass
    if isinstance(found, dict) and {"recipe", "data", "architecture"} <= set(found):
        raise ValueError(f"{path} is of an earlier version, whose metrics have no checksums: name another folder")
    raise ValueError(f"{path} is damaged; it said what the run is, so remove it only if you know")


def _as_short_as(there, here):
    """What is run here, with the epochs alone that a shorter run there has, if those that follow do not change them."""
    told, epochs = here.get("recipe"), (there.get("recipe") or {}).get("epochs")
    return here if told is None or epochs is None else here | {"recipe": shortened(told, epochs)}


def without(run, moved):
    """What is run, without these entries of its modules."""
    modules = {m: {k: v for k, v in told.items() if (m, k) not in moved} for m, told in run["network"].items()}
    return run | {"network": modules}


def first_difference(there, here, name=""):
    """In words, the first value in which two nested dicts differ, or None."""
    if json.dumps(there) == json.dumps(here):  # so that NaN is NaN
        return None
    if not (isinstance(there, dict) and isinstance(here, dict)):
        return f"{name} is {_short(there)} there and {_short(here)} here"
    for key in dict.fromkeys([*there, *here]):
        found = first_difference(there.get(key), here.get(key), f"{name}, {key}".removeprefix(", "))
        if found:
            return found
    return None


def _short(value):
    text = "absent" if value is None else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _board(path, step):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(path / "tensorboard", purge_step=step + 1)
