"""The places where everything must hold, how deep the tests look, in which order, and on what arithmetic."""

import random

import numpy as np
import pytest
from hypothesis import settings

from collapse_theory.machine.worth import Worth
from tests import noise, variants
from tests.places import PLACES

settings.register_profile("ci", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("ci")


def pytest_addoption(parser):
    parser.addoption("--no-skips", action="store_true", help="a test that is skipped has failed")
    parser.addoption("--order", metavar="SEED", help="run the tests in the random order of this seed, or `reversed`")
    parser.addoption("--perturb-fft", action="store_true", help="change the last bits of every Fourier transform")
    parser.addoption("--in-force", action="store_true", help="stop unless the processor does what the environment asks")


def pytest_configure(config):
    if config.getoption("--perturb-fft"):
        noise.install()
    if config.getoption("--in-force") and (wrong := variants.not_in_force()):
        raise pytest.UsageError("; ".join(wrong))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    order = config.getoption("--order")
    if order == "reversed":
        items.reverse()
    elif order is not None:
        random.Random(order).shuffle(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if item.config.getoption("--no-skips") and report.skipped:
        report.outcome, report.longrepr = "failed", f"skipped, and --no-skips was given: {report.longrepr}"
    return report


@pytest.fixture(scope="session", params=PLACES, ids=lambda p: p.name)
def place(request):
    request.param.lift(np.zeros(1))  # skips at once where the library is absent
    return request.param


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    """No plans of FFTW, no compiled loops: what a test gets does not depend on the tests before it.

    Tests of plans and of loops ask for them.
    """
    monkeypatch.setattr(Worth, "pays", False)


@pytest.fixture
def compiled_loops(monkeypatch):
    """Everything for which there is a loop is done by it, compiled."""
    pytest.importorskip("numba")
    monkeypatch.setattr(Worth, "pays", True)


@pytest.fixture
def rng():
    return np.random.default_rng(20220425)
