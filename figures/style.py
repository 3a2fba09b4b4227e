"""One look for every figure: an operation has one colour, marker and line, a class likewise, and one width for all.

Colours are at least 25 apart in CIE Lab as protanopes and deuteranopes see them; a test computes it. Type has its size
in print at any width: a figure takes its width from `width`, and lays out its panels by `narrow`.
"""

from contextlib import contextmanager
from contextvars import ContextVar

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

from collapse_theory.arguments import check_number
from collapse_theory.comparison import OPERATIONS
from collapse_theory.plot import look_of

COLUMN, PAGE = 8.6, 17.8  # cm: a column of a journal, and both
LOOK = {name: look_of(name) for name in OPERATIONS}
COLOUR = {name: look["color"] for name, look in LOOK.items()}
MARKER = {name: look["marker"] for name, look in LOOK.items()}
CLASS_LOOK = (  # of the first, second and third class
    {"color": "#4f9ded", "marker": "o", "linestyle": "-"},
    {"color": "#ee9b4a", "marker": "^", "linestyle": "--"},
    {"color": "#1e1e1e", "marker": "s", "linestyle": ":"},
)
CLASS_COLOUR = tuple(look["color"] for look in CLASS_LOOK)
CLASS_HATCH = ("", "////", "....")
BOUND = "#444444"
SIGNED, AMPLITUDE = "RdBu_r", "Greys"  # colour maps of numbers with a sign, and of numbers from 0 on
_NARROWEST, _WIDEST, _NARROW = 8.0, 40.0, 13.0
_MOST_COLUMNS, _LONGEST_NAME = 24, 28
_LEGEND_CM = 3.2  # width of an entry of a legend, with the longest name of an operation
_WIDTH = ContextVar("width of figures in cm", default=PAGE)

plt.rcParams.update(
    {
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": 7,
        "lines.linewidth": 1.2,
        "lines.markersize": 3.5,
        "hatch.linewidth": 0.6,
        "image.interpolation": "nearest",
        "savefig.dpi": 160,
        "figure.dpi": 160,
        "pdf.fonttype": 42,  # TrueType, as journals ask
        "ps.fonttype": 42,
        "svg.hashsalt": "collapse_theory",  # the same bytes each time
    }
)


@contextmanager
def width(cm):
    """Figures that are made inside are `cm` wide.  Raises ValueError if no column is so narrow or so wide."""
    if not _NARROWEST <= check_number("width", cm) <= _WIDEST:
        raise ValueError(f"width: expected {_NARROWEST:g} to {_WIDEST:g} cm, got {cm:g}")
    token = _WIDTH.set(float(cm))
    try:
        yield
    finally:
        _WIDTH.reset(token)


def width_cm():
    """The width of the figures that are made now, in cm."""
    return _WIDTH.get()


def narrow():
    """Whether figures are made for one column, where panels stand below each other."""
    return _WIDTH.get() < _NARROW


def figure(width_cm=None, height_cm=8.0):
    """An empty figure of this size in print; None: of the width that `width` has set."""
    inches = ((width_cm or _WIDTH.get()) / 2.54, height_cm / 2.54)
    return plt.figure(figsize=inches, layout="constrained")


def panels(rows, columns, width_cm=None, height_cm=None, **options):
    """A figure of `rows` x `columns` axes; None: of the width that `width` has set.  Returns (figure, array of axes).

    Raises ValueError if they are more than a page can show.
    """
    if max(rows, columns) > _MOST_COLUMNS:
        raise ValueError(f"rows: a figure shows at most {_MOST_COLUMNS} data sets, got {max(rows, columns)}")
    wide = width_cm or _WIDTH.get()
    made = figure(wide, height_cm or wide / columns * rows * 0.8)
    return made, made.subplots(rows, columns, squeeze=False, **options)


def legend(figure, *axes, entry_cm=_LEGEND_CM, **options):
    """One legend of what some axes name, below all, in as many columns as the figure is wide enough for."""
    pairs = [pair for ax in axes for pair in zip(*ax.get_legend_handles_labels(), strict=True)]
    handles = {label: handle for handle, label in pairs}
    handles |= {label: handles.pop(label) for label in ("chance",) if label in handles}  # a line, after the operations
    columns = max(1, min(len(handles), int(2.54 * figure.get_figwidth() / entry_cm)))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=columns, **options)


def curve(ax, positions, triples, *, operation):
    """Values at whole positions with their intervals, [value, low, high] or None, in the look of an operation."""
    value, low, high = (
        np.array([np.nan if n is None else n for n in column])
        for column in zip(*(triple or [None] * 3 for triple in triples), strict=True)
    )
    errors = np.nan_to_num(np.maximum([value - low, high - value], 0))
    shift = 0.05 * (list(COLOUR).index(operation) - 2)
    ax.errorbar(np.array(positions) + shift, value, yerr=errors, capsize=1.5, label=operation, **LOOK[operation])


def plain(name):
    """A name that came from outside as matplotlib is to print it: no formula, no page of text.

    Of a long one both ends: the ends of paths that are told apart by their first part may be the same.
    """
    half = _LONGEST_NAME // 2
    shown = name if len(name) <= _LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"
    return "".join(letter if letter.isprintable() else "?" for letter in shown).replace("$", r"\$")


def image(ax, values, title, **options):
    """Show an image, rows downwards, without ticks."""
    shown = ax.imshow(values, **options)
    ax.set(xticks=[], yticks=[], title=title)
    ax.spines[:].set_visible(False)
    return shown


def bar(figure, shown, axes, label, **options):
    """A bar beside some axes that says what the colours of an image are."""
    made = figure.colorbar(shown, ax=axes, label=label, **options)
    made.outline.set_linewidth(0.4)
    return made
