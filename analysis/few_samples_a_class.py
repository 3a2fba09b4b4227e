"""From a few samples a class, what tells materials apart: pixels, their principal components, or collapsed phases?

A linear classifier is fitted on a few images a class and tried on others, many times over, on five descriptions of the
same images: the pixels; as many of their principal components as keep 95 % of the variance; the moduli of the Fourier
transform, whose phases are collapsed too, but by waves as long as the image; and scattering averaged over the image, of
order 1 and of order 2.

Collapsed phases do, on both data, recorded in analysis/results (mean of 10 draws, 10 samples a class). On brick, grass
and gravel, whose chance is 33 %, pixels are right in 33.4 % of the images and their components in 31.9 %: a linear
classifier sees nothing in them, for patches of one texture are as good as moved at random. Scattering of order 2 is
right in 94.4 % (92.8 to 96.1 over the draws). On KTH-TIPS, ten materials at varied distances and in varied light whose
chance is 10 %, pixels are right in 34.4 %, components in 34.6 %, scattering of order 1 in 59.1 %, of order 2 in 78.5 %
(76.8 to 80.5); from 20 samples, order 2 in 87.4 %.

What this does not show: that wavelets are needed for every texture. Fourier moduli, which collapse the phase of waves
as long as the image and keep 544 numbers a patch, are better than scattering on the three textures (98.3 %), stationary
classes that differ by their spectrum; they are worse on KTH-TIPS (63.3 %), where distance deforms the spectrum. Nor
that a second order always helps: on the textures it adds nothing beyond the spread of the draws (order 1: 92.9 %, 86.1
to 96.1), on KTH-TIPS it adds 19.4 percentage points.
"""

import sys
from dataclasses import dataclass, replace

import numpy as np

from collapse_theory import datasets, scattering
from collapse_theory.arguments import check_count
from collapse_theory.arrays import LIBRARIES, to_host, to_library
from collapse_theory.estimators import ScatteringTransformer
from collapse_theory.fourier import fft2

from . import record
from .instruments.identities import identities
from .instruments.measuring import measuring
from .instruments.options import SEED, Parser, check_distinct, whole
from .instruments.probes import held_out_accuracy
from .instruments.progress import bar
from .instruments.sources import standardise
from .instruments.tables import DESCRIPTIONS

NAME = "few_samples_a_class"


@dataclass(frozen=True)
class Setting:
    """How much is seen, and how it is described.

    samples : images a class to fit on, one number after another
    draws : of these images, at random, the same for every description
    most_tried : images a class that each fit is tried on, at most
    scales, angles : of the scattering
    variance : share that the principal components keep, of the images to fit on
    """

    samples: tuple[int, ...] = (2, 5, 10, 20)
    draws: int = 10
    most_tried: int = 60
    scales: int = 3
    angles: int = 8
    variance: float = 0.95
    seed: int = 0

    def __post_init__(self):
        check_count("draws", self.draws)
        check_count("seed", self.seed, least=0)


SETTING = Setting()


@dataclass(frozen=True)
class Pool:
    """Images (N, 1, H, W) of mean 0 and variance 1, their labels, and whether each may be fitted on, and tried on."""

    images: np.ndarray
    labels: np.ndarray
    to_fit: np.ndarray
    to_try: np.ndarray


def textures():
    """Brick, grass and gravel in patches of 32 x 32, fitted on the left halves of photographs, tried on the right."""
    halves = [datasets.textures(split, standardise=True) for split in ("train", "test")]
    images, labels = (np.concatenate(arrays) for arrays in zip(*halves, strict=True))
    left = np.arange(len(labels)) < len(halves[0][1])
    return Pool(images, labels, left, ~left)


def kth_tips():
    """Ten materials in photographs shrunk to 100 x 100, fitted on some, tried on others: distance and light vary."""
    images, labels = datasets.kth_tips()
    everything = np.ones(len(labels), dtype=bool)
    return Pool(standardise(images.copy(), "KTH-TIPS"), labels, everything, everything)


SOURCES = {"textures": textures, "kth tips": kth_tips}


def measure(name, pool, setting, on="numpy", *, progress=lambda fits: None, kept=None):
    """Rows of the table: one a number of samples and a description.

    name : of the data
    pool : Pool
    on : array library of the descriptions
    progress : called with the number of fits after some of them
    kept : dict of rows by (data, samples, description), which is filled; what it holds is not measured again

    Returns a list of dicts of plain values: the accuracy is [mean, lowest, highest] over the draws.
    Raises ValueError if a class has not one image more than the samples to fit on.
    """
    described, kept = describe(pool, setting, on), {} if kept is None else kept
    jobs = [(name, samples, description) for samples in setting.samples for description in DESCRIPTIONS]
    for job in jobs:
        if job not in kept:
            kept[job] = _row(described, pool, setting, *job)
        progress(setting.draws)
    return [kept[job] for job in jobs]


def _row(described, pool, setting, name, samples, description):
    draws = [draw(pool, samples, setting, number) for number in range(setting.draws)]
    found = [tried(described, description, pool.labels, setting, *indices) for indices in draws]
    shares = [share for share, _ in found]
    return {
        "data": name,
        "description": description,
        "features": float(np.mean([features for _, features in found])),
        "samples": samples,
        "accuracy": [float(np.mean(shares)), min(shares), max(shares)],
    }


