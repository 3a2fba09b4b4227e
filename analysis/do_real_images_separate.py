"""Does the theory hold on real images, where classes are neither stationary nor closed under phases?

Three layers of the *deep* setting of `separation_across_layers`, each image read once per operation, on all 60,000
images of CIFAR-10, and on Fashion-MNIST (16,000 images) and KTH-TIPS (805), whose images have mean 0 and variance 1 and
are moved at random over their torus. Fisher ratios (B / W, unbiased) are of all images; linear classifiers are fitted
on the train images, on spatial averages of the channels or on all numbers, and tried on the others. Recorded, depth 1
to 3:

                                     CIFAR-10               Fashion-MNIST, moved      KTH-TIPS, moved
    B / W, phase collapse            0.079  0.090  0.109    0.0027  0.0079  0.0265    0.025   0.060   0.120
    B / W, soft threshold            0.077  0.083  0.094    0.0000  0.0000  0.0002    0.0006  0.0008  0.0009
    B / W, tanh                      0.080  0.090  0.105    0.0000  0.0000  0.0001    0.0007  0.0009  0.0009
    B / W, unit amplitude            0.019  0.007  0.004    0.0002  0.0005  0.0003    0.0009  0.0004  0.0002
    B / W, identity                  0.074  0.074  0.076    0.0000  0.0000  0.0000    0.0003  0.0003  0.0003
    averages, %, phase collapse      33.2   41.3   44.7     28.4    45.0    62.8      25.7    53.6    66.7
    averages, %, best reduction      29.1   30.8   33.2     26.6    37.4    49.2      30.9    38.3    36.5
    averages, %, identity            27.8   28.1   28.5     12.1    11.5    11.1      11.9    12.1    13.8
    all numbers, %, phase collapse   53.1   59.7   60.7     30.0    42.2    60.5      -       44.0    52.3
    all numbers, %, soft threshold   42.4   43.9   44.1     18.7    29.4    38.8      too many

No verdict is drawn: these are numbers with an interval each, not paired differences. The measuring is of its own, since
`comparison.across_layers` does not classify all numbers as they are, nor tell what passed a wavelet from what did not,
nor take thresholds from the first batch of a pass; `separation_across_layers` has the verdicts, of fewer images. The
unit amplitude has no gain here, and one of each channel there.

Moved classes have no class means before any layer: at depth 0, B / W is 0 within its interval and averages are right in
11.3 and 11.6 %, by chance in 10. After three layers of collapse 30 % of the energy of Fashion-MNIST and 67 % of that of
KTH-TIPS is in the means; of the reductions only the unit amplitude has a B / W whose interval excludes 0, at most a
fifteenth of that of the collapse. On CIFAR-10 objects in the middle have class means before any layer (0.074), which
the low-pass carries through, and the ratios of tanh and of the collapse are alike within their intervals; of what
passed a wavelet once or more they are 0.033 at most and 0.098 at depth 3. A linear classifier is right in 60.7 % (59.7
to 61.6) on the 1,296 numbers of the collapse, in 44.1 % on 6,000 of a soft threshold, and in 40.8 % on the pixels.

The ratio does not predict accuracy: averages of a threshold have no B / W to speak of, yet are right in 49.2 % of moved
Fashion-MNIST, and those of tanh in 38.3 % of KTH-TIPS, for these classes are not closed under phases, and a small mean
shows once enough samples are averaged. At depth 1 of KTH-TIPS reductions are right more often than the collapse, within
the intervals: it leaves two distinct averages of waves, they leave four.

The pass, in single precision by NumPy on two shared cores, with statistics and classifiers: CIFAR-10 at 594 images per
second for the collapse; at 133 for the threshold, for whose 6,000 features the classifier takes most of it; at 434 to
644 for the others, without that. 1,127 s and at most 1,595 MiB for everything; once more, with the cores busier, the
same numbers to the last bit in 1,828 s. What it does not show: intervals are over images, not over seeds or thresholds;
both halves of KTH-TIPS show the same pieces of material; and five of the seven classifiers on all numbers of CIFAR-10
chose the largest penalty that they were offered.
"""

import math
import time
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from collapse_theory import datasets
from collapse_theory.arrays import array_namespace, shape, to_library
from collapse_theory.nonlinearities import identity, named
from collapse_theory.scattering import apply_layer, fitted
from collapse_theory.separation import ClassMoments
from collapse_theory.wavelets import morlet_bank

from .instruments.distinct_numbers import distinct_numbers
from .instruments.identities import identities
from .instruments.memory import peak_memory
from .instruments.options import check_distinct, name_of, slug, whole
from .instruments.probes import share_with_interval
from .instruments.progress import bar
from .instruments.sources import SIDE, Sampling
from .instruments.streamed_probe import StreamedProbe
from .instruments.streams import STREAMS
from .instruments.tables import OPERATIONS

