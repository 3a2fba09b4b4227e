"""From paired differences to a word: more, less, no difference, undecided; and of several comparisons by Holm."""

from ..arguments import check_number
from .estimates import p_value

__all__ = ["holm", "verdict_of"]

ROUNDING = 1e-6  # a difference of this much is rounding in single precision, and counts as 0


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

    comparisons : dict of `Comparison`s by name, or a sequence of them
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
