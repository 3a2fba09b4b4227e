"""Tables 1 to 3 of the paper, beside what was trained here: errors on test images, in percent.

Lines are of the paper, where its numbers were seen on its poster, and of each way of training that was recorded here,
with 95 % intervals over test images, of several seeds the outermost ends. What was not seen, and what was not run, is
said so, and is never filled in. Other numbers of images or of epochs make other networks: lines of different training
are not to be compared with each other, nor with the paper.
"""

import textwrap

from . import named_lines, style, trained

RESULTS = (trained.RESULT,)
PAPER, NOT_SEEN, NOT_RUN = "the paper", "not seen", "not run"
SEEN = {  # errors in %, as on the poster of Guth, Zarka & Mallat (2022): by table and line, in the order of the columns
    ("1", "CIFAR-10, top 1"): (27.7, 11.7, 7.7, 8.8),
    ("1", "ImageNet, top 5"): (54.1, 15.2, 11.0, 10.9),
    ("1", "ImageNet, top 1"): (73.0, 35.9, 30.1, 30.2),
    ("2", "phase collapse"): (11.7, 7.7),
    ("2", "soft threshold"): (None, 22.5),
}
TITLES = {
    "1": "Table 1: scattering and residual networks",
    "2": "Table 2: learned scattering on CIFAR-10",
    "3": "Table 3: residual networks, top 1",
}
COLUMNS = {
    "1": ("fixed scattering", "learned, no skip", "learned, skip", "residual"),
    "2": ("no skip", "skip"),
    "3": ("residual",),
}
COMPLEX = ("phase collapse", "soft threshold", "sigmoid", "unit amplitude", "tanh")  # lines of Table 2
REAL = ("rectifier", "phase collapse", "soft threshold", "tanh", "compression")  # of Table 3


def data(rows=None):
    """The three tables: dicts of "title", "columns", and "groups", dicts of "name" and "lines".

    rows : of the record of trained networks; None: those that are committed

    A line has a "name" and "cells", one a column: a word, or a dict of "error", "low" and "high" in % and of "seeds",
    which are None where the paper has no such number.
    """
    cells = [cell for cell in trained.cells(rows) if cell.setting["data"] == "cifar10"]
    tables = []
    for key, groups in (("1", _first), ("2", _second), ("3", _third)):
        here = [cell for cell in cells if cell.table not in {*TITLES} - {key}]
        tables.append({"title": TITLES[key], "columns": list(COLUMNS[key]), "groups": [*groups(here)]})
    return tables


def _first(cells):
    for table, name in SEEN:
        if table == "1":
            lines = [_line(PAPER, _seen(table, name))]
            lines += _lines_here(cells) if name.startswith("CIFAR-10") else []
            yield {"name": name, "lines": lines if lines[1:] else [*lines, _line("here", [NOT_RUN] * 4)]}


def _lines_here(cells):
    """A line for each way of training and kind of learned network, with what stands beside it in the same training."""
    for training in dict.fromkeys(cell.training for cell in cells):
        beside = [cell for cell in cells if cell.training == training]
        alike = [cell for cell in beside if cell.is_collapse() and cell.setting["terms"] == "published"]
        learned = [cell for cell in alike if cell.is_learned()]
        for kind, epochs in dict.fromkeys((_kind(cell), _epochs(cell)) for cell in learned or beside):
            here = [cell for cell in beside if _epochs(cell) == epochs]
            fixed = _find(here, network="fixed scattering")
            skips = [_find(learned, kind, network="learned scattering", skip=skip) for skip in (False, True)]
            residual = _find(here, network="residual", nonlinearity="rectifier")
            yield _line(_here(training, kind), [fixed, *skips, residual])


