"""Does a phase collapse separate class means more than amplitude reductions do, and do more layers help?

Five sets of classes in three settings, each by `comparison.across_layers`, whose docstring says what its measures can
and cannot say: the modulus, three amplitude reductions, and the identity as control. The verdict on each is *more*,
*less*, *no difference* or *undecided*, by paired intervals at the deepest layer; all of them hold together by Holm's
method. `analysis/results/separation_across_layers.json` has all numbers, and what each verdict was made of.

What came out, in the setting deep. Gaussian against sparse fields of one spectrum: *more*, B / E_0 = 0.034, 0.037,
0.049 at depths 1, 2, 3, each paired interval of growth above 0. Textures, and patches of textures moved at random,
without and with a random sign: *more*, 0.043, 0.053 and 0.053 at depth 3, and growth at each layer; threshold and tanh
have 0.0001 at most there. CIFAR-10: *undecided*. Its classes have means before any layer, 0.083 of the energy. The
collapse is ahead of threshold and tanh by 0.008 and 0.010; it is not shown to be ahead of the identity (-0.0046 to
0.0034), nor to grow beyond depth 1. The other settings have the same words; in orientation, CIFAR-10 has depth 1 alone,
since depth 2 does not fit in memory.

A ratio near zero is not the absence of a mean. On textures, averages over space are right in 78 % after a tanh,
linearly, and in 54 % by the nearest mean, which uses means alone: a small mean, as claim
`translation_invariance_leaves_a_small_mean` has it, counts once each channel is divided by its deviation. On moved
patches a random sign takes it away, as claim `reductions_keep_zero_means` says: no reduction is then right above
chance by its interval, and the collapse is right in 98 % by the nearest mean. On CIFAR-10 the collapse is right in
36 % and the best reduction in 20 %, linearly, although the verdict is undecided: these are different questions.

What it does not show. Intervals are over images, or over the patches that are moved and were not fitted on, of which
there are eight in a class; not over the choice of classes or of settings. Thresholds and gains are fitted once.
"""

from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product

import numpy as np

from collapse_theory import comparison
from collapse_theory.arrays import to_library
from collapse_theory.machine import reproducible
from collapse_theory.machine.cores import cores
from collapse_theory.scattering import Mixing
from collapse_theory.wavelets import morlet_bank

from .instruments import sources
from .instruments.layer_table import conclusions, verdicts
from .instruments.layer_table import rows_of as _rows_of
from .instruments.options import check_distinct, name_of, slug, whole
from .instruments.progress import bar
from .instruments.shapes import decoded
from .instruments.sources import SOURCES, Sampling
from .instruments.tables import OPERATIONS
from .instruments.workers import results_as_they_come

__all__ = ["NAME", "SETTINGS", "answer", "conclusions", "measure_all", "measure_one", "options"]

NAME = "separation_across_layers"
TIME = "half a minute to two minutes on two cores"
SAYS = (
    "Settings: orientation has two layers of 2 scales and 8 angles at full resolution; deep has three of 1 scale "
    "and 4 angles, with subsampling; mixed is deep with an orthogonal mixing of the channels. A depth whose class "
    "means do not fit in memory is left out, and so is a data set that cannot be compared; a line says which.",
    f"Of a folder of your own images, {sources.PREPARED}. If it has train/ and test/ (or val/), these are used; "
    "otherwise half of each class, drawn at random, is for fitting and half for measuring. A class with too few images "
    "is left out by name.",
)
EXAMPLES = (
    "python -m analysis separation_across_layers --data pulses moved-either-sign",
    "python -m analysis separation_across_layers --data FOLDER --setting deep",
    "python -m figures separation_across_layers --from runs/results",
)


@dataclass(frozen=True)
class Setting:
    """A cascade and how it is measured.

    scales, angles : of the tight bank, angles over the full circle, because amplitude reductions leave complex maps
    depth : number of layers
    subsample : by two, after each layer
    mixed : a seeded orthogonal mixing of the channels after each layer
    quantile : of the amplitudes in each channel, on images to fit on: thresholds and gains
    margin : of "no difference", fixed before anything was measured
    memory : most bytes that the class means of one depth may take, over all groups of the jackknife
    """

    scales: int
    angles: int
    depth: int
    subsample: bool = False
    mixed: bool = False
    quantile: float = 0.5
    margin: float = 0.002
    memory: int = 2**30
    sampling: Sampling = field(default_factory=Sampling)

    def options(self):
        """As `comparison.across_layers` takes them."""
        bank = morlet_bank((sources.SIDE, sources.SIDE), self.scales, self.angles, "full").tight("complex")
        seed = self.sampling.seed
        given = {name: getattr(self, name) for name in ("depth", "subsample", "quantile", "margin", "memory")}
        return given | {"bank": bank, "seed": seed, "mixing": Mixing(seed=seed) if self.mixed else None}


