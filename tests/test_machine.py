"""Doubts about the same bits: does the switch hold whatever was called before, in every thread, and let go again?"""

import threading
from collections import defaultdict

import numpy as np
import pytest

from collapse_theory import machine
from collapse_theory.machine import fftw, is_reproducible, loops, reproducible
from collapse_theory.machine.worth import Worth
from collapse_theory.scattering import scatter
from collapse_theory.separation import ClassMoments
from tests import fake_fftw


@pytest.fixture
def eager(monkeypatch):
    """Plans and compiled loops from the first number on."""
    monkeypatch.setattr(Worth, "pays", True)


def some_results():
    x = np.random.default_rng(5).normal(size=(64, 32, 32)).astype(np.float32)
    moments = ClassMoments(groups=4).update(x, np.arange(64) % 3)
    return scatter(x, 2, angles=4), moments.class_means, np.array(moments.fisher_trace)


@pytest.mark.usefixtures("eager")
def test_inside_nothing_is_planned_or_compiled_so_bits_are_those_of_the_plain_library(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(fftw, "_fftw", lambda: fake_fftw)
    monkeypatch.setattr(fftw, "_PLANS", defaultdict(list))
    outside = some_results()
    with reproducible():
        inside = some_results()
        again = some_results()
    monkeypatch.setattr(fftw, "_fftw", lambda: None)
    monkeypatch.setattr(loops, "_numba", lambda: None)
    plain = some_results()
    for a, b, c in zip(inside, again, plain, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
    assert any(np.any(a != b) for a, b in zip(inside, outside, strict=True))


def test_it_holds_in_every_thread_until_the_last_one_leaves():
    seen = []
    with reproducible():
        with reproducible():
            pass
        look = threading.Thread(target=lambda: seen.append(is_reproducible()))
        look.start()
        look.join()
    assert seen == [True]
    assert not is_reproducible()


def test_an_error_inside_lets_go():
    with pytest.raises(ZeroDivisionError), reproducible():
        raise ZeroDivisionError
    assert not is_reproducible()


@pytest.mark.parametrize(("value", "held"), [("1", True), ("0", False), ("", False)])
def test_the_environment_holds_a_whole_process(monkeypatch, value, held):
    monkeypatch.setenv(machine.REPRODUCIBLE, value)
    assert is_reproducible() is held
