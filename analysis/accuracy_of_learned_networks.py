"""How well does a learned scattering network classify with a phase collapse, and how well with a threshold?

The networks of the paper, trained as published; after the last epoch, never the best one: the accuracy on the test
images, the share of outputs of each non-linearity that are dead, and the class statistics after each block. A run is a
folder, and the same command resumes where it was stopped. Recorded: a quarter of the width, with skip, four epochs of
3,000 images of CIFAR-10, one seed. The phase collapse classifies 54.5 % of 2,000 test images, the soft threshold on
equal terms, half of its outputs dead and no channel, 27.1 %, the identity as control 30.5 %: a threshold that is not
mis-scaled, after as many steps, is no better than no non-linearity. ResNet-20 comes to 40.4 %, the fixed scattering
transform with one learned mixing, which has the least to learn, to 55.9 %. How well they end is not known.
"""

import argparse
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from collapse_theory import datasets, learned
from collapse_theory.learned.recipes import PRECISIONS, Recipe
from collapse_theory.machine import reproducible
from collapse_theory.nonlinearities import NONLINEARITIES

from . import record
from .instruments.identities import identities
from .instruments.options import name_of, real, slug, whole
from .instruments.probes import share_with_interval
from .instruments.progress import training_bar
from .instruments.sources import images_per_class

NAME = "accuracy_of_learned_networks"
TIME = "1 minute on two cores with the preset smoke (torch)"
SAYS = ("Without options it trains the preset smoke, on textures that scikit-image brings.",)
EXAMPLES = (
    "python -m analysis accuracy_of_learned_networks",
    "python -m analysis accuracy_of_learned_networks --preset small --skip",
)
ON = ("torch",)
RUNS = Path("runs")
DATA = ("cifar10", "textures")
NETWORKS = ("learned scattering", "fixed scattering", "residual")
_SEEN_AT_START = 256  # training images, in one batch


@dataclass(frozen=True)
class Setting:
    """A network and how it is trained; the defaults are the paper's for CIFAR-10.

    data, network : names of DATA and NETWORKS; "fixed scattering" learns one mixing, "residual" is ResNet-20
    nonlinearity : of a learned scattering or residual network
    skip, angles, circle, terms, width : of a learned scattering network, as `learned.scattering_network` has them
    quantile : of the amplitudes on 256 training images, at which thresholds start under equal terms
    recipe : Recipe; its seed is also that of the weights
    images, tested : of the training set and of the test set, the first so many; None: all
    measured : test images for the class statistics, the first so many
    """

    data: str = "cifar10"
    network: str = "learned scattering"
    nonlinearity: str = "phase collapse"
    skip: bool = False
    angles: int | None = None
    circle: str = "half"
    terms: str = "published"
    quantile: float = 0.5
    width: float = 1.0
    recipe: Recipe = field(default_factory=Recipe)
    images: int | None = None
    tested: int | None = None
    measured: int = 1000

    @property
    def label(self):
        """The network in a few words."""
        if self.network == "fixed scattering":
            return self.network
        family = self.network * (self.network != "learned scattering")
        words = (family, self.nonlinearity, "skip" * self.skip, f"{self.terms} terms" * (self.terms != "published"))
        return ", ".join(filter(None, words))


# "ten-minutes" is a plan for one large GPU that nobody has timed.
PRESETS = {
    "smoke": Setting("textures", width=1 / 16, measured=96, recipe=Recipe(epochs=3, batch=32)),
    "small": Setting(skip=True, width=1 / 4, images=3000, tested=2000, recipe=Recipe(epochs=4, batch=32, rate_step=3)),
    "ten-minutes": Setting(recipe=Recipe(epochs=150, rate_step=35, precision="bfloat16")),
    "paper": Setting(),
}


TIMES = {
    "smoke": "a minute on two cores",
    "small": "5 to 35 minutes on one core, needs CIFAR-10",
    "ten-minutes": "meant for one large GPU, not measured",
    "paper": "days on a processor, meant for a GPU",
}


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
    names = ("nonlinearity", "skip", "angles", "circle", "terms", "width")
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
    options = {"folder": folder, "about": asdict(setting), "checkpoint": checkpoint, "stop_after": stop_after}
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
    """Train, and record beside the networks recorded before.  Returns the row in a list; None if it was stopped."""
    setting = setting_of(options)
    usual = f"{options.preset} {setting.data} {setting.label} {setting.recipe.seed}".replace(" ", "-")
    folder = RUNS / usual if options.run is None else options.run
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


