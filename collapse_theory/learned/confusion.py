"""Which classes a network takes for which."""

import numpy as np
from torch import nn

from .evaluation import as_logits, check_labelled, check_network, evaluating, output_of
from .labelled import Labelled

__all__ = ["accuracy_by_class", "confusion_matrix", "predictions"]


def predictions(
    network: nn.Module,
    labelled: Labelled,
    *,
    batch: int = 128,
    precision: str = "float32",
    mirrored: bool = False,
) -> np.ndarray:
    """The output that is the largest, for each image; the network is left as it was.

    network, labelled, batch, precision : as in `evaluate`
    mirrored : take the sum of the outputs for the image and for its mirror, left and right exchanged

    Returns (N,) int64.
    Raises as `evaluate`.
    """
    logits = _logits(network, labelled, batch=batch, precision=precision, mirrored=mirrored)
    return np.concatenate([some.argmax(1).cpu().numpy() for some, _ in logits])


def confusion_matrix(
    network: nn.Module, labelled: Labelled, *, batch: int = 128, precision: str = "float32"
) -> np.ndarray:
    """How many images of each class a network takes for each; the network is left as it was.

    network, labelled, batch, precision : as in `evaluate`

    Returns (K, M) int64, K classes and M outputs, of which a network may have more: entry (y, k) counts the images of
    class y whose output k is the largest. The sum of the diagonal over that of all is the accuracy that `evaluate` has.
    Raises as `evaluate`.
    """
    counts = 0
    for logits, labels in _logits(network, labelled, batch=batch, precision=precision):
        size = labelled.classes, logits.shape[1]
        pairs = labels * size[1] + logits.argmax(1)
        counts = counts + np.bincount(pairs.cpu().numpy(), minlength=size[0] * size[1]).reshape(size)
    return counts


def _logits(network, labelled, *, batch, precision, mirrored=False):
    """Yields (outputs, labels) of each batch, the outputs added to those for the mirrored images if asked for."""
    check_network(network)
    check_labelled("labelled", labelled)
    with evaluating(network, precision, labelled.device):
        for x, labels in labelled.batches(batch):
            sides = [x, x.flip(-1)] if mirrored else [x]
            size = {"images": len(x), "classes": labelled.classes}
            yield sum(as_logits(output_of(network, side), network, **size) for side in sides), labels


def accuracy_by_class(confusion: np.ndarray) -> np.ndarray:
    """The share of each class that is taken for itself; NaN for a class without images.

    confusion : (K, M), M at least K, as `confusion_matrix` counts

    Returns (K,) float64.
    Raises ValueError if it is no such table of counts.
    """
    confusion = np.asarray(confusion)
    wide = confusion.ndim == 2 and confusion.shape[0] <= confusion.shape[1]
    if not wide or confusion.dtype.kind not in "iu" or confusion.min(initial=0) < 0:
        raise ValueError(
            f"confusion: expected counts (K, M), M at least K, got {confusion.dtype} of shape {confusion.shape}"
        )
    images = confusion.sum(1)
    return np.where(images > 0, np.diagonal(confusion) / np.maximum(images, 1), np.nan)
