"""Doubts about the table of the claims: does it say what they say, and does GitHub see all of its cells?"""

import re
from pathlib import Path

import pytest

from collapse_theory import ledger
from collapse_theory.__main__ import main
from collapse_theory.claims import CLAIMS

README = Path(__file__).parents[1] / "collapse_theory" / "claims" / "README.md"
ROWS = ledger.table().splitlines()


def cells(line):
    """What GitHub makes of a row: a bar parts cells, inside of code too, unless it is escaped."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.removeprefix("|").removesuffix("|"))]


def test_readme_of_the_claims_ends_with_the_table_that_the_command_prints(capsys):
    assert main(["--table"]) == 0
    printed = capsys.readouterr().out
    assert README.read_text(encoding="utf-8").endswith("\n\n" + printed)
    assert printed.splitlines() == ROWS


def test_ctrl_c_is_one_line_and_a_code(capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("collapse_theory.__main__.ledger", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err == "stopped by SIGINT; not all claims were verified\n"


@pytest.mark.parametrize("line", ROWS, ids=range(len(ROWS)))
def test_every_row_has_as_many_cells_as_the_table_has_columns(line):
    assert line.startswith("|")
    assert line.endswith("|")
    assert len(cells(line)) == 4
    assert all(cells(line))


def test_a_row_for_each_claim_in_order():
    for line, claim in zip(ROWS[2:], CLAIMS, strict=True):
        name, statement, sharpness, broken = (cell.replace("\\|", "|") for cell in cells(line))
        stem = claim.__name__.rsplit(".", 1)[-1]
        assert name == f"[`{stem}`]({stem}.py)"
        assert (README.parent / f"{stem}.py").exists()
        assert statement == claim.__doc__.splitlines()[0]
        assert broken == claim.BROKEN_BY
        assert (sharpness == ledger.kind_of(claim)) == (ledger.kind_of(claim) != "inequality")


def test_a_bar_in_a_statement_is_escaped():
    assert sum(line.count("\\|") for line in ROWS) > 0
    assert cells(r"| \|z\|/π | b |") == [r"\|z\|/π", "b"]
    assert len(cells("| |z|/π | b |")) == 4  # what is not escaped would be seen


def test_the_printed_sharpness_is_that_of_the_claim():
    printed = {cells(line)[0]: cells(line)[2] for line in ROWS[2:]}
    for claim in CLAIMS:
        if ledger.kind_of(claim) == "inequality" and isinstance(claim.SHARPNESS, float):
            stem = claim.__name__.rsplit(".", 1)[-1]
            assert float(printed[f"[`{stem}`]({stem}.py)"]) == pytest.approx(claim.SHARPNESS, rel=1e-3)


def test_the_ledger_explains_its_columns_and_says_which_claims_stand(monkeypatch, capsys):
    monkeypatch.setattr(ledger, "CLAIMS", CLAIMS[:1])
    assert main(["--examples", "1"]) == 0
    head, row, _, *legend = capsys.readouterr().out.splitlines()
    assert head.split()[-1] == "ok"
    assert row.split()[-1] == "yes"
    explained = [line.split()[0] for line in legend if line and line[0] != "1"]
    assert explained == ["worst", "predicted", "broken", "ok"]


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert re.fullmatch(r"collapse_theory \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)
