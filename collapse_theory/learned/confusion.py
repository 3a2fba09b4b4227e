"""Which classes a network takes for which."""

import numpy as np
from torch import nn

from .evaluation import as_logits, check_labelled, check_network, evaluating, output_of
from .labelled import LabelledImages

__all__ = ["accuracy_by_class", "confusion_matrix"]


def confusion_matrix(
    network: nn.Module, labelled: LabelledImages, *, batch: int = 128, precision: str = "float32"
) -> np.ndarray:
    """How many images of each class a network takes for each; the network is left as it was.

    network, labelled, batch, precision : as in `evaluate`

    Returns (K, K) int64: entry (y, k) counts the images of class y whose largest output is k, of the first K outputs,
    K classes. The sum of its diagonal over that of all is the accuracy, if the network has no more outputs.
    Raises as `evaluate`.
    """
    check_network(network)
    check_labelled("labelled", labelled)
    classes = labelled.classes
    counts = np.zeros((classes, classes), np.int64)
    with evaluating(network, precision, labelled.device):
        for x, labels in labelled.batches(batch):
            logits = as_logits(output_of(network, x), network, images=len(x), classes=classes)
            pairs = labels * classes + logits[:, :classes].argmax(1)
            counts += np.bincount(pairs.cpu().numpy(), minlength=classes**2).reshape(counts.shape)
    return counts


def accuracy_by_class(confusion: np.ndarray) -> np.ndarray:
    """The share of each class that is taken for itself; NaN for a class without images.

    confusion : (K, K), as `confusion_matrix` counts

    Returns (K,) float64.
    Raises ValueError if it is no square of counts.
    """
    confusion = np.asarray(confusion)
    square = confusion.ndim == 2 and confusion.shape[0] == confusion.shape[1]
    if not square or confusion.dtype.kind not in "iu" or confusion.min(initial=0) < 0:
        raise ValueError(f"confusion: expected counts (K, K), got {confusion.dtype} of shape {confusion.shape}")
    images = confusion.sum(1)
    return np.where(images > 0, np.diagonal(confusion) / np.maximum(images, 1), np.nan)
