"""How well does a learned scattering network classify with a phase collapse, and how well with a threshold?

The networks of the paper, trained as published; after the last epoch, never the best one: the accuracy on the test
images, the share of outputs of each non-linearity that are dead, and how far each block separates the classes. A run is
a folder, and the same command resumes where it was stopped. Recorded: a quarter of the width, with skip, four epochs of
3,000 images of CIFAR-10, one seed. The phase collapse classifies 54.5 % of 2,000 test images, the soft threshold on
equal terms, half of its outputs dead and no channel, 27.1 %, the identity as control 30.5 %: a threshold that is not
mis-scaled, after as many steps, is no better than no non-linearity. ResNet-20 comes to 40.4 %, the fixed scattering
transform with one learned mixing, which has the least to learn, to 55.9 %. How well they end is known of the collapse
alone: an eighth of the width, with skip, ten epochs of all images, one seed, 86.3 % of all test images.
"""

import os
import time
from dataclasses import asdict
from pathlib import Path

from collapse_theory import learned
from collapse_theory.machine import reproducible

from . import record
from .instruments.cells import TABLES
from .instruments.kept_weights import keep, kept
from .instruments.learning import evaluated, labelled, measure
from .instruments.options import slug
from .instruments.progress import training_bar
from .instruments.queue import RUNS, differences, folder_of, record_beside, rows_known, untrained, waiting
from .instruments.training_data import called, told_of
from .instruments.trainings import PRESETS, TIMES, add_options, setting_of

NAME = "accuracy_of_learned_networks"
TIME = "1 minute on two cores with the preset smoke (torch)"
SAYS = ("Without options it trains the preset smoke, on textures that scikit-image brings.",)
EXAMPLES = (
    "python -m analysis accuracy_of_learned_networks",
    "python -m analysis accuracy_of_learned_networks --preset small --skip",
)
ON = ("torch",)
_OF_BLOCKS = {
    "fisher_trace": ("Fisher ratio after each block", ".2g", 1),
    "accuracy_linear": ("linear classifier of each, %", ".0f", 100),
    "accuracy_nearest_mean": ("nearest class mean of each, %", ".0f", 100),
}


def conclusions(rows):
    """Lines of each network: accuracy, dead outputs, what its blocks do; then how networks differ, trained alike."""
    lines = []
    for row in rows:
        value, low, high = (100 * share for share in row["accuracy"])
        zeros = " ".join(f"{100 * share:.0f}" for share in row["zeros_running"].values())
        lines.append(f"{row['preset']}, {row['network']}")
        lines.append(f"    test accuracy, %                   {value:.1f} [{low:.1f}, {high:.1f}]")
        lines.append(f"    zeros after each non-linearity, %  {zeros or 'no non-linearity'}, running statistics")
        lines += _through_layers(row["blocks"])
    return [*lines, *differences(rows)]


def _through_layers(blocks):
    """Lines: how far the classes are apart after each block."""
    for name, (words, shape, factor) in _OF_BLOCKS.items():
        values = [block.get(name) for block in blocks]
        if values and None not in values:
            yield f"    {words:35}{' '.join(format(factor * value, shape) for value in values)}"


def answer(options, start):
    """Train, and record beside the networks recorded before, or evaluate what was trained.

    Returns rows; None if the training was stopped; an empty list if nothing was to be recorded.
    """
    if options.table is not None:
        return _table(options)
    setting = setting_of(options)
    usual = slug(f"{options.preset} {called(setting)} {setting.label} {setting.recipe.seed}")
    folder = RUNS / usual if options.run is None else Path(options.run)
    if options.evaluate:
        print(*evaluated(folder, options.checkpoint or "last", device=options.device), sep="\n")
        return []
    record.check_kept(NAME, options.out)
    if learned.launch.is_first():
        print(*_plan(setting, options.preset, folder), sep="\n", flush=True)
    row = _trained(options, options.preset, setting, folder)
    if row is None and learned.launch.is_first():
        print(f"stopped after {options.minutes:g} minutes; the same command resumes the run in {folder}")
    return row and [row]


def _table(options):
    """Train what a table still lacks, a cell after the other; record each as it ends, and keep its weights.

    Returns the rows of the table.
    """
    if "WORLD_SIZE" in os.environ:
        raise ValueError("table: expected one process; torchrun trains one network in several")
    record.check_kept(NAME, options.out)
    preset, start = f"table {options.table}", time.monotonic()
    for setting in untrained(options.table, options.out):
        folder = folder_of(preset, setting)
        print(f"{preset}: {setting.label}, seed {setting.recipe.seed}, in {folder}", flush=True)
        try:
            weights = options.out / "weights" / f"{folder.name}.safetensors"
            if _trained(options, preset, setting, folder, since=start, weights=weights) is None:
                print(f"stopped after {options.minutes:g} minutes; the same command goes on")
                return None
        except learned.runs.RunFolderInUse:
            print("    another process trains it")
        except learned.not_finite.NotFinite as error:
            print(f"    it diverged: {error}")
    print(*waiting(options.table, options.out), sep="\n")
    return [row for row in rows_known(NAME, options.out) if row["preset"] == preset]


def _trained(options, preset, setting, folder, since=None, weights=None):
    """The row of a setting, recorded; None if the training was stopped; [] in other processes than the first.

    weights : file to keep them in; None: they are not kept
    """
    left = None if options.minutes is None else 60 * options.minutes
    if left is not None and since is not None:
        left = max(0.0, left - (time.monotonic() - since))
    how = {"device": options.device, "workers": options.workers}
    how |= {"progress": training_bar(f"{preset}, {setting.data}, {setting.label}")}
    with reproducible():
        row = measure(setting, folder=folder, checkpoint=options.checkpoint, stop_after=left, **how)
        if not row:
            return None if row is None else []
        row = {"preset": preset, "command": options.command(), "setting": asdict(setting)} | row
        if weights is not None:
            keep(learned.load(folder), setting, weights)
            right = learned.confusion_matrix(kept(weights), labelled(setting, "cpu")[1]).trace()
            row |= {"weights": weights.name, "accuracy_of_weights": float(right) / sum(row["split"]["test"].values())}
        record_beside(NAME, row, {preset: setting}, options.out)
    return row


def _plan(setting, preset, folder):
    """Lines that say what will be done, and how long it takes."""
    images = "all" if setting.images is None else f"{setting.images:,}"
    changed = "" if setting == PRESETS[preset] else ", changed by your options"
    yield f"Training in {folder}: {setting.label}, width {setting.width:g}, {setting.recipe.epochs} epochs"
    yield f"of {images} images of {setting.data}{told_of(setting)}. Preset {preset}{changed}: {TIMES[preset]}."


def options(parser):
    """The options of this question; those without a default are the preset's."""
    add_options(parser)
    table = (
        f"train what a table of the paper still lacks, any of {', '.join(TABLES)}: hours to days (default: one network)"
    )
    parser.add_argument("--table", choices=TABLES, help=table)
    parser.add_argument("--run", metavar="FOLDER", help=f"folder of the run (default: one in {RUNS}/, by its setting)")
    newest = "checkpoint to resume from or to evaluate, also best for this (default: the newest)"
    parser.add_argument("--checkpoint", metavar="NAME", help=newest)
    evaluate = "evaluate what the run has trained, without training (default: train)"
    parser.add_argument("--evaluate", action="store_true", help=evaluate)
