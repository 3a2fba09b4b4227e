"""How far apart the classes are and how wide each one is.

`statistics` has the numbers as differentiable functions of arrays; `ClassMoments` gives the same from a stream of
batches, without finite-sample bias, with weights and with intervals.
"""

from .jackknife import jackknife_error, jackknife_interval
from .moments import ClassMoments
from .statistics import (
    between_class_variance,
    class_means,
    fisher_full,
    fisher_trace,
    mean_energy,
    within_class_covariance,
    within_class_variance,
)

__all__ = [
    "ClassMoments",
    "between_class_variance",
    "class_means",
    "fisher_full",
    "fisher_trace",
    "jackknife_error",
    "jackknife_interval",
    "mean_energy",
    "within_class_covariance",
    "within_class_variance",
]
