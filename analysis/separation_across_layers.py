"""Does a phase collapse separate class means where an amplitude reduction does not, and do more layers help?

At each depth of a tight full-circle cascade, for the modulus, three amplitude reductions and the identity as
control: mean energy, within-class and between-class variance, the Fisher ratios, and the held-out accuracy of a
linear classifier. RESULTS_COME_HERE
"""

import argparse
import sys
import time
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from collapse_theory.arrays import LIBRARIES, array_namespace, place, to_host, to_library
from collapse_theory.nonlinearities import collapse_phase, identity, saturate, soft_threshold, unit_amplitude
from collapse_theory.scattering import Layer, Mixing, apply_layer
from collapse_theory.separation import ClassMoments
from collapse_theory.wavelets import morlet_bank

from . import record, sources
from .probes import held_out_accuracy
from .progress import bar
from .sources import Sampling

NAME = "separation_across_layers"
OPERATIONS = ("phase collapse", "soft threshold", "tanh", "unit amplitude", "identity")
STATISTICS = ("mean_energy", "within_class_variance", "between_class_variance", "fisher_trace")
GROUPS = 20
MOST_FEATURES = 6000
_ROUNDING = 1e-5  # averages below this share of the root mean square are rounding, not signal, in single precision


@dataclass(frozen=True)
class Setting:
    """A cascade and how it is measured.

    scales, angles : of the tight bank, angles over the full circle, because amplitude reductions leave complex maps
    depth : number of layers
    subsample : by two, after each layer
    mixed : a seeded orthogonal mixing of the channels after each layer
    quantile : of |z| in each channel, on images to fit on: the soft threshold, and the unit of the tanh
    memory : most bytes that the class means of one depth may take, over all groups of the jackknife
    """

    scales: int
    angles: int
    depth: int
    subsample: bool = False
    mixed: bool = False
    quantile: float = 0.5
    memory: int = 2**30
    sampling: Sampling = field(default_factory=Sampling)
    batch: int = 16
    calibration: int = 48

    def bank(self):
        """The tight bank of the first layer."""
        return morlet_bank((sources.SIDE, sources.SIDE), self.scales, self.angles, "full").tight("complex")

    def layer(self, nonlinearity):
        """One layer with this non-linearity."""
        mixing = Mixing(seed=self.sampling.seed) if self.mixed else None
        return Layer(self.bank(), nonlinearity, subsample=self.subsample, mixing=mixing)


DATA = ("pulses", "textures", "moved")
DATA_IF_FOUND = ("cifar10",)
SETTINGS = {
    "orientation": Setting(scales=2, angles=8, depth=2, sampling=Sampling(96, 96)),
    "deep": Setting(scales=1, angles=4, depth=4, subsample=True, sampling=Sampling(600, 600), batch=64),
    "mixed": Setting(scales=1, angles=4, depth=4, subsample=True, mixed=True, sampling=Sampling(600, 600), batch=64),
}


def measure(sample, setting, on="numpy", progress=lambda images: None):
    """Rows of the table: one an operation and a depth.

    sample : sources.Sample
    on : array library, in single precision
    progress : called with the number of images after each batch

    Returns a list of dicts of plain values; statistics are unbiased, each with its interval [value, low, high], None
    where there is nothing to measure. Raises ValueError if the class means would exceed `setting.memory`.
    """
    check_memory(setting, channels=sample.test[0].shape[1], classes=len(sample.classes))
    rows = []
    for operation in OPERATIONS:
        layers = fitted_layers(operation, sample.train[0], setting, on)
        train = observe(sample.train, layers, setting, on, progress, moments=False)
        test = observe(sample.test, layers, setting, on, progress, moments=True)
        rows += [
            {"data": sample.name, "operation": operation, "depth": depth} | row(*pair)
            for depth, pair in enumerate(zip(train, test, strict=True))
        ]
    return rows


