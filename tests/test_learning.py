"""Doubts about what a setting is: are trials scored on images they do not see, do thresholds start where it says?"""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from analysis.instruments import cells, learning
from analysis.instruments.trainings import PRESETS
from collapse_theory import datasets
from collapse_theory.learned.layers import Nonlinearity


def test_trials_are_scored_on_training_images_that_they_do_not_see(monkeypatch):
    images = np.arange(50, dtype=np.uint8)[:, None, None, None] * np.ones((3, 32, 32), np.uint8)
    monkeypatch.setattr(
        datasets, "cifar10", lambda *, split: (images if split == "train" else None, np.arange(50) % 10)
    )
    setting = replace(cells.trials(cells.searched()[0])[0], images=30, validation=20)
    train, test = learning.labelled(setting, "cpu")
    pixels = [set(part.images[:, 0, 0, 0].tolist()) for part in (train, test)]
    assert pixels == [set(range(30)), set(range(30, 50))]
    with pytest.raises(ValueError, match="validation: 20 of 50 training images are to be scored, but all of them"):
        learning.labelled(replace(setting, images=None), "cpu")
    with pytest.raises(ValueError, match="but 31 of them are trained on"):
        learning.labelled(replace(setting, images=31), "cpu")


@pytest.mark.parametrize(("nonlinearity", "name"), [("soft threshold", "threshold"), ("sigmoid", "gain")])
def test_thresholds_and_gains_start_where_a_setting_says(nonlinearity, name):
    setting = replace(PRESETS["smoke"], nonlinearity=nonlinearity, start=0.3)
    layers = [m for m in learning.network_of(setting).modules() if isinstance(m, Nonlinearity)]
    assert layers
    assert all((getattr(layer, name) == np.float32(0.3)).all() for layer in layers)
    with pytest.raises(ValueError, match=r"start: 0\.3 is for what learns a threshold or a gain, not tanh"):
        learning.network_of(replace(setting, nonlinearity="tanh"))
