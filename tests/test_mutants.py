"""Doubts about the doubts: each claim against each mutant of the library, caught by its own verification or not met.

`python -m tests.test_mutants` prints the table, with what caught each mutant.
"""

import warnings

import numpy as np
import pytest
from hypothesis import settings

from collapse_theory import ledger
from collapse_theory.claims import CLAIMS
from collapse_theory.claims import collapse_keeps_stationary_classes_apart as apart
from collapse_theory.claims import collapse_turns_variance_into_means as turns
from collapse_theory.claims import iteration_separates_stationary_classes as iteration
from tests.mutants import MUTANTS, NO_MODULI, modules, mutated, verdict, violations

SHORT = ("halved", "doubled", "other", "real", "root", "mean", "lowpass", "phase")
COLUMNS = dict(zip(SHORT, MUTANTS, strict=True))
CAUGHT = "caught"
ABSENT = "it does not occur in this claim"
ANY_WAVELET = "it holds for every wavelet, of whatever mean"
EVERY_CHANNEL = "it holds channel by channel, for a channel that is zero too"
LARGE = "a number that is not zero need only be large"
LENGTH = "only the length of the shift matters, not its direction"
CONJUGATE = "a conjugation keeps sizes and distances"
FLAT = "means over an orbit are flat for every function of a coefficient"
ODD = "a conjugated reduction is another function, and odd as the right one"


def row(rows=1, **reasons):
    """Of each mutant "caught", or the reason why not; a bound of one row has no other side."""
    reasons = ({} if rows == 2 else {"other": ABSENT}) | reasons
    return {name: reasons.pop(column, CAUGHT) for column, name in COLUMNS.items()} | reasons


NO_IMAGE = {"mean": ABSENT, "lowpass": ABSENT}
REAL_NUMBERS = NO_IMAGE | {"real": ABSENT, "phase": ABSENT}
TABLE = {
    "translation_turns_the_phase": row(
        2, real="the modulus measures a deviation that is real where it is largest", mean=ANY_WAVELET, lowpass=ABSENT
    ),
    "deformation_turns_the_phase_locally": row(2, mean=ANY_WAVELET, lowpass=ABSENT),
    "band_limited_images_have_small_gradients": row(2, mean=ANY_WAVELET, lowpass=ABSENT, phase=LENGTH),
    "collapse_is_stable_to_deformations": row(2, mean=ANY_WAVELET, lowpass=ABSENT, phase=LENGTH),
    "amplitude_reductions_keep_the_turn": row(lowpass=ABSENT, phase=LENGTH),
    "stationary_means_are_flat": row(
        real=FLAT,
        root=ABSENT,
        phase="an orbit holds the shifts of both directions",
    ),
    "gaussian_fields_share_their_sparsity": row(mean=ANY_WAVELET, lowpass=ABSENT, phase=ABSENT),
    "gaussian_pulses_never_raise_the_mean_modulus": row(
        2,
        real="only the broken variant takes a modulus, of a real number; elsewhere it is an average over angles",
        mean=ANY_WAVELET,
        lowpass=ABSENT,
        phase=ABSENT,
    ),
    "rectified_rotations_average_to_the_modulus": row(2, root=ABSENT, phase=ABSENT, **NO_IMAGE),
    "rectified_phases_hold_the_number": row(root=ABSENT, **REAL_NUMBERS),
    "rectifier_is_half_collapse_half_threshold": row(root=ABSENT, **REAL_NUMBERS),
    "opposite_rectifiers_span_number_and_modulus": row(root=ABSENT, **REAL_NUMBERS),
    "rectifier_has_the_modulus_as_mean_harmonic": row(
        root=ABSENT, phase="the harmonics are real parts, even in the phase", **NO_IMAGE
    ),
    "phase_harmonics_expand_by_their_order": row(2, root=ABSENT, phase=CONJUGATE, **NO_IMAGE),
    "max_pooling_is_near_a_modulus": row(
        2,
        root="a wave has no spread, and nothing under the root",
        mean=ANY_WAVELET,
        lowpass=ABSENT,
        phase="the phases of a pool have the same gaps the other way",
    ),
    "max_pooling_follows_the_modulus_of_narrow_wavelets": row(
        phase="a pool the other way is one of the image turned by π, of the same law", **NO_IMAGE
    ),
    "littlewood_paley_bounds_the_energy": row(2, root=ABSENT, mean=ANY_WAVELET, phase=ABSENT),
    "tight_bank_keeps_the_energy": row(mean=ANY_WAVELET, phase=ABSENT),
    "collapse_turns_variance_into_means": row(mean=ANY_WAVELET, phase=ABSENT),
    "collapse_may_bring_means_closer": row(doubled=LARGE, phase=ABSENT),
    "collapse_keeps_stationary_classes_apart": row(phase=ABSENT),
    "iteration_separates_stationary_classes": row(phase=ABSENT),
    "every_layer_adds_the_spread_of_its_means": row(phase="it holds for every non-linearity, a conjugated one too"),
    "reductions_keep_zero_means": row(
        root="whatever divides a channel, it does not turn", mean=ANY_WAVELET, lowpass=EVERY_CHANNEL
    ),
    "translation_invariance_leaves_a_small_mean": row(lowpass=EVERY_CHANNEL, phase=CONJUGATE),
    "reductions_add_little_between_classes": row(lowpass="what it loses of B is no increment", phase=CONJUGATE),
    "stationary_classes_keep_a_mean_after_a_threshold": row(
        real="what exceeds the threshold is real",
        mean="the image has mean zero, and shows no filter's",
        lowpass=ABSENT,
        phase=CONJUGATE,
    ),
    "fisher_ratio_alone_is_no_measure": row(doubled=LARGE, phase=ODD),
    "soft_threshold_risk_has_a_closed_form": row(**REAL_NUMBERS),
    "complex_threshold_risk_is_bounded": row(2, **NO_IMAGE),
    "thresholds_concentrate_additive_noise": row(2, **REAL_NUMBERS),
    "reductions_lower_variance": row(mean=ANY_WAVELET, phase=CONJUGATE),
    "collapse_and_threshold_do_not_expand": row(root=ABSENT, phase=CONJUGATE, **NO_IMAGE),
    "cascade_expands_by_littlewood_paley": row(mean=ANY_WAVELET),
    "rotation_permutes_angles": row(
        real=ABSENT, root=ABSENT, mean=ANY_WAVELET, lowpass=EVERY_CHANNEL, phase=ABSENT
    ),
    "rotation_conjugates_wrapped_angles": row(
        real=ABSENT, root=ABSENT, mean=ANY_WAVELET, lowpass=EVERY_CHANNEL, phase=ABSENT
    ),
    "mean_moduli_move_little_between_samples": row(mean=ANY_WAVELET, lowpass=ABSENT, phase=LENGTH),
    "first_collapse_sees_sparsity": row(mean=ANY_WAVELET, phase=ABSENT),
    "deeper_collapses_see_more": row(doubled=LARGE, phase=ABSENT),
}  # fmt: skip

