"""Doubts about the figures: is each drawn from finite numbers, with named axes, and does it show what it says?"""

import errno
import importlib
import io
import os

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from matplotlib import pyplot as plt

from analysis import record
from figures import __main__ as command
from figures import (
    contents,
    do_real_images_separate,
    how_cost_grows,
    pictures,
    separation_across_layers,
    style,
    what_the_phase_knew,
)
from tests.test_style import WITH_WIDTH


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


SMALLEST = {
    "two_rings": {"count": 20},
    "concentration_against_separation": {"count": 20},
    "rectifier_in_two_halves": {"points": 3},
    "energy_across_layers": {"side": 4, "count": 20, "depth": 1},
    "image_moved": {"side": 64, "points": 2},
    "stability_to_deformations": {"side": 16, "points": 2},
    "wavelets_and_their_sum": {"side": 24, "scales": 2},
    "learned_network": {},
    "scattering_disk": {"side": 32, "scales": 2, "angles": 2},
    "what_the_phase_knew": {},
    "do_real_images_separate": {},
    "how_cost_grows": {},
    "separation_across_layers": {},
}


@pytest.mark.parametrize("name", SMALLEST)
def test_figure_can_be_drawn_with_named_axes(name):
    module = importlib.import_module(f"figures.{name}")
    figure = module.draw(module.data(**SMALLEST[name]))
    for ax in figure.axes:
        if not ax.axison:  # a diagram
            assert ax.get_title()
            continue
        below = any(other.get_xlabel() for other in ax.get_shared_x_axes().get_siblings(ax))
        beside = any(other.get_ylabel() for other in ax.get_shared_y_axes().get_siblings(ax))
        rows = any(label.get_text().strip("−.0123456789") for label in ax.get_yticklabels())  # named by words
        assert ax.get_title() or (below and beside) or (beside and ax.get_label() == "<colorbar>")
        assert ax.images or ax.texts or (below and (beside or rows)) or ax.get_label() == "<colorbar>"
    assert module.__doc__.count("\n") > 3


def test_every_figure_of_the_command_is_tested():
    assert set(command.NAMES) == {*SMALLEST, *WITH_WIDTH, *contents.OPTION_OF}


def test_every_operation_has_a_colour_and_a_marker():
    from analysis.separation_across_layers import OPERATIONS

    assert set(OPERATIONS) == set(style.COLOUR) == set(style.MARKER)
    assert len(set(style.COLOUR.values())) == len(OPERATIONS)


def test_recorded_measurement_is_drawn_as_it_is():
    rows = record.load("separation_across_layers")["rows"]
    curve = separation_across_layers.data("deep", rows)["curves"]["pulses"]["phase collapse"]
    recorded = [r for r in rows if (r["setting"], r["data"], r["operation"]) == ("deep", "pulses", "phase collapse")]
    assert curve["depth"] == list(range(len(recorded)))
    assert curve["fisher_trace"] == [row["fisher_trace"] for row in recorded]
    assert curve["between_over_energy"] == [row["between_over_energy"] for row in recorded]
    assert curve["accuracy_linear"][1][0] == 100 * recorded[1]["accuracy_linear"][0]


def test_axes_are_shared_and_titles_say_the_verdict_and_no_more():
    figure = separation_across_layers.draw(data := separation_across_layers.data("deep"))
    axes = np.array(figure.axes).reshape(len(separation_across_layers.PANELS), -1)
    for row in axes:
        assert len({ax.get_ylim() for ax in row}) == 1
    for ax, word in zip(axes[0], data["verdicts"].values(), strict=True):
        assert ax.get_title().split("\n")[1] == f"depth 3: {word}"


def test_recorded_pass_is_drawn_as_it_is():
    rows = record.load("do_real_images_separate")["rows"]
    curves = do_real_images_separate.data(rows[::-1])
    recorded = [r for r in rows if (r["data"], r["operation"]) == ("moved kth tips", "phase collapse")]
    curve = curves["moved kth tips"]["phase collapse"]
    assert curve["depth"] == [0, 1, 2, 3]
    assert curve["accuracy_of_features"] == [row["accuracy_of_features"] for row in recorded]
    assert curve["accuracy_of_features"][0] is None
    assert curve["waves"][0] is None
    assert curve["waves"][3] == [recorded[3]["waves"]["fisher_trace"], None, None]
    figure = do_real_images_separate.draw(curves)
    assert figure.axes[0].get_title() == "KTH-TIPS, moved"
    line = next(line for line in figure.axes[3].lines if line.get_color() == style.COLOUR["phase collapse"])
    np.testing.assert_array_equal(line.get_ydata()[1:], [values[0] for values in curve["waves"][1:]])


