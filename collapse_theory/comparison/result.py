"""What a comparison found: rows, paired differences, the verdict, and a table of 80 columns."""

import textwrap
from dataclasses import dataclass

from ..arguments import check_number
from .estimates import Estimate, share_interval
from .observation import ACCURACIES, Measured
from .verdicts import Evidence, bonferroni

__all__ = ["MEASURES", "Comparison"]

SEPARATION = "between_over_energy"
MEASURES = (SEPARATION, "fisher_trace", *ACCURACIES)
_HEADS = {SEPARATION: "B / E_0", "fisher_trace": "F", ACCURACIES[0]: "linear %", ACCURACIES[1]: "nearest mean %"}
_LONGEST = 18


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several operations on one labelled set, layer by layer; made by `across_layers`.

    operations : by name, what part each plays: "collapse", "reduction", "control" or "other"
    measured : by (operation, depth), a `Measured`
    estimates : by (operation, depth), an `Estimate` of each of `MEASURES` that there is
    classes : names of the classes; left_out : lines about classes, depths and accuracies that are left out
    margin : of "no difference", fixed before anything was measured, for classes of these sizes; 0, and never said,
        where few images have nearly all energy
    settings : plain values that say how it was measured
    """

    operations: dict[str, str]
    measured: dict[tuple[str, int], Measured]
    estimates: dict[tuple[str, int], dict[str, Estimate]]
    classes: tuple[str, ...]
    left_out: tuple[str, ...]
    margin: float
    settings: dict

    @property
    def collapse(self):
        """The name of the operation that the others are compared with."""
        return next(name for name, role in self.operations.items() if role == "collapse")

    @property
    def depth(self):
        """Of the deepest layer."""
        return max(depth for _, depth in self.estimates)

    def to_dicts(self, confidence=0.95):
        """One dict of plain values for each operation and depth; measures are [value, low, high], or None.

        Intervals are of each number by itself, over images and, of accuracies, over fits.
        """
        _check(confidence)
        return [self._row(*key, confidence) for key in self.estimates]

    @property
    def rows(self):
        """`to_dicts` at 95 %."""
        return self.to_dicts()

    def differences(self, confidence=0.95):
        """Paired differences, collapse minus each other operation, at each depth from 1: dicts of plain values.

        Each has "operation", "role", "depth", and by measure [difference, low, high], or None; "primary" is the measure
        that the verdict goes by. Only those of the deepest layer and against a reduction are part of the verdict.
        """
        _check(confidence)
        rows = []
        for name, depth in self.estimates:
            if name == self.collapse or depth == 0:
                continue
            pairs = {measure: self._difference(name, depth, measure) for measure in MEASURES}
            rows.append(
                {"operation": name, "role": self.operations[name], "depth": depth, "primary": self._primary(name)}
                | {measure: None if pair is None else pair.interval(confidence) for measure, pair in pairs.items()}
            )
        return rows

    def growth(self, confidence=0.95):
        """By operation and layer, depth d + 1 minus depth d, paired: dicts; "grows" if the interval is above 0.

        The measure is B / E_0, or F for what expands. Descriptive.
        """
        _check(confidence)
        rows = []
        for name, depth in self.estimates:
            after = self.estimates.get((name, depth + 1))
            if after is not None:
                measure = SEPARATION if SEPARATION in after else "fisher_trace"
                interval = (after[measure] - self.estimates[name, depth][measure]).interval(confidence)
                row = {"operation": name, "from": depth, "to": depth + 1, "measure": measure, "difference": interval}
                rows.append(row | {"grows": bool(interval[1] > 0)})
        return rows

    def evidence(self):
        """What the verdict is made of, as `Evidence`: plain values, for `holm` over comparisons of several days."""
        parts = [(name, role) for name, role in self.operations.items() if role in ("reduction", "control")]
        rows = [(*part, self._primary(part[0]), self._difference(part[0], self.depth)) for part in parts]
        return Evidence(tuple(rows), self.margin)

    def primary(self):
        """(differences to every reduction, to the control) that the verdict is made of, at the deepest layer."""
        return self.evidence().primary()

    def verdict(self, confidence=0.95):
        """Does the collapse separate the class means more than every reduction does: one of four words.

        more : the lower ends of all paired intervals of collapse minus reduction are above 0, and so is that of
            collapse minus identity, the control
        less : the upper end is below 0 for one reduction
        no difference : all intervals lie within ± `margin`
        undecided : otherwise, and instead of "more" if the collapse is seen to expand

        Intervals are of B / E_0, or of F against a reduction that expands, at the deepest layer, at the level of
        Bonferroni over the reductions. An end within 1e-6 of 0 is rounding and counts as 0.
        """
        _check(confidence)
        return self.evidence().verdict(confidence)

    def right(self, operation, depth, accuracy=ACCURACIES[0]):
        """(N,) booleans: whether each image that was measured was put in its class, in one order for all."""
        return self.measured[operation, depth].right[accuracy]

    def __str__(self):
        return "\n".join(self._lines())

    def _lines(self, confidence=0.95):
        reductions = [name for name, role in self.operations.items() if role == "reduction"]
        level = bonferroni(confidence, len(reductions))
        yield f"Verdict on {_short(self.collapse, 40)}: {self.verdict(confidence)}"
        yield f"at depth {self.depth}, {_short(self.collapse)} minus .., {100 * level:.4g} % intervals,"
        yield f"no difference within {self.margin:.3g}:"
        for row in self.differences(level):
            if row["depth"] == self.depth and row["role"] in ("reduction", "control"):
                head = f"{_short(row['operation'])}{', control' if row['role'] == 'control' else ''}"
                value, low, high = row[row["primary"]]
                yield f"  {head:<28} {_HEADS[row['primary']]:<8} {value:+.4f} [{low:+.4f}, {high:+.4f}]"
        yield ""
        yield f"{'':<{_LONGEST}} depth {'B / E_0':>14} {'F':>14} {'linear %':>10} {'nearest %':>10}"
        for row in self.to_dicts(confidence):
            ends = [_plus_minus(row[name]) for name in MEASURES[:2]]
            shares = ["-" if row[name] is None else f"{100 * row[name][0]:.1f}" for name in ACCURACIES]
            numbers = "".join(f" {end:>14}" for end in ends) + "".join(f" {share:>10}" for share in shares)
            yield f"{_short(row['operation']):<{_LONGEST}} {row['depth']:>5}{numbers}"
        chance = f"{100 * self.settings['chance']:.1f}"
        yield f"{len(self.classes)} classes, chance {chance} %. All but the verdict describes."
        yield from (_fold(line) for line in self.left_out)

    def _row(self, name, depth, confidence):
        measured, estimates = self.measured[name, depth], self.estimates[name, depth]
        row = {"operation": name, "role": self.operations[name], "depth": depth, "channels": measured.shape[0]}
        row |= {"pixels": list(measured.shape[1:]), "zeros": measured.zeros, "chance": self.settings["chance"]}
        for measure in MEASURES:
            one = estimates.get(measure)
            if measure in ACCURACIES and one is not None:
                row[measure] = share_interval(one, confidence, len(measured.right[measure]))
            else:
                row[measure] = None if one is None else one.interval(confidence)
        return row

    def _primary(self, name):
        both = (self.estimates[one, self.depth] for one in (name, self.collapse))
        return SEPARATION if all(SEPARATION in estimates for estimates in both) else "fisher_trace"

    def _difference(self, name, depth, measure=None):
        measure = measure or self._primary(name)
        own, its = self.estimates[self.collapse, depth].get(measure), self.estimates[name, depth].get(measure)
        return None if own is None or its is None else own - its


def _check(confidence):
    if not 0 < check_number("confidence", confidence) < 1:
        raise ValueError(f"confidence: expected a share between 0 and 1, got {confidence!r}")


def _short(name, most=_LONGEST):
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _plus_minus(triple):
    return "-" if triple is None else f"{triple[0]:.4f}±{triple[2] - triple[0]:.4f}"


def _fold(line):
    return textwrap.fill(line, 80, subsequent_indent="  ")
