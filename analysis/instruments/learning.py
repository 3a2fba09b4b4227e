"""A network of a setting: its images, its initialisation, its training, and what is measured of it then."""

from base64 import b64decode, b64encode
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np

from collapse_theory import datasets, learned

from .. import record
from .identities import identities
from .probes import share_with_interval
from .sources import images_per_class
from .trainings import Setting

_SEEN_AT_START = 256  # training images, in one batch


def labelled(setting, device):
    """(train, test), `LabelledImages` in three colours, normalised with the constants of the paper.

    With `setting.validation` the last so many training images stand in for the test images.
    Raises ValueError if these would be trained on too.
    """
    if setting.data == "cifar10":
        splits, classes = [datasets.cifar10(split=split) for split in ("train", "test")], 10
    else:
        splits, classes = [datasets.textures(split) for split in ("train", "test")], 3
        splits = [_in_turn(np.repeat(images, 3, axis=1), labels) for images, labels in splits]
    if setting.validation is not None:
        (images, labels), count = splits[0], setting.validation
        if (setting.images or len(labels)) + count > len(labels):
            raise ValueError(
                f"validation: {count} of {len(labels)} training images are to be scored, "
                f"but {setting.images or 'all'} of them are trained on"
            )
        splits[1] = (images[-count:], labels[-count:])
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
    for name in ("bias", "learns"):
        if setting.network != "residual" and getattr(setting, name) != getattr(Setting, name):
            raise ValueError(f"{name}: {getattr(setting, name)} is for residual networks, not {setting.network}")
    if setting.network == "learned scattering":
        options = {name: getattr(setting, name) for name in names}
        return _started(learned.scattering_network("cifar10", seed=seed, **options), setting.start)
    for name in (*names[1:], "start"):
        if getattr(setting, name) != getattr(Setting, name):
            raise ValueError(f"{name}: {getattr(setting, name)!r} is for learned scattering, not {setting.network}")
    if setting.network == "residual":
        return learned.resnet20(setting.nonlinearity, setting.bias, learns=setting.learns, seed=seed)
    return learned.scattering_baseline("cifar10", "learned", seed=seed)


def _started(network, start):
    """The network with every threshold, or every gain where there are none, at `start`; None: as published."""
    if start is None:
        return network
    layers = [module for module in network.modules() if isinstance(module, learned.layers.Nonlinearity)]
    for layer in layers:
        learnable = dict(layer.named_parameters())
        if not learnable:
            raise ValueError(f"start: {start!r} is for what learns a threshold or a gain, not {layer.name}")
        learnable.get("threshold", learnable.get("gain")).data.fill_(start)
    return network


def trained(setting, *, folder, device="cpu", progress=None, checkpoint=None, stop_after=None):
    """Train the network of a setting, or resume its training.

    setting : Setting
    folder : of the run
    device, progress, checkpoint, stop_after : as in `learned.training.train`; device is a name

    Returns (network, (train, test), outcome, dead): the last the dead outputs at the start, as `learned.dead_outputs`.
    Raises as `train`, before anything is trained.
    """
    device = learned.chosen_device(device)
    data, network = labelled(setting, device), network_of(setting).to(device)
    first = _first(data[0], _SEEN_AT_START)
    if setting.terms == "equal":
        learned.calibrate(network, first.batch(slice(None))[0], quantile=setting.quantile)
    dead = learned.dead_outputs(network, first, batch=_SEEN_AT_START, statistics="batch")
    about = {name: value for name, value in asdict(setting).items() if name != "recipe"}  # which `train` knows
    options = {"folder": folder, "about": about, "checkpoint": checkpoint, "stop_after": stop_after}
    return network, data, learned.train(network, data, setting.recipe, progress=progress, **options), dead


def measure(setting, **how):
    """Train one network, or resume its training, and measure it.

    setting, how : as in `trained`

    Returns one row of plain values; None if the training was stopped before its end.
    Raises as `trained`.
    """
    network, data, outcome, at_start = trained(setting, **how)
    if not outcome.finished:
        return None
    few = _first(data[1], setting.measured)
    dead = learned.dead_outputs(network, few, statistics="running")
    blocks = [f"blocks.{i}" for i in range(len(network.blocks))] if hasattr(network, "blocks") else ["normalization"]
    labels = np.array(data[1].labels.tolist())
    right = learned.predictions(network, data[1]) == labels
    mirrored = learned.predictions(network, data[1], mirrored=True) == labels
    return {
        **about_training(setting, network, data, outcome),
        "accuracy": share_with_interval(int(right.sum()), len(right)),
        "accuracy_with_mirrors": share_with_interval(int(mirrored.sum()), len(right)),
        "right": b64encode(np.packbits(right)).decode(),
        "zeros_at_start_batch": {name: shares["zeros"] for name, shares in at_start.items()},
        "zeros_running": {name: shares["zeros"] for name, shares in dead.items()},
        "dead_channels_running": {name: shares["dead_channels"] for name, shares in dead.items()},
        "blocks": learned.class_statistics(network, few, layers=blocks),
    }


def about_training(setting, network, data, outcome):
    """What a row says of any training: accuracies of its epochs, how long it took, where, on what."""
    return {
        "network": setting.label,
        "parameters": sum(p.numel() for p in network.parameters()),
        "flops_per_image": learned.flops_per_image(network, data[0], batch=setting.recipe.batch),
        "train_accuracy": outcome.epochs[-1]["train_accuracy"],
        "test_accuracy_of_epochs": [line["test_accuracy"] for line in outcome.epochs],
        "seconds": round(outcome.seconds, 1),
        "images_per_second": round(len(data[0]) * setting.recipe.epochs / outcome.seconds, 1),
        "device": str(data[0].device),
        "threads": outcome.threads,
        "machine": record.machine(),
        "data_identity": identities([setting.data]),
        "split": {
            part: images_per_class(d.labels.tolist(), range(d.classes))
            for part, d in zip(("train", "test"), data, strict=True)
        },
    }


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


def right_of(row):
    """Which test images the network of a row got right, (N,) bool."""
    count = sum(row["split"]["test"].values())
    return np.unpackbits(np.frombuffer(b64decode(row["right"]), np.uint8), count=count).astype(bool)


def _first(labelled, count):
    """The first so many of labelled images."""
    return replace(labelled, images=labelled.images[:count], labels=labelled.labels[:count])
