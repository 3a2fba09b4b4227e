"""Every claim holds everywhere, comes as close to its bound as its proof says, and fails without its hypothesis."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_theory import ledger
from collapse_theory.__main__ import main
from collapse_theory.arrays import to_host
from collapse_theory.claims import CLAIMS, deformation_turns_the_phase_locally, translation_turns_the_phase
from collapse_theory.claims import deeper_collapses_see_more as deeper
from collapse_theory.claims import iteration_separates_stationary_classes as iteration
from collapse_theory.claims import littlewood_paley_bounds_the_energy as littlewood
from collapse_theory.claims import translation_invariance_leaves_a_small_mean as small
from collapse_theory.wavelets import FilterBank
from tests.places import NUMPY

TURNS = (translation_turns_the_phase, deformation_turns_the_phase_locally)


def named(claim):
    return claim.__name__.rsplit(".")[-1]


def of_kind(*kinds):
    return pytest.mark.parametrize("claim", [c for c in CLAIMS if ledger.kind_of(c) in kinds], ids=named)


def margin_of(claim, lift, x, parameters):
    """Largest deviation − bound of an inequality at one instance, in units of the largest bound; 0 if rounding."""
    x = lift(x)
    left, right = (to_host(side(x, **parameters)) for side in (claim.deviation, claim.bound))
    excess, host = float(np.max(left - right)), to_host(x)
    size = np.max(np.abs(host), initial=0.0) ** getattr(claim, "DEGREE", 1)  # 1, unless both sides are of another
    rounding = 20 * float(np.finfo(host.dtype).eps * size)
    return 0.0 if abs(excess) <= rounding else excess / (float(np.max(right, initial=0.0)) or 1.0)


ERRORS = {"inequality": margin_of, "identity": ledger.error_of, "witness": ledger.excess_of}


@of_kind("inequality", "identity")
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=max(100, settings().max_examples))
def test_claim_holds_in_every_place(place, claim, seed):
    measure = ERRORS[ledger.kind_of(claim)]
    assert measure(claim, place.lift, *claim.instance(np.random.default_rng(seed))) <= 10 * place.rounding


@of_kind("inequality", "identity")
def test_claim_holds_for_faint_and_huge_images_and_for_none(claim):
    measure, limit = ledger.measure_of(claim)
    for seed, scale in enumerate([1e-150, 0.0, 1e150]):
        x, parameters = claim.instance(np.random.default_rng(seed))
        assert measure(claim, NUMPY.lift, scale * x, parameters) <= limit


@pytest.mark.parametrize("claim", [littlewood, TURNS[0]], ids=named)
@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_a_bound_is_as_sharp_at_every_scale(claim, scale):
    """Squares of faint images are no rounding of zero."""
    x, parameters = claim.hardest()
    ratios = ledger.ratios_of(claim, NUMPY.lift, scale * x, parameters)
    np.testing.assert_allclose(ratios, claim.SHARPNESS, rtol=1e-3)


@of_kind("identity", "witness")
def test_hardest_identity_and_witness_hold_in_every_place(place, claim):
    assert ERRORS[ledger.kind_of(claim)](claim, place.lift, *ledger.lawful(claim)) <= 10 * place.rounding


@of_kind("inequality")
def test_bound_is_as_sharp_as_predicted(claim):
    """Each side of it, where it has two."""
    ratios = ledger.ratios_of(claim, NUMPY.lift, *claim.hardest())
    predicted = claim.SHARPNESS if isinstance(claim.SHARPNESS, list) else [claim.SHARPNESS]
    for ratio, sharpness in zip(ratios, predicted, strict=True):
        low, high = sharpness if isinstance(sharpness, tuple) else 2 * [sharpness]
        assert low * (1 - 1e-3) <= ratio <= high * (1 + 1e-9)


ROWS = [(claim, row) for claim in CLAIMS if isinstance(getattr(claim, "SHARPNESS", 0), list) for row in (0, 1)]


@pytest.mark.parametrize(("claim", "row"), ROWS, ids=lambda part: part if isinstance(part, int) else named(part))
@pytest.mark.parametrize("factor", [0.85, 1.18, 1e9])
def test_no_side_of_a_bound_may_move_alone(monkeypatch, claim, row, factor):
    """Nor vanish: a lower bound of 0 has a ratio of 0."""
    right = claim.bound

    def wrong(x, **parameters):
        value = np.array(right(x, **parameters))
        value[row] *= factor
        return value

    monkeypatch.setattr(claim, "bound", wrong)
    assert "hardest() gives" in " ".join(ledger.verify(claim, examples=0).failures)


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
    assert main(["--examples", "1"]) == 1
    assert "FAILED" in (out := capsys.readouterr().out)
    assert "hardest() gives" in out
    monkeypatch.setattr(claim, "bound", lambda x, **parameters: right(x, **parameters) * 2)
    assert main(["--examples", "1"]) == 1


def a_bound(left, right, sharpness=1.0):
    """A small inequality of its own, whose sides are given."""
    return SimpleNamespace(
        __name__="a_bound",
        __doc__="A bound.",
        SHARPNESS=sharpness,
        BROKEN={"factor": 2.0},
        instance=lambda rng: (np.ones(2), {"factor": 1.0}),
        hardest=lambda: (np.ones(2), {"factor": 1.0}),
        deviation=lambda x, factor: factor * np.asarray(left) * x,
        bound=lambda x, factor: np.asarray(right) * x,
    )


@pytest.mark.parametrize(
    ("left", "right"), [([np.nan, 0.5], [1.0, 1.0]), ([0.5, 1.0], [np.nan, 1.0]), ([np.nan, 1.0], [np.nan, 1.0])]
)
def test_ledger_reports_a_side_that_is_no_number(left, right):
    entry = ledger.verify(a_bound(left, right), examples=2)
    assert entry.worst == np.inf
    assert "instance(numpy.random.default_rng(0))" in entry.failures[0]


def test_ledger_takes_zero_over_zero_for_zero_and_anything_else_over_zero_for_a_violation():
    assert ledger.verify(a_bound([0.0, 1.0], [0.0, 1.0]), examples=2).failures == ()
    assert ledger.verify(a_bound([1e-16, 1.0], [0.0, 1.0]), examples=2).failures == ()
    assert ledger.verify(a_bound([1e-9, 1.0], [0.0, 1.0]), examples=2).worst == np.inf


def test_ledger_pins_each_row_of_a_bound():
    assert ledger.verify(a_bound([0.5, 1.0], [1.0, 1.0], [0.5, 1.0]), examples=2).failures == ()
    for left in ([0.25, 1.0], [0.5, 0.5]):
        (failure,) = ledger.verify(a_bound(left, [1.0, 1.0], [0.5, 1.0]), examples=2).failures[-1:]
        assert "hardest() gives" in failure or "the hypothesis is not needed" in failure


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


WRONG_TURNS = {"conjugated": -1.0, "dropped": 0.0}


@pytest.mark.parametrize("claim", TURNS, ids=named)
@pytest.mark.parametrize("turn", WRONG_TURNS)
def test_hardest_phase_turn_sees_a_turn_the_other_way_and_none(monkeypatch, claim, turn):
    (x, parameters), center = claim.hardest(), FilterBank.center
    monkeypatch.setattr(FilterBank, "center", lambda *options, **names: WRONG_TURNS[turn] * center(*options, **names))
    assert ledger.ratio_of(claim, NUMPY.lift, x, parameters) > 1.5


@pytest.mark.parametrize(("claim", "name"), [(TURNS[0], "translate"), (TURNS[1], "deform")])
def test_hardest_phase_turn_sees_a_motion_the_other_way(monkeypatch, claim, name):
    move = getattr(claim, name)
    monkeypatch.setattr(claim, name, lambda x, shift: move(x, -shift))
    assert ledger.ratio_of(claim, NUMPY.lift, *claim.hardest()) > 1.5


BRIGHT, AMPLITUDE, SMALLER = (*small.rows_and_amplitudes()[:2], small.hardest()[1]["threshold"])
CONSTANT_SOMEWHERE = {
    "rows": BRIGHT,
    "columns": BRIGHT.T,
    "one column": np.eye(12)[:1] * np.ones((12, 1)),
    "constant": np.ones((6, 6)),
    "zero": np.zeros((6, 6)),
}


@pytest.mark.parametrize("x", CONSTANT_SOMEWHERE.values(), ids=CONSTANT_SOMEWHERE)
@pytest.mark.parametrize("threshold", [SMALLER, (SMALLER + AMPLITUDE) / 2, 0.01])
def test_small_mean_holds_where_a_shift_changes_nothing(x, threshold):
    """Such a shift has spread 0 and turn 0: 0/0 is no bound."""
    parameters = {"angles": 4, "depth": 2, "reduction": "soft threshold", "threshold": threshold}
    assert ledger.ratio_of(small, NUMPY.lift, x[None, None], parameters) <= 1


def test_hierarchy_goes_on():
    """To d = 3; in a deep profile to d = 4, 243 channels of 140 twins."""
    deepest = 4 if settings().max_examples > 1000 else 3
    twins, parameters = deeper.witness(deepest)
    numbers = deeper.certificate(twins, **parameters)
    for depth in range(1, deepest + 1):
        assert numbers[f"means at depth {depth}, equal to depth {depth}"] < 1e-13
        assert numbers[f"means at depth {depth + 1}, equal to depth {depth}"] > deeper.LEAST[depth]


@of_kind("inequality", "identity")
def test_claim_holds_for_images_of_zeros(claim):
    x, parameters = claim.hardest()
    measure, limit = ledger.measure_of(claim)
    assert measure(claim, NUMPY.lift, 0 * x, parameters) <= limit


@pytest.mark.parametrize("seed", range(6))
def test_iteration_raises_the_share_of_the_means_strictly(seed):
    """Unless B stays 0, as for a class and its negative, of mean 0."""
    image = np.random.default_rng(seed).normal(size=(1, 1, 5, 4))
    parameters = iteration.hardest()[1]
    for other, separated in ((-image + 2 * image.mean(), False), (2 * image, True)):
        x, labels = np.concatenate([image, other]), np.arange(2)
        samples = iteration.orbits(x)
        between, within = iteration.spreads(samples, np.tile(labels, len(samples) // 2), 2)
        measured, _ = iteration.sides(x, **parameters | {"labels": labels})
        ratios = [between / (between + within), *measured[2::3]]
        assert (np.diff(ratios) > 1e-6).all() if separated else np.max(np.abs(ratios)) < 1e-12
