"""What the rows of `separation_across_layers` come to, in a table of 80 columns."""

import numpy as np

from .tables import OPERATIONS, shortened


def conclusions(rows):
    """The few lines that matter: what separates, what does not, by how much."""
    every = {}
    for row in rows:
        every.setdefault((row["data"], row["setting"]), []).append(row)
    ratios, accuracies, grows, above, largest = [], [], 0, 0, -np.inf
    for pair, here in every.items():
        here = [row for row in here if row["depth"]]
        by_operation = {
            name: [row["fisher_trace"][0] for row in here if row["operation"] == name] for name in OPERATIONS
        }
        last = {row["operation"]: row["accuracy_of_averages"][0] for row in here}  # the deepest one stays
        collapse = by_operation.pop("phase collapse")
        most = max(max(values) for values in by_operation.values())
        grows, above, largest = (
            grows + all(np.diff([0, *collapse]) > 0),
            above + _stands_above(here),
            max(largest, most),
        )
        name = f"{shortened(', '.join(pair), 31):<31}"
        ratios.append(f"{name} {' '.join(f'{value:.3f}' for value in collapse):<25} {most:.3f}")
        accuracies.append(name + " ".join(f"{100 * last[operation]:>9.1f}" for operation in OPERATIONS))
    return [
        f"{'F_trace':<31} {'of the collapse':<25} of all others",
        f"{'data, setting':<31} {'at depth 1, 2 ..':<25} at most",
        *ratios,
        "",
        "accuracy of averages at the last depth, %",
        f"{'data, setting':<31} collapse threshold      tanh      unit  identity",
        *accuracies,
        "",
        f"The collapse's F_trace grows at each layer in {grows} of {len(every)}; no other exceeds {largest:.3f}.",
        f"Its 95 % interval at the deepest layer lies above all others in {above} of {len(every)}.",
    ]


def _stands_above(rows):
    """Whether the interval of the collapse at the deepest layer lies above that of every other operation."""
    deepest = max(row["depth"] for row in rows)
    last = {row["operation"]: row["fisher_trace"] for row in rows if row["depth"] == deepest}
    _, low, _ = last.pop("phase collapse")
    return low is not None and all(high is not None and high < low for _, _, high in last.values())
