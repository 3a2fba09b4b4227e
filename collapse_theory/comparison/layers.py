"""One labelled set, several operations, layer by layer."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import as_images, check_count, check_number
from ..arrays import Array
from ..datasets import Batches
from ..scattering import Mixing
from ..scattering.fitted import fitted, in_single
from ..wavelets import FilterBank, wavelet_transform
from .design import check_bank, design_of
from .estimates import Estimate, effective_groups
from .material import check_share, material, shares
from .observation import observe
from .operations import operations_of, seen_to_expand
from .result import SEPARATION, Comparison

__all__ = ["OPERATIONS", "across_layers"]

OPERATIONS = ("phase collapse", "soft threshold", "tanh", "unit amplitude", "identity")


def across_layers(
    images: Array | Batches,
    labels: "ArrayLike | None" = None,
    operations: Sequence[str | tuple[str, Callable | str]] = OPERATIONS,
    *,
    bank: FilterBank | None = None,
    depth: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
    held_out: "float | tuple[Array, ArrayLike] | Batches" = 0.5,
    groups: "int | ArrayLike" = 20,
    subsample: bool | None = None,
    lowpass: str = "kept",
    mixing: Mixing | None = None,
    collapse: str = "phase collapse",
    reductions: Sequence[str] | None = None,
    quantile: float = 0.5,
    margin: float = 0.002,
    memory: float = 2**30,
) -> Comparison:
    """Compare a phase collapse with other operations on labelled images, layer by layer.

    images : (N, C, H, W) of any library, in memory or memory-mapped, or `datasets.Batches`, which are read batch by
        batch, twice for each operation. Integers are taken in single precision, others in their own
    labels : (N,) any that sort; None with `Batches`
    operations : names of `nonlinearities.NONLINEARITIES`, whose thresholds and gains `scattering.fitted` chooses from
        the images that are fitted on, or (name, function) pairs. The identity is the control, and measured in any case
    bank : tight for complex maps, over the full circle; by default one octave and four angles
    depth : number of layers
    seed : of the split, and of the probing of functions
    progress : called with (images done, images in all)
    held_out : share of each class that is measured and not fitted on; or (images, labels), or `Batches`, to measure
    groups : of the jackknife, at most: fewer where a class has fewer images; or (N,) labels of what each image is a
        copy of, its template: then whole templates are held out, and one of them is left out of its class at a time;
        not with other images to measure
    subsample : by two after each layer; None: where the sides allow it at every depth
    lowpass : as in `cascade`
    mixing : of the channels after each layer, a `scattering.Mixing` with as many outputs as inputs, or None
    collapse : the operation that the others are compared with
    reductions : names of those that the verdict goes by; None: those that keep the phase, and functions. The others are
        measured and shown
    quantile : of the amplitudes, for `fitted`
    margin : of "no difference", in units of the measure, for classes of equal size; of others it is less, in
        proportion to 1 − Σ p_y², since between-class variance is
    memory : most bytes of the class means of one depth; depths that would take more are left out, with a line

    Returns a `Comparison`. What its numbers can and cannot say is in the docstring of `comparison`.
    Memory: the moments of all depths, at most `depth` times `memory`, and a batch of representations, an eighth of it.
    Raises ValueError or TypeError, naming the argument, for what does not fit, or if one class is left.

        >>> spectrum = processes.power_law((16, 16), exponent=1)
        >>> images, labels = processes.labelled(
        ...     processes.gaussian_fields(160, (16, 16), spectrum=spectrum, seed=0),
        ...     processes.sparse_pulses(160, (16, 16), spectrum=spectrum, density=0.05, seed=1),
        ... )
        >>> comparison.across_layers(images, labels, ("phase collapse", "soft threshold"), depth=1).verdict()
        'more'
    """
    _check(depth, seed, margin, memory, progress)
    _check_kinds(lowpass, mixing)
    chosen = operations_of(operations, collapse, reductions)
    stratified = not isinstance(groups, int | np.integer)
    if not stratified:
        check_count("groups", groups, least=2)
    (fit, test, classes, left_out), shape = _parts(images, labels, held_out, groups if stratified else None, seed)
    bank = check_bank(bank, shape[1:])
    design, more = design_of(
        fit, test, shape, bank, depth=depth, subsample=subsample, groups=groups, stratified=stratified, memory=memory,
        classes=len(classes),
    )  # fmt: skip
    counted = _Counted(progress, len(chosen) * (len(fit.index) + len(test.index)))
    measured, estimates = {}, {}
    for number, operation in enumerate(chosen):
        options = {"depth": design.depth, "lowpass": lowpass, "subsample": design.subsample, "mixing": mixing}
        layers = fitted(fit, bank, operation.rho, quantile=quantile, **options)
        first = 1 if number else 0
        found = observe(layers, fit, test, classes=len(classes), design=design, progress=counted, first=first)
        found = found if not number else [measured[chosen[0].name, 0], *found]
        expands = _expands(operation, fit, layers[0], seed)
        for d, here in enumerate(found):
            measured[operation.name, d] = here
            estimates[operation.name, d] = _estimates(here, measured[chosen[0].name, 0], expands)
    parts, shares = _images_of_classes(fit, test, classes)
    margin = float(margin * (1 - np.sum(shares**2)) / (1 - 1 / len(classes)))
    if not design.stratified and effective_groups(measured[chosen[0].name, 0].energy) < max(3, design.groups / 4):
        margin = 0.0
        more = [*more, "no difference: is not said. Few groups of images have nearly all energy."]
    settings = {
        "depth": design.depth, "subsample": design.subsample, "lowpass": lowpass, "quantile": quantile,
        "mixed": mixing is not None,
        "groups": design.groups, "stratified": design.stratified, "seed": seed, "scales": len(np.unique(bank.scale)),
        "angles": len(np.unique(bank.angle)), "fitted": len(fit.index), "measured": len(test.index),
        "chance": float(shares.max()), **parts,
    }  # fmt: skip
    roles = {operation.name: operation.role for operation in chosen}
    return Comparison(roles, measured, estimates, classes, (*left_out, *more), margin, settings)


def _check(depth, seed, margin, memory, progress):
    for name, value in (("depth", depth), ("seed", seed)):
        check_count(name, value, least=int(name == "depth"))
    for name, value in (("margin", margin), ("memory", memory)):
        check_number(name, value, least=0)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress: expected a function of two numbers, got {progress!r}")


def _check_kinds(lowpass, mixing):
    if lowpass not in ("kept", "also"):
        raise ValueError(f"lowpass: unknown {lowpass!r}; known: 'kept', 'also'")
    if mixing is not None and not (isinstance(mixing, Mixing) and mixing.outputs is None):
        expected = "None, or a scattering.Mixing with as many outputs as inputs, which keeps energy"
        raise ValueError(f"mixing: expected {expected}, got {mixing!r}")


def _images_of_classes(fit, test, classes):
    """({"train", "test"}: number of images by class; share of each class of those that are measured)."""
    counts = [np.bincount(part.codes, minlength=len(classes)) for part in (fit, test)]
    named = [dict(zip(classes, map(int, each), strict=True)) for each in counts]
    return dict(zip(("train", "test"), named, strict=True)), counts[1] / len(test.index)


def _parts(images, labels, held_out, units, seed):
    """((fit, test, classes, lines), shape of an image)."""
    source, other = material(images, labels, units), None
    if isinstance(held_out, tuple | list) or hasattr(held_out, "labels"):
        if units is not None:
            raise ValueError("groups: expected a number of groups with other images to measure, got labels")
        pair = held_out if isinstance(held_out, tuple | list) else (held_out, None)
        if len(pair) != 2:
            raise ValueError(f"held_out: expected (images, labels), got {len(pair)} values")
        other = material(*pair, name="held_out")
        if other.shape != source.shape:
            raise ValueError(f"held_out: expected images of shape {source.shape}, got {other.shape}")
    else:
        check_share("held_out", held_out)
    return shares(source, held_out, seed, other), source.shape


def _expands(operation, fit, layer, seed):
    if operation.expands is not None:
        return operation.expands
    places = np.unique(np.linspace(0, len(fit.index) - 1, 4).round().astype(int))
    x = as_images(in_single(next(iter(fit.read([places])))[0]))
    z = wavelet_transform(x, layer.bank)[:, :, 1:, :, :]
    return seen_to_expand(operation.rho, z, seed)


def _estimates(here, images, expands):
    """The measures of one operation and depth: B / E_0 a sample, unless the operation expands."""
    found = {name: one for name, one in here.estimates.items() if name != "between_class_variance"}
    if expands and here is not images:
        return found
    between, scale = here.estimates["between_class_variance"], np.prod(images.shape[1:]) / np.prod(here.shape[1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = scale * np.divide(between.value, images.energy.value)
        each = scale * np.divide(between.sources[0][0], images.energy.sources[0][0])
    return {SEPARATION: Estimate(float(ratio), ((each, between.sources[0][1]),))} | found


class _Counted:
    """Images done so far, told to `progress`."""

    def __init__(self, progress, total):
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, images):
        self._done += images
        if self._progress is not None:
            self._progress(self._done, self._total)
