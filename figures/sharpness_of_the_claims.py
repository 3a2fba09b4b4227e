"""How sharp the claims are: each at its hardest instance, and with a hypothesis removed.

Dots are what was measured here at the hardest lawful instance, and bars what the proof predicts there: an inequality
whose dot is at 1 reaches its bound. Crosses are the same instance with a hypothesis removed, one for each broken
variant; a cross left of the line would be a hypothesis that is not needed. Triangles are off the axis: to the left 0,
or inside of the interval of a witness, and to the right more than the axis holds, or infinite.
"""

import textwrap
from math import inf, isfinite

import numpy as np
from matplotlib.ticker import LogLocator

from collapse_theory import ledger
from collapse_theory.claims import CLAIMS

from . import style

RESULTS = ()
PANELS = {  # of each kind: its title, the label of the axis, what is allowed, and the ends of the axis
    "inequality": ("inequalities", "deviation / bound (no unit)", 1.0, (0.1, 1e3)),
    "identity": ("identities", "relative difference (no unit)", ledger.ROUNDING, (1e-17, 1e2)),
    "witness": ("witnesses", "distance outside (no unit)", ledger.ROUNDING, (1e-17, 1e2)),
}
DOT, CROSS, PREDICTED = style.COLOUR["phase collapse"], style.COLOUR["soft threshold"], style.BOUND
_WIDE = 13  # cm, from which a name is one line


def data(claims=CLAIMS):
    """What each claim comes to: dicts of "name", "kind", and the lists "predicted", "reached" and "broken".

    claims : modules, as those of `collapse_theory.claims`

    Of a prediction the two ends are listed; identities and witnesses have none. What is infinite is None.
    """
    return [_measured(claim) for claim in claims]


def _measured(claim):
    kind, (x, parameters) = ledger.kind_of(claim), ledger.lawful(claim)
    measure, _ = ledger.measure_of(claim)
    if kind == "inequality":
        reached = ledger.ratios_of(claim, np.asarray, x, parameters).tolist()
        predicted = claim.SHARPNESS if isinstance(claim.SHARPNESS, list) else [claim.SHARPNESS]
    else:
        reached, predicted = [measure(claim, np.asarray, x, parameters)], []
    broken = [measure(claim, np.asarray, x, parameters | variant) for variant in ledger.variants(claim)]
    return {
        "name": claim.__name__.rsplit(".", 1)[-1].replace("_", " "),
        "kind": kind,
        "predicted": [[float(end) for end in np.broadcast_to(each, 2)] for each in predicted],
        "reached": [value if isfinite(value) else None for value in reached],
        "broken": [value if isfinite(value) else None for value in broken],
    }


def draw(data, width=17.8):
    """The picture, `width` cm wide, a panel for each kind of claim."""
    wide = width >= _WIDE
    letters = 80 if wide else 30
    shown = {kind: [claim for claim in data if claim["kind"] == kind] for kind in PANELS}
    shown = {kind: claims for kind, claims in shown.items() if claims}
    names = {claim["name"]: textwrap.fill(claim["name"], letters) for claim in data}
    heights = [3 + sum(_lines(names[claim["name"]]) for claim in claims) for claims in shown.values()]
    options = {"width_cm": width, "height_cm": (0.38 if wide else 0.3) * sum(heights) + 1.2, "height_ratios": heights}
    figure, axes = style.panels(len(shown), 1, **options)
    for ax, (kind, claims) in zip(axes[:, 0], shown.items(), strict=True):
        _draw_panel(ax, kind, claims, names)
    style.legend(figure, axes[0, 0])
    return figure


def _lines(name):
    return 1 + 0.9 * name.count("\n")


def _draw_panel(ax, kind, claims, names):
    title, label, allowed, ends = PANELS[kind]
    ax.axvline(allowed, color=PREDICTED, linewidth=0.8, label="most that is allowed")
    ax.set_title(title, loc="left", fontweight="bold")
    places, at = [], 0.0
    for claim in claims:
        height = _lines(names[claim["name"]])
        places.append(at + height / 2)
        at += height
    ax.set(xscale="log", xlim=ends, xlabel=label, ylim=(at, 0))
    ax.set_yticks(places, [names[claim["name"]] for claim in claims])
    ax.tick_params(axis="y", length=0, labelsize=6.5 if ax.figure.get_figwidth() * 2.54 >= _WIDE else 5)
    ax.xaxis.set_major_locator(LogLocator(numticks=5))
    ax.spines["left"].set_visible(False)
    for place, claim in zip(places, claims, strict=True):
        predicted = np.array(claim["predicted"], float)
        if len(predicted):
            ends_of = predicted.mean(axis=1), predicted.mean(axis=1) - predicted[:, 0]
            at = np.full(len(predicted), place)
            bar = {"linestyle": "none", "marker": "|", "markersize": 9, "color": PREDICTED, "label": "predicted"}
            ax.errorbar(ends_of[0], at, xerr=ends_of[1], **bar)
        _draw_marks(ax, place, claim["reached"], ends, color=DOT, marker="o", label="at the hardest instance", zorder=3)
        _draw_marks(ax, place, claim["broken"], ends, color=CROSS, marker="x", label="a hypothesis removed", zorder=4)


def _draw_marks(ax, place, values, ends, *, marker, label, **look):
    """Marks at these values; a triangle at the edge for what is not on the axis."""
    low, high = ends
    values = np.array([inf if value is None else value for value in values])
    for inside, at, shape in (
        ((values >= low) & (values <= high), values, marker),
        (values < low, np.full(len(values), low), "<"),
        (values > high, np.full(len(values), high), ">"),
    ):
        if inside.any():
            name = label if shape == marker else "_nolegend_"
            ax.plot(at[inside], np.full(inside.sum(), place), shape, label=name, clip_on=False, **look)
