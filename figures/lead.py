"""The answer of a page in a sentence with its number, and in a small table: what a sceptic would ask for first."""

import html
from dataclasses import dataclass

from analysis.instruments.layer_table import verdicts
from analysis.instruments.tables import MEASURES

from . import trained

_ORDER = ("more", "no difference", "undecided", "less")
_SAYS = {
    "more": "a phase collapse separates class means more than every amplitude reduction and than doing nothing",
    "no difference": "a phase collapse separates class means as well as the other operations, and no better",
    "undecided": "it is undecided whether a phase collapse separates class means more than the other operations",
    "less": "a phase collapse separates class means less than an amplitude reduction",
}
_ADDS = {
    "no difference": "as well as the others, and no better",
    "undecided": "that is undecided",
    "less": "less than a reduction",
}
_CONTROL = {"identity": "the identity"}
_QUANTITY = {MEASURES[0]: "of the energy of the images", MEASURES[1]: "of the Fisher ratio"}
_WIDTH, _HEIGHT = 120, 12  # of the picture of an interval, px


@dataclass(frozen=True)
class Rival:
    """An operation, and the collapse minus it: `measure` at the deepest layer, [difference, low, high]."""

    operation: str
    role: str
    measure: str
    triple: list


@dataclass(frozen=True)
class Standing:
    """How the collapse stands on one set of classes in one setting, against those that come nearest to it.

    depth : the deepest layer
    word : the verdict
    reduction, control : `Rival`s, or None if nothing was measured
    """

    data: str
    setting: str
    depth: int
    word: str
    reduction: Rival | None
    control: Rival | None

    @property
    def nearest(self):
        """Of the reduction and the control the one that is nearer to the collapse, or ahead of it; or None."""
        return _nearest([rival for rival in (self.reduction, self.control) if rival])


def standings(rows):
    """A `Standing` for each set of classes and setting of the rows of `separation_across_layers`."""
    words, every = verdicts(rows), {}
    for row in rows:
        every.setdefault((row["data"], row["setting"]), []).append(row)
    found = []
    for (data, setting), here in every.items():
        rivals = [
            Rival(row["operation"], row["role"], row["evidence"]["measure"], triple)
            for row in here
            if row["evidence"] and (triple := row["difference"][row["evidence"]["measure"]])
        ]
        nearest = [_nearest([r for r in rivals if r.role == role]) for role in ("reduction", "control")]
        found.append(Standing(data, setting, max(row["depth"] for row in here), words[data, setting], *nearest))
    return found


def _nearest(rivals):
    """The one with the smallest difference, of those measured by B / E_0 if there are any: their units are one."""
    return min(rivals, key=_size, default=None)


def _size(rival):
    return MEASURES.index(rival.measure), rival.triple[0]


def sentence(found):
    """What the standings come to, in one sentence: (what is before the number, the number, what is behind it).

    The number is what a sceptic would ask for: the smallest lead where the verdict is worst, with its interval.
    """
    by_word = {word: here for word in _ORDER if (here := [each for each in found if each.word == word])}
    first, *others = by_word
    where = f"On {found[0].data}" if len(found) == 1 else f"In {len(by_word[first])} of {len(found)} comparisons"
    said = f"{where} {_SAYS[first]}"
    for word in others:
        names = _listed(dict.fromkeys(each.data for each in by_word[word]))
        said += f"; in {len(by_word[word])}, on {names}, {_ADDS[word]}"
    worst = [each for each in by_word[[*by_word][-1]] if each.nearest]
    if not worst:
        return f"{said}.", "", ""
    each = min(worst, key=lambda one: _size(one.nearest))
    name = _CONTROL.get(each.nearest.operation, each.nearest.operation)
    where = f"({each.data}, setting {each.setting})" if len(found) > 1 else f"(setting {each.setting})"
    behind = f"{_QUANTITY[each.nearest.measure]}, over {name} {where}."
    return f"{said}: at worst its lead is", signed(each.nearest.triple), behind


def _listed(names):
    *before, last = names
    if len(before) > 3:
        before, last = before[:3], f"{len(before) - 2} more"
    return f"{', '.join(before)} and {last}" if before else last


def signed(triple):
    """A difference and its interval, with a minus sign of its full width."""
    return "{:+z.4f} [{:+z.4f}, {:+z.4f}]".format(*triple).replace("-", "−")


def table(found):
    """An HTML table of the standings, a line each, with a picture of every interval, one scale per measure."""
    body = "".join(_line(each, _scales(found)) for each in found)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("classes, setting", "verdict", *_ROLES.values()))
    return f'<table class="answer"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


_ROLES = {"reduction": "minus nearest reduction", "control": "minus identity"}


def _line(each, scales):
    name = f"{html.escape(each.data)}<small>{html.escape(each.setting)}, depth {each.depth}</small>"
    word = f'<td><span class="word {each.word.replace(" ", "-")}">{each.word}</span></td>'
    cells = "".join(
        f'<td data-label="{label}">{_cell(getattr(each, role), scales)}</td>' for role, label in _ROLES.items()
    )
    return f'<tr><th scope="row">{name}</th>{word}{cells}</tr>'


def _cell(rival, scales):
    if rival is None:
        return "–"
    number, interval = signed(rival.triple).split(" ", 1)
    unit = {MEASURES[0]: "B / E₀", MEASURES[1]: "Fisher ratio"}[rival.measure]
    note = f"{html.escape(rival.operation)}, {unit}" if rival.role == "reduction" else unit
    said = f"<p><b>{number}</b> <span>{interval}</span><small>{note}</small></p>"
    return f"<div>{drawn(rival.triple, scales[rival.measure])}{said}</div>"


def _scales(found):
    """By measure the least and the greatest end of all intervals, and 0."""
    ends = {}
    for rival in filter(None, (getattr(each, role) for each in found for role in _ROLES)):
        ends.setdefault(rival.measure, [0.0]).extend(rival.triple)
    return {measure: (min(numbers), max(numbers)) for measure, numbers in ends.items()}


def drawn(triple, scale):
    """An interval as a small picture in the page: a line, a mark at the value, and a dotted line at 0.

    scale : (left, right) end of the picture
    """
    span = (scale[1] - scale[0]) or 1.0
    value, low, high, origin = (f"{4 + (_WIDTH - 8) * (number - scale[0]) / span:.1f}" for number in (*triple, 0.0))
    return (
        f'<svg class="interval" width="{_WIDTH}" height="{_HEIGHT}" aria-hidden="true">'
        f'<path class="zero" d="M{origin} 0V{_HEIGHT}"/><path d="M{low} 6H{high}"/>'
        f'<circle cx="{value}" cy="6" r="3"/></svg>'
    )


def networks(rows):
    """An HTML table of the accuracies of trained networks, a line each, on one scale from 0 to 1."""
    lines = []
    for cell in trained.cells(rows):
        value, low, high = (100 * share for share in cell.accuracy)
        number = f"<p><b>{value:.1f} %</b> <span>[{low:.1f}, {high:.1f}]</span></p>"
        how = html.escape(f"{cell.training}, {cell.seeds()}")
        lines.append(
            f'<tr><th scope="row">{html.escape(cell.network)}<small>{how}</small></th>'
            f"<td><div>{drawn(cell.accuracy, (0.0, 1.0))}{number}</div></td></tr>"
        )
    head = '<th scope="col">trained network</th><th scope="col">test images that are right</th>'
    return f'<table class="answer"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
