"""What does each layer of a network do to the classes, and what is left of it without its phase collapse?

`learned.audit` of any torch module on labelled images: the module that `build()` of a Python file gives, with weights
of a safetensors file; or what a run of `learned.train` has trained; or ResNet-20 as it begins. Images are of a known
set or of a folder by class. Beside the result, the rows of the layers are written as CSV, and drawn where matplotlib is
there. Nothing is recorded of it: the networks are yours.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from collapse_theory import datasets, learned, plot
from collapse_theory.extras import needing
from collapse_theory.files import reason

from . import record
from .instruments.identities import folder_identities, identities
from .instruments.kept_weights import kept
from .instruments.options import name_of, real, slug, whole
from .instruments.progress import bar
from .instruments.shapes import decoded
from .instruments.sources import find_folder, images_per_class

NAME = "anatomy_of_a_network"
TIME = "half a minute for ResNet-20 and 300 images on one core (torch)"
SAYS = (
    "The file of --network is run as it is: give only one that you would run yourself. Weights are safetensors.",
    "Images of a folder are shrunk to --side, and (x - mean) / deviation goes to the network.",
)
EXAMPLES = (
    "python -m analysis anatomy_of_a_network",
    "python -m analysis anatomy_of_a_network --network mine.py --data FOLDER",
    "python -m analysis anatomy_of_a_network --run runs/mine --data cifar10",
)
ON = ("torch",)
RESNET = "resnet20"
SETS = ("textures", "cifar10", "cifar100", "mnist", "fashion mnist", "kth tips")
REPLACED = ("all", "each", "none")
_SCALES = {  # of the paper
    "mean": (real(0, 1), (0.485, 0.456, 0.406)),
    "deviation": (real(1e-3, 10), (0.229, 0.224, 0.225)),
}


@dataclass(frozen=True)
class Setting:
    """What is audited.

    network, weights, run : files and a folder, or "resnet20"
    data : one of SETS, or a folder of images by class
    images : the first so many, classes in turn
    side, colours : of the images
    mean, deviation : one number per colour
    interventions : as in `learned.audit`
    """

    network: str
    weights: str | None
    run: str | None
    data: str
    images: int
    side: int
    colours: int
    mean: tuple
    deviation: tuple
    interventions: str


def network_of(setting):
    """The network of a setting.  Raises ValueError, naming the option, where there is none."""
    if setting.run is not None:
        own = None if setting.network == RESNET else _built(setting.network, setting.colours)
        return learned.load(setting.run, network=own)
    if setting.weights is not None and setting.network == RESNET:
        network = kept(setting.weights)
        if network is not None:
            return network
    network = _built(setting.network, setting.colours)
    if setting.weights is not None:
        try:
            learned.load_weights(network, setting.weights)
        except OSError as error:
            raise ValueError(f"weights: {setting.weights} cannot be read ({reason(error)})") from None
    return network


def _built(name, colours):
    if name == RESNET:
        return learned.resnet20(colors=colours)
    spec = importlib.util.spec_from_file_location("network_of_the_user", name) if name.endswith(".py") else None
    if spec is None or not Path(name).is_file():
        raise ValueError(f"network: expected resnet20, or a Python file with build(), got {name!r}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "build", None)):
        raise ValueError(f"network: {name} has no function build() that gives the network")
    return module.build()


def labelled(setting):
    """(LabelledImages, names of the classes): the first images, classes in turn."""
    images, labels, names = _read(setting)
    order = np.argsort(_turns(labels), kind="stable")[: setting.images]
    images, labels = images[order], labels[order]
    if images.shape[1] != setting.colours:
        images = np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images.mean(axis=1, keepdims=True)
    values = {name: _per_colour(getattr(setting, name), setting.colours) for name in ("mean", "deviation")}
    return learned.labelled_images(images, labels, classes=len(names), **values), names


def _turns(labels):
    """How many of the same class came before each."""
    turns = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        turns[here] = np.arange(len(here))
    return turns


def _per_colour(values, colours):
    return list(values) if len(values) == colours else [float(np.mean(values))] * colours


def _read(setting):
    """Images in 0 .. 1, labels, and names of the classes."""
    data, side = setting.data, setting.side
    if data not in SETS:
        return datasets.image_folder(find_folder(data), side=side, colour=setting.colours == 3)
    if data == "textures":
        images, labels = datasets.textures("test", side=side)
        names = datasets.TEXTURE_NAMES
    elif data == "kth tips":
        images, labels = datasets.kth_tips(side=side)
        names = datasets.KTH_TIPS_NAMES
    else:
        reader = data.replace(" ", "_")
        images, labels = getattr(datasets, reader)(split="test")
        names = getattr(datasets, f"{reader.upper()}_NAMES")
        short = side - images.shape[-1]
        if short < 0:
            raise ValueError(f"side: expected at least the {images.shape[-1]} of {slug(data)}, got {side}")
        images = np.pad(images, ((0, 0), (0, 0), *[(short // 2, short - short // 2)] * 2))
    return images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1), labels, names


def measure(setting, progress=None):
    """(Audit, number of images by class) of a setting."""
    data, names = labelled(setting)
    found = learned.audit(network_of(setting), data, interventions=setting.interventions, progress=progress)
    return found, images_per_class(data.labels.tolist(), names)


def rows_of(report, setting):
    """Plain rows: of the network, of its layers, of interventions, of kernels, of what was not measured."""
    about = {"network": setting.run or setting.weights or setting.network, "data": setting.data}
    told = {
        "network": [report.classifier | {"law": report.law, "classes": report.classes, "notes": list(report.notes)}]
    }
    told |= {"layer": report.to_dicts(), "intervention": report.interventions}
    told |= {"kernel": report.kernels, "unmeasured": report.unmeasured}
    return [
        {"kind": kind, "number": number} | about | record.finite(row)
        for kind, rows in told.items()
        for number, row in enumerate(rows)
    ]


def report_of(rows):
    """The Audit that rows were made of."""
    kinds = {kind: [row for row in rows if row["kind"] == kind] for kind in ("layer", "intervention", "kernel")}
    (told,) = (row for row in rows if row["kind"] == "network")
    unmeasured = [row for row in rows if row["kind"] == "unmeasured"]
    classes, notes = told["classes"], tuple(told["notes"])
    shown = kinds["layer"], unmeasured, told, kinds["intervention"], told["law"], kinds["kernel"], classes, notes
    return learned.Audit(*shown)


def conclusions(rows):
    """The table of the layers, and what is left without the rectifiers."""
    return str(report_of(rows)).splitlines()


def options(parser):
    """The options of this question."""
    network = "network to look into: resnet20, as it begins, or a Python file whose build() gives it"
    parser.add_argument("--network", default=RESNET, metavar="FILE", help=network)
    weights = "weights of the network, a safetensors file; one that a table has kept says of which (default: none)"
    parser.add_argument("--weights", metavar="FILE", help=weights)
    run = "folder of a run whose network is looked into; of your own with --network (default: none)"
    parser.add_argument("--run", metavar="FOLDER", help=run)
    data = f"images: any of {', '.join(map(slug, SETS))}, or a folder of images by class"
    parser.add_argument("--data", type=name_of(SETS), default="textures", metavar="DATA", help=data)
    numbers = {
        "images": (whole(4, 10**7), 300, "number of images"),
        "side": (whole(4, 2048), 32, "side of the images, in samples"),
    }
    for name, (kind, default, what) in numbers.items():
        parser.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=what)
    parser.add_argument("--colours", choices=("3", "1"), default="3", help="number of colours that the network takes")
    for name, (kind, default) in _SCALES.items():
        what = f"{name} of each colour, by which images are normalised"
        parser.add_argument(f"--{name}", type=kind, nargs="+", default=list(default), metavar="N", help=what)
    what = "rectifiers that are replaced by their parts: all at once, each alone as well, none"
    parser.add_argument("--interventions", choices=REPLACED, default="all", help=what)


def answer(options, start):
    """Audit, and record.  Returns rows as `rows_of`."""
    names = ("network", "weights", "run", "data", "images", "side", "interventions")
    chosen = {name: getattr(options, name) for name in names}
    scale = {name: tuple(getattr(options, name)) for name in ("mean", "deviation")}
    setting = Setting(**chosen, **scale, colours=int(options.colours))
    place = None if setting.data in SETS else find_folder(setting.data)
    known = (
        identities([setting.data]) if place is None else folder_identities(setting.data, decoded(setting.data), place)
    )
    with start(settings={"audit": setting}, data=known) as kept:
        report, split = measure(setting, bar(setting.images, "images"))
        rows = kept.record(rows_of(report, setting), {"split": {"audit": {"train": {}, "test": split}}})
    report.to_csv(options.out / f"{NAME}.csv")
    _draw(report, options.out / f"{NAME}.pdf")
    return rows


def _draw(report, path):
    """The picture, where there is something to draw it with."""
    try:
        with needing("matplotlib"):
            plot.audit(report).figure.savefig(path)
    except (ImportError, ValueError):
        return
