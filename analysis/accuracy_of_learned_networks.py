"""How well does a learned scattering network classify with a phase collapse, and how well with a threshold?

The networks of the paper, trained as published; after the last epoch, never the best one: the accuracy on the test
images, the share of outputs of each non-linearity that are dead, and the class statistics after each block. A run is a
folder, and the same command goes on where it was stopped. Recorded: a quarter of the width, with skip, four epochs of
3,000 images of CIFAR-10, one seed. The phase collapse classifies 54.5 % of 2,000 test images, the soft threshold on
equal terms, half of its answers dead and no channel, 27.1 %, the identity as control 30.5 %: a threshold that is not
mis-scaled, after as many steps, is no better than no non-linearity. ResNet-20 comes to 40.4 %, the fixed scattering
transform with one learned mixing, which has the least to learn, to 55.9 %. How well they end is not known.
"""

import argparse
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from collapse_theory import datasets, learned
from collapse_theory.learned.recipes import Recipe
from collapse_theory.machine import reproducible

from . import record
from .instruments.identities import identities
from .instruments.options import SEED, Parser, real, whole
from .instruments.probes import share_with_interval
from .instruments.progress import training_bar

NAME = "accuracy_of_learned_networks"
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
    """Train, or go on with, one network, and measure it.

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
        "zeros_at_start_batch": {name: shares["zeros"] for name, shares in at_start.items()},
        "zeros_running": {name: shares["zeros"] for name, shares in dead.items()},
        "dead_channels_running": {name: shares["dead_channels"] for name, shares in dead.items()},
        "blocks": learned.class_statistics(network, few, layers=blocks),
    }


def _first(labelled, count):
    """The first so many of labelled images."""
    return replace(labelled, images=labelled.images[:count], labels=labelled.labels[:count])


def conclusions(rows):
    """One line per network: accuracy, dead outputs, time."""
    zeros = "zeros after each non-linearity, %, running statistics"
    lines = [f"{'preset':<12} {'network':<36} {'accuracy, %':<20} {zeros:<54} seconds"]
    for row in rows:
        value, low, high = (100 * share for share in row["accuracy"])
        zeros = " ".join(f"{100 * share:.0f}" for share in row["zeros_running"].values())
        accuracy = f"{value:.1f} [{low:.1f}, {high:.1f}]"
        lines.append(f"{row['preset']:<12} {row['network']:<36} {accuracy:<20} {zeros:<54} {row['seconds']:.0f}")
    return lines


def main(arguments=None):
    """Train, record beside the networks recorded before, and print what matters."""
    options = _parser().parse_args(arguments)
    setting = setting_of(options)
    record.check_writable(options.out)
    usual = f"{options.preset} {setting.data} {setting.label} {setting.recipe.seed}".replace(" ", "-")
    folder = RUNS / usual if options.run is None else options.run
    record.check_kept(NAME, options.out)
    stop = None if options.minutes is None else 60 * options.minutes
    progress = training_bar(f"{options.preset}, {setting.label}")
    how = {"device": options.device, "progress": progress, "checkpoint": options.checkpoint, "stop_after": stop}
    with reproducible():
        row = measure(setting, folder=folder, **how)
        if row is None:
            print(f"stopped; the same command goes on with the run in {folder}")
            return 0
        row = {"preset": options.preset, "setting": asdict(setting)} | row
        path = _recorded(row, {options.preset: setting}, options.out)
    if not options.quiet:
        print(*conclusions([row]), f"\nrecorded in {path}", sep="\n")
    return 0


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


def _recorded(row, settings, folder):
    """Add a row to those recorded before, in the place of one of the same setting."""
    row, same = json.loads(json.dumps(row)), ("preset", "setting")
    about = {"settings": settings, "seconds": row["seconds"], "on": "torch", "data": row["data_identity"]}
    return record.save(NAME, [row], folder=folder, keep=lambda old: any(old[k] != row[k] for k in same), **about)


def _parser():
    parser = Parser(prog=f"python -m analysis {NAME}", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--preset", choices=tuple(PRESETS), default="paper", help="default: paper; the rest changes it")
    parser.add_argument("--data", choices=DATA)
    parser.add_argument("--network", choices=NETWORKS)
    parser.add_argument("--nonlinearity", metavar="NAME", help="as in collapse_theory.nonlinearities")
    parser.add_argument("--skip", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--terms", choices=("published", "equal"))
    quantile = "of the amplitudes, where thresholds start under equal terms"
    parser.add_argument("--quantile", type=real(0, 1), help=quantile)
    parser.add_argument("--circle", choices=("half", "full"))
    parser.add_argument("--angles", type=whole(1, 64))
    parser.add_argument("--width", type=real(2**-10, 4), help="factor on the channels of every block")
    parser.add_argument("--images", type=whole(1, 10**7), help="train on the first so many")
    for name in ("epochs", "batch", "rate-step"):
        parser.add_argument(f"--{name}", type=whole(1, 10**6))
    parser.add_argument("--rate", type=real(1e-12, 1e3))
    parser.add_argument("--seed", type=whole(**SEED))
    parser.add_argument("--precision", choices=("float32", "bfloat16"))
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1 ..")
    parser.add_argument("--run", metavar="FOLDER", help=f"of the run, or of the one to go on with; default: in {RUNS}/")
    parser.add_argument("--minutes", type=real(0, 10**6), help="stop after so many; the same command goes on")
    parser.add_argument("--checkpoint", metavar="NAME", help="go on from this one, not from the newest")
    parser.add_argument("--quiet", action="store_true", help="record, but print no conclusions")
    parser.add_argument("--out", default=record.RESULTS, metavar="FOLDER", help="where the result goes")
    return parser
