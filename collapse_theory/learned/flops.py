"""How many operations a training step takes."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from .evaluation import check_labelled, check_network, unchanged
from .labelled import LabelledImages

__all__ = ["flops_per_image"]


def flops_per_image(network: nn.Module, labelled: LabelledImages, *, batch: int = 128) -> float:
    """Operations of a training step per image, forwards and backwards; the network is left as it was.

    Those of products of matrices and of convolutions, as torch counts them: a multiplication and an addition are two.
    What acts on each number apart is left out.
    network : torch module of images (N, C, H, W), on the device of the data
    labelled : LabelledImages, of which the first batch is taken
    batch : images

    Raises TypeError for what is no torch module or no labelled images; ValueError for no images.
    """
    check_network(network)
    check_labelled("labelled", labelled)
    x, labels = next(iter(labelled.batches(batch)))
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
    with unchanged(network), FlopCounterMode(display=False) as counter:
        torch.autograd.grad(cross_entropy(network.train()(x), labels), learnt, allow_unused=True)
    return counter.get_total_flops() / len(x)
