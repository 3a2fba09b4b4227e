"""Doubts about what comes back from collapsed coefficients: is the descent one, and does it say where it ended?"""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")
pytest.importorskip("threadpoolctl")

from analysis import __main__ as command
from analysis import record
from analysis import what_the_phase_knew as measurement
from collapse_theory.arrays import to_library
from collapse_theory.scattering import scatter

SMALL = measurement.Setting(side=16, scales=(1, 2), angles=4, starts=1, steps=30)


def image(side=16):
    return np.random.default_rng(0).normal(size=(side, side)).cumsum(axis=0)


def lifted(x):
    return to_library(x, "torch")


def test_the_adjoint_gives_the_image_back():
    found, misfit, numbers = measurement.reconstruct(image(), "coefficients", 2, SMALL)
    np.testing.assert_allclose(found, image(), atol=1e-12)
    assert misfit < 1e-12
    assert numbers == (1 + 2 * 2 * 4) * 16**2


@pytest.mark.parametrize(("name", "numbers"), [("moduli", 9 * 256), ("order 1", 9 * 16), ("order 2", 25 * 16)])
def test_descent_comes_nearer_with_each_step_and_says_how_near(name, numbers):
    misfits = []
    for steps in (1, 5, 40):
        found, misfit, count = measurement.reconstruct(image(), name, 2, replace(SMALL, steps=steps))
        assert count == numbers
        given, again = (measurement.represent(lifted(x), name, 2, SMALL) for x in (image(), found))
        squares = [float(((a - b) ** 2).sum() / (b**2).sum()) for a, b in zip(again, given, strict=True)]
        assert misfit == pytest.approx(np.sqrt(np.mean(squares)))
        misfits.append(misfit)
    assert misfits[0] > misfits[1] > misfits[2]


def test_groups_are_the_orders_of_the_scattering_transform():
    groups = measurement.represent(lifted(image()), "order 2", 2, SMALL)
    assert [len(group) for group in groups] == [1, 8, 16]
    np.testing.assert_allclose(np.concatenate(groups), scatter(image(), 2, 4), atol=1e-12)


def test_the_best_of_several_starts_is_kept():
    ends = [measurement.reconstruct(image(), "order 1", 2, replace(SMALL, starts=n))[1] for n in (1, 2, 3, 4)]
    assert ends == sorted(ends, reverse=True)
    assert ends[-1] < ends[0]


def test_error_and_psnr_are_what_they_say():
    x = np.array([[0.0, 2.0], [2.0, 0.0]])
    assert measurement.quality(x + 0.2, x) == pytest.approx({"relative_error": 0.4 / 8**0.5, "psnr": 20.0})
    assert measurement.grey(x * 2 - 1, x) == [[0, 255], [255, 0]]


def test_recorded_rows_agree_with_what_the_docstring_says():
    rows = record.load(measurement.NAME)["rows"]
    setting = measurement.Setting()
    assert len(rows) == 3 * (len(setting.scales) * len(measurement.REPRESENTATIONS) - 1)
    assert {row["texture"] for row in rows if "picture" in row} == {setting.pictured}
    errors = {key: [row for row in rows if row["representation"] == key] for key in measurement.REPRESENTATIONS}
    assert all(row["relative_error"] < 4e-16 for row in errors["coefficients"])
    assert sum(row["relative_error"] < 1e-12 for row in errors["moduli"]) == 3
    last = [row for row in errors["order 1"] if row["scales"] == 4]
    assert all(row["relative_error"] > 0.96 and row["misfit"] < 0.04 for row in last)
    pairs = [
        (first["relative_error"], second["relative_error"])
        for first in errors["order 1"]
        for second in errors["order 2"]
        if (first["texture"], first["scales"]) == (second["texture"], second["scales"]) and first["scales"] < 4
    ]
    assert sum(second < first for first, second in pairs) == 5


def test_command_records_and_concludes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(measurement, "DEFAULT", replace(SMALL, pictured="grass"))
    assert command.main(["what_the_phase_knew", "--steps", "1", "--out", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    lines = {line[:20].strip(): line[20:].split(")") for line in output.splitlines()}
    assert [cell[:15].strip() == "" for cell in lines["brick, order 2"][:1]] == [True]
    assert len(lines["brick, moduli"]) == 1 + 2
    assert max(map(len, output.splitlines()[:-2])) <= 80
    saved = record.load("what_the_phase_knew", tmp_path)
    assert len(saved["rows"]) == 3 * 7
    assert np.shape(saved["rows"][7]["picture"]) == (16, 16)
