"""The places where everything must hold: one entry per library, device and precision."""

import numpy as np
import pytest
from hypothesis import settings

from tests.places import PLACES

settings.register_profile("ci", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("ci")


@pytest.fixture(scope="session", params=PLACES, ids=lambda p: p.name)
def place(request):
    request.param.lift(np.zeros(1))  # skips at once where the library is absent
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20220425)
