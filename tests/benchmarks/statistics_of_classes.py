"""Ways to the class means and the within-class variance, and to the within-class covariance, of many features."""

import numpy as np

from collapse_theory.arrays import to_library
from collapse_theory.separation import ClassMoments, within_class_covariance

__all__ = ["bare_sum", "covariance", "discriminant_analysis", "moments", "one_product", "two_passes"]

SAMPLES, FEATURES, CLASSES = 50_000, 4096, 10


def labelled():
    """Unit noise on a mean of 3 and class offsets of 0.1, in single precision."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, SAMPLES)
    features = rng.standard_normal((SAMPLES, FEATURES), dtype=np.float32)
    means = (3 + 0.1 * rng.normal(size=(CLASSES, FEATURES))).astype(np.float32)
    for label in range(CLASSES):
        features[labels == label] += means[label]
    return features, labels


def moments(on):
    features, labels = labelled()
    features = to_library(features, on)

    def run():
        found = ClassMoments().update(features, labels)
        return np.append(found.class_means.ravel(), found.within_class_variance / FEATURES)

    return run


def two_passes(on):
    features, labels = labelled()

    def run():
        means, within = [], 0.0
        for label in range(CLASSES):
            here = features[labels == label]
            means.append(here.mean(axis=0))
            within += float(((here - means[-1]) ** 2).sum(dtype=np.float64))
        return np.append(np.ravel(means), within / SAMPLES / FEATURES)

    return run


def bare_sum(on):
    features = to_library(labelled()[0], on)
    return lambda: features.sum()[None]


def covariance(on):
    features, labels = labelled()
    features, labels = to_library(features, on), to_library(labels, on)
    return lambda: within_class_covariance(features, labels, classes=CLASSES, chunk=4096)


def discriminant_analysis(on):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    features, labels = labelled()
    return lambda: LinearDiscriminantAnalysis("lsqr", store_covariance=True).fit(features, labels).covariance_


def one_product(on):
    features = to_library(labelled()[0], on)
    return lambda: features.T @ features
