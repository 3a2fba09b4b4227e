"""What is measured of labelled images after each stage of a cascade."""

import math

import numpy as np

from collapse_theory.arrays import array_namespace, shape, to_host
from collapse_theory.separation import ClassMoments

from .probes import held_out_accuracy

GROUPS = 20
MOST_FEATURES = 6000
STATISTICS = ("mean_energy", "within_class_variance", "between_class_variance", "fisher_trace")
_ROUNDING = 1e-5  # averages below this share of the root mean square are rounding, not signal, in single precision


def rows_after(stages, sample, *, lift, batch, memory):
    """What is measured after each stage of a cascade.

    stages : functions of images (N, C, H, W), each of what the one before it returns
    sample : sources.Sample
    lift : puts a batch of the sample in its array library
    batch : images at a time
    memory : most bytes of the class means at one depth

    Returns one dict of plain values a stage.
    """
    train = _observe(sample.train, stages, lift, batch, lambda: None)
    test = _observe(sample.test, stages, lift, batch, lambda: ClassMoments(groups=GROUPS, memory=memory))
    return [_row(*pair) for pair in zip(train, test, strict=True)]


class Observation:
    """What is kept of the images at one depth: averages, all features if they are few, and moments if asked."""

    def __init__(self, moments):
        self.averages, self.features, self.labels, self.zeros, self.moments = [], [], [], [], moments

    def add(self, x, labels):
        """One batch (N, C, H, W) at this depth."""
        xp = array_namespace(x)
        averages, size = to_host(xp.mean(x, axis=(-2, -1))), float(xp.sqrt(xp.mean(xp.abs(x) ** 2)))
        self.averages.append(np.where(np.abs(averages) > _ROUNDING * size, averages, 0.0))
        self.labels.append(labels)
        self.zeros.append(float(xp.mean(xp.astype(x == 0, xp.float64))))
        self.shape = shape(x)[1:]
        if math.prod(self.shape) <= MOST_FEATURES:
            self.features.append(to_host(xp.reshape(x, (x.shape[0], -1))))
        if self.moments is not None:
            self.moments.update(x, labels)

    def all_features(self):
        """(features, labels), or None if they are too many for a classifier."""
        return (np.concatenate(self.features), np.concatenate(self.labels)) if self.features else None

    def all_averages(self):
        """(averages, labels)."""
        return np.concatenate(self.averages), np.concatenate(self.labels)


def _observe(labelled, stages, lift, batch, moments):
    """Push the images through the stages in batches.  Returns one `Observation` a stage."""
    images, labels = labelled
    depths = [Observation(moments()) for _ in stages]
    for start in range(0, len(images), batch):
        part = slice(start, start + batch)
        x = lift(images[part])
        for stage, depth in zip(stages, depths, strict=True):
            x = stage(x)
            depth.add(x, labels[part])
    return depths


def _row(train, test):
    """The measured values of one depth, as plain numbers."""
    unbiased = test.moments.unbiased()
    channels, height, width = test.shape
    probe = None if train.all_features() is None else held_out_accuracy(train.all_features(), test.all_features())
    return {
        "channels": channels,
        "pixels": [height, width],
        "zeros": float(np.mean(test.zeros)),
        "energy": test.moments.mean_energy + test.moments.within_class_variance,
        **{name: with_interval(unbiased, name) for name in STATISTICS},
        "fisher_full": fisher_of_averages(*test.all_averages()),
        "accuracy_of_averages": held_out_accuracy(train.all_averages(), test.all_averages()),
        "accuracy_of_features": probe,
    }


def fisher_of_averages(averages, labels):
    """F_full of spatially averaged channels (N, C), unbiased, with its interval.

    None where nothing but 0 is left of them, or with fewer than two images a channel: the inverse of a covariance
    estimated from so few would be mostly bias.
    """
    if not np.any(averages) or len(averages) < 2 * averages.shape[1]:
        return None
    moments = ClassMoments(covariance=True, groups=GROUPS).update(averages, labels)
    return with_interval(moments.unbiased(), "fisher_full")


def with_interval(moments, name):
    """[value, low, high] of one statistic; no interval where a class has fewer images than there are groups."""
    value = getattr(moments, name)
    value = value() if callable(value) else value
    few = min(moments.counts) < GROUPS
    return [float(value), None, None] if few else [float(value), *(float(end) for end in moments.interval(name))]
