"""The statements of the theory, one module each, in the order of the paper.

The docstring of a claim is its statement, its hypotheses and its proof; the code is its sides. Every claim has

    BROKEN            parameters that remove a hypothesis, or a tuple of several: each of them violates the statement
    BROKEN_BY         the same in a few words, for the table

An inequality and an identity define

    instance(rng)     one host array and a dict of parameters that satisfy the hypotheses
    hardest()         the lawful instance that comes closest to the bound, or says most; BROKEN acts on it

an inequality moreover

    deviation(x, **parameters) <= bound(x, **parameters)
    SHARPNESS         deviation / bound at hardest(), from the proof; an interval where the proof gives none. A list
                      has one for each row of the first axis; each side of a bound from below and above has a row
    DEGREE            2 where the sides are squares of what `x` is: so much is rounding of them; left out, it is 1

Degenerate instances, such as constant images, are lawful unless a hypothesis excludes them: a deviation that is NaN, or
not zero where the bound is, is a failure.

and an identity

    sides(x, **parameters)    two arrays that are equal to rounding, relative to the larger of their maxima

A witness shows that something exists, or is not implied. It defines

    witness()         the construction: one host array, built by a formula or from a stored seed, and parameters
    certificate(x, **parameters)    a dict of real numbers by name, recomputed from `x` where it lives
    REQUIRED          for each name the interval (low, high) in which the number must lie, to rounding; with BROKEN,
                      one of them leaves it. What vanishes has (0.0, 0.0) and comes divided by its natural scale

    >>> ledger.statement_of(claims.CLAIMS[0])
    'A translation turns the phase of a wavelet coefficient, and changes little else.'
"""

from . import (
    amplitude_reductions_keep_the_turn,
    band_limited_images_have_small_gradients,
    cascade_expands_by_littlewood_paley,
    collapse_and_threshold_do_not_expand,
    collapse_is_stable_to_deformations,
    collapse_keeps_stationary_classes_apart,
    collapse_may_bring_means_closer,
    collapse_turns_variance_into_means,
    complex_threshold_risk_is_bounded,
    deeper_collapses_see_more,
    deformation_turns_the_phase_locally,
    every_layer_adds_the_spread_of_its_means,
    first_collapse_sees_sparsity,
    fisher_ratio_alone_is_no_measure,
    gaussian_fields_share_their_sparsity,
    gaussian_pulses_never_raise_the_mean_modulus,
    iteration_separates_stationary_classes,
    littlewood_paley_bounds_the_energy,
    max_pooling_follows_the_modulus_of_narrow_wavelets,
    max_pooling_is_near_a_modulus,
    mean_moduli_move_little_between_samples,
    opposite_rectifiers_span_number_and_modulus,
    phase_harmonics_expand_by_their_order,
    rectified_phases_hold_the_number,
    rectified_rotations_average_to_the_modulus,
    rectifier_has_the_modulus_as_mean_harmonic,
    rectifier_is_half_collapse_half_threshold,
    reductions_add_little_between_classes,
    reductions_keep_zero_means,
    reductions_lower_variance,
    rotation_conjugates_wrapped_angles,
    rotation_permutes_angles,
    soft_threshold_risk_has_a_closed_form,
    stationary_classes_keep_a_mean_after_a_threshold,
    stationary_means_are_flat,
    thresholds_concentrate_additive_noise,
    tight_bank_keeps_the_energy,
    translation_invariance_leaves_a_small_mean,
    translation_turns_the_phase,
)

__all__ = ["CLAIMS"]

CLAIMS = (
    translation_turns_the_phase,
    deformation_turns_the_phase_locally,
    band_limited_images_have_small_gradients,
    collapse_is_stable_to_deformations,
    amplitude_reductions_keep_the_turn,
    stationary_means_are_flat,
    gaussian_fields_share_their_sparsity,
    gaussian_pulses_never_raise_the_mean_modulus,
    rectified_rotations_average_to_the_modulus,
    rectified_phases_hold_the_number,
    rectifier_is_half_collapse_half_threshold,
    opposite_rectifiers_span_number_and_modulus,
    rectifier_has_the_modulus_as_mean_harmonic,
    phase_harmonics_expand_by_their_order,
    max_pooling_is_near_a_modulus,
    max_pooling_follows_the_modulus_of_narrow_wavelets,
    littlewood_paley_bounds_the_energy,
    tight_bank_keeps_the_energy,
    collapse_turns_variance_into_means,
    collapse_may_bring_means_closer,
    collapse_keeps_stationary_classes_apart,
    iteration_separates_stationary_classes,
    every_layer_adds_the_spread_of_its_means,
    reductions_keep_zero_means,
    translation_invariance_leaves_a_small_mean,
    reductions_add_little_between_classes,
    stationary_classes_keep_a_mean_after_a_threshold,
    fisher_ratio_alone_is_no_measure,
    soft_threshold_risk_has_a_closed_form,
    complex_threshold_risk_is_bounded,
    thresholds_concentrate_additive_noise,
    reductions_lower_variance,
    collapse_and_threshold_do_not_expand,
    cascade_expands_by_littlewood_paley,
    rotation_permutes_angles,
    rotation_conjugates_wrapped_angles,
    mean_moduli_move_little_between_samples,
    first_collapse_sees_sparsity,
    deeper_collapses_see_more,
)
