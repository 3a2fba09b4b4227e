"""Doubts about types: can a type checker know the names that stay stable, and does a wheel say so?"""

import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest

import collapse_theory
from collapse_theory import nonlinearities
from collapse_theory.separation import ClassMoments
from collapse_theory.wavelets import FilterBank

TABLE = collapse_theory.__doc__.split("\nNames that stay stable", 1)[1].split("\n\n", 2)[1]
STABLE = re.findall(r"^    (\w+(?:\.\w+)+) {2,}\S", TABLE, re.MULTILINE)
METHODS = [
    *(FilterBank.at, FilterBank.center, FilterBank.spread, FilterBank.covariance),
    *(FilterBank.littlewood_paley, FilterBank.tight),
    *(ClassMoments.update, ClassMoments.merge, ClassMoments.unbiased, ClassMoments.interval, ClassMoments.fisher_full),
    *nonlinearities.NONLINEARITIES.values(),
]


def test_the_table_of_stable_names_is_read():
    assert len(STABLE) > 25
    assert all(len(line) <= 120 for line in TABLE.splitlines())


@pytest.mark.parametrize("name", STABLE)
def test_a_stable_name_is_there_and_says_what_it_is(name):
    module, attribute = name.split(".")
    try:
        found = getattr(importlib.import_module(f"collapse_theory.{module}"), attribute)
    except ImportError as error:
        pytest.skip(str(error))
    if inspect.isfunction(found):
        test_a_stable_function_says_what_it_takes_and_gives(found)
    elif inspect.isclass(found):
        assert inspect.getdoc(found)


@pytest.mark.parametrize("function", METHODS, ids=lambda function: function.__qualname__)
def test_a_stable_function_says_what_it_takes_and_gives(function):
    assert inspect.getdoc(function)
    signature = inspect.signature(function)
    plain = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD and p.name != "self"]
    assert signature.return_annotation is not inspect.Signature.empty
    assert not [p.name for p in plain if p.annotation is inspect.Parameter.empty]


def test_the_wheel_says_that_there_are_types():
    root = Path(__file__).parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["package-data"]["collapse_theory"] == ["py.typed"]
    assert (root / "collapse_theory" / "py.typed").is_file()
