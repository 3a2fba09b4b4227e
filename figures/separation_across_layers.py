"""Separation across layers: a phase collapse and other operations on the same classes, with the verdict on each.

Columns are the classes, by their names in the tables, with the verdict at the deepest layer: does the collapse separate
class means more than every reduction and than the identity? From the top: between-class variance over the energy of the
images, B / E₀, which a unit amplitude has not; the Fisher ratio B / V; and held-out accuracy of a linear classifier and
of the nearest class mean, of channels averaged over space. Bars are 95 % intervals of each number by itself, over
images or over the patches that are moved; the verdict goes by paired differences, which they do not show.
"""

import textwrap

from analysis import record, separation_across_layers

from . import style

RESULTS = (separation_across_layers.NAME,)
PANELS = {
    "between_over_energy": "B / E₀\n(share of energy)",
    "fisher_trace": "Fisher ratio B / V\n(no unit)",
    "accuracy_linear": "linear classifier,\nright (%)",
    "accuracy_nearest_mean": "nearest mean,\nright (%)",
}
_COLUMN = 1.35  # cm, the least
_WIDE = 2.6  # cm of a column, from which each has its own label


def data(setting="deep", rows=None):
    """Curves of one setting: by data and operation, the depths and [value, low, high] of each quantity; verdicts."""
    rows = record.load(separation_across_layers.NAME)["rows"] if rows is None else rows
    curves, chances, verdicts = {}, {}, {}
    for row in sorted((row for row in rows if row["setting"] == setting), key=lambda row: row["depth"]):
        by_operation = curves.setdefault(row["data"], {})
        curve = by_operation.setdefault(row["operation"], {name: [] for name in ("depth", *PANELS)})
        for name, values in curve.items():
            values.append(_in_percent(row[name]) if name.startswith("accuracy") else row[name])
        chances[row["data"]], verdicts[row["data"]] = 100 * row["chance"], row["verdict"]
    return {"setting": setting, "chances": chances, "verdicts": verdicts, "curves": curves}


def _in_percent(triple):
    return None if triple is None else [100 * value for value in triple]


def draw(data, width=17.8):
    """The picture, at most `width` cm wide, and more only where columns would be too narrow to read."""
    curves = data["curves"]
    columns = len(curves)
    across = max(min(width, 3.4 * columns + 3.4), _COLUMN * columns + 1.8)
    wide = (across - 1.8) / columns >= _WIDE
    size = 8 if wide else 6
    figure, axes = style.panels(len(PANELS), columns, width_cm=across, height_cm=15, sharex=True, sharey="row")
    for number, (column, (name, by_operation)) in enumerate(zip(axes.T, curves.items(), strict=True)):
        for ax, (quantity, label) in zip(column, PANELS.items(), strict=True):
            _draw_curves(ax, by_operation, quantity, data["chances"][name])
            ax.set_ylabel(label, fontsize=size)
            ax.set_xlabel("depth (layers)" if wide or number == columns // 2 else "", fontsize=size)
            ax.set_xticks(range(1 + max(map(_deepest, curves.values()))))
            ax.tick_params(labelsize=size)
            ax.label_outer()
        lines = style.plain(name), f"depth {_deepest(by_operation)}: {data['verdicts'][name]}"
        column[0].set_title("\n".join(lines if wide else (textwrap.fill(line, 11) for line in lines)), fontsize=size)
    style.legend(figure, axes[-1, 0])
    return figure


def _draw_curves(ax, by_operation, quantity, chance):
    for operation in sorted(by_operation, key=list(style.COLOUR).index):
        curve = by_operation[operation]
        style.curve(ax, curve["depth"], curve[quantity], operation=operation)
    if quantity.startswith("accuracy"):
        ax.axhline(chance, color=style.BOUND, linestyle=":", linewidth=0.9, label="chance")
        ax.set_ylim(0, 103)
    else:
        ax.axhline(0, color=style.BOUND, linewidth=0.6)


def _deepest(by_operation):
    return max(max(curve["depth"]) for curve in by_operation.values())