def describe(pool, setting, on):
    """Each description of all images, (N, features) on the host; principal components are found for each draw."""
    images = to_library(pool.images.astype(np.float32), on)
    pixels = to_host(images).reshape(len(pool.labels), -1)
    # The image is real: its other half of the spectrum has the same moduli.
    half = to_host(abs(fft2(images)))[..., : pool.images.shape[-1] // 2 + 1]
    transformer = ScatteringTransformer(pool.images.shape[1:], scales=setting.scales, angles=setting.angles)
    scattered = to_host(transformer.fit_transform(images.reshape(len(pool.labels), -1)))
    first = scattering.paths(setting.scales, setting.angles, 2)["order"] < 2
    return {
        "pixels": pixels,
        "principal components": pixels,
        "Fourier moduli": half.reshape(len(half), -1),
        "scattering, order 1": scattered[:, first],
        "scattering, order 2": scattered,
    }


def draw(pool, samples, setting, number):
    """Indices to fit on, `samples` of each class, and to try on, others: a function of the seed and the two numbers."""
    rng = np.random.default_rng((setting.seed, samples, number))
    fit, trial = [], []
    for label in np.unique(pool.labels):
        here = pool.labels == label
        fit.append(rng.permutation(np.flatnonzero(here & pool.to_fit))[:samples])
        others = np.setdiff1d(np.flatnonzero(here & pool.to_try), fit[-1])
        if len(fit[-1]) < samples or not len(others):
            raise ValueError(f"samples: expected fewer than the {here.sum()} images of class {label}, got {samples}")
        trial.append(rng.permutation(others)[: setting.most_tried])
    return np.concatenate(fit), np.concatenate(trial)


def tried(described, description, labels, setting, fit, trial):
    """Share of the images `trial` put in their class after a fit on the images `fit`, and the number of features."""
    train, test = described[description][fit], described[description][trial]
    if description == "principal components":
        from sklearn.decomposition import PCA

        components = PCA(setting.variance).fit(train)
        train, test = components.transform(train), components.transform(test)
    return held_out_accuracy((train, labels[fit]), (test, labels[trial]))[0], train.shape[1]


def measure_all(pools, setting, on="numpy", *, stream=sys.stderr, kept=None):
    """Measure every `Pool` of a dict, with a progress bar.  Returns rows as `measure`."""
    fits = len(pools) * len(setting.samples) * len(DESCRIPTIONS) * setting.draws
    progress = bar(fits, "fits of a classifier", stream)
    each = [measure(name, pool, setting, on, progress=progress, kept=kept) for name, pool in pools.items()]
    return [row for rows in each for row in rows]


def pools(names=None):
    """The images of the sources named; None for those whose data are on this machine."""
    present = {}
    for name in names or SOURCES:
        try:
            present[name] = SOURCES[name]()
        except datasets.DataNotFound:
            if names:
                raise
    return present


def conclusions(rows):
    """The few lines that matter: the accuracy of each description, by the number of samples."""
    lines = []
    for data in dict.fromkeys(row["data"] for row in rows):
        here = [row for row in rows if row["data"] == data]
        numbers = list(dict.fromkeys(row["samples"] for row in here))
        lines.append(f"{data}, right from {', '.join(map(str, numbers))} samples a class:")
        for description in DESCRIPTIONS:
            shares = [f"{100 * row['accuracy'][0]:5.1f} %" for row in here if row["description"] == description]
            lines.append(f"    {description:<22} {'  '.join(shares)}")
    return lines


def main(arguments=None):
    """Measure, record, and print what matters."""
    options = _parser().parse_args(arguments)
    to_library(np.zeros(1), options.on)
    record.check_writable(options.out)
    check_distinct("data", options.data)
    setting = replace(SETTING, draws=options.draws, seed=options.seed)
    found = pools(options.data)
    about = {"settings": {"few samples": setting}, "on": options.on, "data": identities(found)}
    with measuring(NAME, folder=options.out, **about) as kept:
        rows = measure_all(found, setting, options.on, kept=kept)
        path = kept.record(rows)
    if not options.quiet:
        print(*conclusions(rows), f"\n{kept.seconds:.0f} s; recorded in {path}", sep="\n")
    return 0


def _parser():
    parser = Parser(prog=f"python -m analysis {NAME}", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", nargs="+", choices=tuple(SOURCES), help="default: all that are found")
    parser.add_argument("--on", choices=LIBRARIES, default="numpy", help="array library (default: numpy)")
    parser.add_argument(
        "--draws",
        type=whole(1, 10_000),
        default=SETTING.draws,
        metavar="N",
        help="of the images to fit on, at each number of them",
    )
    parser.add_argument("--seed", type=whole(**SEED), default=0)
    parser.add_argument("--quiet", action="store_true", help="record, but print no conclusions")
    parser.add_argument("--out", default=record.RESULTS, metavar="FOLDER", help="where the result goes")
    return parser
