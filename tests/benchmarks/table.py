"""The table of a recorded benchmark, in Markdown."""

__all__ = ["END", "START", "lines_of", "written_between", "written_into"]

START = "<!-- python -m tests.benchmarks --recorded --into tests/benchmarks/README.md -->\n"
END = "<!-- end of the table -->"
_LEAST_SLOPE = 0.9  # work that grows more slowly than its size is hidden by what each call costs

_HEAD = "| work | threads | ours | peer | ratio | of the limit | error | peak memory |"


def lines_of(record):
    """Lines of Markdown: the machine, the table, how cost grows.

    record : as `analysis.record.load` gives it
    """
    rows = record["rows"]
    found = [row for row in rows if row["name"] == "ceilings"]
    return [
        *(f"{record['machine']}, {row['date']}, {row['threads']} threads: {_ceilings(row)}." for row in found),
        "",
        _HEAD,
        "|---" * (_HEAD.count("|") - 1) + "|",
        *(_line(row) for row in rows if "work" in row and "slope" not in row),
        "",
        *_growth([row for row in rows if "slope" in row]),
    ]


def _growth(rows):
    """A line for each library: with which power of each dimension the cost of each work grows."""
    powers = {}
    for row in rows:
        powers.setdefault(row["on"], {}).setdefault(row["work"], []).append(_power(row))
    for on, each in powers.items():
        works = {work: ", ".join(found) for work, found in each.items()}
        yield f"Cost grows, {on}: {'; '.join(f'{work} as {joined}' for work, joined in works.items())}."


def _power(row):
    measured = f"^{row['slope']:.2f}" if row["slope"] >= _LEAST_SLOPE else " (too small to measure)"
    return row["grows"] + measured


def _ceilings(row):
    return ", ".join(f"{name.replace(', ', ' ')} {value:.0f}" for name, value in row["ceilings"].items())


def _line(row):
    ours = f"{_seconds(row['seconds'])} {row['on']}" if "seconds" in row else row["on"]
    cells = [row["work"], str(row["threads"]), ours, *_against(row), _share(row), _error(row), _memory(row)]
    return f"| {' | '.join(cells)} |"


def _against(row):
    """The peer, and the ratio beside its goal; or why there is none."""
    absent = "; ".join(f"{name} absent: {reason}" for name, reason in row["absent"].items())
    if "seconds" not in row:
        quiet = f"too noisy: {row['rounds']} quiet rounds of {row['asked']}"
        return [absent or "", quiet]
    if "ratio" not in row:
        return [absent or "no peer", ""]
    middle, low, high = row["ratio"]
    goal = f", goal {row['goal']:g}" if row["goal"] else ""
    spread = f" [{low:.3g}-{high:.3g}]" if row["rounds"] > 1 else ""
    peer = f"{_seconds(row['all'][row['peer']])} {row['peer']}"
    return [f"{peer} ({absent})" if absent else peer, f"{middle:.3g}{spread}{goal}"]


def _share(row):
    return f"{100 * row['share'][0]:.0f} % of {row['limit']}" if "share" in row else ""


def _error(row):
    return "" if row["error"] is None else f"{row['error']:.0e}"


def _memory(row):
    return "" if row["peak"] is None else f"{row['peak'] / 2**20:.0f} MiB"


def _seconds(seconds):
    return f"{seconds:.3g} s" if seconds >= 0.1 else f"{1000 * seconds:.3g} ms"


def written_into(text, lines):
    """`text` with these lines between START and END.  Raises ValueError if it does not have both, in this order."""
    return written_between(text, lines, start=START, end=END)


def written_between(text, lines, *, start, end):
    """`text` with these lines between two marks.  Raises ValueError if it does not have both, in this order."""
    before, first, rest = text.partition(start)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise ValueError(f"expected a text with {start.strip()} and {end}")
    return before + first + "\n".join(lines) + "\n" + last + after