NAME = "do_real_images_separate"
TIME = "19 minutes on two cores for all data"
SAYS = ("Reads CIFAR-10 in colour, Fashion-MNIST padded to 32 x 32, and KTH-TIPS shrunk to 96 x 96 in grey.",)
EXAMPLES = (
    "python -m analysis do_real_images_separate --data moved-kth-tips",
    "python -m analysis do_real_images_separate --operations phase-collapse tanh",
)
SAMPLINGS = {
    "cifar10": Sampling(50_000, 10_000),
    "moved fashion mnist": Sampling(12_000, 4_000),
    "moved kth tips": Sampling(405, 405),
}
GROUPS = 20
MOST_FEATURES = 6000
STATISTICS = ("mean_energy", "within_class_variance", "between_class_variance", "fisher_trace")
# The numbers of the identity are linear functions of the pixels, and tell no more; the others would cost as much.
WITH_ALL_NUMBERS = ("images", "phase collapse", "soft threshold")


@dataclass(frozen=True)
class Setting:
    """The cascade of the setting *deep*, and the batches in which images come.

    quantile : of the amplitudes in each channel, on the first batch: the soft threshold, and the unit of the tanh
    """

    scales: int = 1
    angles: int = 4
    depth: int = 3
    quantile: float = 0.5
    batch: int = 64
    sampling: Sampling = field(default_factory=Sampling)

    def bank(self):
        """The tight bank of the first layer."""
        return morlet_bank((SIDE, SIDE), self.scales, self.angles, "full").tight("complex")

    def layers(self, operation, images):
        """The layers of one operation, its thresholds fitted on these images; the unit amplitude has no gain."""
        rho = named(operation) if operation == "unit amplitude" else operation
        options = {"depth": self.depth, "subsample": True, "quantile": self.quantile, "count": self.batch}
        return fitted(images, self.bank(), rho, **options)


SETTING = Setting()


def measure_one(task, stream, setting, on="numpy", progress=lambda images: None):
    """What is measured of the images themselves, at depth 0, or of one operation at depth 1, 2 ..; dicts.

    task : "images", or the name of an operation
    stream : Stream; each image is read once, transformed once, and forgotten
    setting : Setting; its sampling is not used
    progress : called with the number of images of each batch

    Thresholds are fitted, and images standardised by one mean and one scale, on the first batch to fit on. Class
    statistics are of all images. Raises as `fitted`.
    """
    first = stream.train[0][0].astype(np.float32)
    mean, scale = first.mean(), first.std()
    if np.ptp(first) == 0:
        raise ValueError(f"data: the first {len(first)} images of {stream.name} are constant, and all the same")
    layers = [] if task == "images" else setting.layers(task, (first - mean) / scale)
    stages = [partial(apply_layer, layer=layer, number=number) for number, layer in enumerate(layers)] or [identity]
    classes, bank = int(stream.train.labels.max()) + 1, setting.bank()
    most = MOST_FEATURES if task in WITH_ALL_NUMBERS else 0
    depths = [DepthObservation(bank, depth, classes, most) for depth in range(len(layers) + 1)[-len(stages) :]]
    start = time.perf_counter()
    for use, images, labels in stream.uses():
        x = to_library((images.astype(np.float32) - mean) / scale, on)
        for stage, depth in zip(stages, depths, strict=True):
            x = stage(x)
            depth.add(x, labels, use)
        progress(len(labels))
    speed = {"images": len(stream), "images_per_second": round(len(stream) / (time.perf_counter() - start), 1)}
    return [depth.row() | speed | {"classes": classes} for depth in depths]


class DepthObservation:
    """What is kept of the images at one depth: moments, a classifier by averages, one by all numbers if they are at
    most so many, and how much is zero."""

    def __init__(self, bank, depth, classes, most):
        self._bank, self._depth, self._most, self._zeros, self._images = bank, depth, most, 0.0, 0
        self.moments = ClassMoments(groups=GROUPS)
        self.of_averages, self.of_features = StreamedProbe(classes), StreamedProbe(classes)

    def add(self, x, labels, use):
        """One batch (N, C, H, W) at this depth, to be used for "fit", "choose" or "test"."""
        xp = array_namespace(x)
        self.moments.update(x, labels)
        self._zeros += len(labels) * float(xp.mean(xp.astype(x == 0, xp.float32)))
        self._images += len(labels)
        self._shape = shape(x)[1:]
        numbers = distinct_numbers(x, self._bank, self._depth)
        self._numbers = math.prod(numbers.shape[1:])
        getattr(self.of_averages, use)(numbers.mean(axis=(-2, -1)), labels)
        if self._numbers <= self._most:
            getattr(self.of_features, use)(numbers.reshape(len(labels), -1), labels)

    def row(self):
        """The measured values, as plain numbers."""
        unbiased = self.moments.unbiased()
        probes = {"averages": self.of_averages, "features": self.of_features}
        return {
            "channels": self._shape[0],
            "pixels": list(self._shape[1:]),
            "distinct_numbers": self._numbers,
            "zeros": self._zeros / self._images,
            "energy": self.moments.mean_energy + self.moments.within_class_variance,
            **{name: with_interval(unbiased, name) for name in STATISTICS},
            "waves": of_waves(unbiased.per_feature(), (1 + len(self._bank)) ** self._depth),
            **{
                f"accuracy_of_{name}": share_with_interval(probe.right, probe.tried) if probe.tried else None
                for name, probe in probes.items()
            },
            "penalties": {name: probe.penalty for name, probe in probes.items() if probe.tried},
        }


