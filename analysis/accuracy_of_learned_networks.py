"""How well does a learned scattering network classify with a phase collapse, and how well with a threshold?

The networks of the paper, trained as published; after the last epoch, never the best one: the accuracy on the test
images, the share of outputs of each non-linearity that are dead, and the class statistics after each block. A run is a
folder, and the same command resumes where it was stopped. Recorded: a quarter of the width, with skip, four epochs of
3,000 images of CIFAR-10, one seed. The phase collapse classifies 54.5 % of 2,000 test images, the soft threshold on
equal terms, half of its outputs dead and no channel, 27.1 %, the identity as control 30.5 %: a threshold that is not
mis-scaled, after as many steps, is no better than no non-linearity. ResNet-20 comes to 40.4 %, the fixed scattering
transform with one learned mixing, which has the least to learn, to 55.9 %. How well they end is not known.
"""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np

from collapse_theory import datasets, learned
from collapse_theory.machine import reproducible

from . import record
from .instruments.identities import identities
from .instruments.probes import share_with_interval
from .instruments.progress import training_bar
from .instruments.sources import images_per_class
from .instruments.trainings import PRESETS, TIMES, Setting, add_options, completed, setting_of

NAME = "accuracy_of_learned_networks"
TIME = "1 minute on two cores with the preset smoke (torch)"
SAYS = ("Without options it trains the preset smoke, on textures that scikit-image brings.",)
EXAMPLES = (
    "python -m analysis accuracy_of_learned_networks",
    "python -m analysis accuracy_of_learned_networks --preset small --skip",
)
ON = ("torch",)
RUNS = Path("runs")
_SEEN_AT_START = 256  # training images, in one batch


def labelled(setting, device):
    """(train, test), `LabelledImages` in three colours, normalised with the constants of the paper."""
    if setting.data == "cifar10":
        splits, classes = [datasets.cifar10(split=split) for split in ("train", "test")], 10
    else:
        splits, classes = [datasets.textures(split) for split in ("train", "test")], 3
        splits = [_in_turn(np.repeat(images, 3, axis=1), labels) for images, labels in splits]
    counts = (setting.images, setting.tested)
    published = {"mean": learned.PUBLISHED_MEAN, "deviation": learned.PUBLISHED_DEVIATION}
    return tuple(
        learned.labelled_images(images[:count], labels[:count], classes=classes, device=device, **published)
        for (images, labels), count in zip(splits, counts, strict=True)
    )


def _in_turn(images, labels):
    """Images and labels whose classes come one after the other, as many of each, so that they alternate."""
    index = np.argsort(np.arange(len(labels)) % np.sum(labels == labels[0]), kind="stable")
    return images[index], labels[index]


def network_of(setting):
    """The network at its initialisation, on the host.  Raises ValueError for what its family does not have."""
    seed = setting.recipe.seed
    names = ("nonlinearity", "skip", "angles", "circle", "terms", "mixing", "width")
    if setting.network == "learned scattering":
        return learned.scattering_network("cifar10", seed=seed, **{name: getattr(setting, name) for name in names})
    for name in names[1:]:
        if getattr(setting, name) != getattr(Setting, name):
            raise ValueError(f"{name}: {getattr(setting, name)!r} is for learned scattering, not {setting.network}")
    if setting.network == "residual":
        return learned.resnet20(setting.nonlinearity, seed=seed)
    return learned.scattering_baseline("cifar10", "learned", seed=seed)


def measure(setting, *, folder, device="cpu", progress=None, checkpoint=None, stop_after=None):
    """Train one network, or resume its training, and measure it.

    setting : Setting
    folder : of the run
    device, progress, checkpoint, stop_after : as in `learned.training.train`; device is a name

    Returns one row of plain values; None if the training was stopped before its end.
    Raises as `train`, before anything is trained.
    """
    device = learned.chosen_device(device)
    data, network = labelled(setting, device), network_of(setting).to(device)
    first = _first(data[0], _SEEN_AT_START)
    if setting.terms == "equal":
        learned.calibrate(network, first.batch(slice(None))[0], quantile=setting.quantile)
    at_start = learned.dead_outputs(network, first, batch=_SEEN_AT_START, statistics="batch")
    about = {name: value for name, value in asdict(setting).items() if name != "recipe"}  # which `train` knows
    options = {"folder": folder, "about": about, "checkpoint": checkpoint, "stop_after": stop_after}
    outcome = learned.train(network, data, setting.recipe, progress=progress, **options)
    if not outcome.finished:
        return None
    few = _first(data[1], setting.measured)
    dead = learned.dead_outputs(network, few, statistics="running")
    blocks = [f"blocks.{i}" for i in range(len(network.blocks))] if hasattr(network, "blocks") else ["normalization"]
    return {
        "network": setting.label,
        "parameters": sum(p.numel() for p in network.parameters()),
        "accuracy": share_with_interval(round(outcome.epochs[-1]["test_accuracy"] * len(data[1])), len(data[1])),
        "train_accuracy": outcome.epochs[-1]["train_accuracy"],
        "test_accuracy_of_epochs": [line["test_accuracy"] for line in outcome.epochs],
        "seconds": round(outcome.seconds, 1),
        "images_per_second": round(len(data[0]) * setting.recipe.epochs / outcome.seconds, 1),
        "device": str(device),
        "threads": outcome.threads,
        "machine": record.machine(),
        "data_identity": identities([setting.data]),
        "split": {
            part: images_per_class(d.labels.tolist(), range(d.classes))
            for part, d in zip(("train", "test"), data, strict=True)
        },
        "zeros_at_start_batch": {name: shares["zeros"] for name, shares in at_start.items()},
        "zeros_running": {name: shares["zeros"] for name, shares in dead.items()},
        "dead_channels_running": {name: shares["dead_channels"] for name, shares in dead.items()},
        "blocks": learned.class_statistics(network, few, layers=blocks),
    }


