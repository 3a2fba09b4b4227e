"""The numbers of recorded results: tables for a page, and CSV with all digits."""

import base64
import csv
import html
import io
import math

_PLAIN, _SHARE, _PERCENT = (1, None), (1, 4), (100, 1)  # factor, and digits behind the point
COLUMNS = {  # of the tables, by field: heading, and these two; of each result whose numbers the report shows
    "separation_across_layers": {
        "setting": ("setting", *_PLAIN),
        "data": ("classes", *_PLAIN),
        "operation": ("operation", *_PLAIN),
        "depth": ("depth", *_PLAIN),
        "zeros": ("zeros (%)", *_PERCENT),
        "between_over_energy": ("B / E₀", *_SHARE),
        "fisher_trace": ("Fisher ratio", *_SHARE),
        "accuracy_linear": ("linear, right (%)", *_PERCENT),
        "accuracy_nearest_mean": ("nearest mean, right (%)", *_PERCENT),
        "growth": ("growth", *_SHARE),
        "verdict": ("verdict", *_PLAIN),
    },
    "do_real_images_separate": {
        "data": ("classes", *_PLAIN),
        "operation": ("operation", *_PLAIN),
        "depth": ("depth", *_PLAIN),
        "channels": ("channels", *_PLAIN),
        "zeros": ("zeros (%)", *_PERCENT),
        "fisher_trace": ("Fisher ratio", *_SHARE),
        "accuracy_of_averages": ("linear on averages, right (%)", *_PERCENT),
        "accuracy_of_features": ("linear on all numbers, right (%)", *_PERCENT),
    },
    "accuracy_of_learned_networks": {
        "preset": ("preset", *_PLAIN),
        "network": ("network", *_PLAIN),
        "parameters": ("parameters", *_PLAIN),
        "accuracy": ("test images, right (%)", *_PERCENT),
        "train_accuracy": ("training images, right (%)", *_PERCENT),
        "seconds": ("seconds", *_PLAIN),
        "device": ("device", *_PLAIN),
    },
    "few_samples_a_class": {
        "data": ("classes", *_PLAIN),
        "description": ("description", *_PLAIN),
        "samples": ("samples per class", *_PLAIN),
        "accuracy": ("right (%)", *_PERCENT),
    },
    "what_the_phase_knew": {
        "texture": ("texture", *_PLAIN),
        "representation": ("representation", *_PLAIN),
        "scales": ("scales J", *_PLAIN),
        "numbers_a_pixel": ("numbers per pixel", *_PLAIN),
        "misfit": ("misfit", *_PLAIN),
        "relative_error": ("relative error", *_PLAIN),
        "psnr": ("PSNR (dB)", 1, 1),
    },
}
NOTES = {
    "separation_across_layers": (
        "All numbers are of held-out images, unbiased, with 95 % intervals of each by itself: over images, or over "
        "templates where images are copies of them; of accuracies over fits, too. Growth is B / E₀ at this depth minus "
        "that at the one before it, paired. The verdict is of the deepest layer, by paired differences, together for "
        "all classes and settings. A dash: nothing to measure."
    ),
    "accuracy_of_learned_networks": "Intervals are 95 % over test images; each line is one seed.",
    "few_samples_a_class": "Mean over random choices of the samples, with the least and the greatest.",
}


def table(name, rows):
    """An HTML table of the rows of a result; text is escaped."""
    columns = COLUMNS[name]
    words = {field for field in columns if all(isinstance(row.get(field), str | None) for row in rows)}
    sides = {field: " class=text" if field in words else "" for field in columns}
    head = "".join(f'<th scope="col"{sides[field]}>{heading}</th>' for field, (heading, *_) in columns.items())
    body = ""
    for row in rows:
        cells = (f"<td{sides[field]}>{cell(row.get(field), *how)}</td>" for field, (_, *how) in columns.items())
        body += f"<tr>{''.join(cells)}</tr>"
    return f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def cell(value, factor=1, places=None):
    """A number, or a number with its interval below it, in a few characters; text is escaped.

    factor : of numbers; 100 for per cent
    places : digits behind the point; None: as many as three digits that count need
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return html.escape(value)
    if not isinstance(value, list):
        return _short(value * factor, places)
    middle, low, high = (number if number is None else number * factor for number in value)
    if low is None:
        return _short(middle, places)
    places = _places(max(map(abs, (middle, low, high)))) if places is None else places
    return f"{middle:z.{places}f} <small>[{low:z.{places}f}, {high:z.{places}f}]</small>"


def _short(value, places):
    if isinstance(value, int):
        return f"{value:,}"
    if places is None and value and abs(value) < 1e-4:
        return f"{value:.1e}"
    return f"{value:z,.{_places(abs(value)) if places is None else places}f}"


def _places(size):
    return 3 if not size else max(0, min(6, 2 - math.floor(math.log10(size))))


def as_csv(rows):
    """The rows as CSV, a field each column, with all digits; lists of lists, as pictures and layers, are left out."""
    flat = [dict(_flat("", row)) for row in rows]
    file = io.StringIO()
    writer = csv.DictWriter(file, dict.fromkeys(key for row in flat for key in row), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(flat)
    return file.getvalue()


def _flat(name, value):
    """Pairs of a column and a value; of an interval three."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}".strip("."), inner)
    elif isinstance(value, list):
        plain = not any(isinstance(item, list | dict) for item in value)
        ends = ("", " low", " high") if len(value) == 3 else [f" {number}" for number in range(len(value))]
        yield from ((name + end, _safe(item)) for end, item in zip(ends, value if plain else (), strict=False))
    else:
        yield name, _safe(value)


def _safe(value):
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def link(name, rows):
    """A link in HTML that saves the rows as a CSV file; the file is in the page."""
    encoded = base64.b64encode(as_csv(rows).encode()).decode("ascii")
    return (
        f'<a class="csv" download="{html.escape(name)}.csv" href="data:text/csv;charset=utf-8;base64,{encoded}">'
        f"Save as CSV, {len(rows):,} rows</a>"
    )
