"""Doubts about the README: does its code run, and do its tables say what the package holds?"""

import re
import shlex
from pathlib import Path

import pytest

from analysis import record
from analysis.separation_across_layers import conclusions
from collapse_theory.claims import CLAIMS
from collapse_theory.ledger import kind_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title):
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text):
    """Cells of each row of the first table of a section; a bar in a cell is escaped, as Markdown asks."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|")) for line in lines[2:]]
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in cells]


def test_its_scripts_on_arrays_run_one_after_the_other(capsys):
    pytest.importorskip("sklearn")
    scripts = re.findall(r"```python\n(.*?)```", section("Use it on your own arrays"), re.DOTALL)
    assert len(scripts) == 3
    names = {}
    for script in scripts:
        exec(script, names)
    assert names["s"].shape == (60, 1, 217, 4, 4)
    assert len(capsys.readouterr().out.splitlines()) == 3 + 2


def test_its_first_numbers_are_the_recorded_ones():
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL).group(1)
    recorded = conclusions(record.load("separation_across_layers")["rows"])
    assert shown.splitlines() == [line.rstrip() for line in recorded]


def test_its_script_trains_and_audits_a_network(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)
    (script,) = re.findall(r"```python\n(.*?)```", section("Train the networks"), re.DOTALL)
    names = {}
    exec(script, names)
    assert names["outcome"].finished
    assert (tmp_path / "runs" / "mine" / "checkpoints" / "LATEST").is_file()
    assert len(capsys.readouterr().out.splitlines()) == 1 + 4


def test_its_commands_and_presets_of_training_are_understood():
    pytest.importorskip("sklearn")
    from analysis import accuracy_of_learned_networks as question
    from analysis.__main__ import parser_of
    from analysis.accuracy_of_learned_networks import NAME, PRESETS, setting_of

    text = section("Train the networks")
    commands = [shlex.split(line)[3:] for line in text.splitlines() if line.startswith("python -m analysis")]
    assert [name for name, *_ in commands] == [NAME] * 3
    smoke, small, paper = (setting_of(parser_of(question).parse_args(options)) for _, *options in commands)
    assert (smoke.label, smoke.data) == ("phase collapse", "textures")
    assert (small.label, small.width) == ("soft threshold, skip, equal terms", 1 / 4)
    assert (paper.label, paper.recipe) == ("phase collapse, skip", PRESETS["paper"].recipe)
    assert [row[0].strip("`") for row in rows(text.split("\n| network, ", 1)[0])] == list(PRESETS)


def test_its_accuracies_are_the_recorded_ones():
    """Of the preset `small`; a row that waits for its number says so."""
    table = section("Train the networks").split("\n| network, ", 1)[1]
    shown = {name: cells for name, *cells in rows("| " + table)}
    recorded = [row for row in record.load("accuracy_of_learned_networks")["rows"] if row["preset"] == "small"]
    assert recorded
    for row in recorded:
        accuracy = "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * share for share in row["accuracy"]))
        dead = [percents(row[key].values()) for key in ("zeros_at_start", "zeros")]
        assert shown[row["network"]] == [accuracy, *dead, f"{row['seconds'] / 60:.0f}"]


def percents(shares):
    if not shares:
        return "none"
    low, high = (f"{100 * share:.0f}" for share in (min(shares), max(shares)))
    return low if low == high else f"{low} to {high}"


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
    rows = claim.SHARPNESS if isinstance(claim.SHARPNESS, list) else [claim.SHARPNESS]
    return ", ".join("{:g} to {:g}".format(*s) if isinstance(s, tuple) else f"{s:.4g}" for s in rows)


def test_its_local_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_questions_and_figures_are_all_in_the_table_of_their_folder():
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    from analysis.__main__ import QUESTIONS
    from figures.__main__ import NAMES

    questions, figures = ((ROOT / name / "README.md").read_text(encoding="utf-8") for name in ("analysis", "figures"))
    asked = [row[1].strip("`") for row in rows(questions.split("\n## ")[0])]
    assert asked == [f"python -m analysis {name}" for name in QUESTIONS]
    assert [row[0].strip("`") for row in rows(figures)] == list(NAMES)


@pytest.mark.parametrize("folder", ["analysis", "figures", "tests/benchmarks"])
def test_commands_in_the_readme_of_a_folder_are_understood(folder):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    from analysis import __main__ as analysis
    from figures import __main__ as figures
    from tests.benchmarks import __main__ as benchmarks

    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    lines = [shlex.split(line, comments=True)[2:] for line in text.splitlines() if line.startswith("python -m ")]
    assert lines
    for module, *words in lines:
        if module == "analysis":
            analysis.parser_of(analysis._question(words[0])).parse_args(words[1:])
        else:
            {"figures": figures, "tests.benchmarks": benchmarks}[module]._parser().parse_args(words)


def test_its_table_of_files_names_every_part_of_the_package():
    named = set(re.findall(r"`([^`]+?)(?:\.py|/)`", section("What is in which file")))
    there = {path.stem for path in (ROOT / "collapse_theory").iterdir() if not path.name.startswith("__")}
    assert there - {"README"} <= named
