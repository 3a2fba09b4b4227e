"""What a low precision costs in accuracy: the same short training in each, from three seeds.

The network has 1/8 of the width, with skip and the phase collapse. All that differs between two trainings of a seed is
the precision. How far float32 alone comes from seed to seed says which difference means something.
"""

import statistics
import tempfile
from dataclasses import replace

from analysis.instruments.learning import labelled, network_of
from analysis.instruments.trainings import PRESETS
from collapse_theory import learned

__all__ = ["PRECISIONS", "SETTING", "accuracy_lines", "lines_of"]

PRECISIONS = ("float32", "bfloat16 products", "bfloat16")
SETTING = replace(PRESETS["small"], width=1 / 8, recipe=replace(PRESETS["small"].recipe, epochs=1))
_HEAD = (
    "| precision | test accuracy of each seed, % | mean | less than float32 by | float32 from seed to seed | no loss |"
)


def accuracy_lines(setting=SETTING, *, seeds=3, device="cpu", progress=None):
    """Lines of Markdown with the test accuracies; `progress` is called with a precision, a seed and its accuracy."""
    data = labelled(setting, device)
    found = {precision: [] for precision in PRECISIONS}
    for seed in range(seeds):
        for precision, values in found.items():
            values.append(_accuracy(setting, data, seed=seed, precision=precision, device=device))
            if progress:
                progress(precision, seed, values[-1])
    recipe = setting.recipe
    told = f"{setting.label}, width {setting.width:g}; training images {len(data[0]):,}, epochs {recipe.epochs}, "
    return [f"{told}batch {recipe.batch}; test images {len(data[1]):,}; on {device}.", "", *lines_of(found)]


def lines_of(found):
    """The table, from the accuracies of each precision in the order of the seeds.

    There is no loss where the mean is below that of float32 by no more than float32 differs from seed to seed, from its
    lowest to its highest.
    """
    exact = found["float32"]
    spread, lines = max(exact) - min(exact), [_HEAD, "|---" * (_HEAD.count("|") - 1) + "|"]
    for precision, values in found.items():
        loss = statistics.mean(exact) - statistics.mean(values)
        shares = [", ".join(f"{100 * value:.1f}" for value in values), f"{100 * statistics.mean(values):.1f}"]
        cells = [precision, *shares, f"{100 * loss:.1f}", f"{100 * spread:.1f}", "yes" if loss <= spread else "no"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _accuracy(setting, data, *, seed, precision, device):
    setting = replace(setting, recipe=replace(setting.recipe, seed=seed, precision=precision))
    with tempfile.TemporaryDirectory() as folder:
        network = network_of(setting).to(device)
        return learned.train(network, data, setting.recipe, folder=folder).epochs[-1]["test_accuracy"]
