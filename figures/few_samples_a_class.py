"""From few samples per class: how often a linear classifier is right, by what describes the images.

Panels are the data: patches of three textures from anywhere in a photograph, and ten materials at varied distances.
Blue are collapsed phases, of wavelets at two orders and of waves as long as the image, and grey is what keeps them,
pixels and their principal components. Marks are means over draws of the images to fit on, and bars go from the lowest
draw to the highest.
"""

from analysis import few_samples_a_class, record
from analysis.instruments.tables import DESCRIPTIONS
from collapse_theory.datasets import TEXTURE_NAMES

from . import style

RESULTS = (few_samples_a_class.NAME,)
TITLES = {"textures": "three textures", "kth tips": "KTH-TIPS, ten materials"}
_SHORT = "samples (per class)"
CHANCE = {"textures": 1 / len(TEXTURE_NAMES), "kth tips": 1 / 10}
_COLLAPSED, _KEPT = style.COLOUR["phase collapse"], style.COLOUR["identity"]
LOOK = {
    "pixels": (_KEPT, "x", ":"),
    "principal components": (_KEPT, "s", "--"),
    "Fourier moduli": (_COLLAPSED, "^", ":"),
    "scattering, order 1": (_COLLAPSED, "D", "--"),
    "scattering, order 2": (_COLLAPSED, "o", "-"),
}


def data(rows=None):
    """By data and description: "samples", and "accuracy" as [mean, lowest, highest] for each of them."""
    rows = record.load(few_samples_a_class.NAME)["rows"] if rows is None else rows
    curves = {}
    for row in sorted(rows, key=lambda row: (DESCRIPTIONS.index(row["description"]), row["samples"])):
        by_description = curves.setdefault(row["data"], {})
        curve = by_description.setdefault(row["description"], {"samples": [], "accuracy": []})
        curve["samples"].append(row["samples"])
        curve["accuracy"].append(row["accuracy"])
    return curves


def draw(data, width=17.8):
    """The picture, `width` cm wide, a panel for each data set."""
    side_by_side = width / len(data) >= 4
    shape = (1, len(data)) if side_by_side else (len(data), 1)
    figure, axes = style.panels(*shape, width_cm=width, height_cm=8 if width >= 13 else 7.5, sharey=True, sharex=True)
    for ax, (name, by_description) in zip(axes.flat, data.items(), strict=True):
        for number, (description, curve) in enumerate(by_description.items()):
            _draw_curve(ax, curve, description, 1 + 0.03 * (number - (len(by_description) - 1) / 2))
        if name in CHANCE:
            ax.axhline(100 * CHANCE[name], color=style.BOUND, linestyle=":", linewidth=0.9, label="chance")
        samples = sorted({count for curve in by_description.values() for count in curve["samples"]})
        ax.set(xscale="log", title=TITLES.get(name, style.plain(name)), ylim=(0, 103))
        ax.set_xticks(samples, map(str, samples))
        ax.minorticks_off()
        ax.set(xlabel="samples to fit on (per class)" if side_by_side and width > 13 else _SHORT, ylabel="right (%)")
        ax.label_outer()
    style.legend(figure, axes[0, 0])
    return figure


def _draw_curve(ax, curve, description, shift):
    colour, marker, line = LOOK[description]
    places = [count * shift for count in curve["samples"]]
    mean, low, high = ([100 * value for value in column] for column in zip(*curve["accuracy"], strict=True))
    ends = [[m - e for m, e in zip(mean, low, strict=True)], [e - m for m, e in zip(mean, high, strict=True)]]
    look = {"color": colour, "marker": marker, "linestyle": line, "capsize": 1.5}
    ax.errorbar(places, mean, yerr=ends, label=description, **look)
