"""Every claim holds everywhere, comes as close to its bound as its proof says, and fails without its hypothesis."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_theory import ledger
from collapse_theory.__main__ import main
from collapse_theory.claims import CLAIMS
from tests.places import NUMPY


def named(claim):
    return claim.__name__.rsplit(".")[-1]


def is_identity(claim):
    return hasattr(claim, "sides")


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=max(100, settings().max_examples))
def test_claim_holds_in_every_place(place, claim, seed):
    measure = ledger.error_of if is_identity(claim) else ledger.margin_of
    assert measure(claim, place.lift, *claim.instance(np.random.default_rng(seed))) <= 10 * place.rounding


@pytest.mark.parametrize("claim", [c for c in CLAIMS if not is_identity(c)], ids=named)
def test_bound_is_as_sharp_as_predicted(claim):
    ratio = ledger.ratio_of(claim, NUMPY.lift, *claim.hardest())
    low, high = claim.SHARPNESS if isinstance(claim.SHARPNESS, tuple) else 2 * [claim.SHARPNESS]
    assert low * (1 - 1e-3) <= ratio <= high * (1 + 1e-9)


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_claim_fails_without_its_hypothesis(place, claim):
    x, parameters = claim.hardest()
    if is_identity(claim):
        assert ledger.error_of(claim, place.lift, x, parameters | claim.BROKEN) > 1000 * place.rounding
    else:
        assert ledger.ratio_of(claim, place.lift, x, parameters | claim.BROKEN) > 1.01


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_claim_states_proves_and_cites(claim):
    for part in ("Proof.", "Broken:", "Source:"):
        assert part in claim.__doc__


def test_ledger_stands_and_is_written(tmp_path, capsys):
    assert main(["--examples", "3", "--json", str(tmp_path / "ledger.json")]) == 0
    entries = json.loads((tmp_path / "ledger.json").read_text())
    assert [entry["name"] for entry in entries] == [named(claim) for claim in CLAIMS]
    assert f"{len(CLAIMS)} of {len(CLAIMS)} claims stand" in capsys.readouterr().out


def test_ledger_reports_a_claim_that_is_wrong_by_a_factor_two(monkeypatch, capsys):
    claim = next(c for c in CLAIMS if not is_identity(c))
    right = claim.bound
    monkeypatch.setattr(claim, "bound", lambda x, **parameters: right(x, **parameters) / 2)
    assert main(["--examples", "5"]) == 1
    assert "FAILED" in (out := capsys.readouterr().out)
    assert "hardest() gives" in out
    monkeypatch.setattr(claim, "bound", lambda x, **parameters: right(x, **parameters) * 2)
    assert main(["--examples", "5"]) == 1


def test_ledger_names_a_library_that_is_absent_or_a_file_that_cannot_be_written(tmp_path, capsys):
    assert main(["--examples", "1", "--json", str(tmp_path)]) == 2
    assert f"--json {tmp_path}" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--on", "jax"])
    assert "--on" in capsys.readouterr().err