# Of each claim that meets a phase collapse, what it makes of functions that are none; a refusal is no finding.
NON_EXPANSIVE = dict.fromkeys(NO_MODULI, "it holds for every non-expansive function")
AMPLITUDE = "it asks for a number that does not turn, whatever its size"
REFUSED = "it refuses complex numbers in place of moduli"
COMPLEX = {"z": REFUSED, "a soft threshold": REFUSED}
WITHOUT_MODULUS = {
    "band_limited_images_have_small_gradients": {"0": AMPLITUDE, "0.3 |z|": AMPLITUDE},
    "collapse_is_stable_to_deformations": {"0": AMPLITUDE, "0.3 |z|": AMPLITUDE},
    "rectified_rotations_average_to_the_modulus": COMPLEX,
    "opposite_rectifiers_span_number_and_modulus": {},
    "rectifier_has_the_modulus_as_mean_harmonic": COMPLEX,
    "max_pooling_follows_the_modulus_of_narrow_wavelets": {},
    "collapse_turns_variance_into_means": {},
    "collapse_may_bring_means_closer": COMPLEX,
    "collapse_keeps_stationary_classes_apart": {},
    "iteration_separates_stationary_classes": {},
    "every_layer_adds_the_spread_of_its_means": dict.fromkeys(NO_MODULI, "it holds for every non-linearity"),
    "fisher_ratio_alone_is_no_measure": {},
    "stationary_means_are_flat": dict.fromkeys(NO_MODULI, FLAT),
    "mean_moduli_move_little_between_samples": dict.fromkeys(NO_MODULI, "their spatial means move less, or are zero"),
    "collapse_and_threshold_do_not_expand": NON_EXPANSIVE,
    "cascade_expands_by_littlewood_paley": NON_EXPANSIVE,
    "first_collapse_sees_sparsity": {},
    "deeper_collapses_see_more": {},
}
CENTRAL = (turns, apart, iteration)
NAMES = [claim.__name__.rsplit(".", 1)[-1] for claim in CLAIMS]
DEEP = settings().max_examples > 1000


def test_the_table_is_full():
    assert list(TABLE) == NAMES
    assert all(list(cells) == list(MUTANTS) for cells in TABLE.values())


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_the_cell_tells_the_truth(claim, mutant):
    cell = TABLE[claim.__name__.rsplit(".", 1)[-1]][mutant]
    failure, met = verdict(mutant, claim, examples=40 if DEEP or cell == CAUGHT else 2)
    assert (failure is not None) == (cell == CAUGHT), failure
    assert met == (cell != ABSENT)


@pytest.mark.parametrize("mutant", NO_MODULI)
@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_a_claim_sees_that_a_collapse_is_none(claim, mutant):
    """Refusals do not count."""
    name = claim.__name__.rsplit(".", 1)[-1]
    violated, measured, met = violations(mutant, claim, examples=3)
    assert met == (name in WITHOUT_MODULUS)
    reason = WITHOUT_MODULUS.get(name, {}).get(mutant)
    assert (violated > 0) == (met and reason is None)
    assert (measured > 0) == (reason != REFUSED)


@pytest.mark.parametrize("mutant", NO_MODULI)
@pytest.mark.parametrize("claim", CENTRAL, ids=lambda claim: claim.__name__.rsplit(".", 1)[-1])
def test_a_central_claim_fails_each_time_the_collapse_is_none(claim, mutant):
    """With a bank that is tight for complex maps, so that no energy is lost because maps became complex."""
    instances = [claim.hardest(), *(claim.instance(np.random.default_rng(seed)) for seed in range(6))]
    instances = [(x, parameters | {"signals": "complex"}) for x, parameters in instances if gains(x, parameters)]
    assert len(instances) >= 5
    assert all(ledger.error_of(claim, np.asarray, *instance) <= ledger.ROUNDING for instance in instances)
    with mutated(mutant, claim), np.errstate(all="ignore"):
        errors = [ledger.error_of(claim, np.asarray, *instance) for instance in instances]
    assert min(errors) > 1000 * ledger.ROUNDING


def gains(x, parameters):
    """Whether there is anything to turn into means, as not in classes of a single image or of constants."""
    bank = turns.tight_bank(x.shape[-2:], "complex")
    return "moved" in parameters or turns.gain(x, parameters["labels"], bank) > 1e-3


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