def of_waves(summary, paths):
    """Between-class variance and Fisher ratio of what passed a wavelet once or more; None at depth 0.

    summary : of features (C paths, H, W), the first path of each of the C being the low-pass of low-passes
    """
    waves = np.arange(summary.between_class_variance.shape[0]) % paths != 0
    if not np.any(waves):
        return None
    between, within = (
        float(values[waves].sum()) for values in (summary.between_class_variance, summary.within_class_variance)
    )
    return {"between_class_variance": between, "within_class_variance": within, "fisher_trace": between / within}


def measure_all(names, tasks, *, settings, on="numpy", kept=None):
    """Rows of every data set and task, each data set with its setting.

    kept : dict of what is measured by (data, task), which is filled; what it holds is not measured again
    """
    from threadpoolctl import threadpool_limits

    kept = {} if kept is None else kept
    with threadpool_limits(1, "blas"):  # its threads wait for each other where others work on the same cores
        for name in names:
            left = [task for task in tasks if (name, task) not in kept]
            stream = _stream(name, settings[name]) if left else None
            for task in left:
                progress = bar(len(stream), f"{name}, {task}")
                kept[name, task] = measure_one(task, stream, settings[name], on, progress)
    return [
        {"setting": "deep", "data": name, "operation": task, "depth": depth} | row
        for name in names
        for task in tasks[1:]
        for depth, row in enumerate(kept[name, "images"] + kept[name, task])
    ]


def _stream(name, setting):
    return STREAMS[name](setting.sampling, setting.batch)


def with_interval(moments, name):
    """[value, low, high] of one statistic; no interval where a class has fewer images than there are groups."""
    value, few = float(getattr(moments, name)), min(moments.counts) < GROUPS
    return [value, None, None] if few else [value, *(float(end) for end in moments.interval(name))]


def conclusions(rows):
    """The few lines that matter, by data and operation: Fisher ratios and accuracies at depth 0, 1 .."""
    lines = []
    for data, operation in dict.fromkeys((row["data"], row["operation"]) for row in rows):
        here = [row for row in rows if (row["data"], row["operation"]) == (data, operation)]
        lines.append(f"{data}, {operation}: {here[-1]['images_per_second']} images per second")
        lines.append(f"    Fisher ratio             {_numbers(here, 'fisher_trace', '7.4f')}")
        lines.append(f"    right by averages, %     {_numbers(here, 'accuracy_of_averages', '7.1f', 100)}")
        lines.append(f"    right by all numbers, %  {_numbers(here, 'accuracy_of_features', '7.1f', 100)}")
    return lines


def _numbers(rows, name, form, factor=1):
    return "  ".join(f"{'–':>7}" if row[name] is None else format(factor * row[name][0], form) for row in rows)


def _is_there(name):
    try:
        STREAMS[name](Sampling(20, 20), 20)
    except datasets.DataNotFound:
        return False
    return True


def options(parser):
    """The options of this question."""
    data = f"any of {', '.join(map(slug, STREAMS))} (default: all that are found)"
    parser.add_argument("--data", nargs="+", type=name_of(STREAMS), choices=tuple(STREAMS), metavar="DATA", help=data)
    parser.add_argument(
        "--operations",
        nargs="+",
        type=name_of(OPERATIONS),
        choices=OPERATIONS,
        default=OPERATIONS,
        metavar="NAME",
        help=f"any of {', '.join(map(slug, OPERATIONS))} (default: all)",
    )
    images = "most images to fit on, and as many to try on (default: all of CIFAR-10 and KTH-TIPS, 12000 and 4000)"
    parser.add_argument("--images", type=whole(20, 10**7), metavar="N", help=images)


def answer(options, start):
    """Measure and record what was asked for.  Returns rows as `measure_all`."""
    for name in ("data", "operations"):
        check_distinct(name, getattr(options, name))
    options.data = options.data or [name for name in STREAMS if _is_there(name)]
    if not options.data:
        raise datasets.DataNotFound(f"none of {', '.join(STREAMS)} was found; README.md, Data, says where they go")
    settings = {name: _setting(name, options) for name in options.data}
    facts = {"split": {name: _stream(name, settings[name]).split() for name in options.data}}
    with start(settings=settings, data=identities(options.data)) as kept:
        rows = measure_all(options.data, ["images", *options.operations], settings=settings, on=options.on, kept=kept)
        return kept.record(rows, facts | {"peak_memory_mib": peak_memory()})


def _setting(name, options):
    sampling = replace(SAMPLINGS[name], seed=options.seed)
    if options.images is not None:
        sampling = replace(sampling, train=options.images, test=options.images)
    return replace(SETTING, sampling=sampling)
