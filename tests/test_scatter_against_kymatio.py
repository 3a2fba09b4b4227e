"""Doubts about the windowed scattering transform: does it agree with other people's numbers?  Needs the extra `bench`.

python -m pytest -m bench tests/test_scatter_against_kymatio.py
"""

import numpy as np
import pytest

from collapse_theory.arrays import to_host
from collapse_theory.scattering import paths, scatter
from tests.peers import kymatio_scattering

pytestmark = pytest.mark.bench

SIDES = ((31, 31), (32, 32), (33, 33), (32, 48), (45, 33))
SCALES = (1, 2, 3, 4, 5)
ANGLES = range(4, 13)
PI = 3.1415  # theirs


def images(*sizes):
    """Half noise, half sums of it, so that coarse scales hold something too."""
    x = np.random.default_rng(0).normal(size=(2, *sizes))
    x[1] = x[1].cumsum(axis=0).cumsum(axis=1)
    return x / np.abs(x).max(axis=(1, 2), keepdims=True)


def largest_error(actual, expected):
    return np.max(np.abs(actual - expected)) / np.max(np.abs(expected))


@pytest.mark.parametrize("angles", ANGLES)
@pytest.mark.parametrize("scales", SCALES)
@pytest.mark.parametrize("sides", SIDES, ids=lambda sides: "x".join(map(str, sides)))
def test_each_order_agrees_to_a_millionth_of_its_maximum(sides, scales, angles):
    peer, x = kymatio_scattering(), images(*sides)
    if 2**scales > min(sides):
        with pytest.raises(RuntimeError, match="smallest dimension should be larger than"):
            peer(J=scales, shape=sides, L=angles)
        with pytest.raises(ValueError, match="scales: too many for these images"):
            scatter(x, scales, angles, pi=PI)
        return
    expected, s = peer(J=scales, shape=sides, L=angles)(x), scatter(x, scales, angles, pi=PI)
    assert s.shape == expected.shape
    orders = paths(scales, angles)["order"]
    for order in np.unique(orders):
        assert largest_error(s[:, orders == order], expected[:, orders == order]) < 1e-6
    assert largest_error(scatter(x, scales, angles, 1, PI), expected[:, orders < 2]) < 1e-6


@pytest.mark.parametrize("scales", SCALES)
def test_order_one_alone_agrees(scales):
    x = images(33, 40)
    expected = kymatio_scattering()(J=scales, shape=(33, 40), max_order=1)(x)
    s = scatter(x, scales, order=1, pi=PI)
    assert s.shape == expected.shape
    assert largest_error(s, expected) < 1e-6


def test_agreement_holds_in_every_place(place):
    x = images(32, 32)
    expected = kymatio_scattering()(J=3, shape=(32, 32))(x)
    assert largest_error(to_host(scatter(place.lift(x), 3, pi=PI)), expected) < max(1e-6, place.rounding)


def test_path_table_is_theirs():
    meta = kymatio_scattering()(J=3, shape=(32, 32), L=5, out_type="list")(images(32, 32)[0])
    table = paths(3, 5)
    assert [entry["j"] for entry in meta] == [
        tuple(int(j) for j in (row["scale1"], row["scale2"]) if j >= 0) for row in table
    ]
    turn = sorted({angle for angle in table["angle1"] if not np.isnan(angle)}, reverse=True)
    expected = [tuple(turn.index(a) for a in (row["angle1"], row["angle2"]) if not np.isnan(a)) for row in table]
    assert [tuple(entry["theta"]) for entry in meta] == expected


def test_true_pi_changes_each_order_by_as_much_as_its_filters():
    x = images(32, 32)
    orders, expected = paths(2)["order"], kymatio_scattering()(J=2, shape=(32, 32))(x)
    s = scatter(x, 2)
    differences = [
        np.linalg.norm(s[:, orders == n] - expected[:, orders == n]) / np.linalg.norm(expected[:, orders == n])
        for n in range(3)
    ]
    np.testing.assert_allclose(differences, [2.95e-5, 5.9e-5, 8.85e-5], rtol=0.01)
