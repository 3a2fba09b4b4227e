"""Doubts about the lead: is its number the least of the worst, are its words the verdicts, are bars true?"""

import re

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from analysis import record
from figures import lead, trained
from figures.lead import Rival, Standing


def rival(value, operation="tanh", measure="between_over_energy"):
    role = "control" if operation == "identity" else "reduction"
    return Rival(operation, role, measure, [value, value - 0.01, value + 0.01])


def standing(word="more", data="mine", value=0.03, control=0.04):
    return Standing(data, "deep", 3, word, rival(value), rival(control, "identity"))


def said(*standings):
    return " ".join(lead.sentence(standings))


def test_one_comparison_is_called_by_its_name():
    assert said(standing()) == (
        "On mine a phase collapse separates class means more than every amplitude reduction and than doing nothing: "
        "at worst its lead is +0.0300 [+0.0200, +0.0400] of the energy of the images, over tanh (setting deep)."
    )


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("less", "On mine a phase collapse separates class means less than an amplitude reduction: at worst"),
        ("undecided", "On mine it is undecided whether a phase collapse separates class means more than"),
        ("no difference", "On mine a phase collapse separates class means as well as the other operations, and no"),
    ],
)
def test_no_verdict_is_told_as_a_victory(word, words):
    assert said(standing(word, value=-0.02)).startswith(words)
    assert "lead is −0.0200 [−0.0300, −0.0100]" in said(standing(word, value=-0.02))
    many = said(standing(), standing("more", "b"), standing(word, "c", value=0.09, control=0.08))
    assert many.startswith("In 2 of 3 comparisons a phase collapse separates class means more")
    assert f"; in 1, on c, {lead._ADDS[word]}: at worst its lead is +0.0800" in many
    assert many.endswith("over the identity (c, setting deep).")


def test_the_number_is_that_of_the_worst_verdict_even_where_another_lead_is_smaller():
    every = [standing("more", value=0.001), standing("undecided", value=0.05), standing("less", "c", value=0.02)]
    assert "lead is +0.0200" in said(*every)


def test_a_difference_of_energy_stands_before_one_of_the_fisher_ratio():
    rows = [
        {"data": "mine", "setting": "deep", "depth": 1, "margin": 0.002, "operation": name, "role": "reduction"}
        | {"difference": {measure: [value, 0.0, 1.0]}}
        | {"evidence": {"operation": name, "role": "reduction", "measure": measure, "value": value}}
        | {"verdict": "undecided"}
        for name, measure, value in (("tanh", "between_over_energy", 0.5), ("unit amplitude", "fisher_trace", 0.1))
    ]
    for row in rows:
        row["evidence"] |= {"error": 1.0, "freedom": 9.0}
    (found,) = lead.standings(rows)
    assert (found.reduction.operation, found.control) == ("tanh", None)
    (found,) = lead.standings(rows[1:])
    assert (found.reduction.operation, found.nearest.measure) == ("unit amplitude", "fisher_trace")
    assert "0.1000 [+0.0000, +1.0000] of the Fisher ratio, over unit amplitude" in said(found)


def test_nothing_measured_is_said_without_a_number():
    empty = Standing("mine", "deep", 1, "undecided", None, None)
    assert lead.sentence([empty]) == (f"On mine {lead._SAYS['undecided']}.", "", "")
    assert lead.table([empty]).count("–") == 2


def test_the_recorded_sentence_and_table_are_what_the_rows_say():
    rows = record.load("separation_across_layers")["rows"]
    last = [row for row in rows if row["evidence"]]
    undecided = [row for row in last if row["verdict"] == "undecided"]
    measure = "between_over_energy"
    least = min((row["difference"][measure] for row in undecided if row["difference"][measure]), key=lambda t: t[0])
    found = lead.standings(rows)
    assert lead.signed(least) in said(*found)
    assert len(found) == len({(row["data"], row["setting"]) for row in rows})
    table = lead.table(found)
    for each in found:
        here = [r for r in last if (r["data"], r["setting"], r["role"]) == (each.data, each.setting, "reduction")]
        best = min((r["difference"][measure] for r in here if r["evidence"]["measure"] == measure), key=lambda t: t[0])
        assert each.reduction.triple == best
        assert lead.signed(best).split(" ", 1)[1] in table
        assert {each.word} == {row["verdict"] for row in here}


def test_many_names_are_cut():
    assert said(*(standing("undecided", name) for name in "abcdef"), standing()).count("a, b, c and 3 more") == 1
    assert "on a, b and c," in said(*(standing("less", name) for name in "abc"), standing())


def test_an_interval_is_drawn_where_its_numbers_are():
    drawn = lead.drawn([0.5, 0.25, 1.0], (-1.0, 1.0))
    places = {name: float(re.search(pattern, drawn)[1]) for name, pattern in _PLACES.items()}
    assert places == {"zero": 60.0, "low": 74.0, "value": 88.0, "high": 116.0}
    assert "nan" not in lead.drawn([0.0, 0.0, 0.0], (0.0, 0.0))


_PLACES = {
    "zero": r'class="zero" d="M([\d.]+)',
    "low": r'<path d="M([\d.]+)',
    "high": r"6H([\d.]+)",
    "value": r'cx="([\d.]+)',
}


def test_networks_are_listed_with_their_accuracy():
    rows = record.load("accuracy_of_learned_networks")["rows"]
    table = lead.networks(rows)
    assert table.count("<tr>") == 1 + len(trained.cells(rows))
    assert "<b>54.5 %</b> <span>[52.3, 56.7]</span>" in table
    assert "small: cifar10, 3,000 images, 4 epochs" in table
    assert "1 seed<" in table
