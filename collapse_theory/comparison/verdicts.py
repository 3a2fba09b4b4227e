"""From paired differences to a word: more, less, no difference, undecided; and of several comparisons by Holm."""

from dataclasses import dataclass
from math import inf, isfinite, nan

from ..arguments import check_number
from .estimates import Estimate, Known, p_value

__all__ = ["Evidence", "holm", "verdict_of"]

FISHER = "fisher_trace"
ROUNDING = 1e-6  # a difference of this much is rounding in single precision, and counts as 0


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a verdict is made of, as plain values that can be recorded: of a `Comparison`, or by `from_dicts`.

    rows : (operation, role, measure, difference) of every reduction and control at the deepest layer: an `Estimate` or
        `Known`, collapse minus operation
    margin : of "no difference"
    """

    rows: tuple[tuple[str, str, str, Estimate | Known], ...]
    margin: float

    def primary(self):
        """(differences to every reduction, to the control).

        A collapse that expands is compared with the control by F, which a gain for some channels raises: nothing is
        known of that difference.
        """
        reductions = [each for _, role, _, each in self.rows if role == "reduction"]
        controls = [(measure, each) for _, role, measure, each in self.rows if role == "control"]
        return reductions, [Known(0.0, inf, 1.0) if measure == FISHER else each for measure, each in controls]

    def verdict(self, confidence=0.95):
        """The word, as `Comparison.verdict`."""
        return verdict_of(*self.primary(), self.margin, confidence)

    def to_dicts(self):
        """A dict of plain values for each difference; what is not finite is None."""
        return [
            {"operation": operation, "role": role, "measure": measure, "value": _plain(each.value)}
            | dict(zip(("error", "freedom"), map(_plain, each.error()), strict=True))
            for operation, role, measure, each in self.rows
        ]

    @classmethod
    def from_dicts(cls, rows, margin):
        """The evidence that `to_dicts` wrote down."""
        numbers = (("value", nan), ("error", inf), ("freedom", 1.0))
        known = [Known(*(other if row[name] is None else row[name] for name, other in numbers)) for row in rows]
        pairs = zip(rows, known, strict=True)
        return cls(tuple((row["operation"], row["role"], row["measure"], each) for row, each in pairs), margin)


def _plain(number):
    return float(number) if isfinite(number) else None


def verdict_of(differences, controls, margin, confidence):
    """The word for paired `Estimate`s of collapse minus reduction, at the level of Bonferroni (1936).

    differences : against every reduction; controls : against the control, which must be exceeded as well for "more"
    """
    level = bonferroni(confidence, len(differences))
    intervals, exceeded = ([each.interval(level) for each in some] for some in (differences, controls))
    if all(low > ROUNDING for _, low, _ in (*intervals, *exceeded)):
        return "more"
    if any(high < -ROUNDING for _, _, high in intervals):
        return "less"
    if all(-margin < low and high < margin for _, low, high in intervals):
        return "no difference"
    return "undecided"


def bonferroni(confidence, count):
    """The confidence of each of so many intervals that all hold together."""
    return 1 - (1 - confidence) / max(count, 1)


def p_values(differences, controls):
    """(p of "more", p of "less"), each what Bonferroni makes of the two-sided ones."""
    ps = [p_value(each) for each in differences]
    above = all(each.value > ROUNDING for each in (*differences, *controls))
    more = max([*ps, *(p_value(each) for each in controls)]) if above else 1.0
    less = min((p for p, each in zip(ps, differences, strict=True) if each.value < -ROUNDING), default=1.0)
    return min(1.0, len(ps) * more), min(1.0, len(ps) * less)


def holm(comparisons, confidence=0.95):
    """The verdicts of several comparisons, of data sets and settings, that are right together.

    comparisons : dict of `Comparison`s, or of their `evidence`, by name, or a sequence of them
    confidence : that no "more" and no "less" of them is wrong: Holm (1979), step by step from the smallest p; "no
        difference" is said at the level of Bonferroni over all of them

    Returns the words, a dict of the same names or a list.
    Raises ValueError if there are none, or `confidence` is not in (0, 1).
    """
    if not 0 < check_number("confidence", confidence) < 1:
        raise ValueError(f"confidence: expected a share between 0 and 1, got {confidence!r}")
    items = list(comparisons.items()) if hasattr(comparisons, "items") else list(enumerate(comparisons))
    if not items:
        raise ValueError("comparisons: expected at least one, got none")
    pairs = {key: p_values(*each.primary()) for key, each in items}
    words, left = {}, len(items)
    for key, (more, less) in sorted(pairs.items(), key=lambda item: min(item[1])):
        if min(more, less) > (1 - confidence) / left:
            break
        words[key], left = "more" if more < less else "less", left - 1
    shared = bonferroni(confidence, len(items))
    for key, each in items:
        word = words.get(key) or each.verdict(shared)
        words[key] = word if key in words or word == "no difference" else "undecided"
    found = {key: words[key] for key, _ in items}
    return found if hasattr(comparisons, "items") else list(found.values())
