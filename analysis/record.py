"""Recorded results: small JSON files with setting, seed, versions, machine and seconds, read back without running.

Each row ends with the sha256 of its content, and the file begins with that of all the rest: a changed or cut number,
line or file is refused. This tells damage, not forgery: who changes a number on purpose can write the sum as well.
"""

import hashlib
import json
import math
import os
import platform
import shlex
import tempfile
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from collapse_theory import __version__
from collapse_theory.files import bounded_bytes, locked, reason, saying, write_atomically
from collapse_theory.machine import is_reproducible
from collapse_theory.machine.cores import cores

from .instruments.shapes import decoded
from .instruments.tables import NOT_RECORDED, check_record

RESULTS = Path(__file__).parent / "results"  # committed
OWN = Path("runs/results")  # ignored by git
_LARGEST_FILE = 2**26  # bytes
_PACKAGES = (
    "numpy",
    "scipy",
    "array-api-compat",
    "scikit-learn",
    "scikit-image",
    "torch",
    "cupy-cuda12x",
    "cupy-cuda13x",
)


def save(name, rows, *, settings, seconds, on, folder=RESULTS, data=NOT_RECORDED, facts=None, keep=None):
    """Write one result, atomically, however many processes write it.  Returns its path.

    rows : list of dicts of plain values
    settings : dict of frozen dataclasses, what was measured
    seconds : wall-clock time of the measurement
    on : array library
    data : dict of what was read, by name of the data: path, images, sha256, verified
    facts : dict of more plain values that were measured of the measurement itself
    keep : of each row that was recorded before, whether it stays; the rows come after those that do. None: no row does

    Raises as `load`, if it is to keep rows and the file is damaged; ValueError, naming the field, if the rows are not
    what is recorded under this name.
    """
    record = {
        "name": name,
        "on": on,
        "seconds": round(seconds, 1),
        **(facts or {}),
        "reproducible": is_reproducible(),
        "threads": cores(),
        "data_identity": data,
        "machine": machine(),
        "versions": versions(),
        "settings": {key: asdict(setting) for key, setting in settings.items()},
    }
    path = _path(name, check_writable(folder))
    with locked(path.parent):
        kept = [row for row in load(name, folder)["rows"] if keep(row)] if keep and path.exists() else []
        written = json.loads(json.dumps(record | {"rows": kept + rows}))
        try:
            check_record(written, name)
            content = _sealed(written)
        except ValueError as error:
            raise ValueError(f"{path} was not written: {error}") from None
        write_atomically(path, content)
    return path


def load(name, folder=RESULTS):
    """A recorded result as a dict.

    Raises FileNotFoundError, saying how to make it; ValueError, naming the file and what is wrong, if it is not what
    was written, or not of the shape that `tables` gives to results of this name.
    """
    path = _path(name, folder)
    command = "python -m tests.benchmarks" if name == "benchmarks" else f"python -m analysis {name.split('.')[0]}"
    if not path.is_file():
        raise FileNotFoundError(f"no recorded result {path}; make it with: {command}")
    try:
        record = _opened(path)
        check_record(record, name)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({reason(error)})") from None
    except RecursionError:
        raise ValueError(f"{path} is damaged (nested too deep); make it again with: {command}") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); make it again with: {command}") from None
    return record


def check_kept(name, folder):
    """Raise as `load` if a result is there and damaged: before the work whose rows are to stand beside its own."""
    if is_there(name, folder):
        load(name, folder)


def is_there(name, folder):
    """Whether there is a recorded result of this name, damaged or not."""
    return _path(name, folder).exists()


def finite(row):
    """A row with None in the place of numbers that are not finite, which JSON has not."""
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}


def add_options(parser):
    """Give a parser the two options that say where results are written."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--out", metavar="FOLDER", default=str(OWN), help="folder to write the result to")
    where.add_argument("--record", action="store_true", help=f"write it to {_shown(RESULTS)}, which is committed")


def folder_to_write(options):
    """The folder that these options name.  Raises as `check_writable`; ValueError if it is RESULTS without --record."""
    if not options.record and os.path.realpath(options.out) == os.path.realpath(RESULTS):
        raise ValueError(f"out: {options.out} holds the committed results, which --record writes")
    return check_writable(RESULTS if options.record else options.out)


def reading(folder):
    """The option of `python -m figures` that reads results of this folder."""
    return "--recorded" if folder == RESULTS else f"--from {shlex.quote(decoded(str(folder)))}"


def _shown(folder):
    """A path as it is typed in the checkout."""
    return os.path.join(*folder.parts[-2:])


def check_writable(folder):
    """The folder as a Path, made if need be.  Raises OSError, naming it, if nothing can be written there."""
    folder = Path(folder)
    with saying(f"cannot write to the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b".")
    return folder


def machine():
    """Processor, cores and system, in words."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"


def versions():
    """Versions of Python and of the packages that a result may depend on."""
    found = {"python": platform.python_version(), "collapse_theory": __version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def digest(value):
    """The sha256 of plain values, in whatever order their fields are written."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _path(name, folder):
    return Path(folder) / f"{name}.json"


def _sealed(record):
    """JSON with one row of the table a line, each with its sum: small, and readable in a diff."""
    sums = [digest(row) for row in record["rows"]]
    head = {key: value for key, value in record.items() if key != "rows"}
    head = json.dumps({"sha256": digest([head, sums])} | head, indent=1)
    rows = ",\n  ".join(json.dumps(row | {"sha256": sum_}) for row, sum_ in zip(record["rows"], sums, strict=True))
    return f'{head[:-2]},\n "rows": [\n  {rows}\n ]\n}}\n'


def _opened(path):
    """What `_sealed` sealed.  Raises ValueError, without the name of the file, if it is anything else."""
    record = json.loads(bounded_bytes(path, _LARGEST_FILE).decode(), parse_constant=_refuse)
    if not isinstance(record, dict):
        raise ValueError("expected an object")
    sealed, rows = record.pop("sha256", None), record.pop("rows", None)
    if sealed is None:
        raise ValueError("lacks sha256")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("rows: expected a list of objects")
    sums = [row.pop("sha256", None) for row in rows]
    for number, (row, sum_) in enumerate(zip(rows, sums, strict=True)):
        if digest(row) != sum_:
            raise ValueError(f"rows[{number}]: not what was written, by its sha256")
    if digest([record, sums]) != sealed:
        raise ValueError("not what was written, by its sha256")
    return record | {"rows": rows}


def _refuse(constant):
    raise ValueError(f"expected finite numbers, got {constant}")
