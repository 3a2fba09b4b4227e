"""Recorded results: small JSON files with setting, seed, versions, machine and seconds, read back without running."""

import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from collapse_theory import __version__

RESULTS = Path(__file__).parent / "results"
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


def save(name, rows, *, settings, seconds, on, folder=RESULTS, facts=None):
    """Write one result, at once or not at all.  Returns its path.

    rows : list of dicts of plain values
    settings : dict of frozen dataclasses, what was measured
    seconds : wall-clock time of the measurement
    on : array library
    facts : dict of more plain values that were measured of the measurement itself
    """
    record = {
        "name": name,
        "on": on,
        "seconds": round(seconds, 1),
        **(facts or {}),
        "machine": machine(),
        "versions": versions(),
        "settings": {key: asdict(setting) for key, setting in settings.items()},
        "rows": rows,
    }
    path = check_writable(folder) / f"{name}.json"
    unfinished = path.with_suffix(".part")
    unfinished.write_text(_compact(record), encoding="utf-8")
    os.replace(unfinished, path)
    return path


def load(name, folder=RESULTS):
    """A recorded result as a dict.  Raises FileNotFoundError, saying how to make it; ValueError if it is damaged."""
    path = Path(folder) / f"{name}.json"
    command = "python -m tests.benchmarks" if name == "benchmarks" else f"python -m analysis {name}"
    if not path.is_file():
        raise FileNotFoundError(f"no recorded result {path}; make it with: {command}")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        missing = {"rows", "settings", "machine", "seconds"} - set(record)
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); make it again with: {command}") from None
    if missing:
        raise ValueError(f"{path} lacks {', '.join(sorted(missing))}; make it again with: {command}")
    return record


def check_writable(folder):
    """The folder as a Path, made if need be.  Raises OSError, naming it, if nothing can be written there."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise OSError(f"cannot write to the folder {folder}: {error.strerror}") from error
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


def _compact(record):
    """JSON with one row of the table a line: small, and readable in a diff."""
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in record["rows"])
    head = json.dumps({key: value for key, value in record.items() if key != "rows"}, indent=1, ensure_ascii=False)
    return f'{head[:-2]},\n "rows": [\n  {rows}\n ]\n}}\n'