def _second(cells):
    yield {"name": PAPER, "lines": [_line(name, _seen("2", name)) for name in COMPLEX]}
    learned = [cell for cell in cells if cell.is_learned()]
    groups = _comparing(learned, lambda cell: (cell.training, _kind(cell)))
    for words, here in groups.items() or [(("",), [])]:
        pairs = dict.fromkeys([(name, "published") for name in COMPLEX])
        pairs |= dict.fromkeys((cell.setting["nonlinearity"], cell.setting["terms"]) for cell in here)
        lines = []
        for name, terms in pairs:
            found = [_find(here, nonlinearity=name, terms=terms, skip=skip) for skip in (False, True)]
            lines.append(_line(name + ", equal terms" * (terms == "equal"), found))
        yield {"name": _here(*words), "lines": lines}


def _third(cells):
    yield {"name": f"{PAPER}, ResNet-18, ImageNet", "lines": [_line(name, [NOT_SEEN]) for name in REAL]}
    yield {"name": "here, ResNet-18, ImageNet", "lines": [_line("all of these", [NOT_RUN])]}
    residual = [cell for cell in cells if cell.setting["network"] == "residual"]
    groups = _comparing(residual, lambda cell: (cell.setting.get("bias", True), cell.training, _epochs(cell)))
    for (bias, training, epochs), here in groups.items():
        pairs = dict.fromkeys([(name, False) for name in REAL])
        pairs |= dict.fromkeys((cell.setting["nonlinearity"], cell.setting.get("learns", False)) for cell in here)
        lines = []
        for name, learns in pairs:
            found = _find([cell for cell in here if cell.setting.get("learns", False) == learns], nonlinearity=name)
            lines.append(_line(name + ", learned" * learns, [found]))
        name = f"ResNet-20 {'with' if bias else 'without'} biases"
        yield {
            "name": _here(name, training.split(", learned with")[0], "" if "epoch" in training else f"{epochs} epochs"),
            "lines": lines,
        }


def _comparing(cells, key):
    """{key: cells}; of networks that were trained for other questions than a table's, where they differ in it."""
    groups = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    alone = {words for words, here in groups.items() if len({cell.setting["nonlinearity"] for cell in here}) == 1}
    return {words: here for words, here in groups.items() if words not in alone or here[0].table in (None, *TITLES)}


def _epochs(cell):
    return cell.setting["recipe"]["epochs"]


def _kind(cell):
    return ", ".join(cell.words())


def _here(*words):
    return ", ".join(filter(None, ("here", *words)))


def _line(name, cells):
    return {"name": name, "cells": list(cells)}


def _seen(table, name):
    numbers = SEEN.get((table, name), (None,) * len(COLUMNS[table]))
    return [NOT_SEEN if number is None else _cell(number) for number in numbers]


def _find(cells, kind=None, **wanted):
    """The error of the one of these networks, or that it was not run."""
    for cell in cells:
        if kind in (None, _kind(cell)) and wanted.items() <= cell.setting.items():
            value, low, high = (100 * (1 - share) for share in cell.accuracy)
            return _cell(value, high, low, len(cell.rows))
    return NOT_RUN


def _cell(error, low=None, high=None, seeds=None):
    return {"error": error, "low": low, "high": high, "seeds": seeds}


def printed(cell):
    """A cell in characters: the error, its interval, and the number of seeds if there are several."""
    if isinstance(cell, str):
        return cell
    interval = "" if cell["low"] is None else f" [{cell['low']:.1f}, {cell['high']:.1f}]"
    seeds = f", {cell['seeds']} seeds" if (cell["seeds"] or 1) > 1 else ""
    return f"{cell['error']:.1f}{interval}{seeds}"


def draw(data, width=17.8):
    """The tables as a picture, `width` cm wide, one below the other."""
    wide = width >= named_lines.WIDE
    size, letters, first = (7, 54, 0.4) if wide else (5.5, 24, 0.36)
    room = (1 - first) * width / (0.021 * size)  # letters that all columns have room for
    blocks = [[*_rows(table, letters, int(room / len(table["columns"])))] for table in data]
    heights = [sum(height for *_, height in rows) + 2.5 for rows in blocks]
    options = {"width_cm": width, "height_cm": (0.4 if wide else 0.3) * sum(heights), "height_ratios": heights}
    figure, axes = style.panels(len(data), 1, **options)
    for ax, table, rows in zip(axes[:, 0], data, blocks, strict=True):
        _draw_table(ax, rows, first=first, columns=len(table["columns"]), size=size)
        ax.set_title(f"{table['title']}, error (%)", loc="left", fontweight="bold", fontsize=size + 1)
    return figure


