"""The answer in one picture: the collapse minus the best reduction, wherever both were measured.

A line is a set of classes at the deepest layer, or a trained network; its mark is the difference to the reduction that
comes nearest, in the look of that reduction, and the cross below it is the difference to the identity, the control.
Bars are 95 % intervals, not corrected for the choice of the nearest: paired on the same images where a verdict was
recorded; elsewhere, over images and not over seeds, the ends of two intervals subtracted, which is wide enough whatever
the pairs would show. The word is the recorded verdict, by Holm's method over all, or what the bars say where there is
none; a bar that contains 0 is called undecided.
"""

import numpy as np

from analysis import do_real_images_separate, record, separation_across_layers

from . import named_lines, style, trained

RESULTS = (separation_across_layers.NAME, do_real_images_separate.NAME, trained.RESULT)
MEASURES = {  # what a panel shows: its label, and the factor on what is recorded
    "between_over_energy": ("difference of B / E₀\n(% of energy)", 100),
    "fisher_trace": ("difference of F = B / V\n(no unit)", 1),
    "accuracy": ("difference of images right\n(percentage points)", 100),
}
NAMES_OF_ACCURACY = ("accuracy_linear", "accuracy_of_averages")  # of a linear classifier, in two records
UNDECIDED = "undecided"
SETTINGS = ("deep", "mixed", "orientation")  # others come after them
_AXIS, _LEGEND = 1.6, 1.1  # cm
COLLAPSE, CONTROL = "phase collapse", "identity"


def data(rows=None, passes=None, networks=None):
    """Lines of the picture: dicts of "group", "name", "word", and "differences" by measure.

    rows, passes, networks : of the records RESULTS, [] of one that is not there; None: those that are committed

    The differences of a measure are a dict of "reduction" and "control", each (operation, name, [value, low, high]),
    without what was not measured.
    """
    rows, passes = (
        record.load(name)["rows"] if given is None else given
        for name, given in zip(RESULTS, (rows, passes), strict=False)
    )
    return [*_compared(rows), *_passed(passes), *_trained(trained.cells(networks))]


def _compared(rows):
    for setting in sorted({row["setting"] for row in rows}, key=lambda name: (name not in SETTINGS, name)):
        for name in dict.fromkeys(row["data"] for row in rows if row["setting"] == setting):
            here = [row for row in rows if (row["setting"], row["data"]) == (setting, name) and row["evidence"]]
            triples = [
                (measure, row["role"], row["operation"], row["operation"], _measured(row["difference"], measure))
                for measure in MEASURES
                for row in here
            ]
            evidence = [(row["role"], row["difference"][row["evidence"]["measure"]]) for row in here]
            group = f"setting {setting}, paired"
            yield _line(group, name, triples, _confirmed(here[0]["verdict"] if here else None, evidence))


def _measured(row, measure):
    """The value of a measure under the name it has in this record, or None."""
    names = NAMES_OF_ACCURACY if measure == "accuracy" else (measure,)
    return next((row[name] for name in names if row.get(name)), None)


def _passed(rows):
    for name in dict.fromkeys(row["data"] for row in rows if row["operation"] == COLLAPSE):
        here = [row for row in rows if row["data"] == name]
        deepest = max(row["depth"] for row in here)
        last = {row["operation"]: row for row in here if row["depth"] == deepest}
        triples = [
            (measure, _role(other), other, other, _apart(_measured(last[COLLAPSE], measure), _measured(row, measure)))
            for measure in MEASURES
            for other, row in last.items()
            if other != COLLAPSE
        ]
        word = _word([(role, triple) for measure, role, _, _, triple in triples if measure == "fisher_trace"])
        yield _line("all images in one pass, not paired", name, triples, word)


def _role(operation):
    return "control" if operation == CONTROL else "reduction"


def _trained(cells):
    for cell in filter(trained.Cell.is_collapse, cells):
        others = [each for each in cells if each.family() == cell.family()]
        others = [each for each in others if each.is_control() or each.is_reduction()]
        triples = []
        for each in others:
            operation = each.setting["nonlinearity"]
            apart = _apart(cell.accuracy, each.accuracy)
            triples.append(("accuracy", _role(operation), operation, _what_differs(each.network, cell.network), apart))
        if triples:
            word = _word([(role, triple) for _, role, _, _, triple in triples])
            yield _line(f"trained, {cell.training}", f"{cell.network}, {cell.seeds()}", triples, word)


def _what_differs(name, other):
    return ", ".join(word for word in name.split(", ") if word not in other.split(", "))


def _line(group, name, triples, word):
    """One line: of each measure and role the difference that is least, to the best reduction and to the control."""
    differences = {measure: {} for measure in MEASURES}
    for measure, role, operation, whole, triple in triples:
        found = differences[measure]
        if triple is not None and (role not in found or triple[0] < found[role][2][0]):
            found[role] = (operation, whole, triple)
    return {"group": group, "name": name, "word": word, "differences": differences}


