"""Does a phase collapse separate class means where an amplitude reduction does not, and do more layers help?

At each depth of a tight full-circle cascade, for the modulus, three amplitude reductions and the identity as
control: mean energy, within-class and between-class variance, the Fisher ratios, and the held-out accuracy of a
linear classifier. `analysis/results/separation_across_layers.json` has all numbers; 640 images to fit on and 640 to
score, deep setting, depths 1, 2, 3 unless said otherwise.

The theory holds where its hypothesis does. Gaussian against sparse fields of one spectrum: the collapse has
F_trace = 0.049, 0.082, 0.196 and the soft threshold 0.0004 at most; the linear classifier knows 100 % from the former
and 45 to 54 % (chance) from the latter. Moved photographs: 0.018, 0.043, 0.090 against 0.001 at most. The collapse has
moved 57 % of the energy into the means at depth 3, a threshold less than 0.1 %.

A ratio near zero is not the absence of a mean. On textures and moved photographs, averages over space after a soft
threshold are still classified to 77 and 87 % (orientation, depth 2: 98 and 100 %): the small residual mean of claim
`translation_invariance_leaves_a_small_mean`, 0.1 % of the energy, grows to something when every channel is divided by
its deviation (F_full = 3.5, the collapse: 46.6). A random sign for every image removes it, exactly as claim
`reductions_keep_zero_means` says: F_full = 0.04, accuracy 35.1 % (chance), while the collapse does not notice
(F_full = 45.6, 100 %). So thresholds fail on classes closed under x -> -x; on real ones with a preferred sign they keep
something, weak in energy and visible to a classifier that rescales.

CIFAR-10 is no stationary class: its images have a mean colour and a place, which is 10 % of their energy before any
wavelet (F_trace = 0.091 at depth 0). The collapse adds to that, 0.097, 0.111, 0.135; but tanh comes to 0.133 at depth
3, so that F_trace does not tell them apart there. Averages over space do: 36 % are classified after the collapse (42
% with mixed channels), 18 % (27 %) after any reduction, no better than without a non-linearity.

Two cautions. A linear classifier can beat chance without any separation of means, from the variances through its
intercept. And F_full is given only where each channel has at least two images.
"""

from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import product

import numpy as np

from collapse_theory.arrays import place, to_host, to_library
from collapse_theory.machine import reproducible
from collapse_theory.machine.cores import cores
from collapse_theory.nonlinearities import identity, named, saturate, soft_threshold
from collapse_theory.scattering import Layer, Mixing, apply_layer
from collapse_theory.separation import ClassMoments
from collapse_theory.wavelets import morlet_bank

from .instruments import sources
from .instruments.layer_table import conclusions  # noqa: F401, of the rows of this question
from .instruments.observation import GROUPS, rows_after
from .instruments.options import check_distinct, name_of, slug, whole
from .instruments.progress import bar
from .instruments.shapes import decoded
from .instruments.sources import SOURCES, Sampling
from .instruments.tables import OPERATIONS
from .instruments.workers import results_as_they_come

NAME = "separation_across_layers"
TIME = "25 s to 2 minutes on two cores, 3 minutes with CIFAR-10"
SAYS = (
    "Settings: orientation has two layers of 2 scales and 8 angles at full resolution; deep has three of 1 scale "
    "and 4 angles, with subsampling; mixed is deep with an orthogonal mixing of the channels. A setting that does not "
    "fit in memory is left out, which a line says.",
    f"Of a folder of your own images, {sources.PREPARED}. If it has train/ and test/ (or val/), these are used; "
    "otherwise half of each class, drawn at random, is for fitting and half for measuring. A class with too few images "
    "is left out by name.",
)
EXAMPLES = (
    "python -m analysis separation_across_layers --data pulses moved-either-sign",
    "python -m analysis separation_across_layers --data FOLDER --setting deep",
    "python -m figures separation_across_layers --from runs/results",
)
TASKS = ("images", *OPERATIONS)
SCALED = {  # by an amplitude of each channel
    "soft threshold": lambda unit: partial(soft_threshold, threshold=unit),
    "tanh": lambda unit: lambda z: unit * saturate(z / unit),
}


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


