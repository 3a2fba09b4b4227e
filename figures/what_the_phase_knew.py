"""What comes back from moduli, and from their averages over windows that grow.

Left: a patch of brick, from its wavelet coefficients by the adjoint, which is exact; from their moduli at every sample;
from averages of these over windows of 2^J samples, order 1 and up to order 2, each by a descent that starts from noise.
Right: relative errors for three textures, and dotted how far the representation of what was found is from the given
one. An error with a small misfit is lost with the phase or with the average; an error with a large one may be a descent
that stopped in a local minimum. At 1, a line, a grey image is as good. Errors to rounding are below the frame.
"""

from itertools import product

import numpy as np

from analysis import record, what_the_phase_knew

from . import style

COLOUR = {
    "moduli": style.COLOUR["phase collapse"],
    "order 1": style.COLOUR["soft threshold"],
    "order 2": style.CLASS_COLOUR[0],
}
MARKER = {"brick": "s", "grass": "^", "gravel": "o"}


def data(rows=None):
    """Pictures by representation and number of scales, and curves by texture and representation."""
    rows = record.load(what_the_phase_knew.NAME)["rows"] if rows is None else rows
    scales = sorted({row["scales"] for row in rows})
    pictured = [row for row in rows if "picture" in row]
    return {
        "scales": scales,
        "pictured": pictured[0]["texture"],
        "pictures": {(row["representation"], row["scales"]): np.array(row["picture"]) for row in pictured},
        "errors": {
            (row["texture"], row["representation"], row["scales"]): (row["relative_error"], row["misfit"])
            for row in rows
        },
    }


def draw(data):
    names, scales = what_the_phase_knew.REPRESENTATIONS, data["scales"]
    ratios = [1] * len(scales) + [2.8]
    figure, axes = style.panels(len(names), len(ratios), height_cm=12.0, width_ratios=ratios)
    for line, name in zip(axes, names, strict=True):
        line[-1].remove()
        for ax, number in zip(line, scales, strict=False):
            if (name, number) in data["pictures"]:
                error = data["errors"][data["pictured"], name, number][0]
                title = f"{name}\nJ = {number}, " + (f"error {error:.2g}" if error > 1e-12 else "exact")
                style.image(ax, data["pictures"][name, number], title, cmap="gray", vmin=0, vmax=255)
                ax.title.set_fontsize(6)
            else:
                ax.remove()
    ax = figure.add_subplot(axes[0, 0].get_gridspec()[:, -1])
    _draw_errors(ax, data)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw_errors(ax, data):
    for (texture, marker), (name, colour) in product(MARKER.items(), COLOUR.items()):
        pairs = [
            (number, *data["errors"][texture, name, number])
            for number in data["scales"]
            if (texture, name, number) in data["errors"]
        ]
        if not pairs:
            continue
        numbers, errors, misfits = np.array(pairs).T
        ax.plot(numbers, errors, color=colour, marker=marker, label=f"{name}, {texture}")
        ax.plot(numbers, misfits, color=colour, linestyle=":", linewidth=0.7)
    ax.axhline(1, color=style.BOUND, linewidth=0.6)
    ax.set(xlabel="scales J (windows of 2^J samples)", ylabel="relative error; dotted: misfit of what was given")
    ax.set(yscale="log", xticks=data["scales"], ylim=(1e-4, 3))
