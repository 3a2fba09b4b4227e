"""What does a phase collapse lose: which image comes back from moduli, and from their averages?

One 32 x 32 patch each of brick, grass and gravel, of mean 0 and variance 1: an error of 1 is that of a grey image, and
of √2 that of an unrelated one. What came out, for J = 1, 2, 3, 4:

    coefficients, by the adjoint: exact, errors under 4e-16
    moduli at every sample, by descent:
        brick    0.021   0.005   2e-16   0.005
        grass    2e-16   7e-14   0.003   0.35
        gravel   0.18    0.12    0.13    0.12
    averages over windows of 2^J samples, order 1 / up to order 2, by descent:
        brick    0.025   0.17 / 0.05   0.19 / 0.08   1.5  / 1.5
        grass    0.12    0.74 / 0.64   0.96 / 0.75   1.3  / 1.3
        gravel   0.21    0.23 / 0.31   0.81 / 0.57   0.97 / 0.76

The phase that a modulus forgets is still in the moduli of all the other wavelets and samples: with 9 numbers per pixel
or more, three of twelve descents end at the image to rounding. The others end in a local minimum and say so: their
misfit, the relative distance of what they reach to what was given, is 1e-3 to 0.1. It is the average that loses the
image. At J = 4 order 1 gives 0.13 numbers per pixel, and descents find other images that fit them, to a misfit of 0.7
to 4 %, with errors of 1 and more. Order 2 gives 1.6, and brings back part of what order 1 lost in two textures of
three at J = 2 and in all three at J = 3. Its misfits, up to 9 %, are those of local minima, so its errors bound from
above what it lost.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from collapse_theory import datasets
from collapse_theory.arguments import check_count
from collapse_theory.arrays import array_namespace, to_host, to_library
from collapse_theory.scattering import paths, scatter
from collapse_theory.wavelets import inverse_transform, morlet_bank, wavelet_transform

from .instruments.options import whole
from .instruments.progress import bar
from .instruments.tables import REPRESENTATIONS

NAME = "what_the_phase_knew"
TIME = "5 to 6 minutes on one core (torch)"
SAYS = ("Takes one patch of each texture, from scikit-image, and needs no other data.",)
EXAMPLES = ("python -m analysis what_the_phase_knew --steps 20", "python -m figures what_the_phase_knew --recorded")
ON = ("torch",)


@dataclass(frozen=True)
class Setting:
    """Which images, which coefficients of them, and how long the descents.

    side : of one square patch a texture, in samples
    scales : each J that is tried
    angles : L, over the half circle
    starts : descents for each reconstruction; the one that ends nearest to what was given is kept
    steps : most iterations of a descent
    seed : of the noise where the descents start, at a tenth of the deviation of the image
    pictured : the texture whose reconstructions are recorded as pictures
    """

    side: int = 32
    scales: tuple[int, ...] = (1, 2, 3, 4)
    angles: int = 8
    starts: int = 2
    steps: int = 100
    seed: int = 0
    pictured: str = "brick"

    def __post_init__(self):
        check_count("steps", self.steps)
        check_count("seed", self.seed, least=0)


DEFAULT = Setting()


def measure(setting, progress=lambda reconstructions, name: None, kept=None):
    """Rows of the table: one per texture, number of scales and representation; the images of one of them as pictures.

    progress : called with the number of reconstructions after each, and what they were of
    kept : dict of rows by (texture, scales, representation), which is filled; what it holds is not measured again

    Returns a list of dicts of plain values, as `quality` has them.
    """
    x, labels = datasets.textures("train", side=setting.side, standardise=True)
    kept, jobs = {} if kept is None else kept, []
    for label, texture in enumerate(datasets.TEXTURE_NAMES):
        image = x[labels == label][0, 0].astype(np.float64)
        for scales, representation in asked(setting):
            jobs.append((texture, scales, representation))
            if jobs[-1] not in kept:
                kept[jobs[-1]] = _row(image, *jobs[-1], setting=setting)
            progress(1, f"{texture}, {representation}, J = {scales}")
    return [kept[job] for job in jobs]


def _row(image, texture, scales, representation, *, setting):
    found, misfit, numbers = reconstruct(image, representation, scales, setting)
    row = {"texture": texture, "scales": scales, "representation": representation}
    row |= {"numbers_a_pixel": numbers / image.size, "misfit": misfit} | quality(found, image)
    return row | ({"picture": grey(found, image)} if texture == setting.pictured else {})


def asked(setting):
    """Pairs of a number of scales and a representation: all but order 2 of one scale, which is its order 1."""
    pairs = [(scales, representation) for scales in setting.scales for representation in REPRESENTATIONS]
    return [pair for pair in pairs if pair != (1, "order 2")]


def reconstruct(image, representation, scales, setting):
    """An image from a representation of `image` (H, W): from coefficients by the adjoint, from the others by descent.

    Returns the image (H, W), `misfit` of its representation, and how many real numbers were given.
    """
    x = to_library(image, "torch")
    if representation == "coefficients":
        bank = _bank(x, scales, setting)
        found = to_host(inverse_transform(wavelet_transform(x, bank), bank))
    else:
        found = descend(x, representation, scales, setting)
    given, again = (represent(to_library(y, "torch"), representation, scales, setting) for y in (image, found))
    numbers = sum(group.numel() * (2 if group.is_complex() else 1) for group in given)
    return found, float(misfit(again, given)), numbers


def represent(x, representation, scales, setting):
    """What is given of an image (H, W), in groups that count the same.

    "coefficients"   x ∗ φ and x ∗ ψ of a bank tight for real images, at every sample
    "moduli"         x ∗ φ and |x ∗ ψ| of that bank, at every sample
    "order n"        `scatter`, orders 0 to n, averaged over windows of 2^scales samples
    """
    xp = array_namespace(x)
    if representation in ("coefficients", "moduli"):
        z = wavelet_transform(x, _bank(x, scales, setting))
        return [xp.real(z[:1, ...]), z[1:, ...] if representation == "coefficients" else xp.abs(z[1:, ...])]
    order = int(representation[-1])
    s, orders = scatter(x, scales, setting.angles, order), paths(scales, setting.angles, order)["order"]
    ends = np.searchsorted(orders, range(orders.max() + 2))
    return [s[first:last, ...] for first, last in pairwise(ends)]


def misfit(groups, given):
    """√ of the mean over the groups of |difference|² / |given|²."""
    return (_squared_misfit(groups, given)) ** 0.5


def descend(x, representation, scales, setting):
    """Follow the gradient of the squared misfit, by L-BFGS in float64, from noise.  Returns (H, W) NumPy array."""
    from scipy.optimize import minimize

    given = represent(x, representation, scales, setting)

    def value_and_gradient(flat):
        found = to_library(flat.reshape(x.shape), "torch").requires_grad_()
        value = _squared_misfit(represent(found, representation, scales, setting), given)
        value.backward()
        return float(to_host(value)), to_host(found.grad).ravel()

    options = {"maxiter": setting.steps, "maxfun": 2 * setting.steps, "maxcor": 20, "ftol": 0.0, "gtol": 0.0}
    starts = 0.1 * np.random.default_rng(setting.seed).normal(size=(setting.starts, x.numel()))
    ends = [minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", options=options) for start in starts]
    return min(ends, key=lambda end: end.fun).x.reshape(x.shape)


def quality(found, image):
    """How near an image is to the true one: relative error, and PSNR in dB with the range of the true one as peak."""
    difference = found - image
    peak = float(np.ptp(image))
    return {
        "relative_error": float(np.linalg.norm(difference) / np.linalg.norm(image)),
        "psnr": float(10 * np.log10(peak**2 / np.mean(difference**2))),
    }


def grey(found, image):
    """A picture: rows of integers from 0 to 255 over the range of the true image."""
    share = (found - image.min()) / np.ptp(image)
    return np.rint(255 * np.clip(share, 0, 1)).astype(int).tolist()


def _squared_misfit(groups, given):
    xp = array_namespace(*given)
    ratios = [xp.sum(xp.abs(a - b) ** 2) / xp.sum(xp.abs(b) ** 2) for a, b in zip(groups, given, strict=True)]
    return sum(ratios) / len(ratios)


def _bank(x, scales, setting):
    return morlet_bank(tuple(x.shape), scales, setting.angles).tight("real")


def conclusions(rows):
    """The few lines that matter: what comes back, a line per texture and representation, J growing."""
    numbers = sorted({row["scales"] for row in rows})
    lines = ["relative error of what comes back (misfit of its representation)"]
    lines.append(20 * " " + "".join(f"{f'J = {number}':>15}" for number in numbers))
    for texture, representation in dict.fromkeys((row["texture"], row["representation"]) for row in rows):
        cells = dict.fromkeys(numbers, "")
        for row in rows:
            if (row["texture"], row["representation"]) == (texture, representation):
                error = f"{row['relative_error']:.{2 if row['relative_error'] > 1e-4 else 1}g}"
                cells[row["scales"]] = f"{error} ({row['misfit']:.0e})"
        columns = "".join(f"{cell:>15}" for cell in cells.values())
        lines.append(f"{f'{texture}, {representation}':<20}{columns}".rstrip())
    return lines


def options(parser):
    """The options of this question."""
    steps = "most steps of a descent"
    parser.add_argument("--steps", type=whole(1, 10**6), default=DEFAULT.steps, metavar="N", help=steps)


def answer(options, start):
    """Measure and record what was asked for.  Returns rows as `measure`."""
    from threadpoolctl import threadpool_limits

    setting = replace(DEFAULT, seed=options.seed, steps=options.steps)
    progress = bar(len(datasets.TEXTURE_NAMES) * len(asked(setting)), "reconstructions")
    # Images this small are slower on two threads.
    with threadpool_limits(1), start(settings={"default": setting}) as kept:
        return kept.record(measure(setting, progress, kept))
