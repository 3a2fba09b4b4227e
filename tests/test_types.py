"""Doubts about types: can a type checker know the names that stay stable, and does a wheel say so?"""

import inspect
import tomllib
from pathlib import Path

import pytest

from collapse_theory import machine, nonlinearities, scattering, wavelets
from collapse_theory.wavelets import FilterBank

STABLE = [
    *(wavelets.morlet_bank, wavelets.paper_bank, wavelets.wavelet_transform, wavelets.inverse_transform),
    *(FilterBank.at, FilterBank.center, FilterBank.spread, FilterBank.covariance),
    *(FilterBank.littlewood_paley, FilterBank.tight),
    *nonlinearities.NONLINEARITIES.values(),
    *(scattering.cascade, scattering.apply_layer, scattering.scatter, scattering.paths, scattering.cascade_paths),
    machine.reproducible,
]


@pytest.mark.parametrize("function", [*STABLE, nonlinearities.named], ids=lambda function: function.__qualname__)
def test_a_stable_name_says_what_it_takes_and_gives(function):
    signature = inspect.signature(function)
    plain = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD and p.name != "self"]
    assert signature.return_annotation is not inspect.Signature.empty
    assert not [p.name for p in plain if p.annotation is inspect.Parameter.empty]


def test_the_wheel_says_that_there_are_types():
    root = Path(__file__).parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["package-data"]["collapse_theory"] == ["py.typed"]
    assert (root / "collapse_theory" / "py.typed").is_file()
