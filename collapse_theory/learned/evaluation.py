"""How well a network does on labelled images, and the share of zeros after its non-linearities."""

from contextlib import contextmanager, nullcontext

import torch
from torch.nn import functional

__all__ = ["evaluate", "evaluating", "in_precision"]


def evaluate(network, labelled, *, batch=128, precision="float32"):
    """Loss and accuracy of a network in evaluation, on all of `labelled`.

    Returns {"loss", "accuracy"}: mean cross-entropy, and the share of images whose largest output is their label.
    """
    loss = right = 0.0
    with evaluating(network, precision, labelled.device):
        for x, labels in labelled.batches(batch):
            logits = network(x).float()
            loss += functional.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(1) == labels).sum().item()
    return {"loss": loss / len(labelled), "accuracy": right / len(labelled)}


@contextmanager
def evaluating(network, precision, device):
    """The network in evaluation, without gradients, in this precision; then as it was."""
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad(), in_precision(precision, device):
            yield
    finally:
        network.train(was_training)


def in_precision(precision, device):
    """The context for a forward pass: torch's autocast to bfloat16, or nothing."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()