def _plan(setting, preset, folder):
    """Lines that say what will be done, and how long it takes."""
    images = "all" if setting.images is None else f"{setting.images:,}"
    changed = "" if setting == PRESETS[preset] else ", changed by your options"
    yield f"Training in {folder}: {setting.label}, width {setting.width:g}, {setting.recipe.epochs} epochs"
    yield f"of {images} images of {setting.data}. Preset {preset}{changed}: {TIMES[preset]}."


def setting_of(options):
    """The preset, with what was asked for changed."""
    setting = PRESETS[options.preset]
    asked = {name: value for name, value in vars(options).items() if value is not None}
    recipe = {f.name: asked[f.name] for f in fields(Recipe) if f.name in asked}
    own = {f.name: asked[f.name] for f in fields(Setting) if f.name in asked}
    if own.get("network", setting.network) != "learned scattering":
        function = "rectifier" if own["network"] == "residual" else setting.nonlinearity
        own = {"width": 1.0, "skip": False, "nonlinearity": function} | own
    return replace(setting, **own, recipe=replace(setting.recipe, **recipe))


def _record(row, settings, folder):
    """Add a row to those recorded before, in the place of one of the same setting."""
    row, same = json.loads(json.dumps(row)), ("preset", "setting")
    about = {"settings": settings, "seconds": row["seconds"], "on": "torch", "data": row["data_identity"]}
    record.save(NAME, [row], folder=folder, keep=lambda old: any(old[k] != row[k] for k in same), **about)


def options(parser):
    """The options of this question; those without a default are the preset's."""
    times = "; ".join(f"{name}: {time}" for name, time in TIMES.items())
    presets = f"setting to start from, which the other options change: {times}"
    parser.add_argument("--preset", choices=tuple(PRESETS), default="smoke", help=presets)
    parser.add_argument("--data", choices=DATA, help="images to train on")
    network = f"any of {', '.join(map(slug, NETWORKS))}; residual is ResNet-20, fixed-scattering learns one mixing"
    parser.add_argument("--network", type=name_of(NETWORKS), choices=NETWORKS, metavar="NAME", help=network)
    known = {"type": name_of(NONLINEARITIES), "help": f"any of {', '.join(map(slug, NONLINEARITIES))}"}
    parser.add_argument("--nonlinearity", metavar="NAME", **known)
    skip = {"action": argparse.BooleanOptionalAction, "default": None}
    parser.add_argument("--skip", help="pass the coefficients on beside their collapse", **skip)
    terms = "non-linearity as the paper has it, or on channels of one root mean square"
    parser.add_argument("--terms", choices=("published", "equal"), help=terms)
    parser.add_argument("--circle", choices=("half", "full"), help="circle over which the wavelets look")
    numbers = {
        "quantile": (real(0, 1), "quantile of the amplitudes at which thresholds start under equal terms"),
        "angles": (whole(1, 64), "number of angles of the wavelets"),
        "width": (real(2**-10, 4), "factor on the channels of every block"),
        "images": (whole(1, 10**7), "number of training images, the first"),
        "epochs": (whole(1, 10**6), "number of passes over the images"),
        "batch": (whole(1, 10**6), "number of images per step"),
        "rate": (real(1e-12, 1e3), "learning rate at the start"),
        "rate-step": (whole(1, 10**6), "number of epochs after which the learning rate falls to a tenth"),
        "minutes": (real(0, 10**6), "stop after so many, with exit code 75; the same command resumes"),
    }
    for name, (kind, what) in numbers.items():
        parser.add_argument(f"--{name}", type=kind, metavar="N", help=what)
    parser.add_argument("--precision", choices=PRECISIONS, help="number format of the products")
    parser.add_argument("--device", default="cpu", help="device to train on: cpu, cuda, cuda:1")
    parser.add_argument("--run", metavar="FOLDER", help=f"folder of the run (default: one in {RUNS}/, by its setting)")
    parser.add_argument("--checkpoint", metavar="NAME", help="checkpoint to resume from (default: the newest)")
