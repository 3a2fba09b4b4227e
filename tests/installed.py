"""The tests of numbers, and what a user types, with the package that a wheel installs, outside of the checkout.

python -m tests.installed                  build, install, try the commands, run the tests of numbers
python -m tests.installed --without-tests  build, install, try the commands
python -m tests.installed --logs FOLDER    and keep the output of the tests in a folder

The source distribution is built from the files of the checkout, the wheel from the source distribution. The wheel goes
to a folder of its own, before all others on the path; its dependencies are those of this environment. The tests are
those of the source distribution, in a third folder, where there is no package of that name. pip brings setuptools.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from .variants import NOT_OF_NUMBERS

ROOT = Path(__file__).parents[1]
PACKAGE = "collapse_theory"
FOLDERS = (PACKAGE, "analysis", "figures", "tests")
# Tests that read the source of the package in the checkout.
OF_SOURCES = ("installed", "own_results", "public_names", "table_of_claims", "types")
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
WHERE = f"import {PACKAGE}; print({PACKAGE}.__file__)"
# Someone with the wheel alone draws the comparison of a folder of images.
DRAW = """
from collapse_theory import comparison, datasets, plot
result = comparison.across_layers(datasets.image_batches("own"), depth=1)
plot.comparison(result).figure.savefig("comparison.pdf")
"""


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code of the tests."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        room, start = Path(name), time.perf_counter()
        wheel = build(room)
        environment = install(wheel, room)
        try_commands(environment, room)
        print(f"built, installed and tried {wheel.name} in {time.perf_counter() - start:.0f} s", flush=True)
        return 0 if options.without_tests else run_tests(environment, room, options.logs)


def build(room):
    """Build the source distribution, and from it the wheel.  Returns the path of the wheel."""
    tools, source = room / "tools", room / "source"
    _run("-m", "pip", "install", "--quiet", "--target", tools, "setuptools>=77")
    copy(source)
    environment = os.environ | {"PYTHONPATH": str(tools)}
    _run("-c", BUILD, "build_sdist", room, cwd=source, environment=environment)
    with tarfile.open(next(room.glob("*.tar.gz"))) as archive:
        archive.extractall(room / "unpacked", filter="data")
    (unpacked,) = (room / "unpacked").iterdir()
    _run("-c", BUILD, "build_wheel", room, cwd=unpacked, environment=environment)
    return next(room.glob("*.whl"))


def copy(target):
    """Copy the files at the top of the checkout and its four folders, without what was made there."""
    left_out = shutil.ignore_patterns("__pycache__", "drawn", "runs", "build", "*.egg-info")
    target.mkdir()
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, target)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, target / name, ignore=left_out)


def install(wheel, room):
    """Install the wheel into a folder.  Returns the environment of a process that finds it, before any other."""
    site = room / "site"
    _run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel)
    return environment_of(site)


def environment_of(site):
    """Of a process that looks in the folder `site` first."""
    return os.environ | {"PYTHONPATH": str(site), "MPLBACKEND": "Agg"}


def try_commands(environment, room):
    """What a user types.  Raises CalledProcessError if a command fails, ValueError if it does not give what it says."""
    folder = room / "of a user"
    folder.mkdir()
    found = _run("-c", WHERE, cwd=folder, environment=environment)
    if not Path(found.strip()).is_relative_to(room / "site"):
        raise ValueError(f"{PACKAGE}: expected that of the wheel, got {found}")
    script = room / "site" / "bin" / "collapse-theory"
    version = _run(script, "--version", cwd=folder, environment=environment)
    if version.strip() not in {f"{PACKAGE} {path.name.split('-')[1]}" for path in room.glob("*.whl")}:
        raise ValueError(f"--version: expected that of the wheel, got {version}")
    _run(script, "--examples", "1", cwd=folder, environment=environment)
    _run("-c", IMAGES, cwd=folder, environment=environment)
    _run("-c", DRAW, cwd=folder, environment=environment)
    if not (folder / "comparison.pdf").read_bytes().startswith(b"%PDF"):
        raise ValueError("comparison.pdf: expected a file in PDF")


IMAGES = """
import pathlib
import numpy as np
from PIL import Image
for number in range(24):
    pixels = np.random.default_rng(number).integers(256, size=(32, 32), dtype=np.uint8)
    folder = pathlib.Path("own", "left" if number % 2 else "right")
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / f"{number}.png")
"""


def run_tests(environment, room, logs):
    """Run the tests of numbers where there is no checkout.  Returns the exit code of pytest."""
    (source,) = (room / "unpacked").iterdir()
    outside = shutil.copytree(source, room / "outside", ignore=shutil.ignore_patterns(PACKAGE, "*.egg-info", "build"))
    left_out = [f"--ignore=tests/test_{name}.py" for name in (*NOT_OF_NUMBERS, *OF_SOURCES)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *left_out]
    if logs is None:
        return subprocess.run(command, cwd=outside, env=environment).returncode
    Path(logs).mkdir(parents=True, exist_ok=True)
    with open(Path(logs) / "installed.txt", "w", encoding="utf-8") as file:
        return subprocess.run(command, cwd=outside, env=environment, stdout=file, stderr=file).returncode


def _run(*words, cwd=None, environment=None):
    """Run Python with these words, and return what it prints.  Raises CalledProcessError, having printed the error."""
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        done.check_returncode()
    return done.stdout


def _parser():
    says = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m tests.installed", description=says)
    parser.add_argument("--without-tests", action="store_true", help="build, install and try the commands alone")
    parser.add_argument("--logs", metavar="FOLDER", help="where the output of the tests goes (default: shown)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
