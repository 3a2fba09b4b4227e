"""On equal terms: what trained networks get right, and how much of their non-linearities is dead.

Left, images of the test set that are right after the last epoch, with 95 % intervals over these images, of several
seeds the outermost ends; hollow marks act on equal terms, on channels of one root mean square with thresholds at a
quantile of the amplitudes, so that no threshold is dead or idle at the start. Then, for each non-linearity from the
input to the output, the share of outputs that are 0, and of channels that are 0 in every test image, with running
statistics. An output of 0 is what a threshold is for; a dead channel is not.
"""

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from . import named_lines, style, trained

RESULTS = (trained.RESULT,)
_GREY = {"cmap": "Greys", "vmin": 0, "vmax": 100, "edgecolor": style.BOUND, "linewidth": 0.3}
SHARES = {"zeros_running": "outputs that are 0", "dead_channels_running": "dead channels"}


def data(rows=None):
    """Dicts of "network", "training", "accuracy", "chance", "look", and the shares of each non-linearity.

    rows : of the record; None: those that are committed

    Shares are lists in the order of the layers, means over the seeds.
    """
    return [
        {
            "network": f"{cell.network}, {cell.seeds()}",
            "training": cell.training,
            "accuracy": cell.accuracy,
            "chance": cell.chance(),
            "look": cell.look(),
            **{name: _mean([list(row[name].values()) for row in cell.rows]) for name in SHARES},
        }
        for cell in trained.cells(rows)
    ]


def _mean(lists):
    return [sum(values) / len(values) for values in zip(*lists, strict=True)]


def draw(data, width=17.8):
    """The picture, `width` cm wide: accuracies, and beside each network its shares as strips."""
    height = named_lines.line_height(width) * named_lines.places(*trained.named(data))[2] + 3.7
    figure, axes = style.panels(1, 3, width_cm=width, height_cm=height)
    accuracies, *shares = axes[0]
    heights = trained.draw_accuracies(accuracies, data)
    for ax, (name, title) in zip(shares, SHARES.items(), strict=True):
        named_lines.draw_names(ax, *trained.named(data), named=False)
        strips = _draw_strips(ax, heights, [line[name] for line in data])
        ax.set_title(title.replace(" ", "\n", 1), fontsize=named_lines.size_of(figure))
        ax.set_xlabel("non-linearity\n(number)", fontsize=named_lines.size_of(figure))
    bar = figure.colorbar(
        strips, ax=shares, orientation="horizontal", fraction=0.35 / height, pad=0.4 / height, aspect=30
    )
    bar.set_label("share (%)", fontsize=named_lines.size_of(figure))
    bar.ax.tick_params(labelsize=named_lines.size_of(figure))
    if accuracies.get_legend_handles_labels()[1]:
        style.legend(figure, accuracies)
    return figure


def _draw_strips(ax, heights, lists):
    """Shares as strips of grey, one at each height.  Returns what a colour bar takes."""
    most = max(map(len, lists), default=1) or 1
    for height, shares in zip(heights, lists, strict=True):
        if shares:
            edges = [number + 0.5 for number in range(len(shares) + 1)]
            ax.pcolormesh(edges, [height - 0.32, height + 0.32], [[100 * share for share in shares]], **_GREY)
        else:
            ax.text(0.5, height, "none", va="center", fontsize=6, color=style.BOUND)
    ax.set_xlim(0.3, most + 0.7)
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=4)
    return ScalarMappable(Normalize(0, 100), _GREY["cmap"])
