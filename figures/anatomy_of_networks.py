"""Anatomy of trained networks: how far each layer separates the classes, from the input to the output.

Panels are what was measured at each layer of a network on test images: the share of the energy that is in the class
means, the Fisher ratio, the share of outputs that are 0, and, where an audit has them, how many held-out images a
linear classifier and the nearest class mean get right, the within-class over the between-class covariance (NC1) and
the class-distance normalised variance (CDNV). The last two fall where classes collapse to their means. A curve is one
network, the mean over its seeds, and has no interval.
"""

from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from . import named_lines, style, trained

RESULTS = (trained.RESULT,)
MEASURES = {  # of the rows of a layer, or made of them, with labels and factors
    "means": ("energy of class means\n(% of the energy)", 100),
    "fisher_trace": ("Fisher ratio B / V\n(no unit)", 1),
    "accuracy_linear": ("right by a linear\nclassifier (%)", 100),
    "accuracy_nearest_mean": ("right by the nearest\nclass mean (%)", 100),
    "nc1": ("NC1\n(no unit)", 1),
    "cdnv": ("CDNV\n(no unit)", 1),
    "zeros": ("outputs of the layer\nthat are 0 (%)", 100),
}
_LOGARITHMIC = ("nc1", "cdnv")


def data(rows=None):
    """Dicts of "network", "training", "look" and "layers", as `layers_of` gives them, the mean over seeds.

    rows : of the record; None: those that are committed
    """
    found = []
    for cell in trained.cells(rows):
        layers = _mean([layers_of(row["blocks"]) for row in cell.rows])
        found.append({"network": cell.network, "training": cell.training, "look": cell.look(), "layers": layers})
    return found


def layers_of(rows):
    """Of the rows of an audit, one for each layer, a dict of "layer" and of lists by measure, None where it lacks one.

    rows : dicts of "layer", and of what was measured of "fisher_trace", or "between_class_variance" and
        "within_class_variance"; "mean_energy" and "energy"; and the other names of MEASURES
    """
    found = {"layer": [row["layer"] for row in rows]} | {name: [row.get(name) for row in rows] for name in MEASURES}
    found["means"] = [_ratio(row.get("mean_energy"), row.get("energy")) for row in rows]
    parts = [_ratio(row.get("between_class_variance"), row.get("within_class_variance")) for row in rows]
    pairs = zip(found["fisher_trace"], parts, strict=True)
    return found | {"fisher_trace": [made if known is None else known for known, made in pairs]}


def _ratio(part, whole):
    return None if part is None or not whole else part / whole


def _mean(several):
    """Of the layers of several seeds; what one of them lacks, or whose layers are others, is that of the first."""
    first, *others = several
    alike = [first, *(other for other in others if other["layer"] == first["layer"])]
    means = {}
    for measure in MEASURES:
        columns = zip(*(one[measure] for one in alike), strict=True)
        means[measure] = [None if None in values else sum(values) / len(values) for values in columns]
    return {"layer": first["layer"]} | means


def draw(data, width=17.8):
    """The picture, `width` cm wide, panels and names for each way of training; `audited` makes `data` of an audit."""
    across, tall = (3, 4.2) if width >= named_lines.WIDE else (2, 3.6)
    blocks = {}
    for net in data:
        blocks.setdefault(net["training"], []).append(net)
    shown = [[name for name in MEASURES if _has(nets, name)] for nets in blocks.values()]
    rows = [-(-len(measures) // across) for measures in shown]
    names = [0.42 * (2.5 + -(-_lines(nets) // across)) for nets in blocks.values()]
    heights = [height for number, below in zip(rows, names, strict=True) for height in (*[tall] * number, below)]
    figure = style.figure(width, sum(heights))
    grid, row = figure.add_gridspec(len(heights), across, height_ratios=heights), 0
    for nets, measures, number in zip(blocks.values(), shown, rows, strict=True):
        for place, measure in enumerate(measures):
            ax = figure.add_subplot(grid[row + place // across, place % across])
            _draw_panel(ax, nets, measure)
        _draw_names(figure.add_subplot(grid[row + number, :]), nets, across)
        row += number + 1
    return figure


def _draw_names(ax, nets, columns):
    """The names of the networks, from the left edge of the figure on, under how they were trained."""
    handles = [Line2D([], [], label=trained.printed(net["network"], 34), **net["look"]) for net in nets]
    size = 6 if columns > 2 else 5
    look = {"fontsize": size, "title_fontproperties": {"weight": "bold", "size": 6}, "alignment": "left"}
    look |= {"title": trained.printed(nets[0]["training"], 30 * columns) or None, "handlelength": 3, "columnspacing": 1}
    ax.set_axis_off()
    across = blended_transform_factory(ax.figure.transFigure, ax.transAxes)
    corner = {"loc": "upper left", "bbox_to_anchor": (0.01, 1), "bbox_transform": across, "borderaxespad": 0}
    ax.legend(handles=handles, ncols=columns, **look, **corner).set_in_layout(False)


def _has(nets, measure):
    return any(value is not None for net in nets for value in net["layers"][measure])


def _lines(nets):
    return sum(1 + trained.printed(net["network"], 34).count("\n") for net in nets)


def _draw_panel(ax, data, measure):
    label, factor = MEASURES[measure]
    for net in data:
        values = [None if value is None else factor * value for value in net["layers"][measure]]
        places = [number for number, value in enumerate(values, 1) if value is not None]
        if places:
            ax.plot(places, [value for value in values if value is not None], **net["look"])
    size = named_lines.size_of(ax.figure)
    ax.set_xlabel("layer (number)", fontsize=size)
    ax.set_ylabel(label, fontsize=size)
    ax.tick_params(labelsize=size, which="both")
    if measure in _LOGARITHMIC:
        ax.set_yscale("log")
    else:
        ax.set_ylim(*((-2, 102) if factor == 100 else (min(0, ax.get_ylim()[0]), None)))
    ax.xaxis.get_major_locator().set_params(integer=True)


def audited(networks):
    """What `draw` takes, of audits of one's own.

    networks : rows of the layers of each network, by its name
    """
    looks = [style.COLOUR[name] for name in style.COLOUR]
    found = []
    for number, (name, rows) in enumerate(networks.items()):
        look = {"color": looks[number % len(looks)], "marker": "osD^v"[number % 5], "linestyle": "-"}
        found.append({"network": name, "training": "", "look": look, "layers": layers_of(rows)})
    return found
