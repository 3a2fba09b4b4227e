"""Doubts about the names of non-linearities: is one that needs a number refused at the call, and do all others work?"""

import numpy as np
import pytest

from collapse_theory.nonlinearities import NONLINEARITIES, named, soft_threshold
from collapse_theory.scattering import cascade
from collapse_theory.wavelets import morlet_bank

NEED_A_NUMBER = ("soft threshold", "phase collapse beyond")


@pytest.mark.parametrize("name", NONLINEARITIES)
def test_every_name_is_taken_by_a_cascade_or_refused_at_the_call(name):
    x, bank = np.ones((1, 8, 8)), morlet_bank(8, 1, 4)
    if name in NEED_A_NUMBER:
        with pytest.raises(
            ValueError, match=rf"^nonlinearity: '{name}' needs a number, expected .*'{name}', threshold="
        ):
            cascade(x, bank, name, depth=2)
        x_with_number = list(cascade(x, bank, named(name, threshold=0.1), depth=1))
        assert len(x_with_number) == 2
    elif name != "rectifier":  # which is of real numbers
        assert len(list(cascade(x, bank, name, depth=1))) == 2


def test_a_name_with_its_number_is_the_function_with_it():
    z = np.array([1 + 1j, 0.05])
    np.testing.assert_array_equal(named("soft threshold", threshold=0.1)(z), soft_threshold(z, 0.1))