def _rows(table, letters, room):
    """What stands on the lines of a table: (kind, name, words, height in lines)."""
    heads = [textwrap.fill(column, room) for column in table["columns"]]
    yield "head", "", heads, 1.2 + 0.8 * max(head.count("\n") for head in heads)
    for group in table["groups"]:
        name = trained.printed(group["name"], 3 * letters)
        yield "group", name, [], 1.3 + 0.8 * name.count("\n")
        for line in group["lines"]:
            name, words = trained.printed(line["name"], letters), [printed(cell) for cell in line["cells"]]
            words = [word if len(word) <= room else _in_lines(word) for word in words]
            yield "line", name, words, 1 + 0.8 * max(text.count("\n") for text in (name, *words))


def _in_lines(word):
    return word.replace(" [", "\n[").replace("], ", "],\n")


def _draw_table(ax, rows, *, first, columns, size):
    at = 0.0
    for kind, name, words, height in rows:
        middle = at + height / 2
        if kind == "group":
            ax.plot([0, 1], [at, at], color=style.BOUND, linewidth=0.5)
        ax.text(0, middle, name, va="center", fontsize=size, fontweight="bold" if kind == "group" else "normal")
        for number, word in enumerate(words):
            place = first + (1 - first) * (number + 0.5) / columns
            colour = style.BOUND if word in (NOT_RUN, NOT_SEEN) else "#000000"
            ax.text(place, middle, word, ha="center", va="center", fontsize=size, color=colour)
        at += height
    ax.set(xlim=(0, 1), ylim=(at, 0))
    ax.set_axis_off()


def texts(data):
    """The tables as Markdown and as LaTeX, by the ending of a file: a dict of strings."""
    return {"md": markdown(data), "tex": latex(data)}


def markdown(data):
    """The tables in Markdown, errors in %."""
    blocks = []
    for table in data:
        lines = [f"**{table['title']}**, error in %", ""]
        lines.append(f"| | {' | '.join(table['columns'])} |")
        lines.append("|---" * (1 + len(table["columns"])) + "|")
        for group in table["groups"]:
            lines.append(f"| **{_in_markdown(group['name'])}** |" + " |" * len(table["columns"]))
            for line in group["lines"]:
                cells = " | ".join(map(printed, line["cells"]))
                lines.append(f"| {_in_markdown(line['name'])} | {cells} |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def latex(data):
    """The tables as `tabular` environments, which need no package; errors in %."""
    blocks = []
    for table in data:
        count = 1 + len(table["columns"])
        lines = [f"% {table['title']}, error in %", rf"\begin{{tabular}}{{l{'r' * (count - 1)}}}", r"\hline"]
        lines.append(f" & {' & '.join(table['columns'])} \\\\")
        for group in table["groups"]:
            lines += [r"\hline", rf"\multicolumn{{{count}}}{{l}}{{\textbf{{{_in_latex(group['name'])}}}}} \\"]
            lines += [
                f"{_in_latex(line['name'])} & {' & '.join(map(printed, line['cells']))} \\\\" for line in group["lines"]
            ]
        blocks.append("\n".join([*lines, r"\hline", r"\end{tabular}"]))
    return "\n\n".join(blocks) + "\n"


def _in_markdown(text):
    return text.replace("|", r"\|").replace("\n", " ")


def _in_latex(text):
    return "".join(_LATEX.get(letter, letter) for letter in text)


_LATEX = {letter: f"\\{letter}" for letter in "%&_#${}"}
_LATEX |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
