"""Doubts about folded filters: is the quick arithmetic of complex numbers the plain one, in every library?"""

import numpy as np
import pytest

from collapse_theory.wavelets.folded import pairs, sum_of_products, unpair
from tests.places import NUMPY, assert_close


@pytest.fixture
def z(rng):
    return rng.normal(size=(3, 4, 5)) + 1j * rng.normal(size=(3, 4, 5))


def test_pairs_hold_both_parts_side_by_side_and_can_be_undone(place, z):
    lifted = place.lift(z)
    expected = np.stack([z.real, z.imag], axis=-1).reshape(3, 4, 10)
    assert_close(pairs(lifted), expected, place, like=lifted)
    assert_close(unpair(pairs(lifted)), z, place, like=lifted)
    assert_close(pairs(lifted[:, ::2, 1:]), expected[:, ::2, 2:], place)


def test_conjugates_have_their_own_pairs():
    torch = pytest.importorskip("torch")
    assert_close(pairs(torch.conj(torch.asarray([1 + 2j]))), [1, -2], NUMPY)


@pytest.mark.parametrize("count", [1, 3])
def test_sum_of_products_is_that_of_the_loop(place, rng, count):
    a, v = rng.normal(size=(count, 4, 5, 6)), rng.normal(size=(count, 2, 6))
    expected = sum(a[b][:, :, None] * v[b] for b in range(count))
    lifted = place.lift(a)
    assert_close(sum_of_products(lifted, place.lift(v)), expected, place, like=lifted)
