"""Learning curves: images that are right after each epoch, of all trained networks that were recorded.

A panel is one way of training, and a curve one network with one seed: of the test images at each epoch, and, as a mark
right of the end, of the images that it was fitted on. Hollow marks act on equal terms, dashed networks have no skip
connection, and chance is dotted. The last epoch is the result, and none was chosen by the test images.
"""

from . import named_lines, style, trained

RESULTS = (trained.RESULT,)
_PANEL = 6.0  # cm, with its title and labels
_LEGEND = {"loc": "upper left", "handlelength": 3}
_MOST_MARKS = 12  # epochs of a curve that has a mark at each


def data(rows=None):
    """By training: dicts of "network", "chance", "look", and of each seed "test", a list, and "train", a number.

    rows : of the record; None: those that are committed
    """
    curves = {}
    for cell in trained.cells(rows):
        curve = {"network": cell.network, "chance": cell.chance(), "look": cell.look()}
        curve["test"] = [row["test_accuracy_of_epochs"] for row in cell.rows]
        curve["train"] = [row["train_accuracy"] for row in cell.rows]
        curves.setdefault(cell.training, []).append(curve)
    return curves


def draw(data, width=17.8):
    """The picture, `width` cm wide: panels below each other, each with its networks beside it, or below."""
    wide = width >= named_lines.WIDE
    names = [0.41 * (3 + _lines(curves)) for curves in data.values()]
    if wide:
        heights = [max(_PANEL, lines) for lines in names]
        options = {"width_ratios": [1.9, 1], "height_ratios": heights}
        figure, axes = style.panels(len(data), 2, width_cm=width, height_cm=sum(heights), **options)
    else:
        heights = [height for lines in names for height in (_PANEL, lines)]
        options = {"height_ratios": heights}
        figure, axes = style.panels(2 * len(data), 1, width_cm=width, height_cm=sum(heights), **options)
    for pair, (training, curves) in zip(axes.reshape(-1, 2), data.items(), strict=True):
        _draw_panel(pair[0], curves)
        pair[0].set_title(trained.printed(training, 120 if wide else 40))
        pair[1].set_axis_off()
        pair[1].legend(*pair[0].get_legend_handles_labels(), **_LEGEND, fontsize=named_lines.size_of(figure))
    return figure


def _lines(curves):
    return sum(1 + trained.printed(curve["network"], 40).count("\n") for curve in curves)


def _draw_panel(ax, curves):
    longest = max(len(accuracies) for curve in curves for accuracies in curve["test"])
    for curve in curves:
        for number, (accuracies, train) in enumerate(zip(curve["test"], curve["train"], strict=True)):
            epochs = range(1, 1 + len(accuracies))
            look = {**curve["look"]} if longest <= _MOST_MARKS else curve["look"] | {"markevery": [-1]}
            name = trained.printed(curve["network"], 40) if number == 0 else "_nolegend_"
            ax.plot(epochs, [100 * share for share in accuracies], label=name, **look)
            end = len(accuracies) + 0.04 * longest
            ax.plot([end], [100 * train], color=look["color"], marker="_", markersize=6, linestyle="none")
    chances = {curve["chance"] for curve in curves if curve["chance"] is not None}
    for chance in sorted(chances):
        ax.axhline(100 * chance, color=style.BOUND, linestyle=":", linewidth=0.9, label="chance")
    ax.plot([], [], color=style.BOUND, marker="_", markersize=6, linestyle="none", label="images to fit on")
    ax.set(xlabel="epoch", ylabel="right (%)")
    ax.set_ylim(bottom=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
