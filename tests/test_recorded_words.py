"""Doubts about what is said of the recorded comparisons: is every word and number of it in the record?"""

import re
from pathlib import Path

import pytest

pytest.importorskip("skimage")

from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments.layer_table import verdicts

ROWS = record.load(measurement.NAME)["rows"]


def test_recorded_words_follow_from_the_recorded_evidence():
    words = verdicts(ROWS)
    assert len(words) == 15
    assert all(row["verdict"] == words[row["data"], row["setting"]] for row in ROWS)


def test_the_readme_of_the_questions_says_the_recorded_words():
    text = (Path(__file__).parents[1] / "analysis" / "README.md").read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if "python -m analysis separation_across_layers`" in line]
    said = {"cifar10": line.split("; *")[1].split("*")[0], "others": line.split("verdict is *")[1].split("*")[0]}
    assert {row["verdict"] for row in ROWS if row["data"] == "cifar10"} == {said["cifar10"]}
    assert {row["verdict"] for row in ROWS if row["data"] != "cifar10"} == {said["others"]}


def test_the_docstring_says_the_recorded_words_and_numbers():
    rows = [row for row in ROWS if row["setting"] == "deep"]
    said = " ".join(measurement.__doc__.split("What came out", 1)[1].split("A ratio near", 1)[0].split())
    words = [text.split("*")[1] for text in re.split(r"Gaussian against|Textures,|CIFAR-10: ", said)[1:4]]
    recorded = {row["data"]: row["verdict"] for row in rows}
    assert words == [recorded["pulses"], recorded["moved"], recorded["cifar10"]]
    assert recorded["textures"] == recorded["moved"] == recorded["moved, either sign"]
    deepest = {row["data"]: row for row in rows if row["role"] == "collapse"}
    first = [row["between_over_energy"][0] for row in rows if (row["data"], row["role"]) == ("pulses", "collapse")][1:]
    assert "B / E_0 = {:.3f}, {:.3f}, {:.3f} at depths 1, 2, 3".format(*first) in said
    names = ("textures", "moved", "moved, either sign")
    others = [deepest[name]["between_over_energy"][0] for name in names]
    assert "{:.3f}, {:.3f} and {:.3f} at depth 3".format(*others) in said
    cifar = {row["operation"]: row["difference"] for row in rows if row["data"] == "cifar10" and row["depth"] == 3}
    ahead = [cifar[name]["between_over_energy"][0] for name in ("soft threshold", "tanh")]
    assert "by {:.3f} and {:.3f};".format(*ahead) in said
    assert "({1:.4f} to {2:.4f})".format(*cifar["identity"]["between_over_energy"]) in said
    growth = {(row["data"], row["depth"]): row["growth"] for row in rows if row["role"] == "collapse"}
    assert [growth["cifar10", depth][1] > 0 for depth in (1, 2, 3)] == [True, False, False]
    assert all(growth[name, depth][1] > 0 for name in ("pulses", *names) for depth in (1, 2, 3))
