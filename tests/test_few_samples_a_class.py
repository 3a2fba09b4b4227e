"""Doubts about learning from few samples: is what is tried never fitted on, and does a collapse tell textures apart?"""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from analysis import __main__ as command
from analysis import few_samples_a_class as question
from analysis import record
from collapse_theory import datasets

SMALL = question.Setting(samples=(2, 8), draws=3, most_tried=30, scales=2, angles=4)


@pytest.fixture(scope="module")
def textures():
    return question.textures()


@pytest.fixture(scope="module")
def rows(textures):
    return question.measure("textures", textures, SMALL)


def of(rows, description):
    return {row["samples"]: row for row in rows if row["description"] == description}


def test_collapsed_phases_tell_textures_apart_from_few_samples_and_pixels_do_not(rows):
    for description in ("scattering, order 1", "scattering, order 2", "Fourier moduli"):
        assert of(rows, description)[8]["accuracy"][0] > 0.75
    for description in ("pixels", "principal components"):
        assert of(rows, description)[8]["accuracy"][0] < 0.5


def test_rows_are_complete_and_plain(rows):
    assert [(row["samples"], row["description"]) for row in rows] == [
        (samples, description) for samples in (2, 8) for description in question.DESCRIPTIONS
    ]
    assert json.loads(json.dumps(rows)) == rows
    for row in rows:
        mean, lowest, highest = row["accuracy"]
        assert lowest - 1e-12 <= mean <= highest + 1e-12
    sizes = [of(rows, description)[8]["features"] for description in question.DESCRIPTIONS]
    assert sizes[0] == 1024
    assert sizes[1] < 3 * 8
    assert sizes[2:] == [32 * 17, 1 + 8, 1 + 8 + 16]


def test_nothing_is_tried_that_was_fitted_on(textures):
    shared = replace(textures, to_fit=np.ones_like(textures.to_fit), to_try=np.ones_like(textures.to_try))
    for pool in (textures, shared):
        fit, trial = question.draw(pool, 8, SMALL, 0)
        assert np.bincount(pool.labels[fit]).tolist() == [8] * 3
        assert np.bincount(pool.labels[trial]).tolist() == [30] * 3
        assert not set(fit) & set(trial)
    fit, trial = question.draw(textures, 8, SMALL, 0)
    assert max(fit) < 384 <= min(trial)


def test_draws_are_seeded_and_differ(textures):
    first, again = (question.draw(textures, 8, SMALL, 0)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    for setting, number in ((SMALL, 1), (replace(SMALL, seed=1), 0)):
        assert not np.array_equal(question.draw(textures, 8, setting, number)[0], first)


def test_principal_components_are_not_found_on_the_images_tried(textures):
    fit, trial = question.draw(textures, 8, SMALL, 0)
    described = {"principal components": textures.images.reshape(768, -1).copy()}
    share = question.tried(described, "principal components", textures.labels, SMALL, fit, trial[:20])
    described["principal components"][trial[20:]] = 1e6
    assert question.tried(described, "principal components", textures.labels, SMALL, fit, trial[:20]) == share


def test_too_many_samples_are_refused(textures):
    with pytest.raises(ValueError, match="samples: expected fewer than the 256 images of class 0, got 200"):
        question.draw(textures, 200, SMALL, 0)
    shared = replace(textures, to_fit=np.ones_like(textures.to_fit), to_try=np.ones_like(textures.to_try))
    with pytest.raises(ValueError, match="samples: expected fewer than the 256 images of class 0, got 256"):
        question.draw(shared, 256, SMALL, 0)


def test_the_answer_is_recorded_and_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv(datasets.SEARCH_PATH, str(tmp_path))
    monkeypatch.setattr(question, "SETTING", replace(SMALL, samples=(2,)))
    assert command.main([question.NAME, "--draws", "1", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "textures, right from 2 samples per class:\n    pixels" in printed
    saved = record.load(question.NAME, tmp_path)
    assert len(saved["rows"]) == len(question.DESCRIPTIONS)
    assert saved["settings"]["few samples"]["draws"] == 1
    options = ["--data", "textures", "--draws", "1", "--on", "numpy", "--seed", "0"]
    assert saved["command"] == ["python", "-m", "analysis", question.NAME, *options]
    assert saved["split"]["textures"] == {part: dict.fromkeys("012", 128) for part in ("train", "test")}
    assert command.main([question.NAME, "--data", "kth-tips", "--out", str(tmp_path)]) == 2
    assert "KTH-TIPS was not found" in capsys.readouterr().err
    assert command.main([question.NAME, "--data", "kth tips", "--out", str(tmp_path)]) == 2
    assert "KTH-TIPS was not found" in capsys.readouterr().err
    assert command.main([question.NAME, "--draws", "0", "--out", str(tmp_path)]) == 2
    assert "draws: expected an integer from 1 to 10000, got 0" in capsys.readouterr().err


def test_the_picture_shows_the_recorded_means_and_the_lowest_and_highest_draws():
    pytest.importorskip("matplotlib")
    from figures import few_samples_a_class as figure

    rows = record.load(question.NAME)["rows"]
    drawn = figure.draw(figure.data(rows[::-1]), width=8.6)
    assert [ax.get_title() for ax in drawn.axes] == ["KTH-TIPS, ten materials", "three textures"]
    for ax, name in zip(drawn.axes, ("kth tips", "textures"), strict=True):
        for container in ax.containers:
            here = [row for row in rows if (row["data"], row["description"]) == (name, container.get_label())]
            mean, low, high = 100 * np.array([row["accuracy"] for row in here]).T
            np.testing.assert_allclose([*container.lines[0].get_ydata()], mean)
            ends = np.array([segment[:, 1] for segment in container.lines[2][0].get_segments()])
            np.testing.assert_allclose(ends, np.stack([low, high], axis=1))
        [chance] = [line for line in ax.lines if line.get_label() == "chance"]
        assert chance.get_ydata()[0] == pytest.approx(100 * figure.CHANCE[name])
