"""Doubts about the numbers of a page: are cells short and honest, does CSV have all digits, and no formula?"""

import csv
import io

import pytest

pytest.importorskip("sklearn")

from analysis import record
from figures import numbers


def test_cells_are_short_and_honest():
    assert numbers.cell([0.12345, 0.1, 0.2]) == "0.123 <small>[0.100, 0.200]</small>"
    assert numbers.cell([0.12345, 0.1, 0.2], 1, 4) == "0.1235 <small>[0.1000, 0.2000]</small>"
    assert numbers.cell([-0.0000001, -0.1, 0.3], 100) == "0.0 <small>[-10.0, 30.0]</small>"
    assert numbers.cell([0.5, 0.4, 1.0], 100, 1) == "50.0 <small>[40.0, 100.0]</small>"
    assert numbers.cell([0.5, None, None]) == "0.500"
    assert numbers.cell(None) == "–"
    assert numbers.cell(1030.4) == "1,030"
    assert numbers.cell(1537482) == "1,537,482"
    assert numbers.cell(3.4e-16) == "3.4e-16"
    assert numbers.cell(0.0) == "0.000"
    assert numbers.cell("a<b>") == "a&lt;b&gt;"


@pytest.mark.parametrize("name", numbers.COLUMNS)
def test_every_column_is_in_the_rows(name):
    rows = record.load(name)["rows"]
    assert [field for field in numbers.COLUMNS[name] if not any(field in row for row in rows)] == []
    table = numbers.table(name, rows)
    assert table.count("<tr>") == 1 + len(rows)
    assert table.count("<td") == len(rows) * len(numbers.COLUMNS[name])


def test_csv_has_every_digit_of_every_row():
    rows = record.load("separation_across_layers")["rows"]
    found = [*csv.DictReader(io.StringIO(numbers.as_csv(rows)))]
    assert len(found) == len(rows)
    for row, line in zip(rows, found, strict=True):
        assert (line["data"], line["setting"], line["operation"]) == (row["data"], row["setting"], row["operation"])
        ends = ("fisher_trace", "fisher_trace low", "fisher_trace high")
        assert [float(line[end]) if line[end] else None for end in ends] == (row["fisher_trace"] or [None] * 3)
        if row["difference"] and row["difference"]["between_over_energy"]:
            assert float(line["difference.between_over_energy high"]) == row["difference"]["between_over_energy"][2]


def test_csv_leaves_out_pictures_and_tells_names_from_formulas():
    rows = [{"name": '=1+"1"', "picture": [[1, 2], [3, 4]], "pixels": [4, 5]}, {"name": "a, b\n", "more": -1.5}]
    text = numbers.as_csv(rows)
    assert text.splitlines()[0] == "name,pixels 0,pixels 1,more"
    first, second = csv.DictReader(io.StringIO(text))
    assert first == {"name": '\'=1+"1"', "pixels 0": "4", "pixels 1": "5", "more": ""}
    assert (second["name"], second["more"]) == ("a, b\n", "-1.5")
