"""One pass of one operation over the images: what is kept of every depth."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from ..arrays import array_namespace, is_complex, place, shape, to_host
from ..scattering import apply_layer
from ..separation import ClassMoments
from .estimates import Estimate, without_bias, without_each_unit
from .probes import FOLDS, Probes

__all__ = ["Measured", "observe"]

ACCURACIES = ("accuracy_linear", "accuracy_nearest_mean")


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of one operation at one depth.

    shape : (C, H, W) of a representation
    zeros : share of its numbers that are 0
    energy : mean of |x|² summed over its numbers, an `Estimate`
    estimates : by measure; "between_class_variance" is summed over the numbers, and not yet over the energy
    right : by accuracy, (N,) booleans: whether each image that was measured is put in its class
    """

    shape: tuple
    zeros: float
    energy: Estimate
    estimates: dict
    right: dict


def observe(layers, fit, test, *, classes, design, progress, first):
    """`Measured` at each depth, from `first`, 0 or 1, on.

    fit, test : Part
    design : `Design` of the comparison: how many groups, whether they are strata, batch and memory
    progress : called with the number of images of each batch
    """
    stages = [partial(apply_layer, layer=layer, number=number) for number, layer in enumerate(layers)]
    depths = [_Depth(classes, len(test.index), design, depth) for depth in range(first, 1 + len(layers))]
    for x, where in fit.batches(design.batch):
        for depth, representation in zip(depths, _after(x, stages, first), strict=True):
            depth.fit(representation, fit.codes[where], fit.units[where] % FOLDS)
        progress(len(where))
    for x, where in test.batches(design.batch):
        for depth, representation in zip(depths, _after(x, stages, first), strict=True):
            depth.measure(representation, test.codes[where], test.units[where], where)
        progress(len(where))
    return [depth.measured(test) for depth in depths]


def _after(x, stages, first):
    if first == 0:
        yield x
    for stage in stages:
        x = stage(x)
        yield x


class _Depth:
    """What is kept at one depth."""

    def __init__(self, classes, count, design, depth):
        self._design, self._moments = design, ClassMoments(groups=design.groups, memory=2**62)
        self._probes = Probes(classes) if depth in design.probed else None
        self._right = dict.fromkeys(ACCURACIES)
        self._seen, self._zeros, self._fitted = np.zeros(count, bool), 0.0, False
        self._centre, self._count = (0.0 if depth == 0 else None), 0

    def fit(self, x, codes, folds):
        """A batch to fit the classifiers on, and of the images the mean intensity of each channel."""
        xp = array_namespace(x)
        if self._centre is not None:
            self._centre = self._centre + len(codes) * to_host(xp.mean(x, axis=(0, -2, -1)))
            self._count += len(codes)
        if self._probes is not None:
            self._probes.add(_averages(x), codes, folds, float(xp.mean(xp.abs(x))))

    def measure(self, x, codes, units, where):
        """A batch to measure."""
        xp = array_namespace(x)
        self._shape, self._seen[where] = shape(x)[1:], True
        self._zeros += len(codes) * float(xp.mean(xp.astype(x == 0, xp.float32)))
        self._moments.update(self._centred(x), codes, groups=units % self._design.groups)
        if self._probes is None:
            return
        if not self._fitted:
            self._probes.fit()
            self._fitted = True
        for name, right in self._probes.right(_averages(x), codes).items():
            if self._right[name] is None:
                self._right[name] = np.zeros((len(right), len(self._seen)), bool)
            self._right[name][:, where] = right

    def _centred(self, x):
        """Images less their mean intensity, which is in their energy and in no difference of classes."""
        if self._centre is None:
            return x
        return x - place(np.asarray(self._centre / self._count)[:, None, None], like=x)

    def measured(self, test):
        """The numbers, once all images have come."""
        moments, stratified = self._moments.unbiased(), self._design.stratified
        strata = self._moments.strata if stratified else None
        estimates = {}
        for name in ("between_class_variance", "fisher_trace", "mean_energy", "within_class_variance"):
            replicates = moments.replicates(name, stratified=stratified)
            value = getattr(moments, name)
            value = value if strata is None else without_bias(value, replicates, strata)
            estimates[name] = Estimate(value, ((replicates, strata),))
        mean, within = estimates.pop("mean_energy"), estimates.pop("within_class_variance")
        pair = (mean.sources[0][0] + within.sources[0][0], strata)
        energy, right = Estimate(mean.value + within.value, (pair,)), {}
        for name in ACCURACIES if self._probes is not None else ():
            answers = self._right[name][:, self._seen]
            right[name] = answers[0]
            estimates[name] = _accuracy(answers, test.codes[self._seen], test.units[self._seen], stratified)
        return Measured(self._shape, self._zeros / self._seen.sum(), energy, estimates, right)


def _accuracy(answers, codes, units, stratified):
    """Of answers (1 + folds, N): varied over the images that are measured, and over those that were fitted on."""
    cells, each = np.unique(np.stack([codes, units]), axis=1, return_inverse=True)
    over_images = (without_each_unit(answers[0], each.ravel()), cells[0] if stratified else None)
    return Estimate(float(answers[0].mean()), (over_images, (answers[1:].mean(axis=1), None)))


def _averages(x):
    """(N, C, H, W) -> (N, C), or (N, 2 C) real and imaginary parts, of the means over space, on the host in float64."""
    means = to_host(array_namespace(x).mean(x, axis=(-2, -1)))
    parts = (means.real, means.imag) if is_complex(x) else (means,)
    return np.concatenate(parts, axis=1, dtype=np.float64)