def _first(labelled, count):
    """The first so many of labelled images."""
    return replace(labelled, images=labelled.images[:count], labels=labelled.labels[:count])


def conclusions(rows):
    """Lines of each network: accuracy, dead outputs, time."""
    lines = []
    for row in rows:
        value, low, high = (100 * share for share in row["accuracy"])
        zeros = " ".join(f"{100 * share:.0f}" for share in row["zeros_running"].values())
        lines.append(f"{row['preset']}, {row['network']}")
        lines.append(f"    test accuracy, %                   {value:.1f} [{low:.1f}, {high:.1f}]")
        lines.append(f"    zeros after each non-linearity, %  {zeros or 'no non-linearity'}, running statistics")
    return lines


def answer(options, start):
    """Train, and record beside the networks recorded before, or evaluate what was trained.

    Returns the row in a list; None if the training was stopped; an empty list if nothing was to be recorded.
    """
    setting = setting_of(options)
    usual = f"{options.preset} {setting.data} {setting.label} {setting.recipe.seed}".replace(" ", "-")
    folder = RUNS / usual if options.run is None else Path(options.run)
    if options.evaluate:
        print(*evaluated(folder, options.checkpoint or "last", device=options.device), sep="\n")
        return []
    record.check_kept(NAME, options.out)
    stop = None if options.minutes is None else 60 * options.minutes
    print(*_plan(setting, options.preset, folder), sep="\n", flush=True)
    progress = training_bar(f"{options.preset}, {setting.data}, {setting.label}")
    how = {"device": options.device, "progress": progress, "checkpoint": options.checkpoint, "stop_after": stop}
    with reproducible():
        row = measure(setting, folder=folder, **how)
        if row is None:
            print(f"stopped after {options.minutes:g} minutes; the same command resumes the run in {folder}")
            return None
        row = {"preset": options.preset, "command": options.command(), "setting": asdict(setting)} | row
        _record(row, {options.preset: setting}, options.out)
    return [row]


def evaluated(folder, which="last", *, device="cpu"):
    """Lines: accuracy, by class too, and confusion of a trained network, on the test images of its run.

    folder, which, device : as in `learned.load`

    Raises as `learned.load`; ValueError for the run of another command.
    """
    about = learned.runs.what_is_run(Path(folder) / "run.json")["run"].get("about", {})
    if about.keys() != {f.name for f in fields(Setting)} - {"recipe"}:
        raise ValueError(f"run: expected a folder of this command, got {folder}; learned.load takes any")
    network, (_, test) = learned.load(folder, which, device=device), labelled(Setting(**about), device)
    counts = learned.confusion_matrix(network, test)
    value, low, high = (100 * share for share in share_with_interval(int(counts.trace()), len(test)))
    yield f"{Setting(**about).label}, {which}, {len(test):,} test images of {about['data']}"
    yield f"    test accuracy, %        {value:.1f} [{low:.1f}, {high:.1f}]"
    yield "    class: accuracy, %; how many were taken for class 0, 1, ..."
    for number, (share, row) in enumerate(zip(learned.accuracy_by_class(counts), counts, strict=True)):
        yield f"    {number:5}: {100 * share:5.1f}; {' '.join(f'{count:5}' for count in row)}"


def _plan(setting, preset, folder):
    """Lines that say what will be done, and how long it takes."""
    images = "all" if setting.images is None else f"{setting.images:,}"
    changed = "" if setting == PRESETS[preset] else ", changed by your options"
    yield f"Training in {folder}: {setting.label}, width {setting.width:g}, {setting.recipe.epochs} epochs"
    yield f"of {images} images of {setting.data}. Preset {preset}{changed}: {TIMES[preset]}."


def _record(row, settings, folder):
    """Add a row to those recorded before, in the place of one of the same setting."""
    row, same = json.loads(json.dumps(row)), ("preset", "setting")
    about = {"settings": settings, "seconds": row["seconds"], "on": "torch", "data": row["data_identity"]}

    def is_other(old):
        return any({**old, "setting": completed(old["setting"])}[key] != row[key] for key in same)

    record.save(NAME, [row], folder=folder, keep=is_other, **about)


def options(parser):
    """The options of this question; those without a default are the preset's."""
    add_options(parser)
    parser.add_argument("--run", metavar="FOLDER", help=f"folder of the run (default: one in {RUNS}/, by its setting)")
    newest = "checkpoint to resume from or to evaluate, also best for this (default: the newest)"
    parser.add_argument("--checkpoint", metavar="NAME", help=newest)
    evaluate = "evaluate what the run has trained, without training (default: train)"
    parser.add_argument("--evaluate", action="store_true", help=evaluate)
