"""Doubts about records: is every damage refused by the name of the file, and every wrong shape by its field?"""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from analysis import record
from analysis.instruments import tables
from collapse_theory.machine import reproducible
from figures import how_cost_grows, separation_across_layers
from figures.__main__ import NAMES as FIGURES
from tests.benchmarks.table import lines_of

ROOT = Path(__file__).parents[1]
RESULTS = sorted(path.stem for path in record.RESULTS.glob("*.json"))
MISSING = object()
JUNK = (MISSING, None, True, "text", [], {}, [1, 2], -1.5, 10**400, "\ud800", "x" * 5000)


def first(name):
    """A recorded result cut to the rows of its first data set, or to a row of each kind."""
    found = record.load(name)
    rows, of_first = found["rows"], ("setting", "data", "texture", "work")
    if name == "benchmarks":
        rows = list({tuple(row): row for row in rows}.values())
    else:
        rows = [row for row in rows if all(row.get(key) == rows[0].get(key) for key in of_first)]
    return found | {"rows": rows[:2] if name == "what_the_phase_knew" else rows}


def write(folder, name, found):
    (folder / f"{name}.json").write_text(record._sealed(found))


def read(name, folder):
    """Whatever reads such a result, but the drawing."""
    found = record.load(name, folder)
    if name == "benchmarks":
        lines_of(found)
        how_cost_grows.data(folder)
        return
    importlib.import_module(f"analysis.{name}").conclusions(found["rows"])
    if name == separation_across_layers.__name__.split(".")[1]:
        for setting in {row["setting"] for row in found["rows"]}:
            separation_across_layers.data(setting, found["rows"])
    elif name in FIGURES:
        importlib.import_module(f"figures.{name}").data(found["rows"])


@pytest.mark.parametrize("name", RESULTS)
def test_committed_results_are_whole_and_read(name):
    assert record.load(name)["name"] == name


def test_a_result_that_is_too_long_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "few_samples_a_class.json", "wb") as file:
        file.truncate(2**26 + 1)
    with pytest.raises(ValueError, match=r"few_samples_a_class.json cannot be read \(it has 67,108,865 bytes"):
        record.load("few_samples_a_class", tmp_path)


@pytest.mark.parametrize("name", RESULTS)
def test_a_field_of_the_wrong_shape_is_named_or_can_be_read(name, tmp_path):
    found, refused = first(name), 0
    head = [(found, field) for field in found if field != "rows"]
    fields = [(row, field) for row in found["rows"][: 4 if name == "benchmarks" else 1] for field in row]
    for place, field in head + fields:
        kept = place[field]
        for junk in JUNK:
            place[field] = junk
            if junk is MISSING:
                del place[field]
            write(tmp_path, name, found)
            said = refusal(name, tmp_path)
            if said is None:
                read(name, tmp_path)
                continue
            assert f"{name}.json is damaged (" in said
            assert field in said
            assert len(said) < 1000
            refused += 1
        place[field] = kept
    assert refused > 0.5 * len(JUNK) * len(head + fields)


