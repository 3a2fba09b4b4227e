"""Anatomy of trained networks: how far each layer separates the classes, from the input to the output.

Panels are what was measured at each layer of a network on test images: the share of the energy that is in the class
means, the Fisher ratio, the share of outputs that are 0, and, where an audit has them, the within-class over the
between-class covariance (NC1) and the class-distance normalised variance (CDNV). The last two fall where classes
collapse to their means. A curve is one network, the mean over its seeds, and has no interval.
"""

from matplotlib.lines import Line2D

from . import named_lines, style, trained

RESULTS = (trained.RESULT,)
MEASURES = {  # of the rows of a layer, or made of them, with labels and factors
    "means": ("energy of class means\n(% of the energy)", 100),
    "fisher_trace": ("Fisher ratio B / V\n(no unit)", 1),
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
        "within_class_variance"; "mean_energy" and "energy"; "nc1", "cdnv", "zeros"
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
    """The picture, `width` cm wide; of an audit of one's own, `data` is `audited(...)`."""
    wide = width >= named_lines.WIDE
    shown = [name for name in MEASURES if any(value is not None for net in data for value in net["layers"][name])]
    columns = min(len(shown), 3) if wide else 1
    lines, names = -(-len(shown) // columns), _names(data)
    listed = 0.4 * (2 + sum(1 + name.count("\n") for name in names) / columns)
    figure, axes = style.panels(lines, columns, width_cm=width, height_cm=4.6 * lines + listed)
    for ax in axes.flat[len(shown) :]:
        ax.remove()
    for ax, measure in zip(axes.flat, shown, strict=False):
        _draw_panel(ax, data, measure)
    handles = [Line2D([], [], label=name, **net["look"]) for name, net in zip(names, data, strict=True)]
    trainings = {net["training"] for net in data}
    title = trained.printed(*trainings, 56) if len(trainings) == 1 else None
    options = {"ncols": 2 if wide else 1, "fontsize": 6, "title_fontsize": 6, "title": title}
    figure.legend(handles=handles, loc="outside lower center", **options)
    return figure


def _draw_panel(ax, data, measure):
    label, factor = MEASURES[measure]
    for net in data:
        values = [None if value is None else factor * value for value in net["layers"][measure]]
        places = [number for number, value in enumerate(values, 1) if value is not None]
        if places:
            ax.plot(places, [value for value in values if value is not None], **net["look"])
    ax.set(xlabel="layer (number from the input)", ylabel=label)
    if measure in _LOGARITHMIC:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
    ax.xaxis.get_major_locator().set_params(integer=True)


def _names(data):
    """The networks as they are printed, with how they were trained if they were not all trained in one way."""
    several = len({net["training"] for net in data}) > 1
    names = [f"{net['network']}, {net['training']}" if several else net["network"] for net in data]
    return [trained.printed(name, 56) for name in names]


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
