"""The pictures of a comparison, of layers, of a learning curve, of an audit: axes are taken or made, and returned.

An operation has one colour and one name everywhere, and a marker and a line style beside the colour, so that nobody
needs to see the colours apart. Bars are intervals. Needs matplotlib, of the extra `figures`.

    ax = plot.comparison(result)
    ax.figure.savefig("comparison.pdf")

With `ax=None` the look is that of `STYLE`, and text in PDF is TrueType from then on, as journals ask; axes that are
given keep their look.
"""

import json
import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from .arguments import as_path, check_choice, check_number
from .comparison import MEASURES, Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .learned import Audit

__all__ = ["STYLE", "audit", "colour_of", "comparison", "layers", "learning_curve", "look_of"]

# Colours at least 25 apart in CIE Lab as protanopes and deuteranopes see them; a test computes it.
_LOOKS = {  # colour, marker, line style
    "phase collapse": ("#003f7f", "o", "-"),
    "soft threshold": ("#c8500a", "s", "--"),
    "tanh": ("#e6c02a", "^", "-."),
    "unit amplitude": ("#86c2b2", "D", ":"),
    "identity": ("#666666", "x", (0, (5, 1, 1, 1, 1, 1))),
}
_OTHERS = (("#5ab4f0", "v", (0, (3, 1))), ("#000000", "P", (0, (1, 1))), ("#4b3cf0", "*", (0, (7, 2))))
STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "legend.fontsize": 7,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "figure.dpi": 160,
}
_FONTS = {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "none"}
_LABELS = {
    "between_over_energy": "B / E₀ (share of energy)",
    "fisher_trace": "Fisher ratio B / V (no unit)",
    "accuracy_linear": "linear probe, right (%)",
    "accuracy_nearest_mean": "nearest mean, right (%)",
}
_LONGEST = 24


def comparison(
    result: Comparison, ax: "Axes | None" = None, *, measure: str = "between_over_energy", width: float = 8.6
) -> "Axes":
    """Draw one measure of a `Comparison` against depth, an operation a curve, with intervals.

    ax : axes to draw on; None: of a new figure, `width` cm wide
    measure : one of `comparison.MEASURES`

    Returns the axes. An operation without the measure, as one that expands without B / E_0, is not drawn.
    Raises TypeError if `result` is no comparison, ValueError for an unknown measure.

        >>> images, labels = np.random.default_rng(0).normal(size=(80, 1, 16, 16)), np.arange(80) % 2
        >>> result = comparison.across_layers(images, labels, ("phase collapse", "tanh"), depth=1)
        >>> plot.comparison(result).figure.savefig("comparison.pdf")
    """
    if not hasattr(result, "to_dicts"):
        raise TypeError(f"result: expected a Comparison, as of comparison.across_layers, got {type(result).__name__}")
    with _style(ax):
        ax = layers(result.to_dicts(), ax, measure=measure, width=width)
        ax.set_title(f"{_plain(result.collapse)}, B / E₀ at depth {result.depth}: {result.verdict()}")
    return ax


def layers(
    rows: list[dict], ax: "Axes | None" = None, *, measure: str = "between_over_energy", width: float = 8.6
) -> "Axes":
    """Draw one measure of rows, as of `Comparison.to_dicts`, against depth.

    rows : dicts with "operation", "depth" and the measure as [value, low, high] or None; with "chance", its line is
        drawn under an accuracy

    Returns the axes.
    Raises ValueError for an unknown measure, or rows that have none of it.

        >>> of = {"operation": "phase collapse"}
        >>> rows = [{**of, "depth": d, "fisher_trace": [d, d - 0.5, d + 0.5]} for d in range(3)]
        >>> plot.layers(rows, measure="fisher_trace").get_xlabel()
        'depth (layers)'
    """
    check_choice("measure", measure, MEASURES)
    rows = [row for row in rows if row.get(measure) is not None]
    if not rows:
        raise ValueError(f"rows: expected some with {measure!r}, got none")
    with _style(ax):
        ax = _axes(ax, width)
        _draw_curves(ax, rows, measure)
        _finish(ax)
    return ax


