"""Recorded rows of trained networks in cells: one network trained in one way, with one row a seed.

What every figure of networks reads, so that a network has one name and one look in all of them.
"""

import json
from dataclasses import dataclass, replace
from fractions import Fraction

from analysis import accuracy_of_learned_networks, record
from analysis.instruments.trainings import completed
from collapse_theory.nonlinearities import LAWS

from . import named_lines, style

RESULT = accuracy_of_learned_networks.NAME
_TRAINING = ("data", "images", "tested", "validation")  # what of a setting says, with its recipe, how it was trained
_OWN = ("epochs",)  # of a recipe, told of a network
_CHOSEN = ("rate", "start", "quantile")  # by trials of each network of a table: not how its training is told apart
_OTHER_LOOKS = {"rectifier": ("#000000", "v"), "sigmoid": ("#000000", "P"), "compression": ("#000000", "*")}


@dataclass(frozen=True)
class Cell:
    """One network, trained in one way with one seed or several.

    network, training : names, one each for all cells that share it
    setting : as recorded, with the seed of the first row
    accuracy : [mean over seeds, low, high]: 95 % over test images; of several seeds the outermost ends
    rows : as recorded, by seed
    """

    network: str
    training: str
    setting: dict
    accuracy: list
    rows: tuple

    @property
    def table(self):
        """The table for which it was trained, as "2", or None if it was for none."""
        return self.rows[0]["preset"].removeprefix("table ") if _is_chosen(self.rows[0]) else None

    def words(self):
        """What of the name is neither the non-linearity nor its terms nor the skip connection: epochs, width."""
        known = (self.setting["network"], self.setting["nonlinearity"], "skip", "equal terms")
        return [word for word in self.network.split(", ") if word not in known]

    def is_learned(self):
        return self.setting["network"] == "learned scattering"

    def is_collapse(self):
        return self.setting["nonlinearity"] == "phase collapse"

    def is_reduction(self):
        return "phase-equivariant" in LAWS.get(self.setting["nonlinearity"], ()) and not self.is_control()

    def is_control(self):
        return self.setting["nonlinearity"] == "identity"

    def chance(self):
        """One over the number of classes, or None where it was not recorded."""
        split = self.rows[0].get("split")
        return 1 / len(split["test"]) if split else None

    def seeds(self):
        number = len({row["setting"]["recipe"]["seed"] for row in self.rows})
        return f"{number} seed{'s' * (number > 1)}"

    def family(self):
        """What networks share that differ by their non-linearity alone, and by the terms on which it acts."""
        names = ("network", "skip", "angles", "circle", "mixing", "width")
        epochs = self.setting["recipe"]["epochs"]
        return (self.training, epochs, *(self.setting[name] for name in names))

    def look(self):
        """Colour of the operation; hollow on equal terms; dashed without skip."""
        colour, marker = look_of(self.setting["nonlinearity"])
        if self.setting["network"] == "fixed scattering":
            marker = "*"
        hollow = self.setting["terms"] == "equal"
        line = "--" if self.is_learned() and not self.setting["skip"] else "-"
        return {"color": colour, "marker": marker, "linestyle": line, "fillstyle": "none" if hollow else "full"}


def look_of(nonlinearity):
    """Colour and marker, also of what is in no comparison of operations."""
    if nonlinearity in style.COLOUR:
        return style.COLOUR[nonlinearity], style.MARKER[nonlinearity]
    return _OTHER_LOOKS.get(nonlinearity, ("#000000", "h"))


def cells(rows=None):
    """The recorded networks, `Cell`s in the order of their first rows, those of one training one after another.

    rows : of the record; None: those that are committed
    """
    rows = record.load(RESULT)["rows"] if rows is None else rows
    found = {}
    for row in rows:
        setting = completed(row["setting"])
        apart = {"recipe", "measured", "seed"} | ({*_CHOSEN} if _is_chosen(row) else set())
        recipe = {name: value for name, value in setting["recipe"].items() if name not in apart}
        network = {name: setting[name] for name in setting.keys() - {*_TRAINING} - apart}
        network |= {name: recipe.pop(name) for name in _OWN}
        training = {"preset": row["preset"]} | {name: setting.get(name) for name in _TRAINING} | recipe
        key = json.dumps([network, training], sort_keys=True)
        found.setdefault(key, (network, training, setting, []))[3].append(row)
    networks = _names([each[0] for each in found.values()], [_network(each[3][0]) for each in found.values()])
    trainings = _names([each[1] for each in found.values()], [_training(each[1]) for each in found.values()])
    made = [
        Cell(network, training, setting, _over_seeds([row["accuracy"] for row in these]), tuple(_by_seed(these)))
        for network, training, (_, _, setting, these) in zip(networks, trainings, found.values(), strict=True)
    ]
    made.sort(key=lambda cell: trainings.index(cell.training))
    return [replace(cell, **_shorter(cell, made)) for cell in made]


