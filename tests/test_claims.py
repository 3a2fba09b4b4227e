"""Every claim holds everywhere, comes as close to its bound as its proof says, and fails without its hypothesis."""

import json
from types import SimpleNamespace

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


def of_kind(*kinds):
    return pytest.mark.parametrize("claim", [c for c in CLAIMS if ledger.kind_of(c) in kinds], ids=named)


ERRORS = {"inequality": ledger.margin_of, "identity": ledger.error_of, "witness": ledger.excess_of}


@of_kind("inequality", "identity")
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=max(100, settings().max_examples))
def test_claim_holds_in_every_place(place, claim, seed):
    measure = ERRORS[ledger.kind_of(claim)]
    assert measure(claim, place.lift, *claim.instance(np.random.default_rng(seed))) <= 10 * place.rounding


@of_kind("identity", "witness")
def test_hardest_identity_and_witness_hold_in_every_place(place, claim):
    assert ERRORS[ledger.kind_of(claim)](claim, place.lift, *ledger.lawful(claim)) <= 10 * place.rounding


@of_kind("inequality")
def test_bound_is_as_sharp_as_predicted(claim):
    ratio = ledger.ratio_of(claim, NUMPY.lift, *claim.hardest())
    low, high = claim.SHARPNESS if isinstance(claim.SHARPNESS, tuple) else 2 * [claim.SHARPNESS]
    assert low * (1 - 1e-3) <= ratio <= high * (1 + 1e-9)


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_claim_fails_without_its_hypothesis(place, claim):
    x, parameters = ledger.lawful(claim)
    for variant in ledger.variants(claim):
        if ledger.kind_of(claim) == "inequality":
            assert ledger.ratio_of(claim, place.lift, x, parameters | variant) > 1.01
        else:
            error = ERRORS[ledger.kind_of(claim)](claim, place.lift, x, parameters | variant)
            assert error > 1000 * place.rounding


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
    claim = next(c for c in CLAIMS if ledger.kind_of(c) == "inequality")
    right = claim.bound
    monkeypatch.setattr(claim, "bound", lambda x, **parameters: right(x, **parameters) / 2)
    assert main(["--examples", "5"]) == 1
    assert "FAILED" in (out := capsys.readouterr().out)
    assert "hardest() gives" in out
    monkeypatch.setattr(claim, "bound", lambda x, **parameters: right(x, **parameters) * 2)
    assert main(["--examples", "5"]) == 1


def witness_that_two_is_prime(required):
    """A small witness of its own: the machinery is doubted even while no claim of the paper needs it."""
    return SimpleNamespace(
        __name__="two_is_prime",
        __doc__="Two is prime, and even.",
        REQUIRED=required,
        BROKEN=({"divisor": 4.0}, {"divisor": 1.5}),
        witness=lambda: (np.array(2.0), {"divisor": 2.0}),
        certificate=lambda x, divisor: {"remainder": x % divisor, "size": x},
    )


@pytest.mark.parametrize("low", [2.0 + 1e-3, np.nan])
def test_ledger_reports_a_witness_whose_numbers_leave_their_intervals(place, low):
    stands = ledger.verify(witness_that_two_is_prime({"remainder": (0.0, 0.0), "size": (1.5, np.inf)}), place.lift, 5)
    assert (stands.kind, stands.instances, stands.failures) == ("witness", 1, ())
    assert stands.broken == 0.5
    fails = ledger.verify(witness_that_two_is_prime({"remainder": (0.0, 0.0), "size": (low, np.inf)}), place.lift, 5)
    assert "witness() gives numbers that leave" in fails.failures[0]
    idle = ledger.verify(witness_that_two_is_prime({"size": (1.5, np.inf)}), place.lift, 5)
    assert "the hypothesis is not needed" in idle.failures[0]


def test_ledger_names_a_library_that_is_absent_or_a_file_that_cannot_be_written(tmp_path, capsys):
    assert main(["--examples", "1", "--json", str(tmp_path)]) == 2
    assert f"--json {tmp_path}" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--on", "jax"])
    assert "--on" in capsys.readouterr().err