def _draw_curves(ax, rows, measure):
    share, names = measure.startswith("accuracy"), list(dict.fromkeys(row["operation"] for row in rows))
    for number, name in enumerate(names):
        here = sorted((row for row in rows if row["operation"] == name), key=lambda row: row["depth"])
        value, low, high = np.array([row[measure] for row in here], float).T * (100 if share else 1)
        colour, marker, line = _look(name, names)
        place = np.array([row["depth"] for row in here]) + 0.06 * (number - (len(names) - 1) / 2)
        ends = np.nan_to_num(np.maximum([value - low, high - value], 0))
        style = {"color": colour, "marker": marker, "linestyle": line, "capsize": 1.5}
        ax.errorbar(place, value, yerr=ends, label=_plain(name), **style)
    if share and "chance" in rows[0]:
        ax.axhline(100 * rows[0]["chance"], color="#444444", linewidth=0.8, linestyle=(0, (1, 2)), label="chance")
    elif not share:
        ax.axhline(0, color="#444444", linewidth=0.6)
    ax.set(xlabel="depth (layers)", ylabel=_LABELS[measure], xticks=sorted({row["depth"] for row in rows}))


def learning_curve(folder: str | os.PathLike, ax: "Axes | None" = None, *, width: float = 8.6) -> "Axes":
    """Draw the accuracies of a run against its epochs, from metrics.jsonl in its folder.

    folder : of a training by `learned.train`

    Returns the axes.
    Raises TypeError or ValueError if `folder` is no path, holds no metrics, or none of a finished epoch.

        >>> ax = plot.learning_curve("runs/one")
        >>> [line.get_label() for line in ax.lines]
        ['training images', 'test images']
    """
    path = as_path(folder) / "metrics.jsonl"
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError:
        raise ValueError(f"folder: expected that of a run, with metrics.jsonl, got {str(folder)!r}") from None
    except ValueError:
        raise ValueError(f"folder: expected metrics in JSON, got others in {str(path)!r}") from None
    epochs = [line for line in lines if isinstance(line, dict) and line.get("kind") == "epoch"]
    curves = [
        [(row["epoch"], 100 * row[key]) for row in epochs if "epoch" in row and key in row] for key, *_ in _CURVES
    ]
    if not any(curves):
        raise ValueError(f"folder: expected metrics of at least one epoch, got none in {str(path)!r}")
    with _style(ax):
        ax = _axes(ax, width)
        for points, (_, label, colour, marker, line) in zip(curves, _CURVES, strict=True):
            if points:
                ax.plot(*zip(*points, strict=True), label=label, color=colour, marker=marker, linestyle=line)
        ax.set(xlabel="epoch", ylabel="right (%)")
        ax.xaxis.get_major_locator().set_params(integer=True)
        _finish(ax)
    return ax


_CURVES = (
    ("train_accuracy", "training images", "#003f7f", "o", "-"),
    ("test_accuracy", "test images", "#c8500a", "s", "--"),
)


def audit(report: "Audit", ax: "Axes | None" = None, *, width: float = 17.8) -> "Axes":
    """Draw the Fisher ratio of each layer of an audited network against depth, in logarithms, with intervals.

    report : of `learned.audit`
    ax : axes to draw on; None: of a new figure, `width` cm wide

    Every layer is a grey point, every activation a black one; beside it stand the even part of the activation, a
    collapse, and its odd part, a reduction. The dashed line is the separation law.

    Returns the axes. Layers whose ratio is not above 0 are not drawn.
    Raises TypeError if `report` is no audit, ValueError if it has no layer to draw.

        >>> import torch
        >>> labels = torch.arange(40) % 2
        >>> images = torch.rand(40, 3, 8, 8) + labels[:, None, None, None]
        >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2), torch.nn.ReLU())
        >>> plot.audit(learned.audit(network, (images, labels))).get_yscale()
        'log'
    """
    if not hasattr(report, "interventions"):
        raise TypeError(f"report: expected an Audit, as of learned.audit, got {type(report).__name__}")
    rows = enumerate(report.to_dicts())
    rows = [(depth, row) for depth, row in rows if 0 < (row["fisher_trace_unbiased"] or 0) < np.inf]
    if not rows:
        raise ValueError("report: expected a layer with a Fisher ratio above 0, got none")
    with _style(ax):
        ax = _axes(ax, width)
        depth, value = _points(rows, "fisher_trace_unbiased")
        ax.plot(depth, value, color="#b0b0b0", marker=".", label="layer", zorder=1)
        _draw_activations(ax, [(depth, row) for depth, row in rows if row["is_activation"]])
        if report.law:
            line = [report.law["intercept"] + report.law["rate"] * number for number in report.law["depths"]]
            place = {row["layer"]: depth for depth, row in rows}
            style = {"color": "#444444", "linestyle": (0, (5, 2)), "label": "law"}
            ax.plot([place[name] for name in report.law["layers"]], np.exp(line), **style)
            each = report.law["over"].removesuffix("s")
            ax.set_title(
                "log F grows by {rate:.2g} [{rate_low:.2g}, {rate_high:.2g}] per {}".format(each, **report.law)
            )
        ax.set(yscale="log", xlabel="layer, in the order of calls", ylabel="Fisher ratio B / V (no unit)")
        ax.set_ylim(value.min() / 4, None)
        ax.xaxis.get_major_locator().set_params(integer=True)
        _finish(ax)
    return ax


