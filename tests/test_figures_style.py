"""Doubts about the look of all figures: is each whole in one column and in two, and can everyone tell colours apart?"""

import importlib
import inspect
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.text import Text

from collapse_theory.comparison import OPERATIONS
from figures import __main__ as command
from figures import rectifier_in_two_halves, style
from tests.dichromats import KINDS, least_distance
from tests.test_style import WITH_WIDTH

SMALL = {  # what is quick to compute, and as wide in print as the whole
    "two_rings": {"count": 40},
    "concentration_against_separation": {"count": 200},
    "energy_across_layers": {"side": 4, "count": 20, "depth": 3, "batch": 40},
    "image_moved": {"side": 64, "points": 2},
    "stability_to_deformations": {"side": 16, "points": 2},
}
UNITS = re.compile(r"\((samples|rad/sample|degrees|layers|no unit|deviations|%|epochs?|share of energy)\)")
COUNTED = ("coefficient", "images of a class", "images per bin", "energy / energy of the images", "size")
WHOLE = tuple(name for name in command.NAMES if name not in (*WITH_WIDTH, "learning_curve", "how_cost_grows"))


def data_of(name):
    module = importlib.import_module(f"figures.{name}")
    return module.data(**SMALL.get(name, {}))


@pytest.fixture(scope="module")
def data():
    """Of each figure, computed once for all widths."""
    return {name: data_of(name) for name in WHOLE}


@pytest.fixture(scope="module")
def drawn(data):
    """A function: the figure of a name, so many cm wide, drawn once."""

    @cache
    def figure(name, cm):
        draw = importlib.import_module(f"figures.{name}").draw
        with style.width(cm):
            return draw(data[name], **({"width": cm} if "width" in inspect.signature(draw).parameters else {}))

    with mpl.rc_context({"figure.max_open_warning": 0}):
        yield figure
    plt.close("all")


def words(figure, monkeypatch):
    """What is written on a figure, and where: pairs of a text and its box. Ticks that are not shown are not drawn."""
    found, draw = [], Text.draw

    def seen(self, renderer, *rest, **options):
        box = self.get_window_extent(renderer)
        if self.get_visible() and self.get_text().strip() and box.width:
            found.append((self.get_text(), box))
        return draw(self, renderer, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", seen)
        figure.draw_without_rendering()
    return found


@pytest.mark.parametrize("cm", [style.COLUMN, style.PAGE])
@pytest.mark.parametrize("name", WHOLE)
def test_nothing_is_clipped_and_no_words_cover_each_other(name, cm, drawn, monkeypatch):
    figure = drawn(name, cm)
    assert figure.get_figwidth() == pytest.approx(cm / 2.54)
    width, height = figure.canvas.get_width_height()
    found = words(figure, monkeypatch)
    for text, box in found:
        assert box.x0 >= -1, (text, box)
        assert box.y0 >= -1, (text, box)
        assert box.x1 <= width + 1, (text, box, width)
        assert box.y1 <= height + 1, (text, box, height)
    for number, (text, box) in enumerate(found):
        for other, its in found[:number]:
            across = min(box.x1, its.x1) - max(box.x0, its.x0)
            down = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert min(across, down) <= 3, (text, other, across, down)
    for legend in (each for part in [figure, *figure.subfigs] for each in part.legends):
        for ax in figure.axes:
            assert not ax.get_tightbbox().overlaps(legend.get_window_extent()), name


def test_every_axis_has_its_unit(drawn):
    for name in WHOLE:
        for ax in drawn(name, style.PAGE).axes:
            for label in (ax.get_xlabel(), ax.get_ylabel()):
                known = not label or UNITS.search(label) or label in COUNTED or re.fullmatch(r"[\d.]+ %|exact", label)
                assert known or label in what_rows_are(), (name, label)


def what_rows_are():
    """Labels that name a row of pictures, which has no scale."""
    from figures import what_the_phase_knew

    return (*what_the_phase_knew.NAMES.values(), "of the first (degrees)")


@pytest.mark.parametrize("name", WHOLE)
def test_captions_are_a_title_and_three_sentences(name):
    title, _, caption = importlib.import_module(f"figures.{name}").__doc__.partition("\n")
    assert title.endswith(".")
    assert 1 <= len(re.findall(r"\.(?=\s|$)", caption.strip())) <= 3, caption


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_told_apart_and_have_a_second_code(kind):
    assert least_distance(style.COLOUR.values(), kind) >= 25
    assert least_distance(style.CLASS_COLOUR, kind) >= 25
    assert tuple(style.COLOUR) == OPERATIONS
    for looks in (list(style.LOOK.values()), style.CLASS_LOOK):
        assert len({str(look["marker"]) for look in looks}) == len({str(look["linestyle"]) for look in looks})
        assert len({str(look["marker"]) for look in looks}) == len(looks)
    assert len(set(style.CLASS_HATCH)) == len(style.CLASS_LOOK)


def test_colours_are_those_of_the_style():
    for path in sorted(Path(style.__file__).parent.glob("*.py")):
        own = {*re.findall(r'"(#[0-9a-fA-F]{3,8})"', path.read_text(encoding="utf-8"))} - {"#000000"}
        assert not own or path.name == "style.py", (path.name, own)


def test_text_in_pdf_is_truetype_and_bytes_are_the_same_each_time():
    made = [io.BytesIO() for _ in range(2)]
    for file in made:
        figure = rectifier_in_two_halves.draw(rectifier_in_two_halves.data())
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
    assert made[0].getvalue() == made[1].getvalue()
    assert b"/Type3" not in made[0].getvalue()
    assert b"/FontFile2" in made[0].getvalue()


def test_a_width_holds_inside_and_no_longer():
    with style.width(style.COLUMN):
        assert style.narrow()
        assert style.width_cm() == style.COLUMN
        assert 2.54 * style.figure().get_figwidth() == pytest.approx(style.COLUMN)
    assert not style.narrow()
    for wrong in (2, 100, np.nan, "wide"):
        with pytest.raises((ValueError, TypeError), match="width"), style.width(wrong):
            pass
