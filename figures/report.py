"""One self-contained page: the answer, the pictures, all numbers, and how each part was made. The same each time."""

import base64
import html
import re
import struct
from pathlib import Path

from . import contents, lead, made, numbers

_TITLE = "Does a phase collapse separate classes?"
_STYLE = Path(__file__).with_name("report.css")
_NOTHING_ELSE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # is loaded, or run
_TWO_LINES = 200  # letters of a caption that stand below a picture; the rest opens
_PX_PER_DOT = 0.7  # so that type of 8 points is as large as it is in print
_LIMITS = (
    "B / E₀ is the share of the energy of the images that is a difference of class means. Where an operation expands, "
    "the Fisher ratio is compared: the variance between classes over that within. Intervals are at 95 %, paired on the "
    "same held-out images, or on whole templates where images are copies of them. The verdicts hold together, by "
    "Holm's method, and need more than one of these intervals. No interval is over the choice of classes or settings, "
    "and thresholds and gains are fitted once."
)


def page(*, pictures=(), results=None, source="--recorded", left_out=()):
    """The page, as text.

    pictures : `Picture`s in their order
    results : dict of records by name
    source : the option of `python -m figures` that draws these results
    left_out : lines on what could not be drawn
    """
    results, first = results or {}, _first(pictures)
    cards = {picture: _card(picture, source, results) for picture in pictures}
    counted = {name: record for name, record in results.items() if name in numbers.COLUMNS}
    parts = {
        "answer": ("The answer", cards.pop(first, "") + _answer(results)),
        **_chapters(cards),
        "numbers": ("All numbers", "".join(_numbers(name, record) for name, record in counted.items())),
        "made": ("How it was made", _made(results, pictures, source, left_out)),
    }
    parts = {key: part for key, part in parts.items() if part[1]}
    links = "".join(f'<li><a href="#{key}">{html.escape(name)}</a></li>' for key, (name, _) in parts.items())
    body = "".join(
        f'<section id="{key}"><h2>{html.escape(name)}</h2>{inner}</section>' for key, (name, inner) in parts.items()
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_TITLE}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark">'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_ELSE}">'
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head>"
        f'<body><header><h1>{_TITLE}</h1>{_lead(results)}<nav aria-label="Contents"><ul>{links}</ul></nav></header>'
        f"<main>{body}</main></body></html>"
    )


def _rows(results, name):
    return results[name]["rows"] if name in results else []


def _lead(results):
    rows = _rows(results, "separation_across_layers")
    if not rows:
        return ""
    before, number, behind = lead.sentence(lead.standings(rows))
    return f'<p class="lead">{html.escape(before)} <strong>{number}</strong> {html.escape(behind)}</p>'


def _first(pictures):
    """The picture that stands at the head."""
    for answer in contents.ANSWERS:
        for picture in pictures:
            if answer in (picture.key, picture.figure):
                return picture
    return None


def _answer(results):
    shown = ""
    if rows := _rows(results, "separation_across_layers"):
        shown += f"<h3>Collapse minus the operations that come nearest</h3>{lead.table(lead.standings(rows))}"
        shown += f"<p>{_LIMITS}</p>{made.glossary(rows)}"
    if rows := _rows(results, "accuracy_of_learned_networks"):
        shown += f"<h3>Trained networks</h3>{lead.networks(rows)}"
    return shown


def _chapters(cards):
    """Of each chapter with pictures its anchor, its title and its cards."""
    found = {}
    for number, (title, figures) in enumerate(contents.CHAPTERS.items(), 1):
        here = "".join(card for picture, card in cards.items() if picture.figure in figures)
        if here:
            found[f"chapter-{number}"] = (title, here)
    return found


def _card(picture, source, results):
    title, _, rest = picture.caption.partition("\n")
    short, more = shortened(rest)
    width, height = (round(_PX_PER_DOT * side) for side in struct.unpack(">II", picture.png[16:24]))
    content = f"data:image/png;base64,{base64.b64encode(picture.png).decode('ascii')}"
    more = f'<details class="rest"><summary>More on this picture</summary>{more}</details>' if more else ""
    measured = [name for name in contents.results_of(picture.figure)[:1] if name in results]
    links = "".join(f' <a href="#made-{name}">How it was measured</a>' for name in measured)
    key = html.escape(picture.key)
    return (
        f'<figure id="{key}"><h3>{marked(title)}</h3>'
        f'<a class="picture" href="#{key}" title="Show it at its full size"><img width="{width}" height="{height}" '
        f'alt="{html.escape(picture.words)}" src="{content}"></a>'
        f"<figcaption>{short}{more}<p>{made.figure(picture.figure, source)}{links}</p></figcaption></figure>"
    )


def shortened(caption):
    """(about two lines of a caption, the rest), in HTML: whole sentences, and at least one of them."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", caption.strip())]
    sentences = re.split(r"(?<=[.?!])\s+(?=[A-Z])", paragraphs[0])
    kept = 1
    while kept < len(sentences) and len(" ".join(sentences[: kept + 1])) <= _TWO_LINES:
        kept += 1
    rest = [" ".join(sentences[kept:]), *paragraphs[1:]]
    short = marked(" ".join(sentences[:kept]))
    return short and f"<p>{short}</p>", "".join(f"<p>{marked(text)}</p>" for text in rest if text)


def marked(text):
    """Text of a docstring in HTML: escaped, and what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _numbers(name, record):
    rows, note = record["rows"], numbers.NOTES.get(name, "")
    return (
        f'<details id="numbers-{name}"><summary>{marked(made.title(name))}</summary>'
        f"<p>{note}</p><p>{numbers.link(name, rows)}</p>"
        f'<p class="hint">The table scrolls sideways.</p>'
        f'<div class="wide" tabindex="0">{numbers.table(name, rows)}</div></details>'
    )


def _made(results, pictures, source, left_out):
    parts = [
        f'<h3 id="made-{name}">{marked(made.title(name))}</h3>{made.result(name, record)}'
        for name, record in results.items()
    ]
    computed = dict.fromkeys(p.figure for p in pictures if not contents.results_of(p.figure))
    if computed:
        lines = "".join(f"<li>{made.figure(name, source)}</li>" for name in computed)
        parts.append(f"<h3>Pictures that are computed as they are drawn</h3><ul>{lines}</ul>")
    parts += [f"<p>{html.escape(line)}</p>" for line in left_out]
    return "".join(parts)