DATA = ("pulses", "textures", "moved", "moved, either sign")
DATA_IF_THERE = ("cifar10",)
SETTINGS = {
    "orientation": Setting(scales=2, angles=8, depth=2, sampling=Sampling(180, 180)),
    "deep": Setting(scales=1, angles=4, depth=3, subsample=True, sampling=Sampling(640, 640)),
    "mixed": Setting(scales=1, angles=4, depth=3, subsample=True, mixed=True, sampling=Sampling(640, 640)),
}


def measure_one(sample, setting, on="numpy"):
    """What a comparison of all operations on one sample comes to, as plain values.

    sample : sources.Sample
    on : array library, in single precision

    Returns a dict: "rows", one for an operation and a depth, without the names of data and setting; "left_out", lines;
    "split", images per class; "prepared".
    Raises as `comparison.across_layers`.
    """
    names = np.array([decoded(str(name)) for name in sample.classes])
    train, test = (
        None if labelled is None else (to_library(labelled[0].astype(np.float32), on), names[labelled[1]])
        for labelled in (sample.train, sample.test)
    )
    held = {} if test is None else {"held_out": test}
    groups = {} if sample.templates is None else {"groups": sample.templates}
    result = comparison.across_layers(*train, OPERATIONS, **setting.options(), **held, **groups)
    split = {part: result.settings[part] for part in ("train", "test")}
    return {"rows": _rows_of(result), "left_out": list(result.left_out), "split": split, "prepared": sample.prepared}


def measure_all(pairs, settings, on="numpy", *, workers=1, kept=None):
    """Compare on sources in settings, with a progress bar.

    pairs : (source, or folder of images by class; setting) by name
    settings : dict of `Setting` by name
    on : array library
    workers : processes that share the work, each on one core; results depend on their number by rounding alone
    kept : dict of what is measured by (data, setting), which is filled; what it holds is not measured again

    Returns {(data, setting): what `measure_one` returns}; of what cannot be compared, without rows.
    """
    titles, kept = sources.titles(name for name, _ in pairs), {} if kept is None else kept
    jobs = {(titles[name], key): (name, settings[key], on) for name, key in pairs}
    left = {job: key for key, job in jobs.items() if key not in kept}
    progress = bar(len(jobs), "comparisons")
    progress(len(jobs) - len(left))
    with closing(results_as_they_come(_job, left, workers)) as results:
        for job, result in results:
            kept[left[job]] = result
            progress(1, ", ".join(left[job]))
    return {key: kept[key] for key in jobs}


def _job(job):
    name, setting, on = job
    with reproducible():
        try:
            return measure_one(_draw(name, setting.sampling), setting, on)
        except ValueError as error:  # of these data; others may be compared
            return {"rows": [], "left_out": [str(error)], "split": {}, "prepared": ""}


_draw = lru_cache(maxsize=1)(sources.draw)


def table_of(measured):
    """Rows of all comparisons, each with data, setting, and the verdict that Holm's method gives to all of them."""
    rows = [
        {"setting": setting, "data": data} | row for (data, setting), found in measured.items() for row in found["rows"]
    ]
    words = verdicts(rows)
    return [row | {"verdict": words[row["data"], row["setting"]]} for row in rows]


def lines_left_out(measured):
    """A line on each class, depth or data set that was left out, once."""
    lines = {}
    for (data, setting), found in measured.items():
        for line in found["left_out"]:
            whole_set = "" if found["rows"] else "left out. "
            lines[f"{data}: {line}" if line.startswith("class ") else f"{data}, {setting}: {whole_set}{line}"] = None
    return list(lines)


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
    """Measure and record what was asked for.  Returns rows as `table_of`."""
    check_distinct("setting", options.setting)
    check_distinct("data", options.data)
    options.data = options.data or [*DATA, *filter(sources.is_there, DATA_IF_THERE)]
    settings = {name: replace_sampling(SETTINGS[name], options) for name in options.setting}
    data, titles = sources.identities_of(options.data), sources.titles(options.data)
    facts = {"processes": cores() if options.on == "numpy" else 1}
    with start(settings=settings, data=data) as kept:
        pairs = list(product(options.data, settings))
        measured = measure_all(pairs, settings, options.on, workers=facts["processes"], kept=kept)
        if sources.identities_of(options.data) != data:
            kept.forget()
            raise ValueError(f"data: what is read for {', '.join(titles)} changed while it was measured")
        lines, rows = lines_left_out(measured), table_of(measured)
        if not rows:
            kept.forget()
            raise ValueError(f"data: nothing can be compared. {'; '.join(lines)}")
        facts["prepared"] = {name: found["prepared"] for (name, _), found in measured.items() if found["prepared"]}
        facts["split"] = {", ".join(key): found["split"] for key, found in measured.items() if found["rows"]}
        print(*(f"{name}: {what}" for name, what in facts["prepared"].items()), *lines, sep="\n")
        return kept.record(rows, facts | {"left_out": lines})


def replace_sampling(setting, options):
    """The setting with the number of images and the seed that were asked for."""
    images = {} if options.images is None else {"train": options.images, "test": options.images}
    return replace(setting, sampling=replace(setting.sampling, seed=options.seed, **images))
