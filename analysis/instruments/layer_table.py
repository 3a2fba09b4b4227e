"""What the rows of `separation_across_layers` come to: verdicts, and tables of 80 columns or of a README."""

import math

from collapse_theory.comparison import MEASURES, Evidence, holm

from .tables import shortened

SHARES = MEASURES[2:]
_SIGNS = {MEASURES[0]: "B/E0", MEASURES[1]: "F"}


def rows_of(result):
    """Plain rows of a `Comparison`, one for an operation and a depth; whatever is not finite is None.

    Beside the measures: "difference", collapse minus operation, paired, by measure; "growth", this depth minus the one
    before it, paired, of B / E_0, or of F for what expands; and "evidence" at the deepest layer, of which the verdict
    is made.
    """
    differences = {(row["operation"], row["depth"]): row for row in result.differences()}
    growth = {(row["operation"], row["to"]): row["difference"] for row in result.growth()}
    evidence = {row["operation"]: row for row in result.evidence().to_dicts()}
    rows = []
    for row in result.to_dicts():
        key = row["operation"], row["depth"]
        other = differences.get(key)
        more = {
            "classes": len(result.classes),
            "margin": result.margin,
            "difference": None if other is None else {name: _finite(other[name]) for name in MEASURES},
            "growth": _finite(growth.get(key)),
            "evidence": evidence.get(row["operation"]) if row["depth"] == result.depth else None,
        }
        rows.append(row | {name: _finite(row[name]) for name in MEASURES} | more)
    return rows


def _finite(triple):
    return triple if triple is not None and all(map(math.isfinite, triple)) else None


def verdicts(rows):
    """{(data, setting): word}, by Holm's method over all of them."""
    evidence, margins = {}, {}
    for row in rows:
        key = row["data"], row["setting"]
        margins[key] = row["margin"]
        evidence.setdefault(key, []).extend([row["evidence"]] if row["evidence"] else [])
    return holm({key: Evidence.from_dicts(found, margins[key]) for key, found in evidence.items()}) if rows else {}


def conclusions(rows):
    """The verdict on each data set and setting, and what it is made of."""
    words, every = verdicts(rows), {}
    for row in rows:
        every.setdefault((row["data"], row["setting"]), []).append(row)
    margins = sorted({row["margin"] for row in rows})
    lines = [
        "Does a phase collapse separate class means more than every reduction and than",
        "the identity, the control, at the deepest layer? By B / E_0, or by F against",
        "what expands, paired, with 95 % intervals. The words hold together, by Holm.",
        f"No difference: within {' or '.join(f'{margin:.3g}' for margin in margins)} of 0.",
    ]
    for pair, here in every.items():
        depth = max(row["depth"] for row in here)
        lines.append(f"{shortened(', '.join(pair), 50):<50} depth {depth}: {words[pair]}")
        lines += [
            f"    minus {shortened(name, 16):<16} {_SIGNS[measure]:<4} {signed(triple)}"
            for name, measure, triple in _decisive(here)
        ]
    lines += ["", "Beside the verdict: layers at which B / E_0 of the collapse grows, by its paired"]
    lines += ["interval; held-out images that are right at the deepest layer, in %, of the"]
    lines += ["collapse, of the best reduction, and by chance."]
    lines += [f"{'data, setting':<31} {'layers':<11}{'linear':>18}{'nearest mean':>18}"]
    return [*lines, *(_beside(pair, here) for pair, here in every.items())]


def _decisive(rows):
    """(operation, measure, [difference, low, high]) of every reduction and control at the deepest layer."""
    for row in rows:
        if row["evidence"]:
            measure = row["evidence"]["measure"]
            yield row["operation"], measure, row["difference"][measure]


def _beside(pair, rows):
    depth = max(row["depth"] for row in rows)
    raised = [str(r["depth"]) for r in rows if r["role"] == "collapse" and r["growth"] and r["growth"][1] > 0]
    line = f"{shortened(', '.join(pair), 31):<31} {', '.join(raised) or 'none':<11}"
    for measure in SHARES:
        last = {role: _largest(rows, measure, role, depth) for role in ("collapse", "reduction")}
        shares = [*last.values(), max(row["chance"] for row in rows)]
        line += f"{'  '.join('-' if share is None else f'{100 * share:.1f}' for share in shares):>18}"
    return line.rstrip()


def _largest(rows, measure, role, depth):
    found = [row[measure] for row in rows if (row["role"], row["depth"]) == (role, depth)]
    return max((triple[0] for triple in found if triple), default=None)


def signed(triple):
    """A difference and its interval, in few characters."""
    return "-" if triple is None else "{:+.4f} [{:+.4f}, {:+.4f}]".format(*triple)


def known(rows, setting="deep"):
    """Rows of a table in Markdown: of each data set in one setting, the verdict and the differences it is made of."""
    words = verdicts(rows)
    lines = []
    for data in dict.fromkeys(row["data"] for row in rows if row["setting"] == setting):
        here = [row for row in rows if (row["data"], row["setting"]) == (data, setting)]
        cells = [signed(triple) for _, _, triple in _decisive(here)]
        lines.append(f"| {data} | **{words[data, setting]}** | {' | '.join(cells)} |")
    return lines