def _draw_activations(ax, rows):
    """Activations with intervals, and the ratios of their parts, a little beside."""
    if not rows:
        return
    depth, value = _points(rows, "fisher_trace_unbiased")
    low, high = (_points(rows, f"fisher_trace_unbiased{end}")[1] for end in ("_low", "_high"))
    reach = np.nan_to_num([np.clip(value - low, 0, 0.999 * value), np.maximum(high - value, 0)])
    style = {"linestyle": "none", "markerfacecolor": "none"}
    ax.errorbar(depth, value, yerr=reach, color="#000000", marker="o", capsize=1.5, label="activation", **style)
    for name, operation, marker, shift in (("even", "phase collapse", "^", -0.4), ("odd", "soft threshold", "s", 0.4)):
        there = [(depth, row) for depth, row in rows if 0 < (row[f"{name}_fisher"] or 0) < np.inf]
        place, ratio = _points(there, f"{name}_fisher")
        ax.plot(place + shift, ratio, color=colour_of(operation), marker=marker, label=f"{name} part", **style)


def _points(rows, name):
    """(depths, values), NaN for None."""
    return np.array([depth for depth, _ in rows], float), np.array([row[name] for _, row in rows], float)


def colour_of(operation):
    """The colour of an operation.  Raises ValueError, listing the known ones, if it has none of its own."""
    return look_of(operation)["color"]


def look_of(operation):
    """Colour, marker and line style of an operation, as keywords of `Axes.plot`.

    Raises ValueError, listing the known ones, if it has none of its own.
    """
    check_choice("operation", operation, tuple(_LOOKS))
    return dict(zip(("color", "marker", "linestyle"), _LOOKS[operation], strict=True))


def _axes(ax, width):
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    width = check_number("width", width, least=4) / 2.54
    return plt.subplots(figsize=(width, max(0.55 * width, 2.6)), layout="constrained")[1]


def _style(ax):
    """The look of a new figure; axes that are given keep theirs."""
    if ax is not None:
        return nullcontext()
    import matplotlib as mpl

    mpl.rcParams.update(_FONTS)
    return mpl.rc_context(STYLE)


def _finish(ax):
    ax.spines[["top", "right"]].set_visible(False)
    many = len(ax.get_legend_handles_labels()[1])
    size = 7 if many < 7 else 6
    if ax.figure.get_layout_engine() is not None and len(ax.figure.axes) == 1:
        columns = max(1, min(many, int(ax.figure.get_figwidth() / 1.15)))
        ax.figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=size)
    else:
        ax.legend(frameon=False, fontsize=size)


def _look(name, names):
    if name in _LOOKS:
        return _LOOKS[name]
    others = [each for each in names if each not in _LOOKS]
    return _OTHERS[others.index(name) % len(_OTHERS)]


def _plain(name):
    """A name as matplotlib is to print it: no formula, no page of text."""
    shown = name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2 - 1]}…{name[-_LONGEST // 2 :]}"
    return "".join(letter if letter.isprintable() else "?" for letter in shown).replace("$", r"\$")
