"""Doubts about neural collapse: does the audit agree with other people's numbers?  Needs their code.

NEURAL_COLLAPSE=FOLDER python -m pytest -m bench tests/test_auditing_against_neural_collapse.py, with FOLDER a clone of
github.com/rhubarbwu/neural-collapse: it takes two passes, one for the class means and one for the covariance.
"""

import importlib
import os
import sys

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from collapse_theory import learned

pytestmark = pytest.mark.bench


@pytest.fixture
def theirs(monkeypatch):
    """Their modules `accumulate` and `measure`."""
    if "NEURAL_COLLAPSE" not in os.environ:
        pytest.skip("NEURAL_COLLAPSE names no folder with the code of rhubarbwu/neural-collapse")
    monkeypatch.syspath_prepend(os.environ["NEURAL_COLLAPSE"])
    yield [importlib.import_module(f"neural_collapse.{name}") for name in ("accumulate", "measure")]
    for name in [name for name in sys.modules if name.startswith("neural_collapse")]:
        del sys.modules[name]


def test_the_numbers_of_neural_collapse_are_those_of_the_public_code(theirs):
    accumulate, measure = theirs
    rng = np.random.default_rng(0)
    labels, classes = np.arange(400) % 5, 5
    images = rng.normal(size=(400, 1, 6, 6)) + rng.normal(size=(classes, 1, 6, 6))[labels]
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(36, 12), nn.ReLU(), nn.Linear(12, classes, bias=False)).double()
    report = learned.audit(network, (images, labels), moved=0, interventions="none", batch=64)

    with torch.no_grad():
        features = network[:3](torch.as_tensor(images))
    weight, y, size = network[3].weight.detach(), torch.as_tensor(labels), features.shape[1]
    options = {"n_classes": classes, "d_vectors": size, "dtype": torch.float64}
    first = accumulate.MeanAccumulator(**options)
    first.accumulate(features, y)
    means, centre = first.compute()
    covariance = accumulate.CovarAccumulator(M=means, **options)
    norms = accumulate.VarNormAccumulator(M=means, **options)
    decisions = accumulate.DecAccumulator(M=means, W=weight, **options)
    covariance.accumulate(features, y, means)
    norms.accumulate(features, y, means)
    decisions.create_index(means)
    decisions.accumulate(features, y, weight, means)
    within = covariance.compute()

    row = report.rows[2]
    for name, metric in (("nc1", "pinv"), ("nc1_svd", "svd"), ("nc1_quotient", "quotient")):
        expected = measure.covariance_ratio(within, means, centre, metric)
        assert row[name] == pytest.approx(expected, rel=1e-6), name
    assert row["cdnv"] == pytest.approx(measure.variability_cdnv(norms.compute()[0], means), rel=1e-5)
    assert row["nc2_etf"] == pytest.approx(measure.simplex_etf_error(means, centre), rel=1e-6)
    lengths = measure.mean_norms(means, centre).numpy()
    assert row["nc2_norms"] == pytest.approx(lengths.std() / lengths.mean(), rel=1e-6)
    # Theirs divides by a count that is a little more than it is, and means over classes of as many images.
    assert report.classifier["nc4"] == pytest.approx(measure.clf_ncc_agreement(decisions), abs=1e-6)