DATA = ("pulses", "textures", "moved", "moved, either sign")
DATA_IF_THERE = ("cifar10",)
SETTINGS = {
    "orientation": Setting(scales=2, angles=8, depth=2, sampling=Sampling(180, 180), calibration=16),
    "deep": Setting(scales=1, angles=4, depth=3, subsample=True, sampling=Sampling(640, 640), batch=64),
    "mixed": Setting(scales=1, angles=4, depth=3, subsample=True, mixed=True, sampling=Sampling(640, 640), batch=64),
}


class TooLarge(ValueError):
    """The class means of a setting would take more than the memory that it allows."""


def measure(sample, setting, on="numpy"):
    """Rows of the table: one an operation and a depth.

    sample : sources.Sample
    setting : Setting
    on : array library, in single precision

    Returns a list of dicts of plain values; statistics are unbiased, each with its interval [value, low, high], None
    where there is nothing to measure. Raises TooLarge if the class means would exceed `setting.memory`.
    """
    measured = {task: measure_one(task, sample, setting, on) for task in TASKS}
    return _assembled(sample.name, len(sample.classes), measured)


def measure_one(task, sample, setting, on):
    """What is measured of the images themselves, at depth 0, or of one operation at depth 1, 2 ..; dicts."""
    check_memory(setting, channels=sample.test[0].shape[1], classes=len(sample.classes))
    layers = [] if task == "images" else fitted_layers(task, sample.train[0], setting, on)
    stages = [partial(apply_layer, layer=layer, number=number) for number, layer in enumerate(layers)]
    lift = partial(_lift, on=on)
    return rows_after(stages or [identity], sample, lift=lift, batch=setting.batch, memory=setting.memory)


def _assembled(name, classes, measured):
    """The rows of one sample, from what each task measured; depth 0 is the same for every operation."""
    return [
        {"data": name, "operation": operation, "depth": depth, "classes": classes} | row
        for operation in OPERATIONS
        for depth, row in enumerate(measured["images"] + measured[operation])
    ]


