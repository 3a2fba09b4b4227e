"""How the cost of the transforms and of the statistics grows: seconds per call at four sizes.

Each line is one dimension of the input, the others fixed, in the recorded run of `python -m tests.benchmarks`; beside
it the slope on these logarithmic axes, the exponent p of seconds ~ size^p. The windowed scattering transform of order
2 and its filters, the deep cascade of a phase collapse, class means and variances, the within-class covariance.
"""

from itertools import cycle
from pathlib import Path

from matplotlib.ticker import NullFormatter

from analysis import record

from . import style

COLOURS = tuple(style.COLOUR.values())  # here of what grows
MARKERS = {"numpy": "o", "torch": "s", "cupy": "^"}


def data(folder=record.RESULTS):
    rows = [row for row in record.load("benchmarks", folder)["rows"] if "slope" in row]
    if not rows:
        raise ValueError(f"{Path(folder) / 'benchmarks.json'}: rows: expected some with a slope, got none")
    works = dict.fromkeys(row["work"] for row in rows)
    return {work: [row for row in rows if row["work"] == work] for work in works}


def draw(data):
    figure, axes = style.panels(len(data), 1, height_cm=7 * len(data))
    for ax, (work, rows) in zip(axes[:, 0], data.items(), strict=True):
        colours = dict(zip(dict.fromkeys(row["grows"] for row in rows), cycle(COLOURS), strict=False))
        for row in rows:
            label = f"{style.plain(row['grows'])}, {row['on']}: {row['slope']:.2f}"
            style_of = {"color": colours[row["grows"]], "marker": MARKERS[row["on"]], "label": label}
            ax.loglog(row["sizes"], row["seconds"], **style_of)
        ax.set(title=style.plain(work), xlabel="size", ylabel="seconds per call")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.legend(title="slope", loc="upper left", bbox_to_anchor=(1, 1))
    return figure
