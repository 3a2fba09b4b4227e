"""A phase collapse and other operations, layer by layer, on classes that move, classes of one spectrum, and CIFAR-10.

Columns are the classes, with the verdict at the deepest layer: does the collapse separate class means more than every
reduction and than the identity? Gaussian and sparse are fields of one spectrum. Moved are patches of textures at random
places, without and with a random sign. From the top: between-class variance over the energy of the images, B / E₀,
which is not defined for a unit amplitude; the Fisher ratio B / V; and held-out accuracy of a linear classifier and of
the nearest class mean, of channels averaged over space. Bars are 95 % intervals of each number by itself; the verdict
goes by paired differences, which they do not show.
"""

from analysis import record, separation_across_layers

from . import style

PANELS = {
    "between_over_energy": "B / E₀",
    "fisher_trace": "Fisher ratio B / V",
    "accuracy_linear": "linear, right (%)",
    "accuracy_nearest_mean": "nearest mean, right (%)",
}
TITLES = {
    "pulses": "Gaussian and sparse",
    "moved": "textures, moved",
    "cifar10": "CIFAR-10",
}


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


def draw(data):
    curves, options = data["curves"], {"sharex": True, "sharey": "row"}
    figure, axes = style.panels(
        len(PANELS), len(curves), width_cm=max(3.4 * len(curves) + 3, 9), height_cm=15, **options
    )
    for column, (name, by_operation) in zip(axes.T, curves.items(), strict=True):
        for ax, (quantity, label) in zip(column, PANELS.items(), strict=True):
            for operation in sorted(by_operation, key=list(style.COLOUR).index):
                curve = by_operation[operation]
                style.curve(ax, curve["depth"], curve[quantity], operation=operation)
            if quantity.startswith("accuracy"):
                ax.axhline(data["chances"][name], color=style.BOUND, linestyle=":", linewidth=0.9, label="chance")
                ax.set_ylim(0, 103)
            else:
                ax.axhline(0, color=style.BOUND, linewidth=0.6)
            ax.set(xlabel="depth (layers)", ylabel=label, xticks=range(1 + max(map(_deepest, curves.values()))))
            ax.label_outer()
        column[0].set_title(
            f"{TITLES.get(name, style.plain(name))}\ndepth {_deepest(by_operation)}: {data['verdicts'][name]}"
        )
    style.legend(figure, axes[-1, 0])
    return figure


def _deepest(by_operation):
    return max(max(curve["depth"]) for curve in by_operation.values())