def refusal(name, folder):
    """What is said about a result that is refused; None if it is not."""
    try:
        record.load(name, folder)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "Expecting value"),
        (b"null", "expected an object"),
        (b"false", "expected an object"),
        (b"3", "expected an object"),
        (b"[{}]", "expected an object"),
        (b"[[]]", "expected an object"),
        (b"{}", "lacks sha256"),
        (b'{"sha256": "0", "rows": null}', "rows: expected a list of objects"),
        (b'{"sha256": "0", "rows": [[]]}', "rows: expected a list of objects"),
        (b'{"sha256": "0", "rows": [], "seconds": NaN}', "expected finite numbers, got NaN"),
        (b'{"sha256": "0", "rows": [], "seconds": 1e999}', "Out of range"),
        (b'{"sha256": "0", "rows": []}', "not what was written"),
        (b"[" * 1000 + b"]" * 1000, "nested too deep"),
        (b"[" * 100_000, "nested too deep"),
        (b"\xff{}", "can't decode"),
    ],
)
def test_what_is_no_record_is_refused_by_the_name_of_the_file(tmp_path, content, wrong):
    (tmp_path / "what_the_phase_knew.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"what_the_phase_knew.json is damaged \(") as raised:
        record.load("what_the_phase_knew", tmp_path)
    assert wrong in str(raised.value)


@pytest.mark.parametrize(
    ("name", "change", "wrong"),
    [
        ("separation_across_layers", lambda rows: rows[1:], r"operation 'phase collapse' has depth \[1, 2\]"),
        ("separation_across_layers", lambda rows: [*rows, rows[0]], "the same setting, data, operation, depth as rows"),
        ("few_samples_a_class", lambda rows: [], "rows: expected at least 1 values"),
        ("few_samples_a_class", lambda rows: [rows[0] | {"data": "a\x1b[31m"}], r"rows\[0\].data: expected characters"),
        ("few_samples_a_class", lambda rows: [rows[0] | {"data": "a\nb"}], r"rows\[0\].data: expected characters"),
        ("benchmarks", lambda rows: [rows[0] | {"ceilings": {}, "slope": 1}], r"rows\[0\]: lacks work, on, grows"),
        ("what_the_phase_knew", lambda rows: [{k: v for k, v in r.items() if k != "picture"} for r in rows], "picture"),
        ("accuracy_of_learned_networks", lambda rows: rows * 2, "the same preset, setting as rows"),
    ],
)
def test_a_table_that_is_not_complete_is_refused(tmp_path, name, change, wrong):
    found = first(name)
    write(tmp_path, name, found | {"rows": change(found["rows"])})
    with pytest.raises(ValueError, match=wrong):
        record.load(name, tmp_path)


def test_a_record_under_another_name_is_refused(tmp_path):
    write(tmp_path, "few_samples_a_class", first("few_samples_a_class") | {"name": "benchmarks"})
    with pytest.raises(ValueError, match="name: expected one of 'few_samples_a_class', got 'benchmarks'"):
        record.load("few_samples_a_class", tmp_path)


def test_what_a_reader_would_refuse_is_not_written(tmp_path):
    row = first("few_samples_a_class")["rows"][0]
    with pytest.raises(ValueError, match=r"json was not written: rows\[0\].accuracy\[1\]: expected a finite number"):
        save(tmp_path, row | {"accuracy": [0.5, float("nan"), 1.0]})
    assert not (tmp_path / "few_samples_a_class.json").exists()


def save(folder, row, **options):
    about = {"settings": {}, "seconds": 1.0, "on": "numpy"}
    return record.save("few_samples_a_class", [row], folder=folder, **about, **options)


def test_a_damaged_result_stops_who_would_add_to_it_and_not_who_makes_it_again(tmp_path):
    row = first("few_samples_a_class")["rows"][0]
    path = save(tmp_path, row)
    path.write_text(path.read_text().replace(str(row["accuracy"][0]), "0.99", 1))
    for work in (record.check_kept, lambda name, folder: save(folder, row, keep=lambda old: True)):
        with pytest.raises(ValueError, match=r"few_samples_a_class.json is damaged \(rows\[0\]: not what was written"):
            work("few_samples_a_class", tmp_path)
    save(tmp_path, row)
    assert record.load("few_samples_a_class", tmp_path)["rows"] == [row]


ADDS = """
import sys
from analysis import record
for number in range(5):
    row = {"writer": int(sys.argv[2]), "number": number}
    about = {"settings": {}, "seconds": 1.0, "on": "numpy", "folder": sys.argv[1]}
    record.save("rows", [row], keep=lambda old: True, **about)
"""


def test_processes_that_record_at_once_lose_no_row(tmp_path):
    command = [sys.executable, "-c", ADDS, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    rows = record.load("rows", tmp_path)["rows"]
    pairs = [(row["writer"], row["number"]) for row in rows]
    assert sorted(pairs) == [(writer, number) for writer in range(4) for number in range(5)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "rows.json"]


def test_a_record_says_whether_it_is_reproducible_and_what_is_not_known_is_said_so(tmp_path):
    row = first("few_samples_a_class")["rows"][0]
    save(tmp_path, row)
    assert record.load("few_samples_a_class", tmp_path)["reproducible"] is False
    with reproducible():
        save(tmp_path, row)
    found = record.load("few_samples_a_class", tmp_path)
    assert found["reproducible"] is True
    assert found["threads"] >= 1
    assert found["data_identity"] == tables.NOT_RECORDED
