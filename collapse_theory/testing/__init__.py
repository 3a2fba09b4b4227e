"""Test your own operators: Hypothesis strategies for the objects of this package, and checks of the laws they obey.

    from collapse_theory import testing
    testing.assert_translation_equivariant(my_network, shape=(1, 3, 32, 32))

A check takes a function of one array of any library, or a torch module, and looks for a counterexample. If it finds
one it raises `LawBroken`, an AssertionError that names the smallest shift, phase or deformation found, the measured
ratio and the bound, and holds the images. It needs Hypothesis, but no test runner. The strategies draw NumPy arrays
from a few parameters, never pixel by pixel, so they are quick and shrink to readable images.
"""

from ..extras import needing

with needing("test"):
    from .checks import (
        assert_deformation_stable,
        assert_homogeneous,
        assert_non_expansive,
        assert_phase_equivariant,
        assert_phase_invariant,
        assert_translation_equivariant,
        assert_translation_invariant,
    )
    from .search import LawBroken
    from .strategies import coefficients, displacements, filter_banks, images, labelled_samples, phases, shifts

__all__ = [
    "LawBroken",
    "assert_deformation_stable",
    "assert_homogeneous",
    "assert_non_expansive",
    "assert_phase_equivariant",
    "assert_phase_invariant",
    "assert_translation_equivariant",
    "assert_translation_invariant",
    "coefficients",
    "displacements",
    "filter_banks",
    "images",
    "labelled_samples",
    "phases",
    "shifts",
]
