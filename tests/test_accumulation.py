"""Doubts about batches added to moments: is a bad one refused as a whole, whichever way its rows are reduced?"""

import itertools
import pickle

import numpy as np
import pytest

from collapse_theory.separation import ClassMoments


@pytest.mark.parametrize("groups", [0, 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_changes_nothing_wherever_it_stands(place, rng, value, dtype, groups):
    x, labels = rng.normal(size=(200, 3)).astype(dtype), np.arange(200) % 2
    empty, moments = ClassMoments(groups=groups), ClassMoments(groups=groups).update(x, labels)
    before = pickle.dumps(moments)
    for row in (0, 1, 77, 199):
        bad = x.copy()
        bad[row, 2] = value
        for target, names in itertools.product((empty, moments), (labels, labels + 1)):
            with pytest.raises(ValueError, match=r"features: expected finite values, got 1 NaN or infinite"):
                target.update(place.lift(bad), names)
    assert pickle.dumps(moments) == before
    with pytest.raises(ValueError, match="no samples yet"):
        _ = empty.counts


@pytest.mark.parametrize("groups", [0, 20])
def test_compiled_loops_refuse_it_too(loops, rng, groups):
    x, labels = rng.normal(size=(200, 3)).astype(np.float32), np.arange(200) % 2
    moments = ClassMoments(groups=groups).update(x, labels)
    before = pickle.dumps(moments)
    x[150, 1] = np.inf
    with pytest.raises(ValueError, match=r"features: expected finite values, got 1 NaN or infinite"):
        moments.update(x, labels + 1)
    assert pickle.dumps(moments) == before


def test_finite_features_whose_sums_overflow_are_not_called_infinite(rng):
    x = np.full((40, 2), 1e308)
    with np.errstate(over="ignore"):
        assert ClassMoments().update(x, [0] * 40).counts.tolist() == [40]
