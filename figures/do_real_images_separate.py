"""Real images: class means and classifiers, layer by layer, of a phase collapse and of other operations.

Columns are CIFAR-10, all 60,000 images, and Fashion-MNIST and KTH-TIPS with each image moved at random over its torus.
From the top: the unbiased Fisher ratio of the whole representation; the same of its waves, which passed a wavelet once
or more and have no interval; images that a linear classifier gets right on averages over space, and on all numbers,
for the images, the collapse and the soft threshold alone, where these are few enough. Bars are 95 % intervals of each
number by itself: differences are not paired here, and no verdict is drawn.
"""

import textwrap

from analysis import do_real_images_separate, record

from . import style

RESULTS = (do_real_images_separate.NAME,)
PANELS = {
    "fisher_trace": "Fisher ratio B / V\n(no unit)",
    "waves": "Fisher ratio of\nwaves (no unit)",
    "accuracy_of_averages": "on averages,\nright (%)",
    "accuracy_of_features": "on all numbers,\nright (%)",
}
TITLES = {
    "cifar10": "CIFAR-10",
    "moved fashion mnist": "Fashion-MNIST, moved",
    "moved kth tips": "KTH-TIPS, moved",
}
CLASSES = 10  # of rows without a number
_WIDE = 13  # cm, from which labels are as large as elsewhere


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


def draw(data, width=17.8):
    """The picture, `width` cm wide, with one axis per row."""
    wide = width >= _WIDE
    size = 8 if wide else 6
    figure, axes = style.panels(len(PANELS), len(data), width_cm=width, height_cm=16.0, sharex=True, sharey="row")
    for column, (name, by_operation) in zip(axes.T, data.items(), strict=True):
        for ax, (quantity, label) in zip(column, PANELS.items(), strict=True):
            _draw_panel(ax, by_operation, quantity)
            ax.set_ylabel(label, fontsize=size)
            ax.set_xlabel("depth (layers)", fontsize=size)
            ax.set_xticks(next(iter(by_operation.values()))["depth"])
            ax.tick_params(labelsize=size)
            ax.label_outer()
        title = TITLES.get(name, style.plain(name))
        column[0].set_title(title if wide else textwrap.fill(title, 14), fontsize=size)
    style.legend(figure, axes[-1, 0])
    return figure


def _draw_panel(ax, by_operation, quantity):
    share = quantity.startswith("accuracy")
    missing = []
    for operation, curve in by_operation.items():
        triples = [_in_percent(triple) if share else triple for triple in curve[quantity]]
        style.curve(ax, curve["depth"], triples, operation=operation)
        missing += [depth for depth, triple in zip(curve["depth"], triples, strict=True) if triple is None]
    if share:
        chance = 100 / next(iter(by_operation.values()))["classes"][0]
        ax.axhline(chance, color=style.BOUND, linestyle=":", linewidth=0.9, label="chance")
        ax.set_ylim(0, 103)
    else:
        ax.axhline(0, color=style.BOUND, linewidth=0.6)
    if share and missing:
        note = {"fontsize": 5.5, "color": style.BOUND, "ha": "center", "va": "top", "transform": ax.transAxes}
        ax.text(0.5, 0.99, "the others\nwere not fitted", **note)


def _in_percent(triple):
    return None if triple is None else [100 * value for value in triple]