def check_memory(setting, channels, classes):
    """Raise ValueError, with the size, if the class means at the largest depth would exceed `setting.memory`."""
    pixels, wavelets = sources.SIDE**2, setting.scales * setting.angles
    shrink = 4 if setting.subsample else 1
    features = max(channels * (1 + wavelets) ** d * pixels // shrink**d for d in range(setting.depth + 1))
    size = GROUPS * classes * features * (16 + 8)
    if size > setting.memory:
        raise ValueError(
            f"setting: the class means of {classes} classes x {features} features x {GROUPS} groups would take "
            f"{size / 2**20:.0f} MiB, more than memory = {setting.memory / 2**20:.0f} MiB; "
            "subsample, lower the depth, or raise memory"
        )


def fitted_layers(operation, images, setting, on):
    """The layers of one operation, each with its amplitudes fitted on some images that passed the layers before it."""
    x = _lift(images[:: max(1, len(images) // setting.calibration)], on)
    layers = []
    for number in range(setting.depth):
        z = to_host(apply_layer(x, Layer(setting.bank(), identity, subsample=setting.subsample)))
        waves = z.reshape(len(z), x.shape[-3], -1, *z.shape[-2:])[:, :, 1:]
        unit = np.quantile(np.abs(waves), setting.quantile, axis=(0, 3, 4))[..., None, None]
        layers.append(setting.layer(_operation(operation, place(np.maximum(unit, 1e-12), like=x))))
        x = apply_layer(x, layers[-1], number)
    return layers


def _operation(name, unit):
    """The non-linearity called `name`, at the scale `unit` of each channel where it has a scale."""
    return {
        "phase collapse": collapse_phase,
        "soft threshold": partial(soft_threshold, threshold=unit),
        "tanh": lambda z: unit * saturate(z / unit),
        "unit amplitude": unit_amplitude,
        "identity": identity,
    }[name]


class Observation:
    """What is kept of the images at one depth: averages, all features if they are few, and moments if asked."""

    def __init__(self, setting, moments):
        self.averages, self.features, self.labels, self.zeros = [], [], [], []
        self.whole = ClassMoments(groups=GROUPS, memory=setting.memory) if moments else None
        self.averaged = ClassMoments(covariance=True, groups=GROUPS, memory=setting.memory) if moments else None

    def add(self, x, labels):
        """One batch (N, C, H, W) at this depth."""
        xp = array_namespace(x)
        averages, size = to_host(xp.mean(x, axis=(-2, -1))), float(xp.sqrt(xp.mean(xp.abs(x) ** 2)))
        averages = np.where(np.abs(averages) > _ROUNDING * size, averages, 0.0)
        self.averages.append(averages)
        self.labels.append(labels)
        self.zeros.append(float(xp.mean(xp.astype(x == 0, xp.float64))))
        if int(np.prod(x.shape[1:])) <= MOST_FEATURES:
            self.features.append(to_host(xp.reshape(x, (x.shape[0], -1))))
        if self.whole is not None:
            self.shape = tuple(x.shape[1:])
            self.whole.update(x, labels)
            self.averaged.update(averages, labels)

    def all_features(self):
        """(features, labels), or None if they are too many for a classifier."""
        return (np.concatenate(self.features), np.concatenate(self.labels)) if self.features else None

    def all_averages(self):
        """(averages, labels)."""
        return np.concatenate(self.averages), np.concatenate(self.labels)


def observe(labelled, layers, setting, on, progress, moments):
    """Push the images through the layers in batches.  Returns one `Observation` a depth."""
    images, labels = labelled
    depths = [Observation(setting, moments) for _ in range(setting.depth + 1)]
    for start in range(0, len(images), setting.batch):
        part = slice(start, start + setting.batch)
        x = _lift(images[part], on)
        depths[0].add(x, labels[part])
        for number, layer in enumerate(layers):
            x = apply_layer(x, layer, number)
            depths[number + 1].add(x, labels[part])
        progress(len(images[part]))
    return depths


def row(train, test):
    """The measured values of one depth, as plain numbers."""
    unbiased = test.whole.unbiased()
    channels, height, width = test.shape
    values = {name: _with_interval(unbiased, name) for name in STATISTICS}
    flat = not np.any(test.all_averages()[0])
    probe = None if train.all_features() is None else held_out_accuracy(train.all_features(), test.all_features())
    return {
        "channels": channels,
        "pixels": [height, width],
        "zeros": float(np.mean(test.zeros)),
        "energy": test.whole.mean_energy + test.whole.within_class_variance,
        **values,
        "fisher_full": None if flat else _with_interval(test.averaged.unbiased(), "fisher_full"),
        "accuracy_of_averages": held_out_accuracy(train.all_averages(), test.all_averages()),
        "accuracy_of_features": probe,
    }


def _with_interval(moments, name):
    value = getattr(moments, name)
    value = value() if callable(value) else value
    few = min(moments.counts) < GROUPS
    return [float(value), None, None] if few else [float(value), *(float(end) for end in moments.interval(name))]


def _lift(images, on):
    return to_library(images.astype(np.float32), on)


def measure_all(data, settings, on="numpy", stream=sys.stderr):
    """Measure every source in every setting, with a progress bar.

    data : names of sources, or folders of images by class
    settings : dict of `Setting` by name
    on : array library

    Returns rows as `measure`, each with its "setting".
    """
    samples = {(name, key): sources.draw(name, settings[key].sampling) for name in data for key in settings}
    for (_, key), sample in samples.items():
        check_memory(settings[key], sample.test[0].shape[1], len(sample.classes))
    total = sum(len(sample.train[0]) + len(sample.test[0]) for sample in samples.values()) * len(OPERATIONS)
    progress, rows = bar(total, "images through the cascades", stream), []
    for (_, key), sample in samples.items():
        rows += [{"setting": key} | row for row in measure(sample, settings[key], on, progress)]
    return rows


def found(names):
    """Those of the sources `names` whose data are on this machine."""
    present = []
    for name in names:
        try:
            sources.draw(name, Sampling(1, 1))
        except FileNotFoundError:
            continue
        present.append(name)
    return present


def conclusions(rows):
    """The few lines that matter: at the last depth of each measurement, what a collapse and a threshold separate."""
    lines = []
    for data, setting in dict.fromkeys((row["data"], row["setting"]) for row in rows):
        here = [row for row in rows if (row["data"], row["setting"]) == (data, setting)]
        lines.append(f"{data}, {setting}, depth {max(row['depth'] for row in here)}:")
        for operation in OPERATIONS:
            *_, last = [row for row in here if row["operation"] == operation]
            ratio, accuracy = last["fisher_trace"], last["accuracy_of_averages"][0]
            spread = "" if ratio[1] is None else f" [{ratio[1]:.3f}, {ratio[2]:.3f}]"
            lines.append(f"    {operation:<15} F_trace {ratio[0]:7.3f}{spread:<18} accuracy {100 * accuracy:5.1f} %")
    return lines


def main(arguments=None):
    """Measure, record, and print what matters."""
    options = _parser().parse_args(arguments)
    to_library(np.zeros(1), options.on)
    record.check_writable(options.out)
    data = options.data or [*DATA, *found(DATA_IF_FOUND)]
    settings = {name: replace_sampling(SETTINGS[name], options) for name in options.setting or SETTINGS}
    start = time.perf_counter()
    rows = measure_all(data, settings, options.on)
    seconds = time.perf_counter() - start
    path = record.save(NAME, rows, settings=settings, seconds=seconds, on=options.on, folder=options.out)
    if not options.quiet:
        print(*conclusions(rows), f"\n{seconds:.0f} s; recorded in {path}", sep="\n")
    return 0


def replace_sampling(setting, options):
    """The setting with the number of images and the seed that were asked for."""
    images = {} if options.images is None else {"train": options.images, "test": options.images}
    return replace(setting, sampling=replace(setting.sampling, seed=options.seed, **images))


def _parser():
    parser = argparse.ArgumentParser(prog=f"python -m analysis {NAME}", description=__doc__.split("\n", 1)[0])
    known = ", ".join(sources.SOURCES)
    parser.add_argument("--data", nargs="+", metavar="DATA", help=f"any of {known}, or folders of images by class")
    parser.add_argument("--setting", nargs="+", choices=tuple(SETTINGS), help="default: all")
    parser.add_argument("--on", choices=LIBRARIES, default="numpy", help="array library (default: numpy)")
    parser.add_argument("--images", type=int, metavar="N", help="images a class to fit on, and as many to measure on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="record, but print no conclusions")
    parser.add_argument("--out", default=record.RESULTS, metavar="FOLDER", help="where the result goes")
    return parser
