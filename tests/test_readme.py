"""Doubts about the README: does its code run, and do its tables say what the package holds?"""

import re
from pathlib import Path

import pytest

from collapse_theory.claims import CLAIMS
from collapse_theory.ledger import kind_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title):
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text):
    """Cells of each row of the first table of a section."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_its_scripts_on_arrays_run_one_after_the_other(capsys):
    pytest.importorskip("sklearn")
    scripts = re.findall(r"```python\n(.*?)```", section("Use it on your own arrays"), re.DOTALL)
    assert len(scripts) == 3
    names = {}
    for script in scripts:
        exec(script, names)
    assert names["s"].shape == (60, 1, 217, 4, 4)
    assert len(capsys.readouterr().out.splitlines()) == 3 + 2


def test_its_table_of_claims_is_the_ledger_in_order():
    table = rows(section("The claims"))
    assert len(table) == len(CLAIMS)
    for (name, statement, sharpness, broken), claim in zip(table, CLAIMS, strict=True):
        path = claim.__name__.replace(".", "/") + ".py"
        assert name == f"[`{Path(path).stem}`]({path})"
        assert statement == claim.__doc__.splitlines()[0]
        assert sharpness == printed_sharpness(claim)
        assert broken


def printed_sharpness(claim):
    if kind_of(claim) != "inequality":
        return kind_of(claim)
    if isinstance(claim.SHARPNESS, tuple):
        return "{:g} to {:g}".format(*claim.SHARPNESS)
    return f"{claim.SHARPNESS:.4g}"


def test_its_local_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_its_table_of_files_names_every_part_of_the_package():
    named = set(re.findall(r"`([^`]+?)(?:\.py|/)`", section("What is in which file")))
    there = {path.stem for path in (ROOT / "collapse_theory").iterdir() if not path.name.startswith("__")}
    assert there - {"README"} <= named
