"""Doubts about the doubts: each claim against each mutant of the library, caught by its own verification or not met.

`python -m tests.test_mutants` prints the table, with what caught each mutant.
"""

import warnings

import pytest
from hypothesis import settings

from collapse_theory import ledger
from collapse_theory.claims import CLAIMS
from tests.mutants import MUTANTS, modules, mutated, verdict

COLUMNS = dict(zip(("halved", "doubled", "real", "root", "mean", "lowpass", "phase"), MUTANTS, strict=True))
CAUGHT = "caught"
ABSENT = "it does not occur in this claim"
ANY_WAVELET = "it holds for every wavelet, of whatever mean"
ANY_BANK = "it holds for every bank, whatever its normalisation"
EVERY_CHANNEL = "it holds channel by channel, for a channel that is zero too"
EQUAL_LOWPASS = "the two classes have equal low-pass means"
LARGE = "a number that is not zero need only be large"
LENGTH = "only the length of the shift matters, not its direction"
CONJUGATE = "a conjugation keeps sizes and distances"


def row(**reasons):
    """Of each mutant "caught", or the reason why not."""
    return {name: reasons.pop(column, CAUGHT) for column, name in COLUMNS.items()} | reasons


NO_IMAGE = {"mean": ABSENT, "lowpass": ABSENT}
REAL_NUMBERS = NO_IMAGE | {"real": ABSENT, "phase": ABSENT}
TABLE = {
    "translation_turns_the_phase": row(
        real="the modulus measures the deviation, which is real where it is largest", mean=ANY_WAVELET, lowpass=ABSENT
    ),
    "deformation_turns_the_phase_locally": row(mean=ANY_WAVELET, lowpass=ABSENT),
    "collapse_is_stable_to_deformations": row(mean=ANY_WAVELET, lowpass=ABSENT, phase=LENGTH),
    "amplitude_reductions_keep_the_turn": row(lowpass=ABSENT, phase=LENGTH),
    "stationary_means_are_flat": row(
        real="means over an orbit are flat for every function of a coefficient",
        root=ABSENT,
        phase="an orbit holds the shifts of both directions",
    ),
    "gaussian_fields_share_their_sparsity": row(mean=ANY_WAVELET, lowpass=ABSENT, phase=ABSENT),
    "gaussian_pulses_never_raise_the_mean_modulus": row(
        real="only the broken variant takes a modulus, of a real number; elsewhere it is an average over angles",
        mean=ANY_WAVELET,
        lowpass=ABSENT,
        phase=ABSENT,
    ),
    "rectified_rotations_average_to_the_modulus": row(root=ABSENT, phase=ABSENT, **NO_IMAGE),
    "rectifier_is_half_collapse_half_threshold": row(root=ABSENT, **REAL_NUMBERS),
    "opposite_rectifiers_span_number_and_modulus": row(root=ABSENT, **REAL_NUMBERS),
    "rectifier_has_the_modulus_as_mean_harmonic": row(
        root=ABSENT, phase="the harmonics are real parts, even in the phase", **NO_IMAGE
    ),
    "littlewood_paley_bounds_the_energy": row(root=ABSENT, mean=ANY_WAVELET, phase=ABSENT),
    "tight_bank_keeps_the_energy": row(mean=ANY_WAVELET, phase=ABSENT),
    "collapse_turns_variance_into_means": row(mean=ANY_WAVELET, phase=ABSENT),
    "collapse_lowers_within_class_variance": row(mean=ANY_WAVELET, phase=ABSENT),
    "collapse_may_bring_means_closer": row(doubled=LARGE, phase=ABSENT),
    "collapse_keeps_stationary_classes_apart": row(
        real="real parts have equal means: the classes stay exactly as far apart, which is allowed", phase=ABSENT
    ),
    "reductions_keep_zero_means": row(root="whatever divides a channel, it does not turn", mean=ANY_WAVELET),
    "translation_invariance_leaves_a_small_mean": row(lowpass=ABSENT, phase=CONJUGATE),
    "stationary_classes_keep_a_mean_after_a_threshold": row(
        real="what exceeds the threshold is real",
        mean="the image has mean zero, and shows no filter's",
        lowpass=ABSENT,
        phase=CONJUGATE,
    ),
    "soft_threshold_risk_has_a_closed_form": row(**REAL_NUMBERS),
    "thresholds_concentrate_additive_noise": row(**REAL_NUMBERS),
    "reductions_lower_variance": row(mean=ANY_WAVELET, phase=CONJUGATE),
    "reductions_leave_all_energy_in_the_variance": row(root=ABSENT, mean=ANY_WAVELET, lowpass=EVERY_CHANNEL),
    "collapse_and_threshold_do_not_expand": row(root=ABSENT, phase=CONJUGATE, **NO_IMAGE),
    "cascade_expands_by_littlewood_paley": row(mean=ANY_WAVELET),
    "rotation_permutes_angles": row(
        real=ABSENT, root=ABSENT, mean=ANY_WAVELET, lowpass=EVERY_CHANNEL, phase=ABSENT
    ),
    "rotation_conjugates_wrapped_angles": row(
        real=ABSENT, root=ABSENT, mean=ANY_WAVELET, lowpass=EVERY_CHANNEL, phase=ABSENT
    ),
    "shifts_commute_with_subsampling": row(
        real="every pointwise function commutes with shifts",
        root=ABSENT,
        mean=ANY_WAVELET,
        lowpass=EVERY_CHANNEL,
        phase="both sides move the other way",
    ),
    "mean_moduli_ignore_whole_shifts": row(
        root=ABSENT, mean=ANY_WAVELET, lowpass=EVERY_CHANNEL, phase="means are as invariant the other way"
    ),
    "mean_moduli_move_little_between_samples": row(mean=ANY_WAVELET, lowpass=ABSENT, phase=LENGTH),
    "first_collapse_sees_sparsity": row(mean=ANY_WAVELET, lowpass=EQUAL_LOWPASS, phase=ABSENT),
    "second_collapse_sees_more": row(doubled=LARGE, root=ANY_BANK, lowpass=EQUAL_LOWPASS, phase=ABSENT),
}  # fmt: skip
NAMES = [claim.__name__.rsplit(".", 1)[-1] for claim in CLAIMS]
DEEP = settings().max_examples > 1000


