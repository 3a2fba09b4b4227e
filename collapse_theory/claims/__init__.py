"""The statements of the theory, one module each, in the order of the paper.

The docstring of a claim is its statement, its hypotheses and its proof; the code is its sides. Every claim defines

    instance(rng)     one host array and a dict of parameters that satisfy the hypotheses
    hardest()         the lawful instance that comes closest to the bound, or says most
    BROKEN            parameters that remove a hypothesis: then hardest() violates the statement

An inequality also defines

    deviation(x, **parameters) <= bound(x, **parameters)
    SHARPNESS         deviation / bound at hardest(), from the proof; an interval where the proof gives none

and an identity

    sides(x, **parameters)    two arrays that are equal to rounding, relative to the larger of their maxima
"""

from . import (
    collapse_lowers_within_class_variance,
    collapse_turns_variance_into_means,
    translation_turns_the_phase,
)

__all__ = ["CLAIMS"]

CLAIMS = (translation_turns_the_phase, collapse_turns_variance_into_means, collapse_lowers_within_class_variance)
