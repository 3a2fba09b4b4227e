"""Where class means are flat, a phase collapse sets them apart, more at each layer; an amplitude reduction does not.

Columns are the classes: Gaussian fields against sparse pulses of the same spectrum; three textures; eight patches of
each texture, moved at random; the same with a random sign; and CIFAR-10, where it was measured. Its class means are
not flat before any layer: there the Fisher ratio of a tanh comes as high, and only the accuracy differs. Top: the
unbiased Fisher ratio of the whole representation, between-class over within-class variance. Middle: the share of the
energy that is in the class means. Bottom: held-out accuracy of a linear classifier on spatially averaged channels,
with chance dotted. There, reductions tell textures apart by means that carry a thousandth of the energy or less: they
vanish with a random sign, which makes classes closed under the phases that a real image has. Bars are 95 % intervals.
"""

from analysis import record, separation_across_layers

from . import style

PANELS = {
    "fisher_trace": "Fisher ratio",
    "mean_share": "mean energy / energy",
    "accuracy_of_averages": "accuracy",
}
CLASSES = {"pulses": 2, "textures": 3, "moved": 3, "moved, either sign": 3, "cifar10": 10}  # of rows without a number
TITLES = {
    "pulses": "Gaussian against sparse",
    "moved": "textures, moved",
    "moved, either sign": "moved, either sign",
    "cifar10": "CIFAR-10",
}


def data(setting="deep", rows=None):
    """Curves of one setting: by data and operation, depth and each quantity as (values, low, high)."""
    rows = record.load(separation_across_layers.NAME)["rows"] if rows is None else rows
    curves = {}
    for row in rows:
        if row["setting"] == setting:
            curves.setdefault(row["data"], {}).setdefault(row["operation"], []).append(row)
    classes = {row["data"]: row.get("classes", CLASSES.get(row["data"])) for row in rows}
    return {
        "setting": setting,
        "classes": {name: classes[name] for name in curves},
        "curves": {name: {op: _curve(list_) for op, list_ in by.items()} for name, by in curves.items()},
    }


def _curve(rows):
    rows = sorted(rows, key=lambda row: row["depth"])
    shares = [[_share(value, row["energy"]) for value in row["mean_energy"]] for row in rows]
    columns = {name: [row[name] for row in rows] for name in ("fisher_trace", "accuracy_of_averages")}
    return {"depth": [row["depth"] for row in rows]} | columns | {"mean_share": shares}


def _share(value, energy):
    return None if value is None or not energy else value / energy


def draw(data):
    curves = data["curves"]
    figure, axes = style.panels(len(PANELS), len(curves), width_cm=4.6 * len(curves) + 3, height_cm=13.0, sharex=True)
    for column, (name, by_operation) in zip(axes.T, curves.items(), strict=True):
        for ax, (quantity, label) in zip(column, PANELS.items(), strict=True):
            for operation, curve in by_operation.items():
                style.curve(ax, curve["depth"], curve[quantity], operation=operation)
            ax.set(xlabel="depth (layers)", ylabel=label, xticks=next(iter(by_operation.values()))["depth"])
        column[0].axhline(0, color=style.BOUND, linewidth=0.6)
        column[0].set_title(TITLES.get(name, style.plain(name)))
        if data["classes"][name]:
            column[2].axhline(1 / data["classes"][name], color=style.BOUND, linestyle=":", linewidth=0.9)
    style.legend(figure, axes[0, 0])
    return figure