def test_descents_that_did_not_arrive_are_not_shown():
    rows = record.load("what_the_phase_knew")["rows"]
    figure = what_the_phase_knew.draw(what_the_phase_knew.data(rows))
    shown = [ax for ax in figure.axes if ax.images]
    pictures = [row for row in rows if "picture" in row and row["representation"] != "coefficients"]
    arrived = [row for row in pictures if row["misfit"] <= 0.02]
    assert 0 < len(arrived) < len(pictures)
    assert len(shown) == len(arrived) + 3  # and the original at the head of each row
    for row in arrived:
        (ax,) = (ax for ax in shown if np.array_equal(ax.images[0].get_array(), row["picture"]) and ax.get_xlabel())
        assert ax.get_title() == f"J = {row['scales']}"
    dots = [x for line in figure.axes[-1].lines if line.get_marker() in "s^o" for x in line.get_xdata()]
    all_arrived = [r for r in rows if r["representation"] != "coefficients" and r["misfit"] <= 0.02]
    assert sorted(dots) == sorted(max(row["relative_error"], 1e-4) for row in all_arrived)


def test_single_figure_is_drawn_by_name_and_is_the_same_each_time(tmp_path, capsys):
    for name in ("one", "two"):
        assert command.main(["two_rings", "--out", str(tmp_path / name)]) == 0
        picture, page = tmp_path / name / "two_rings.png", tmp_path / name / "report.html"
        assert capsys.readouterr().out.splitlines() == [str(picture), f"Report: {page}"]
    for path in (picture, page):
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()


def test_wrong_commands_end_with_one_clear_line(tmp_path, capsys):
    assert command.main(["three_rings", "--out", str(tmp_path)]) == 2
    assert "error: unknown figure 'three_rings'; known: the_answer" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert command.main(["two_rings", "--out", str(tmp_path / "file")]) == 2
    assert "cannot write to the folder" in capsys.readouterr().err


def rows_called(*names):
    """Recorded rows of one setting, as often as there are names, each time called otherwise."""
    rows = [row for row in record.load("separation_across_layers")["rows"] if row["setting"] == "deep"]
    rows = [row for row in rows if row["data"] == "pulses"]
    return [row | {"data": name} for name in names for row in rows]


def test_names_of_data_are_no_formulas_and_no_pages():
    names = ("cost$5_$6", "$", r"a\$b^{", "line\nbreak", "x" * 10**6)
    figure = separation_across_layers.draw(separation_across_layers.data("deep", rows_called(*names)))
    figure.savefig(io.BytesIO())
    shown = [ax.get_title().split("\ndepth")[0] for ax in figure.axes if ax.get_title()]
    assert shown == [r"cost\$5_\$6", r"\$", r"a\\$b^{", "line?break", 13 * "x" + "…" + 14 * "x"]


def test_long_names_that_differ_at_one_end_are_shown_as_two():
    ends = [f"{first}/{'x' * 40}/{last}" for first in "AB" for last in "CD"]
    shown = {style.plain(name) for name in ends}
    assert len(shown) == 4
    assert {len(name) for name in shown} == {28}


def test_benchmarks_without_a_slope_are_no_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(how_cost_grows.record, "load", lambda name, folder: {"rows": [{"name": "a"}]})
    with pytest.raises(ValueError, match=r"benchmarks.json: rows: expected some with a slope, got none"):
        how_cost_grows.data(tmp_path)


def test_more_data_than_a_page_can_show_are_refused_at_once():
    data = separation_across_layers.data("deep", rows_called(*map(str, range(300))))
    with pytest.raises(ValueError, match="rows: a figure shows at most 24 data sets, got 300"):
        separation_across_layers.draw(data)


def test_pictures_and_page_are_written_at_once_or_not_at_all(tmp_path, capsys, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("two_rings.png", "report.html"):
        (tmp_path / name).write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    assert command.main(["two_rings", "--out", str(tmp_path)]) == 2
    assert f"{tmp_path / 'two_rings.png'} could not be written: the disk is full" in capsys.readouterr().err
    monkeypatch.setattr(pictures, "draw", lambda *given, **options: ([], []))
    assert command.main(["--recorded", "--out", str(tmp_path)]) == 2
    assert f"{tmp_path / 'report.html'} could not be written: the disk is full" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        ".lock": "",
        "two_rings.png": "before",
        "report.html": "before",
    }
