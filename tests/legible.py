"""What a picture shows when it is drawn: its words and where they stand, its axes, its bars."""

import re
from itertools import combinations

import matplotlib.text

UNITS = re.compile(r"\(.+\)|^epoch$", re.DOTALL)


def words_of(figure, monkeypatch):
    """(text, box in pixels) of all words that drawing the figure writes."""
    written, draw = [], matplotlib.text.Text.draw

    def recorded(self, renderer, *arguments, **options):
        if self.get_visible() and self.get_text().strip():
            written.append((self.get_text(), self.get_window_extent(renderer)))
        return draw(self, renderer, *arguments, **options)

    with monkeypatch.context() as context:
        context.setattr(matplotlib.text.Text, "draw", recorded)
        figure.canvas.draw()
    return written


def illegible(figure, monkeypatch):
    """What is cut off, which words stand on each other, and which axes have no unit: a list of lines."""
    words, lines = words_of(figure, monkeypatch), []
    width, height = figure.bbox.width, figure.bbox.height
    for text, box in words:
        if min(box.x0, box.y0) < -1 or box.x1 > width + 1 or box.y1 > height + 1:
            lines.append(f"cut off: {text!r}")
    for (one, a), (other, b) in combinations(words, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 1 and along > 0.3 * min(a.height / (1 + one.count("\n")), b.height / (1 + other.count("\n"))):
            lines.append(f"one on the other: {one!r}, {other!r}")
    for ax in figure.axes:
        labels = (ax.get_xlabel(), ax.get_ylabel()) if ax.axison else ()
        lines += [f"no unit: {label!r}" for label in labels if label and not UNITS.search(label)]
    return lines


def bars_of(ax):
    """{label: [(value, low, high), ..]} of all horizontal bars on some axes."""
    found = {}
    for container in ax.containers:
        values = container.lines[0].get_xdata()
        (segments,) = container.lines[2]
        triples = [(v, s[0][0], s[1][0]) for v, s in zip(values, segments.get_segments(), strict=True)]
        found.setdefault(container.get_label(), []).extend(triples)
    return found
