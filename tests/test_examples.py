"""Doubts about the examples in docstrings: has each name that stays stable one, and does it give what it shows?"""

import doctest
import importlib
import inspect
import json
import re
import sys

import numpy as np
import pytest

import collapse_theory

from .test_types import STABLE

# Modules whose docstring has the example of a name that is no function or class.
OF_VALUES = ("nonlinearities.NONLINEARITIES", "claims.CLAIMS")
PARSER, CHECKER = doctest.DocTestParser(), doctest.OutputChecker()


def text_with_example(name):
    """The docstring that holds the example of a stable name.  Skips where an extra is missing."""
    module, attribute = name.split(".")
    try:
        module = importlib.import_module(f"collapse_theory.{module}")
        found = getattr(module, attribute)
    except ImportError as error:
        pytest.skip(str(error))
    return inspect.getdoc(module if name in OF_VALUES else found)


def names_for(source):
    """What an example may use: NumPy as np, and the modules of the package that it names."""
    modules = {word for word in re.findall(r"\w+", source) if word in collapse_theory.MODULES}
    return {"np": np} | {module: importlib.import_module(f"collapse_theory.{module}") for module in modules}


def wrong_in(text, name="example"):
    """What the examples of a docstring give instead of what they show, as a list of reports."""
    source = "".join(example.source for example in PARSER.get_examples(text))
    reports = []
    test = PARSER.get_doctest(text, names_for(source), name, None, None)
    doctest.DocTestRunner(CHECKER, verbose=False).run(test, out=reports.append)
    return reports


@pytest.fixture
def folder_of_files(tmp_path, monkeypatch):
    """The working folder: in it a run, and images of noise in the files of CIFAR-10."""
    from collapse_theory.datasets import cifar

    from .test_cifar import TRAIN_FILES, write_batch

    (tmp_path / "data" / "cifar-10-batches-py").mkdir(parents=True)
    for file in TRAIN_FILES:
        write_batch(tmp_path / "data" / "cifar-10-batches-py" / file)
    (tmp_path / "runs" / "one").mkdir(parents=True)
    epochs = [{"kind": "epoch", "epoch": n, "train_accuracy": 0.5, "test_accuracy": 0.4} for n in (1, 2)]
    lines = "".join(json.dumps(epoch) + "\n" for epoch in epochs)
    (tmp_path / "runs" / "one" / "metrics.jsonl").write_text(lines, encoding="utf-8")
    read = cifar._read  # these files have other checksums than the published ones
    monkeypatch.setattr(cifar, "_read", lambda data, folder, split, verify: read(data, folder, split, False))
    monkeypatch.chdir(tmp_path)
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.mark.parametrize("name", STABLE)
def test_a_stable_name_has_an_example_that_gives_what_it_shows(name, folder_of_files):
    if name.startswith("plot."):
        pytest.importorskip("matplotlib").use("Agg")
    text = text_with_example(name)
    examples = PARSER.get_examples(text)
    assert any(name in example.source for example in examples)
    assert any(example.want for example in examples) or name == "plot.comparison"
    modules = {word for example in examples for word in re.findall(r"\w+", example.source)}
    if "comparison" in modules:
        pytest.importorskip("sklearn")
    if "textures" in modules:
        pytest.importorskip("skimage")
    if "torch" in modules:
        pytest.importorskip("torch")
    assert wrong_in(text, name) == []


def test_an_example_that_shows_something_else_would_be_seen():
    assert wrong_in(">>> nonlinearities.collapse_phase(np.asarray([3j]))\narray([3.])") == []
    assert "array([4.])" in wrong_in(">>> nonlinearities.collapse_phase(np.asarray([3j]))\narray([4.])")[0]
    assert "NameError" in wrong_in(">>> norm(3)\n3")[0]