def test_the_table_is_full():
    assert list(TABLE) == NAMES
    assert all(list(cells) == list(MUTANTS) for cells in TABLE.values())


def test_every_mutant_is_caught_by_many_claims():
    caught = {mutant: sum(cells[mutant] == CAUGHT for cells in TABLE.values()) for mutant in MUTANTS}
    assert min(caught.values()) >= 4, caught


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_the_cell_tells_the_truth(claim, mutant):
    cell = TABLE[claim.__name__.rsplit(".", 1)[-1]][mutant]
    failure, met = verdict(mutant, claim, examples=40 if DEEP or cell == CAUGHT else 2)
    assert (failure is not None) == (cell == CAUGHT), failure
    assert met == (cell != ABSENT)


def names():
    """What every name of the library stands for."""
    return {(module.__name__, name): value for module in modules() for name, value in vars(module).items()}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_leaves_nothing_behind(mutant):
    before = names()
    with mutated(mutant, CLAIMS[0]):
        during = names()
    after = names()
    assert any(during[key] is not value for key, value in before.items())
    assert all(after[key] is value for key, value in before.items())
    assert not ledger.verify(CLAIMS[0], examples=1).failures


def main():
    """The table in Markdown: what caught each mutant, or why it is not applicable."""
    warnings.simplefilter("error")
    print("| claim | mutant | |\n|---|---|---|")
    for name, claim in zip(NAMES, CLAIMS, strict=True):
        for mutant in MUTANTS:
            failure, _ = verdict(mutant, claim, examples=20)
            finding = f"caught: {failure}" if failure else f"not applicable: {TABLE[name][mutant]}"
            print(f"| {name} | {mutant} | {finding} |")


if __name__ == "__main__":
    main()