def check_memory(setting, channels, classes):
    """Raise TooLarge, with the size, if the class means at the largest depth would exceed `setting.memory`."""
    pixels, wavelets, shrink = sources.SIDE**2, setting.scales * setting.angles, 4 if setting.subsample else 1
    features = max(channels * (1 + wavelets) ** d * pixels // shrink**d for d in range(setting.depth + 1))
    size = ClassMoments.bytes_for(classes, features, groups=GROUPS, is_complex=True)
    if size > setting.memory:
        raise TooLarge(
            f"setting: the class means of {classes} classes x {features} features x {GROUPS} groups would take "
            f"{size / 2**20:.0f} MiB, more than memory = {setting.memory / 2**20:.0f} MiB"
        )


def fitted_layers(operation, images, setting, on):
    """The layers of one operation; one that has a scale is fitted, layer by layer, on some images that came so far."""
    if operation not in SCALED:
        return [setting.layer(named(operation))] * setting.depth
    x, layers = _lift(images[:: max(1, len(images) // setting.calibration)], on), []
    for number in range(setting.depth):
        z = to_host(apply_layer(x, Layer(setting.bank(), identity, subsample=setting.subsample)))
        waves = z.reshape(len(z), x.shape[-3], -1, *z.shape[-2:])[:, :, 1:]
        unit = np.quantile(np.abs(waves), setting.quantile, axis=(0, 3, 4))[..., None, None]
        layers.append(setting.layer(SCALED[operation](place(np.maximum(unit, 1e-12), like=x))))
        x = apply_layer(x, layers[-1], number)
    return layers


def _lift(images, on):
    return to_library(images.astype(np.float32), on)


def measure_all(pairs, settings, on="numpy", *, workers=1, kept=None):
    """Measure sources in settings, with a progress bar.

    pairs : (source, or folder of images by class; setting) by name
    settings : dict of `Setting` by name
    on : array library
    workers : processes that share the work, each on one core; results depend on their number by rounding alone
    kept : dict of what is measured by (task, data, setting), which is filled; what it holds is not measured again

    Returns rows as `measure`, each with its "setting". Raises as `check_memory`, before anything is measured.
    """
    classes = {pair: len(_check_sample(pair[0], settings[pair[1]]).classes) for pair in pairs}
    titles, kept = sources.titles(name for name, _ in pairs), {} if kept is None else kept
    jobs = {(task, titles[name], key): (task, name, settings[key], on) for name, key in pairs for task in TASKS}
    left = {job: key for key, job in jobs.items() if key not in kept}
    progress = bar(len(jobs), "measurements")
    progress(len(jobs) - len(left))
    with closing(results_as_they_come(_job, left, workers)) as results:
        for job, result in results:
            kept[left[job]] = result
            task, title, key = left[job]
            progress(1, f"{title}, {key}, {task}")
    return [
        {"setting": key} | row
        for name, key in pairs
        for row in _assembled(titles[name], classes[name, key], {task: kept[task, titles[name], key] for task in TASKS})
    ]


def pairs_that_fit(data, settings, say=print):
    """Every source in every setting, but those whose class means would exceed the memory: `say` is told of them."""
    pairs = []
    for name, key in product(data, settings):
        try:
            _check_sample(name, settings[key])
            pairs.append((name, key))
        except TooLarge as error:
            say(f"{decoded(name)}, {key}: left out. {error}")
    if not pairs:
        raise ValueError("setting: none of those asked for fits; --setting deep takes the least memory")
    return pairs


def _check_sample(name, setting):
    sample = _draw(name, setting.sampling)
    check_memory(setting, sample.test[0].shape[1], len(sample.classes))
    return sample


def _job(job):
    task, name, setting, on = job
    with reproducible():
        return measure_one(task, _draw(name, setting.sampling), setting, on)


_draw = lru_cache(maxsize=1)(sources.draw)


def options(parser):
    """The options of this question."""
    known = ", ".join(map(slug, SOURCES))
    data = f"any of {known}, or folders FOLDER/CLASS/* of your own (default: all but grey-cifar10 that are there)"
    parser.add_argument("--data", nargs="+", type=name_of(SOURCES), metavar="DATA", help=data)
    names = f"any of {', '.join(SETTINGS)}"
    parser.add_argument(
        "--setting", nargs="+", choices=tuple(SETTINGS), default=list(SETTINGS), metavar="SETTING", help=names
    )
    images = (
        "most images to fit on, shared by the classes, and as many to measure on (default: 180 for orientation, 640)"
    )
    parser.add_argument("--images", type=whole(1, 10**7), metavar="N", help=images)


def answer(options, start):
    """Measure and record what was asked for.  Returns rows as `measure_all`."""
    check_distinct("setting", options.setting)
    check_distinct("data", options.data)
    options.data = options.data or [*DATA, *filter(sources.is_there, DATA_IF_THERE)]
    settings = {name: replace_sampling(SETTINGS[name], options) for name in options.setting}
    data, titles = sources.identities_of(options.data), sources.titles(options.data)
    pairs = pairs_that_fit(options.data, settings)
    facts = {"processes": cores() if options.on == "numpy" else 1, "prepared": {}, "split": {}}
    for name, key in pairs:
        sample = _draw(name, settings[key].sampling)
        facts["split"][f"{titles[name]}, {key}"] = sample.split()
        if sample.prepared and titles[name] not in facts["prepared"]:
            facts["prepared"][titles[name]] = sample.prepared
            print(f"{titles[name]}: {sample.prepared}", *sample.left_out, sep="\n")
    with start(settings=settings, data=data) as kept:
        rows = measure_all(pairs, settings, options.on, workers=facts["processes"], kept=kept)
        if sources.identities_of(options.data) != data:
            kept.forget()
            raise ValueError(f"data: what is read for {', '.join(titles)} changed while it was measured")
        return kept.record(rows, facts)


def replace_sampling(setting, options):
    """The setting with the number of images and the seed that were asked for."""
    images = {} if options.images is None else {"train": options.images, "test": options.images}
    return replace(setting, sampling=replace(setting.sampling, seed=options.seed, **images))
