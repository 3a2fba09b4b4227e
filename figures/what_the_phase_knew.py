"""What comes back from moduli, and from their averages over windows that grow.

A patch of brick, from the moduli of its coefficients at every sample, from averages of these over windows of 2^J
samples (order 1), and from order 1 with the moduli of moduli (order 2), each by the better of the recorded descents.
The dots are relative errors for three textures, 1 being as far as a grey image; what is at most 10⁻⁴ stands on the
left. Only descents that came within 2 % of what was given are shown, since the error of another says nothing of what
was lost.
"""

import numpy as np

from analysis import record, what_the_phase_knew

from . import style

NAMES = {"moduli": "moduli", "order 1": "averages,\norder 1", "order 2": "averages,\norder 2"}
ARRIVED = 0.02  # largest misfit of a descent that counts: the relative distance to what was given
FLOOR = 1e-4
COLOUR = {
    "moduli": style.COLOUR["phase collapse"],
    "order 1": style.COLOUR["soft threshold"],
    "order 2": style.COLOUR["unit amplitude"],
}
MARKER = {"brick": "s", "grass": "^", "gravel": "o"}


def data(rows=None):
    """Pictures by representation and number of scales, and errors by texture too; None where a descent did not arrive.

    "coefficients" is what comes back from them by the adjoint, which is exact.
    """
    rows = record.load(what_the_phase_knew.NAME)["rows"] if rows is None else rows
    pictured = [row for row in rows if "picture" in row]
    return {
        "scales": sorted({row["scales"] for row in rows}),
        "pictured": pictured[0]["texture"],
        "pictures": {
            (row["representation"], row["scales"]): np.array(row["picture"]) if _arrived(row) else None
            for row in pictured
        },
        "errors": {
            (row["representation"], row["scales"], row["texture"]): row["relative_error"] if _arrived(row) else None
            for row in rows
        },
    }


def _arrived(row):
    return row["misfit"] <= ARRIVED


def draw(data):
    if style.narrow():
        figure = style.figure(height_cm=16.0)
        left, right = figure.subfigures(2, 1, height_ratios=[0.75, 1])
    else:
        figure = style.figure(height_cm=9.0)
        left, right = figure.subfigures(1, 2, width_ratios=[1.7, 1])
    _draw_pictures(left.subplots(len(NAMES), 1 + len(data["scales"]), squeeze=False), data)
    _draw_errors(right.subplots(), data)
    handles, labels = right.axes[0].get_legend_handles_labels()
    right.legend(handles, labels, loc="outside lower center", ncols=len(MARKER))
    return figure


def _draw_pictures(axes, data):
    original = next(p for (name, _), p in data["pictures"].items() if name == "coefficients")
    for line, (name, label) in zip(axes, NAMES.items(), strict=True):
        style.image(line[0], original, "original", cmap="gray", vmin=0, vmax=255)
        line[0].set_ylabel(label)
        for ax, scales in zip(line[1:], data["scales"], strict=True):
            picture = data["pictures"].get((name, scales))
            if picture is None:
                ax.set(xticks=[], yticks=[], title=f"J = {scales}", aspect="equal", box_aspect=1)
                ax.spines[:].set_visible(False)
                says = "did not\narrive" if (name, scales) in data["pictures"] else "is\norder 1"
                ax.text(0.5, 0.5, says, transform=ax.transAxes, ha="center", va="center", fontsize=6.5)
            else:
                style.image(ax, picture, f"J = {scales}", cmap="gray", vmin=0, vmax=255)
                error = data["errors"][name, scales, data["pictured"]]
                ax.set_xlabel(f"{100 * error:.1f} %" if error > FLOOR else "exact", fontsize=6.5, labelpad=2)


def _draw_errors(ax, data):
    places = [(name, scales) for name in NAMES for scales in data["scales"]]
    places = [place for place in places if any(key[:2] == place for key in data["errors"])]
    for texture, marker in MARKER.items():
        ax.plot([], [], marker, color=style.BOUND, label=texture)
        for height, (name, scales) in enumerate(places):
            error = data["errors"].get((name, scales, texture))
            if error is not None:
                ax.semilogx(max(error, FLOOR), -height, marker, color=COLOUR[name], markersize=4.5, markeredgecolor="k")
    for height in range(len(places)):
        ax.axhline(-height, color=style.BOUND, linewidth=0.2, zorder=0)
    ax.axvline(1, color=style.BOUND, linewidth=0.6)
    ax.set_yticks(-np.arange(len(places)), [f"{name}, J = {scales}" for name, scales in places])
    ax.set_xticks([FLOOR, 1e-3, 1e-2, 1e-1, 1], ["≤ 10⁻⁴", "10⁻³", "10⁻²", "0.1", "1"])
    descents = [error for (name, *_), error in data["errors"].items() if name in NAMES]
    arrived = sum(error is not None for error in descents)
    ax.set(
        xlabel="relative error (no unit)", title=f"{arrived} of {len(descents)} descents arrived", xlim=(FLOOR / 2, 3)
    )
