"""A network of a setting: its images, its initialisation, its training, and what is measured of it then."""

from base64 import b64decode, b64encode
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from collapse_theory import learned

from .. import record
from .probes import share_with_interval
from .sources import images_per_class
from .training_data import architecture_for, baseline_for, identity_of, images_of, is_large, residual_for
from .trainings import Setting

_OF_BLOCKS = ("layer", "type", "shape", "energy", "mean_energy", "between_over_energy", "fisher_trace", "nc1", "cdnv")
_OF_BLOCKS += ("effective_rank", "accuracy_linear", "accuracy_linear_low", "accuracy_linear_high")
_OF_BLOCKS += ("accuracy_nearest_mean", "accuracy_nearest_mean_low", "accuracy_nearest_mean_high")
_OF_BLOCKS += ("sketch_error", "zeros", "dead_channels")
_SEEN_AT_START = {False: 256, True: 8}  # training images, in one batch; of large ones fewer


def labelled(setting, device, workers=None):
    """(train, test) of a setting, see `images_of`."""
    return images_of(setting, device, workers)


def network_of(setting, images=None):
    """The network at its initialisation, on the host.

    images : labelled ones, which it is to take; None where the setting says it all

    Raises ValueError for what its family does not have.
    """
    seed, architecture = setting.recipe.seed, architecture_for(setting, images)
    names = ("nonlinearity", "skip", "angles", "circle", "terms", "mixing", "width")
    for name in ("bias", "learns"):
        if setting.network != "residual" and getattr(setting, name) != getattr(Setting, name):
            raise ValueError(f"{name}: {getattr(setting, name)} is for residual networks, not {setting.network}")
    if setting.network == "learned scattering":
        options = {name: getattr(setting, name) for name in names}
        return _started(learned.scattering_network(architecture, seed=seed, **options), setting.start)
    for name in (*names[1:], "start"):
        if getattr(setting, name) != getattr(Setting, name):
            raise ValueError(f"{name}: {getattr(setting, name)!r} is for learned scattering, not {setting.network}")
    if setting.network == "residual":
        return residual_for(setting, images)(setting.nonlinearity, setting.bias, learns=setting.learns, seed=seed)
    return learned.scattering_baseline(baseline_for(setting, images), "learned", seed=seed)


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


def trained(setting, *, folder, device="cpu", progress=None, checkpoint=None, stop_after=None, workers=None):
    """Train the network of a setting, or resume its training; with all processes that `torchrun` has started.

    setting : Setting
    folder : of the run
    device, progress, checkpoint, stop_after : as in `learned.training.train`; device is a name
    workers : as in `images_of`

    Returns (network, (train, test), outcome, dead): the last the dead outputs at the start, as `learned.dead_outputs`.
    Raises as `train`, before anything is trained.
    """
    about = {name: value for name, value in asdict(setting).items() if name != "recipe"}  # which `train` knows
    options = {"folder": folder, "about": about, "checkpoint": checkpoint, "stop_after": stop_after}
    with learned.launch.started(device) as device:
        device = learned.chosen_device(device)
        data = labelled(setting, device, workers)
        network, seen = network_of(setting, data[0]).to(device), _SEEN_AT_START[is_large(data[0])]
        first = data[0].first(seen)
        if setting.terms == "equal":
            learned.calibrate(network, first.batch(slice(None))[0], quantile=setting.quantile)
        dead = learned.dead_outputs(network, first, batch=seen, statistics="batch")
        return network, data, learned.train(network, data, setting.recipe, progress=progress, **options), dead


def measure(setting, **how):
    """Train one network, or resume its training, and measure it.

    setting, how : as in `trained`

    Returns one row of plain values; None if the training was stopped before its end; an empty one in all processes but
    the first.
    Raises as `trained`.
    """
    network, data, outcome, at_start = trained(setting, **how)
    if not (outcome.finished and learned.launch.is_first()):
        return {} if outcome.finished else None
    few = data[1].first(setting.measured) if setting.measured else None
    dead = learned.dead_outputs(network, few, statistics="running") if setting.measured else {}
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
        "blocks": through_layers(network, few) if setting.measured else [],
    }


def through_layers(network, data):
    """Of each block of a network: how far it separates the classes of these images.

    Returns dicts of the fields of `learned.audit` in _OF_BLOCKS; fisher_trace is the one without bias.
    """
    blocks = [f"blocks.{i}" for i in range(len(network.blocks))] if hasattr(network, "blocks") else ["normalization"]
    rows = learned.audit(network, data, layers=blocks, interventions="none", moved=0).to_dicts()
    rows = [row | {"fisher_trace": row["fisher_trace_unbiased"]} for row in rows]
    return [record.finite({name: row[name] for name in _OF_BLOCKS}) for row in rows]


def about_training(setting, network, data, outcome):
    """What a row says of any training: accuracies of its epochs, how long it took, where, on what."""
    large = is_large(data[0])
    return {
        "network": setting.label,
        "parameters": sum(p.numel() for p in network.parameters()),
        "flops_per_image": learned.flops_per_image(network, data[0], batch=2 if large else setting.recipe.batch),
        "train_accuracy": outcome.epochs[-1]["train_accuracy"],
        "test_accuracy_of_epochs": [line["test_accuracy"] for line in outcome.epochs],
        "seconds": round(outcome.seconds, 1),
        "images_per_second": round(len(data[0]) * setting.recipe.epochs / outcome.seconds, 1),
        "device": str(data[0].device),
        "threads": outcome.threads,
        "machine": record.machine(),
        "data_identity": identity_of(setting, data),
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
