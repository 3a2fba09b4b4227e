"""Doubts about the versions: is what pyproject allows at least what was tested, and do the lists name the same?"""

import re
import tomllib
from pathlib import Path

from collapse_theory import __version__

ROOT = Path(__file__).parents[1]
# Of these no lowest version is tested: wheels of gigabytes or for a GPU, or what checks or shows how code is written.
NOT_TESTED = {"torch", "safetensors", "cupy-cuda12x", "cupy-cuda13x", "nvidia-cuda-nvrtc", "ruff", "pdoc"}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def lowest_allowed():
    """Lowest version by package, of all that pyproject names with a lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [
        *project["dependencies"],
        *(need for extra in project["optional-dependencies"].values() for need in extra),
    ]
    pairs = [re.fullmatch(r"([\w.-]+)>=([\d.]+)", need) for need in needed]
    return {normal(pair[1]): pair[2] for pair in pairs if pair}


def pinned(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines) if version}


def parts(version):
    numbers = [int(part) for part in version.split(".")]
    return numbers + [0] * (4 - len(numbers))


def test_the_lowest_versions_are_the_ones_that_are_tested():
    allowed = {name: parts(version) for name, version in lowest_allowed().items() if name not in NOT_TESTED}
    assert len(allowed) >= 15
    tested = {name: parts(version) for name, version in pinned("constraints-lowest.txt").items()}
    assert {name: tested.get(name) for name in allowed} == allowed


def test_the_versions_that_are_known_to_work_together_are_allowed():
    known = pinned("constraints.txt")
    for name, version in lowest_allowed().items():
        assert name not in known or parts(known[name]) >= parts(version), name


def test_the_changes_and_the_citation_are_of_this_version_and_of_one_day():
    changes, citation = ((ROOT / name).read_text(encoding="utf-8") for name in ("CHANGELOG.md", "CITATION.cff"))
    version, day = re.search(r"^## (\S+), (.+)$", changes, re.MULTILINE).groups()
    assert version == __version__
    assert f"\nversion: {version}\n" in citation
    assert f"\ndate-released: {day}\n" in citation
