"""Doubts about the picture of the claims: does it show what the ledger measures, and would it show a false claim?"""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")

from matplotlib import pyplot as plt

from collapse_theory import ledger
from collapse_theory.claims import CLAIMS
from figures import sharpness_of_the_claims as figure

BY_NAME = {claim.__name__.rsplit(".", 1)[-1]: claim for claim in CLAIMS}
FEW = [
    BY_NAME[name]
    for name in ("reductions_lower_variance", "stationary_means_are_flat", "fisher_ratio_alone_is_no_measure")
]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def marks_of(ax, label):
    return [float(x) for line in ax.lines if line.get_label() == label for x in line.get_xdata()]


def test_marks_are_what_the_ledger_measures():
    drawn = figure.draw(figure.data(FEW))
    for ax, claim in zip(drawn.axes, FEW, strict=True):
        entry = ledger.verify(claim, examples=0)
        reached = np.ravel(entry.worst if entry.reached is None else entry.reached)
        np.testing.assert_allclose(marks_of(ax, "at the hardest instance"), reached, rtol=1e-6, atol=1e-12)
        removed = marks_of(ax, "a hypothesis removed")
        assert len(removed) == len(ledger.variants(claim))
        assert min(removed) == pytest.approx(entry.broken)


def test_every_claim_is_drawn_under_its_kind_by_its_name():
    data = figure.data(CLAIMS[:3])
    assert [line["name"] for line in data] == [
        claim.__name__.rsplit(".", 1)[-1].replace("_", " ") for claim in CLAIMS[:3]
    ]
    assert [line["kind"] for line in data] == [ledger.kind_of(claim) for claim in CLAIMS[:3]]
    assert figure.data.__defaults__ == (CLAIMS,)


def false(claim, **changed):
    return SimpleNamespace(**vars(claim) | changed)


def test_a_claim_that_is_false_by_two_is_right_of_the_line():
    claim = BY_NAME["reductions_lower_variance"]
    doubled = false(claim, deviation=lambda x, **parameters: 2 * claim.deviation(x, **parameters))
    [ax] = figure.draw(figure.data([doubled])).axes
    assert marks_of(ax, "at the hardest instance") == pytest.approx([2.0])
    [line] = [line for line in ax.lines if line.get_label() == "most that is allowed"]
    assert [*line.get_xdata()] == [1.0, 1.0]
    [predicted] = ax.containers
    assert [*predicted.lines[0].get_xdata()] == [claim.SHARPNESS]


def test_what_is_off_the_axis_is_a_triangle_at_its_edge():
    claim = BY_NAME["reductions_lower_variance"]
    infinite = false(claim, bound=lambda x, **parameters: 0 * claim.bound(x, **parameters), BROKEN=({}, {}))
    data = figure.data([infinite])
    assert data[0]["broken"] == [None, None]
    [ax] = figure.draw(data).axes
    [triangles] = [line for line in ax.lines if line.get_marker() == ">" and len(line.get_xdata()) == 2]
    assert [*triangles.get_xdata()] == [ax.get_xlim()[1]] * 2
