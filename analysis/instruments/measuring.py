"""A measurement from its start to its record: reproducible, kept on the disk as it goes, resumed where it stopped."""

import json
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict

from collapse_theory.machine import reproducible
from collapse_theory.machine.cores import cores

from .. import record

_KEPT_SECONDS = 30 * 86400


@contextmanager
def measuring(name, *, settings, on, folder, command=list, data=record.NOT_RECORDED):
    """A `Kept` for one measurement. Inside, a call gives the same bits whatever was called before.

    name : of the question
    settings : dict of frozen dataclasses
    on : array library
    folder : of the result
    command : function that gives the words of the command that measures this
    data : identities by name, as in `record.save`
    """
    folder = record.check_writable(folder)
    with reproducible():
        kept = Kept(name, folder, {"settings": settings, "on": on, "data": data}, command)
        if kept:
            print(f"resuming from {len(kept)} results in {kept.path}", file=sys.stderr, flush=True)
        yield kept


class Kept(dict):
    """Results of jobs, each on the disk as soon as it is there, in NAME.unfinished-HASH.json until all is recorded.

    The hash is of everything that the results depend on, as far as it is known: settings, library, data, versions,
    threads. A command that was stopped finds what it had done; any other command does not. What nobody has resumed
    for 30 days is removed by the next command for the same question.
    """

    def __init__(self, name, folder, about, command=list):
        self._name, self._folder, self._about, self.command = name, folder, about, command
        settings = {key: asdict(setting) for key, setting in about["settings"].items()}
        depends_on = [about | {"settings": settings}, record.versions(), cores()]
        self._unfinished = f"{name}.unfinished-{record.digest(depends_on)[:12]}"
        self.path, self._before = folder / f"{self._unfinished}.json", 0.0
        for left in folder.glob(f"{name}.unfinished-*.json"):  # by commands that nobody has given again
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _KEPT_SECONDS:
                    left.unlink()
        if self.path.exists():
            found = record.load(self._unfinished, folder)
            super().__init__((tuple(row["job"]), row["result"]) for row in found["rows"])
            self._before = found["seconds"]
        self._start = time.perf_counter()

    @property
    def seconds(self):
        """How long the measurement took so far, over all its lives."""
        return self._before + time.perf_counter() - self._start

    def __setitem__(self, job, result):
        super().__setitem__(job, json.loads(json.dumps(result)))
        row = {"job": list(job), "result": result}
        self._save(self._unfinished, [row], keep=lambda old: old["job"] != row["job"])

    def record(self, rows, facts=None):
        """Record the whole, and remove what was kept.  Returns the rows.

        facts : dict of more that is recorded, as in `record.save`
        """
        self._save(self._name, rows, facts={"command": self.command()} | (facts or {}))
        self.forget()
        return rows

    def forget(self):
        """Remove what was kept."""
        self.path.unlink(missing_ok=True)

    def _save(self, name, rows, **options):
        return record.save(name, rows, seconds=self.seconds, folder=self._folder, **self._about, **options)
