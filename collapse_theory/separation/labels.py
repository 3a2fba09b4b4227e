"""Labels of samples, of any kind that sorts, brought to the host."""

import numpy as np

from ..arrays import shape, to_host

__all__ = ["host_labels", "in_order"]


def host_labels(labels, count):
    """Labels as a (count,) NumPy array, from a list, a NumPy array or an array of any library.

    Raises ValueError for another shape, and for NaN, which is a class that no sample would belong to.
    """
    labels = np.asarray(labels) if isinstance(labels, list | tuple | np.ndarray) else to_host(labels)
    if labels.shape != (count,):
        raise ValueError(f"labels: expected shape ({count},), one a sample, got {shape(labels)}")
    if labels.dtype.kind in "fc" and np.isnan(labels).any():
        raise ValueError("labels: expected labels that are equal to themselves, got NaN")
    return labels


def in_order(labels):
    """A set of labels as a sorted list.  Raises TypeError if they do not sort together."""
    try:
        return sorted(labels)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise TypeError(f"labels: expected labels that sort together, got {kinds}") from None
