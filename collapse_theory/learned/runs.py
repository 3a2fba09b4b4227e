"""The folder of a run: what is run, its metrics, its checkpoints; for one process at a time.

FOLDER/run.json        what is run, written first and never changed
FOLDER/metrics.jsonl   one JSON object a line
FOLDER/checkpoints/    see `checkpoints`
FOLDER/lock            held by the process that trains; free again when it ends, however it ends
"""

import json
import os
from pathlib import Path

from .checkpoints import write_atomically

__all__ = ["RunFolder", "RunFolderInUse"]


class RunFolderInUse(RuntimeError):
    """Another process is training in this run folder."""


class RunFolder:
    """A run folder, locked while the `with` statement lasts.

    path : of the folder, made if need be
    identity : dict of plain values that say what is run; a folder of another run is refused
    tensorboard : also write scalars for TensorBoard, if it is installed

    Raises RunFolderInUse; ValueError, naming the first difference, for the folder of another run; OSError if nothing
    can be written there.
    """

    def __init__(self, path, identity, *, tensorboard=True):
        self.path, self.identity = Path(path), json.loads(json.dumps(identity))
        self.checkpoints = self.path / "checkpoints"
        self._metrics = self.path / "metrics.jsonl"
        self._tensorboard, self._lock, self._file, self._board = tensorboard, None, None, None

    def __enter__(self):
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.path / "lock", "a+")
        except OSError as error:
            raise OSError(error.errno, f"cannot write to the run folder {self.path}: {error.strerror}") from error
        try:
            self._take_lock()
            self._claim()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, *_):
        for open_file in (self._file, self._board, self._lock):
            if open_file is not None:
                open_file.close()

    def start_metrics(self, step):
        """Keep the metrics up to this step, drop what a stopped run wrote after it, and go on from there."""
        kept = [json.dumps(line) for line in self.metrics() if line.get("step", step + 1) <= step]
        write_atomically(self._metrics, "".join(f"{line}\n" for line in kept))
        self._file = open(self._metrics, "a", encoding="utf-8")  # noqa: SIM115
        self._board = _board(self.path, step) if self._tensorboard else None

    def log(self, line):
        """Append one dict of plain values, with its "step" and its "kind"."""
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in line.items():
                if isinstance(value, float):
                    self._board.add_scalar(f"{line['kind']}/{name}", value, line["step"])

    def flush(self):
        """Bring the metrics to the disk: a checkpoint must not be newer than they are."""
        os.fsync(self._file.fileno())

    def metrics(self):
        """The lines written so far, as dicts; a line that was torn when the run was stopped is left out."""
        if not self._metrics.is_file():
            return []
        return [line for line in map(_parsed, self._metrics.read_text(encoding="utf-8").splitlines()) if line]

    def _take_lock(self):
        import fcntl  # not on every system that the rest of the package runs on

        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            owner = self._lock.read().strip() or "unknown"
            raise RunFolderInUse(f"the run folder {self.path} is in use by process {owner}") from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def _claim(self):
        """Write what is run, or compare it with what the folder is for."""
        path = self.path / "run.json"
        if not path.is_file():
            write_atomically(path, json.dumps(self.identity, indent=1))
            return
        found = _parsed(path.read_text(encoding="utf-8"))
        if not found:
            raise ValueError(f"{path} is damaged; it said what the run is, so remove it only if you know")
        difference = _first_difference(found, self.identity)
        if difference:
            raise ValueError(f"the run folder {self.path} is of another run: {difference}; name another folder")


def _parsed(text):
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _first_difference(there, here, name=""):
    """In words, the first value in which two nested dicts differ, or None."""
    if there == here:
        return None
    if not (isinstance(there, dict) and isinstance(here, dict)):
        return f"{name} is {_short(there)} there and {_short(here)} here"
    for key in dict.fromkeys([*there, *here]):
        found = _first_difference(there.get(key), here.get(key), f"{name}, {key}".removeprefix(", "))
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
