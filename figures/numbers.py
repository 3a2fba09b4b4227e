"""The numbers of recorded results: tables for a page, and CSV with all digits."""

import base64
import csv
import html
import io
import math

_PERCENT = 100
COLUMNS = {  # of the tables: heading and factor by field, of each result whose numbers the report shows
    "separation_across_layers": {
        "setting": ("setting", 1),
        "data": ("classes", 1),
        "operation": ("operation", 1),
        "depth": ("depth", 1),
        "channels": ("channels", 1),
        "zeros": ("zeros (%)", _PERCENT),
        "between_over_energy": ("B / E₀", 1),
        "fisher_trace": ("Fisher ratio", 1),
        "accuracy_linear": ("linear, right (%)", _PERCENT),
        "accuracy_nearest_mean": ("nearest mean, right (%)", _PERCENT),
        "growth": ("growth", 1),
        "verdict": ("verdict", 1),
    },
    "do_real_images_separate": {
        "data": ("classes", 1),
        "operation": ("operation", 1),
        "depth": ("depth", 1),
        "channels": ("channels", 1),
        "zeros": ("zeros (%)", _PERCENT),
        "fisher_trace": ("Fisher ratio", 1),
        "accuracy_of_averages": ("linear on averages, right (%)", _PERCENT),
        "accuracy_of_features": ("linear on all numbers, right (%)", _PERCENT),
    },
    "accuracy_of_learned_networks": {
        "preset": ("preset", 1),
        "network": ("network", 1),
        "parameters": ("parameters", 1),
        "accuracy": ("test images, right (%)", _PERCENT),
        "train_accuracy": ("training images, right (%)", _PERCENT),
        "seconds": ("seconds", 1),
        "device": ("device", 1),
    },
    "few_samples_a_class": {
        "data": ("classes", 1),
        "description": ("description", 1),
        "samples": ("samples per class", 1),
        "accuracy": ("right (%)", _PERCENT),
    },
    "what_the_phase_knew": {
        "texture": ("texture", 1),
        "representation": ("representation", 1),
        "scales": ("scales J", 1),
        "numbers_a_pixel": ("numbers per pixel", 1),
        "misfit": ("misfit", 1),
        "relative_error": ("relative error", 1),
        "psnr": ("PSNR (dB)", 1),
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
    head = "".join(f'<th scope="col">{heading}</th>' for heading, _ in columns.values())
    body = "".join(
        f"<tr>{''.join(_column(row.get(field), factor) for field, (_, factor) in columns.items())}</tr>" for row in rows
    )
    return f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _column(value, factor):
    return f"<td{' class=text' if isinstance(value, str) else ''}>{cell(value, factor)}</td>"


def cell(value, factor=1):
    """A number, or a number with its interval, in a few characters; text is escaped."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return html.escape(value)
    if isinstance(value, list):
        return _with_interval([n if n is None else n * factor for n in value])
    return _short(value * factor)


def _with_interval(triple):
    """The digits after the point are those of the longest of the three numbers, three of which say something."""
    middle, low, high = triple
    if low is None:
        return _short(middle)
    places = _places(max(map(abs, triple)))
    return f"{middle:z.{places}f} [{low:z.{places}f}, {high:z.{places}f}]"


def _short(value):
    if isinstance(value, int):
        return f"{value:,}"
    if value and abs(value) < 1e-4:
        return f"{value:.1e}"
    return f"{value:z,.{_places(abs(value))}f}"


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
