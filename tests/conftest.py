"""The places where everything must hold, and how deep the tests look."""

import numpy as np
import pytest
from hypothesis import settings

from collapse_theory import compiled, fourier
from tests.places import PLACES

settings.register_profile("ci", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("ci")


def pytest_addoption(parser):
    parser.addoption("--no-skips", action="store_true", help="a test that is skipped has failed")


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
    monkeypatch.setattr(fourier, "_WORTH_A_PLAN", float("inf"))
    monkeypatch.setattr(compiled, "_SECONDS_TO_COMPILE", float("inf"))


@pytest.fixture
def loops(monkeypatch):
    """Everything for which there is a loop is done by it, compiled."""
    pytest.importorskip("numba")
    monkeypatch.setattr(compiled, "_SECONDS_TO_COMPILE", 0)


@pytest.fixture
def rng():
    return np.random.default_rng(20220425)