def _is_chosen(row):
    return row["preset"].startswith("table ")


def _shorter(cell, cells):
    """The names of a cell, with what all networks of one training share, or all learned ones, told once, of it."""
    beside = [each for each in cells if each.training == cell.training]
    shared = _shared(beside)
    of_learned = [word for word in _shared([each for each in beside if each.is_learned()]) if word not in shared]
    told = [*shared, *of_learned] if cell.is_learned() else shared
    training = ", ".join([cell.training, *shared])
    training += f", learned with {', '.join(of_learned)}" if of_learned else ""
    return {"network": ", ".join(word for word in cell.network.split(", ") if word not in told), "training": training}


def _shared(cells):
    every = [cell.words() for cell in cells]
    return [word for word in (every[0] if every else ()) if all(word in words for words in every)]


def _by_seed(rows):
    return sorted(rows, key=lambda row: row["setting"]["recipe"]["seed"])


def _over_seeds(accuracies):
    values, lows, highs = zip(*accuracies, strict=True)
    return [sum(values) / len(values), min(lows), max(highs)]


def _network(row):
    width, epochs = Fraction(row["setting"]["width"]).limit_denominator(64), row["setting"]["recipe"]["epochs"]
    width = f"width {width}" if width != 1 else ""
    return ", ".join(filter(None, (row["network"], f"{epochs} epoch{'s' * (epochs != 1)}", width)))


def _training(training):
    images = "all images" if training["images"] is None else f"{training['images']:,} images"
    chosen = ", tuned" if training["preset"].startswith("table ") else ""
    return f"{training['preset']}: {training['data']}, {images}{chosen}"


def _names(contents, names):
    """The names; where one stands for different contents, with the fields in which these differ."""
    whole = []
    for content, name in zip(contents, names, strict=True):
        same = [other for other, its in zip(contents, names, strict=True) if its == name]
        fields = [key for key in sorted(content) if any(other.get(key, content[key]) != content[key] for other in same)]
        whole.append(", ".join([name, *(f"{key.replace('_', ' ')} {content[key]}" for key in fields)]))
    return whole


def printed(name, letters=200):
    """A name as matplotlib is to print it, broken after commas into lines of about so many letters at most."""
    lines = [""]
    for word in map(style.plain, name.split(", ")):
        if lines[-1] and len(lines[-1]) + len(word) > letters:
            lines.append("")
        lines[-1] += f"{word}, "
    return "\n".join(line.rstrip(" ") for line in lines)[:-1]


def draw_accuracies(ax, lines):
    """Draw what networks get right as a list, by how they were trained.

    lines : dicts of "network", "training", "accuracy" as [value, low, high], "chance" or None, and "look"

    Returns the heights of the lines.
    """
    heights = named_lines.draw_names(ax, *named(lines))
    for line, height in zip(lines, heights, strict=True):
        value, low, high = (100 * share for share in line["accuracy"])
        look = line["look"] | {"linestyle": "none", "capsize": 1.5}
        ax.errorbar([value], [height], xerr=[[value - low], [high - value]], **look)
        if line["chance"] is not None:
            ends = [height - 0.5, height + 0.5]
            ax.plot([100 * line["chance"]] * 2, ends, color=style.BOUND, linestyle=":", linewidth=0.9, label="chance")
    ax.set_title("right\nafter training", fontsize=named_lines.size_of(ax.figure))
    ax.set_xlabel("test images (%)", fontsize=named_lines.size_of(ax.figure))
    ax.set_xlim(0, 103)
    return heights


def named(lines, letters=30):
    """The groups and the names of such lines, as `named_lines` takes them."""
    return [printed(line["training"], 56) for line in lines], [printed(line["network"], letters) for line in lines]
