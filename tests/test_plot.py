"""Doubts about pictures: are they whole at both widths of a journal, told apart without colour, and as asked?"""

import io
import json

import numpy as np
import pytest

pytest.importorskip("matplotlib")
import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from collapse_theory import plot
from collapse_theory.comparison import MEASURES, OPERATIONS
from tests.dichromats import KINDS, least_distance

NAMES = [*OPERATIONS, "phase harmonic", "my own operation with a very long name", "$x$"]
EPOCHS = [{"kind": "step", "step": 1, "loss": 1.0, "accuracy": 0.1}] + [
    {"kind": "epoch", "step": 9, "epoch": k, "train_accuracy": k / 9, "test_accuracy": k / 10} for k in (1, 2, 3)
]


def rows(names=OPERATIONS, depths=4):
    values = {measure: [0.2, 0.1, 0.25] for measure in MEASURES}
    return [{"operation": n, "depth": d, "chance": 0.5} | values for n in names for d in range(depths)]


class Result:
    """What `plot.comparison` asks of a comparison."""

    collapse, depth = "phase collapse", 3

    def verdict(self):
        return "no difference"

    def to_dicts(self):
        return rows()


def run(tmp_path, lines=EPOCHS):
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def inside(figure):
    """Whatever is drawn lies within the canvas, and the legend on nothing else."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    drawn, (width, height) = figure.get_tightbbox(renderer), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= -0.01, drawn
    assert drawn.x1 <= width + 0.01, drawn
    assert drawn.y1 <= height + 0.01, drawn
    [ax], [legend] = figure.axes, figure.legends
    assert not ax.get_tightbbox(renderer).overlaps(legend.get_window_extent(renderer))
    assert ax.bbox.height > 0.3 * figure.bbox.height
    assert ax.yaxis.label.get_window_extent(renderer).height <= figure.bbox.height


@pytest.mark.parametrize("width", [8.6, 17.8])
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("names", [OPERATIONS, NAMES], ids=["usual", "long"])
def test_nothing_is_clipped(names, measure, width):
    ax = plot.layers(rows(names), measure=measure, width=width)
    assert ax.figure.get_figwidth() == pytest.approx(width / 2.54)
    inside(ax.figure)


@pytest.mark.parametrize("width", [8.6, 17.8])
def test_a_comparison_and_a_learning_curve_are_whole(tmp_path, width):
    for ax in (plot.comparison(Result(), width=width), plot.learning_curve(run(tmp_path), width=width)):
        inside(ax.figure)


class Audited:
    """What `plot.audit` asks of an audit."""

    interventions = ()

    def __init__(self):
        self.law = {"over": "activations", "layers": ["1", "3", "5"], "depths": [0, 1, 2], "intercept": -3.0}
        self.law |= {"rate": 0.5, "rate_low": 0.2, "rate_high": 0.8}

    def to_dicts(self):
        values = {"fisher_trace_unbiased": 0.1, "fisher_trace_unbiased_low": -0.1, "fisher_trace_unbiased_high": 0.2}
        values |= {"even_fisher": 0.2, "odd_fisher": None}
        return [{"layer": str(number), "is_activation": number % 2 == 1} | values for number in range(6)]


@pytest.mark.parametrize("width", [8.6, 17.8])
def test_an_audit_is_whole_and_shows_every_layer_its_parts_and_the_law(width):
    ax = plot.audit(Audited(), width=width)
    inside(ax.figure)
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    np.testing.assert_allclose(lines["layer"], [(depth, 0.1) for depth in range(6)])
    np.testing.assert_allclose(lines["even part"][:, 1], 0.2)
    assert len(lines["odd part"]) == 0
    np.testing.assert_allclose(lines["law"], [(1, np.exp(-3)), (3, np.exp(-2.5)), (5, np.exp(-2))])
    assert ax.get_title() == "log F grows by 0.5 [0.2, 0.8] per activation"
    _, mine = plt.subplots()
    assert plot.audit(Audited(), mine) is mine
    with pytest.raises(TypeError, match=r"report: expected an Audit, as of .*, got Result"):
        plot.audit(Result())


def test_axes_that_are_given_are_drawn_on_and_returned(tmp_path):
    _, axes = plt.subplots(1, 3)
    before = dict(mpl.rcParams)
    assert plot.comparison(Result(), axes[0]) is axes[0]
    assert plot.layers(rows(), ax=axes[1]) is axes[1]
    assert plot.learning_curve(run(tmp_path), axes[2]) is axes[2]
    assert dict(mpl.rcParams) == before
    assert len(plt.get_fignums()) == 1


def test_nothing_is_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("shown"))
    plot.comparison(Result())
    plot.learning_curve(run(tmp_path))


def test_the_title_is_the_verdict_and_axes_carry_units():
    ax = plot.comparison(Result())
    assert "no difference" in ax.get_title()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("depth (layers)", "B / E₀ (share of energy)")
    assert plot.layers(rows(), measure="accuracy_linear").get_ylabel() == "linear probe, right (%)"


def test_accuracies_have_the_line_of_chance_in_the_legend_and_numbers_are_those_of_the_rows():
    ax = plot.layers(rows(depths=2), measure="accuracy_linear")
    labels = ax.get_legend_handles_labels()[1]
    assert sorted(labels) == sorted([*OPERATIONS, "chance"])
    curves = {c.get_label(): c for c in ax.containers}
    np.testing.assert_allclose(curves["tanh"].lines[0].get_ydata(), [20.0, 20.0])
    [chance] = [line for line in ax.lines if line.get_label() == "chance"]
    np.testing.assert_allclose(chance.get_ydata(), [50.0, 50.0])


@pytest.mark.parametrize("kind", KINDS)
def test_operations_are_told_apart_by_colour_and_by_marker_and_line(kind):
    own = [plot.look_of(name)["color"] for name in OPERATIONS]
    assert own == [plot.colour_of(name) for name in OPERATIONS]
    drawn = [container.lines[0].get_color() for container in plot.layers(rows(NAMES)).containers]
    assert drawn[: len(own)] == own
    assert least_distance(drawn, kind) >= 25
    containers = plot.layers(rows(NAMES)).containers
    looks = [(str(c.lines[0].get_marker()), str(c.lines[0]._dash_pattern)) for c in containers]
    assert len({marker for marker, _ in looks}) == len({dashes for _, dashes in looks}) == len(NAMES)


def test_the_two_curves_of_a_training_are_told_apart(tmp_path):
    colours = [line.get_color() for line in plot.learning_curve(run(tmp_path)).lines]
    assert min(least_distance(colours, kind) for kind in KINDS) >= 25


def test_text_in_pdf_is_truetype():
    with mpl.rc_context({"pdf.fonttype": 3}):
        file = io.BytesIO()
        plot.layers(rows()).figure.savefig(file, format="pdf")
    assert b"/Type3" not in file.getvalue()
    assert b"/CIDFontType2" in file.getvalue()


def test_the_curve_is_that_of_the_epochs(tmp_path):
    train, test = plot.learning_curve(run(tmp_path)).lines
    np.testing.assert_allclose(train.get_xydata(), [(k, 100 * k / 9) for k in (1, 2, 3)])
    np.testing.assert_allclose(test.get_xydata(), [(k, 10 * k) for k in (1, 2, 3)])


def test_the_curve_of_a_training_is_drawn_from_what_it_wrote(tmp_path):
    pytest.importorskip("torch")
    from torch import nn

    from collapse_theory import learned

    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(16, 1, 4, 4), dtype=np.uint8), np.arange(16) % 2
    data = learned.labelled_images(images, labels, classes=2, mean=[0.5], deviation=[0.25], device="cpu")
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    outcome = learned.train(network, (data, data), learned.Recipe(epochs=2, batch=8), folder=tmp_path)
    train, test = plot.learning_curve(tmp_path).lines
    for line, key in ((train, "train_accuracy"), (test, "test_accuracy")):
        expected = [(epoch["epoch"], 100 * epoch[key]) for epoch in outcome.epochs]
        np.testing.assert_allclose(line.get_xydata(), expected)
