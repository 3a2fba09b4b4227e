"""Doubts about the cells of the tables: is every network tuned alike, and do cells differ only in what they compare?"""

from dataclasses import replace

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from analysis.instruments import cells, learning
from collapse_theory.learned.layers import Nonlinearity


def test_every_network_has_as_many_trials_and_the_published_start_among_them():
    bases = cells.searched()
    assert {cell.searched for table in cells.TABLES for cell in cells.cells(table)} == set(bases)
    for base in bases:
        tried = cells.trials(base)
        assert len(set(tried)) == 8
        assert len({(trial.recipe.epochs, trial.images, trial.validation, trial.recipe.seed) for trial in tried}) == 1
        assert {trial.recipe.rate for trial in tried} >= {1 / 16, 1 / 8, 1 / 4, 1 / 2}
        starts = {trial.start for trial in tried}
        if base.terms == "published" and base.network == "learned scattering" and len(starts) > 1:
            published = {"soft threshold": "threshold", "sigmoid": "gain"}[base.nonlinearity]
            assert getattr(Nonlinearity(base.nonlinearity, 1), published).item() == pytest.approx(min(starts - {0.01}))


def test_the_cells_differ_in_what_they_are_to_compare_and_in_nothing_else():
    for cell in cells.cells("2"):
        plain = replace(cell.base, nonlinearity="identity", terms="published", skip=True)
        plain = replace(plain, recipe=replace(plain.recipe, seed=0))
        assert plain == replace(cells._CELL, nonlinearity="identity")
    names = [(c.base.nonlinearity, c.base.skip, c.base.terms, c.base.recipe.seed) for c in cells.cells("2")]
    assert len(set(names)) == len(names) == 26
    assert [name for name, skip, _, seed in names if skip and seed == 2][:2] == ["phase collapse", "soft threshold"]


def test_every_trial_is_of_a_network_that_there_is():
    for base in cells.searched():
        for trial in {(trial.start, trial.quantile): trial for trial in cells.trials(base)}.values():
            learning.network_of(trial)
