"""Doubts about the tutorials: does each run with the package alone, and are the answers those that it explains?"""

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

TUTORIALS = sorted((Path(__file__).parents[1] / "analysis" / "tutorials").glob("[!_]*.py"))


@pytest.fixture
def separate():
    pytest.importorskip("sklearn")
    pytest.importorskip("skimage")
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot as plt

    from analysis.tutorials import does_my_data_separate

    yield does_my_data_separate
    plt.close("all")


def test_the_textures_separate_and_labels_at_random_do_not(separate, tmp_path, capsys):
    assert separate.main(["--out", str(tmp_path / "one.pdf")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("384 images of brick, grass, gravel\n")
    verdict, control = re.search(r"verdict: ([\w ]+); with labels at random: ([\w ]+)\n", said).groups()
    assert verdict == "more"
    assert control in ("no difference", "undecided")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")


def test_a_folder_of_images_is_compared(separate, tmp_path, capsys, rng):
    image = pytest.importorskip("PIL.Image")
    for name in ("left", "right"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(256, size=(16, 16), dtype=np.uint8)
            image.fromarray(pixels).save(tmp_path / "own" / name / f"{number}.png")
    assert separate.main([str(tmp_path / "own"), "--side", "16", "--out", str(tmp_path / "own.svg")]) == 0
    assert capsys.readouterr().out.startswith("16 images of left, right\n")
    assert "<svg" in (tmp_path / "own.svg").read_text(encoding="utf-8")


def test_layers_are_equivariant_or_not_as_the_tutorial_explains(capsys):
    pytest.importorskip("torch")
    pytest.importorskip("hypothesis")
    from analysis.tutorials import is_my_layer_equivariant

    assert is_my_layer_equivariant.main([]) == 0
    said = capsys.readouterr().out
    assert re.findall(r": (yes|no)$", said, re.MULTILINE) == ["yes", "no", "no", "yes", "yes", "no"]
    assert said.count("does it pad with zeros?") == 1


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_needs_nothing_of_the_checkout(path):
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    asked = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    asked |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in asked} - sys.stdlib_module_names <= {"collapse_theory", "numpy", "torch"}
