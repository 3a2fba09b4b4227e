"""Doubts about sums of outer products: are they Hermitian, right in every library and dtype, and added in place?"""

import numpy as np
import pytest

from collapse_theory.separation.outer_products import add_outer_products, outer_products, sum_of_outer_products
from tests.places import NUMPY, assert_close


def drawn(rng, kind, *shape):
    x = rng.normal(size=shape)
    return x + 1j * rng.normal(size=shape) if kind == "complex" else x


def slow(rows):
    return sum(np.outer(r, r.conj()) for r in rows)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize(("samples", "features"), [(1, 1), (3, 7), (40, 5), (9, 150)])
def test_sums_are_those_of_the_slow_formula(place, rng, kind, samples, features):
    pieces = [drawn(rng, kind, samples, features), drawn(rng, kind, 2 * samples, features)[::2]]
    lifted = [place.lift(piece) for piece in pieces]
    expected = slow(np.concatenate(pieces))
    found = sum_of_outer_products(iter(lifted))
    assert_close(outer_products(lifted[0]), slow(pieces[0]), place, like=lifted[0])
    assert_close(found, expected, place, like=lifted[0])
    if place.name == "numpy":
        np.testing.assert_array_equal(found, found.conj().T)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("samples", [0, 1, 20])
def test_products_are_added_in_place(rng, kind, samples):
    several = drawn(rng, kind, 2, 6, 6)
    rows, before = drawn(rng, kind, samples, 6), several.copy()
    add_outer_products(several[1], rows)
    np.testing.assert_array_equal(several[0], before[0])
    assert_close(several[1], before[1] + slow(rows), NUMPY, rounding=1e-14)
