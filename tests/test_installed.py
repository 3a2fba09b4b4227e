"""Doubts about what a wheel holds: every package, its types and a command, and nothing of the checkout beside them?"""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from collapse_theory import __main__ as command
from collapse_theory import __version__
from tests import installed

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_it_holds_every_package_of_the_library_and_no_other():
    files = (ROOT / "collapse_theory").rglob("*.py")
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in files}
    assert {*PROJECT["tool"]["setuptools"]["packages"]} == packages


def test_its_command_is_a_function_that_is_named_in_its_help(monkeypatch, capsys):
    ((name, place),) = PROJECT["project"]["scripts"].items()
    module, function = place.split(":")
    main = getattr(importlib.import_module(module), function)
    assert (name, main) == (command.SCRIPT, command.main)
    for invoked, shown in ((f"/usr/bin/{name}", name), ("__main__.py", "python -m collapse_theory")):
        monkeypatch.setattr(sys, "argv", [invoked, "--version"])
        assert command._parser().prog == shown
        with pytest.raises(SystemExit):
            main()
        assert capsys.readouterr().out == f"collapse_theory {__version__}\n"


def test_what_is_copied_for_a_build_has_no_leftovers(tmp_path):
    installed.copy(tmp_path / "here")
    for file in ("pyproject.toml", "figures/style.py", "analysis/results/benchmarks.json", "tests/places.py"):
        assert (tmp_path / "here" / file).is_file()
    assert not [*(tmp_path / "here").rglob("__pycache__"), *(tmp_path / "here").rglob("*.egg-info")]


def test_a_package_that_is_not_that_of_the_wheel_is_refused(tmp_path):
    """Of the checkout, say, which an editable installation puts on the path."""
    (tmp_path / "site").mkdir()
    environment = installed.environment_of(tmp_path / "site") | {"PYTHONPATH": str(ROOT)}
    with pytest.raises(ValueError, match="expected that of the wheel"):
        installed.try_commands(environment, tmp_path)


def test_a_command_that_fails_is_seen():
    with pytest.raises(subprocess.CalledProcessError):
        installed._run("-c", "raise SystemExit(3)")
    assert installed._run("-c", "print(7)") == "7\n"
