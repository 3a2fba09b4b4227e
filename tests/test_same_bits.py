"""Doubts about the same bits of a training: of a network that scatters in its forward pass, with FFTW at hand."""

from collections import defaultdict

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn

from collapse_theory.learned import calibrate, class_statistics, evaluate, training
from collapse_theory.learned.layers import Nonlinearity
from collapse_theory.learned.training import train
from collapse_theory.machine import fftw, sizes
from collapse_theory.machine.worth import Worth
from collapse_theory.scattering import scatter
from tests import fake_fftw
from tests.small_network import assert_same_end, small_data, small_recipe

PAYS = Worth.__dict__["pays"]  # before a fixture replaces it


class Scattered(nn.Module):
    """The scattering of images, as channels."""

    def forward(self, x):
        return scatter(x, 1, angles=4).flatten(1, 2)


def scattering_network():
    """Fixed scattering, batch normalisation, a threshold, a linear map."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        normal = nn.BatchNorm2d(15)
        return nn.Sequential(Scattered(), normal, Nonlinearity("soft threshold", 15), nn.Flatten(), nn.Linear(240, 4))


def train_scattering(folder, **options):
    return train(scattering_network(), small_data(), small_recipe(3), folder=folder, log_every=1, **options)


@pytest.fixture
def planned(monkeypatch):
    """Plans of FFTW after so many samples of a process, as for large data; compiled loops likewise."""
    pytest.importorskip("numba")
    monkeypatch.setattr(fftw, "_fftw", lambda: fake_fftw)
    monkeypatch.setattr(Worth, "pays", PAYS)
    monkeypatch.setattr(sizes, "PLANNED_SAMPLES", 64)

    def begin(samples):
        """A new process, which plans after so many samples."""
        monkeypatch.setattr(sizes, "SECONDS_TO_PLAN", samples * sizes.SAVED_BY_A_PLAN)
        monkeypatch.setattr(fftw, "_WORTHS", defaultdict(fftw._WORTHS.default_factory))
        monkeypatch.setattr(fftw, "_PLANS", defaultdict(list))

    return begin


def test_stopped_before_its_plans_pay_a_run_that_scatters_ends_as_one_that_is_not(tmp_path, planned):
    planned(2**14)
    train_scattering(tmp_path / "whole")
    while True:
        planned(2**14)
        if train_scattering(tmp_path / "parts", stop_after=0).finished:
            break
    assert_same_end(tmp_path / "whole", tmp_path / "parts")


def test_calibration_evaluation_and_audit_of_what_scatters_do_not_depend_on_the_calls_before(planned):
    found = []
    for samples in (0, float("inf")):
        planned(samples)
        network, (data, _) = scattering_network(), small_data()
        calibrate(network, data.batch(slice(0, 36))[0])
        rows = class_statistics(network, data, layers=["1", "4"])
        found.append((network[2].threshold.tolist(), evaluate(network, data), str(rows)))
    assert found[0] == found[1]


def test_a_network_that_draws_in_evaluation_is_measured_as_if_it_had_not_been_stopped(tmp_path):
    class Drawing(nn.Sequential):
        def forward(self, x):
            return super().forward(x + 0.1 * torch.randn_like(x))

    def trained(folder, seed, **options):
        torch.manual_seed(0)
        network = Drawing(nn.Flatten(), nn.Linear(192, 4))
        torch.manual_seed(seed)
        return train(network, small_data(), small_recipe(1), folder=folder, **options)

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    whole = trained(tmp_path / "whole", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "stopped", 2)
    again = trained(tmp_path / "stopped", 3)
    assert again.epochs[0]["test_loss"] == whole.epochs[0]["test_loss"]


def test_a_network_that_draws_is_evaluated_to_the_same_bits_and_the_caller_draws_on():
    class Drawing(nn.Sequential):
        def forward(self, x):
            return super().forward(x + 0.1 * torch.randn_like(x))

    network, (data, _) = Drawing(nn.Flatten(), nn.Linear(192, 4)), small_data()
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    assert evaluate(network, data) == evaluate(network, data)
    assert torch.equal(torch.rand(4), expected)
