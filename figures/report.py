"""One plain self-contained page with the lines that matter, the pictures and the tables."""

import base64
import html
from pathlib import Path

_STYLE = (
    "body{font:15px/1.5 Georgia,serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}"
    "img{max-width:100%}pre{background:#f5f5f2;padding:1em;overflow-x:auto}figcaption{color:#555}"
    "table{border-collapse:collapse;font:12px/1.4 monospace;display:block;overflow-x:auto}"
    "td,th{padding:2px 8px;text-align:right;border-bottom:1px solid #ddd}td:nth-child(-n+3){text-align:left}"
)
_COLUMNS = (
    "setting", "data", "operation", "role", "depth", "channels", "zeros", "between_over_energy", "fisher_trace",
    "accuracy_linear", "accuracy_nearest_mean", "growth", "verdict",
)  # fmt: skip


def page(*, lines, pictures, rows, about):
    """The page, as text.

    lines : what matters, in words
    pictures : dict of caption by path of a PNG file, put into the page itself
    rows : of the table, dicts
    about : dict of what was run, where and how long
    """
    figures = "".join(_figure(picture, caption) for picture, caption in pictures.items())
    facts = "".join(f"<dt>{html.escape(key)}</dt><dd>{html.escape(str(value))}</dd>" for key, value in about.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Phase collapse against thresholding</title>'
        f"<style>{_STYLE}</style><h1>Phase collapse against thresholding</h1>"
        f"<pre>{html.escape(chr(10).join(lines))}</pre>{figures}<h2>All numbers</h2>{table(rows)}"
        f"<p>All numbers are of held-out images, unbiased, with 95 % intervals of each by itself: over images, or over "
        f"templates where images are copies of them; of accuracies over fits, too. Growth is this depth minus the one "
        f"before it, paired. The verdict is of the deepest layer, by paired differences, together for all data and "
        f"settings. A dash: nothing to measure.</p><h2>How it was made</h2><dl>{facts}</dl></html>"
    )


def table(rows):
    """An HTML table of the rows."""
    head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in _COLUMNS)
    body = "".join(f"<tr>{''.join(f'<td>{cell(row[name])}</td>' for name in _COLUMNS)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def cell(value):
    """A number, or a number with its interval, in a few characters."""
    if value is None:
        return "–"
    if isinstance(value, list):
        middle, low, high = value
        return f"{middle:.3g}" + ("" if low is None else f" [{low:.3g}, {high:.3g}]")
    return f"{value:.4g}" if isinstance(value, float) else html.escape(str(value))


def _figure(picture, caption):
    encoded = base64.b64encode(Path(picture).read_bytes()).decode("ascii")
    title, _, rest = caption.partition("\n")
    return (
        f'<figure><h2>{html.escape(title)}</h2><img alt="{html.escape(title)}" src="data:image/png;base64,{encoded}">'
        f"<figcaption>{html.escape(rest.strip())}</figcaption></figure>"
    )