def _apart(one, other):
    """The difference of two numbers with intervals; its ends hold, whatever the two have in common."""
    if one is None or other is None:
        return None
    return [one[0] - other[0], one[1] - other[2], one[2] - other[1]]


def _word(evidence):
    """What intervals of collapse minus operation say: more than all, less than a reduction, or undecided."""
    reductions = [triple for role, triple in evidence if role == "reduction"]
    if any(triple is not None and triple[2] < 0 for triple in reductions):
        return "less"
    ahead = all(triple is not None and triple[1] > 0 for _, triple in evidence)
    return "more" if reductions and ahead else UNDECIDED


def _confirmed(verdict, evidence):
    """The recorded verdict, unless the intervals that are drawn say less."""
    if verdict in ("more", "less") and verdict != _word(evidence):
        return UNDECIDED
    return verdict or "not measured"


def contains_zero(triple):
    return triple[1] <= 0 <= triple[2]


def draw(data, width=17.8):
    """The picture, `width` cm wide: panels side by side, or below each other where it is narrow."""
    wide = width >= named_lines.WIDE
    shown = {measure: data if wide else [line for line in data if line["differences"][measure]] for measure in MEASURES}
    shown = {measure: lines for measure, lines in shown.items() if lines}
    lines = [named_lines.places(*_named(lines))[2] for lines in shown.values()]
    shape, ratios = ((1, len(shown)), {}) if wide else ((len(shown), 1), {"height_ratios": lines})
    height = named_lines.line_height(width) * (max(lines) if wide else sum(lines)) + _AXIS * shape[0] + _LEGEND
    figure, axes = style.panels(*shape, width_cm=width, height_cm=height, **ratios)
    for number, (ax, (measure, lines)) in enumerate(zip(axes.flat, shown.items(), strict=True)):
        _draw_panel(ax, lines, measure, first=number == 0 or not wide, last=number == len(shown) - 1 or not wide)
    _draw_legend(figure, axes)
    return figure


def _named(lines):
    return [trained.printed(line["group"], 56) for line in lines], [_label(line) for line in lines]


def _draw_panel(ax, lines, measure, *, first, last):
    label, factor = MEASURES[measure]
    heights = named_lines.draw_names(ax, *_named(lines), named=first)
    ax.axvline(0, color=style.BOUND, linewidth=0.8)
    ax.set(xlabel=label, xlim=_limits([line["differences"][measure] for line in lines], factor))
    beside = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": named_lines.size_of(ax.figure)}
    if last:
        ax.text(1.03, 0.7, "verdict", style="italic", **beside)
    for line, height in zip(lines, heights, strict=True):
        _draw_bars(ax, height, line["differences"][measure], factor)
        if last:
            ax.text(1.03, height, line["word"], **beside)


def _label(line):
    """The name of a line; of a trained network, on lines of their own, also what is subtracted."""
    found = line["differences"]["accuracy"].get("reduction")
    against = f"minus {found[1]}" if found and found[1] != found[0] else ""
    return "\n".join(filter(None, (trained.printed(line["name"], 30), trained.printed(against, 34))))


def _draw_bars(ax, place, found, factor):
    """The bars of one line, and right of both the word, at the height of what is undecided."""
    heights = {"reduction": place - 0.16, "control": place + 0.22}
    for role, (operation, _, triple) in found.items():
        value, low, high = (factor * number for number in triple)
        look = dict(zip(("color", "marker"), trained.look_of(operation), strict=True))
        ends = {"xerr": [[value - low], [high - value]], "capsize": 1.5, "linestyle": "none"}
        ax.errorbar([value], [heights[role]], **ends, **look, label=f"minus {operation}")
    undecided = [role for role, (*_, triple) in found.items() if contains_zero(triple)]
    if undecided:
        right = factor * max(triple[2] for *_, triple in found.values())
        where = (right, np.mean([heights[role] for role in undecided]))
        word = UNDECIDED if len(undecided) < 2 else f"both {UNDECIDED}"
        ax.annotate(word, where, (3, 0), textcoords="offset points", va="center", fontsize=5.5)


def _limits(lines, factor):
    """Ends of the axis, with room for a word right of bars that contain 0."""
    triples = [triple for found in lines for *_, triple in found.values()]
    low, high = min(0.0, *(triple[1] for triple in triples)), max(0.0, *(triple[2] for triple in triples))
    span = high - low or 1.0
    for found in lines:
        undecided = sum(contains_zero(triple) for *_, triple in found.values())
        if undecided:
            room = (0.38 if undecided == 1 else 0.5) * span
            high = max(high, max(triple[2] for *_, triple in found.values()) + room)
    return factor * (low - 0.06 * span), factor * (high + 0.06 * span)


def _draw_legend(figure, axes):
    handles = {}
    for ax in axes.flat:
        handles |= {label: handle for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if f"minus {CONTROL}" in handles:
        handles[f"minus {CONTROL}, the control"] = handles.pop(f"minus {CONTROL}")
    columns = max(1, int(figure.get_figwidth() * 2.54 / 4.2))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=columns)
