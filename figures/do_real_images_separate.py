"""Real images: class means and classifiers, layer by layer, of a phase collapse and of other operations.

Columns: CIFAR-10, all 60,000 images; Fashion-MNIST and KTH-TIPS, each image moved at random over its torus. From the
top: the unbiased Fisher ratio of the whole representation; the same of what passed a wavelet once or more; accuracy of
a linear classifier on spatially averaged channels; and on all numbers, for the images, the collapse and the soft
threshold alone, where these are few enough. Chance is dotted. Bars are 95 % intervals of each number by itself; there
is none for the waves. Differences are not paired here, and no verdict is drawn.
"""

from analysis import do_real_images_separate, record

from . import style

PANELS = {
    "fisher_trace": "Fisher ratio",
    "waves": "Fisher ratio, waves",
    "accuracy_of_averages": "accuracy, averages",
    "accuracy_of_features": "accuracy, all numbers",
}
TITLES = {
    "cifar10": "CIFAR-10",
    "moved fashion mnist": "Fashion-MNIST, moved",
    "moved kth tips": "KTH-TIPS, moved",
}
CLASSES = 10  # of rows without a number


def data(rows=None):
    """By data and operation: depths, numbers of classes, and of each quantity [value, low, high] or None at each."""
    rows = record.load(do_real_images_separate.NAME)["rows"] if rows is None else rows
    curves = {}
    for row in sorted(rows, key=lambda row: row["depth"]):
        by_operation = curves.setdefault(row["data"], {})
        curve = by_operation.setdefault(row["operation"], {name: [] for name in ("depth", "classes", *PANELS)})
        for name, values in curve.items():
            value = row.get(name, CLASSES)
            values.append([value["fisher_trace"], None, None] if name == "waves" and value else value)
    return curves


def draw(data):
    figure, axes = style.panels(len(PANELS), len(data), height_cm=16.0, sharex=True)
    for column, (name, by_operation) in zip(axes.T, data.items(), strict=True):
        for ax, (quantity, label) in zip(column, PANELS.items(), strict=True):
            for operation, curve in by_operation.items():
                style.curve(ax, curve["depth"], curve[quantity], operation=operation)
            ax.set(xlabel="depth (layers)", ylabel=label, xticks=next(iter(by_operation.values()))["depth"])
        for ax in column[:2]:
            ax.axhline(0, color=style.BOUND, linewidth=0.6)
        for ax in column[2:]:
            ax.axhline(
                1 / next(iter(by_operation.values()))["classes"][0], color=style.BOUND, linestyle=":", linewidth=0.9
            )
        column[0].set_title(TITLES.get(name, style.plain(name)))
    style.legend(figure, axes[0, 0])
    return figure
