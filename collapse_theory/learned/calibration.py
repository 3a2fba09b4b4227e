"""Thresholds that suit the amplitudes they meet."""

from contextlib import contextmanager

import torch

from ..arguments import check_number
from ..machine import reproducible
from . import distributed
from .evaluation import check_network, unchanged
from .layers import Nonlinearity
from .precision import in_precision

__all__ = ["calibrate"]


def calibrate(network: torch.nn.Module, images: torch.Tensor, *, quantile: float = 0.5) -> torch.nn.Module:
    """Start every threshold of a network at a quantile of the amplitudes that its channel meets on these images.

        t_c = the `quantile` of |z_c(u)| over images and pixels u

    The published start, 0.1, leaves deep blocks dead: their amplitudes are ten times smaller. Blocks are calibrated one
    after another: each sees the outputs of the one before it with its new thresholds. Normalisations use the statistics
    of the batch; their running statistics are not changed. A network without thresholds is not changed at all. Inside
    of `distributed.together` the images are those of all processes, and so are the statistics.
    network : with `Nonlinearity` layers; its thresholds are changed
    images : (B, C, H, W) for it, a tensor on its device
    quantile : from 0 to 1, the share of outputs that is dead at the start; `dead_outputs` measures it with
        statistics="batch"

    Returns the network.
    Raises TypeError if `network` is no torch module or `images` no tensor; ValueError if `quantile` is out of range, an
    amplitude is not finite, or there are no images. Whatever is raised, no threshold has changed.
    """
    if not 0 <= check_number("quantile", quantile) <= 1:
        raise ValueError(f"quantile: expected a number from 0 to 1, got {quantile!r}")
    before = {}

    def start(name, layer, arguments):
        if hasattr(layer, "threshold"):
            amplitudes = distributed.joined(arguments[0].abs().transpose(0, 1).flatten(1))
            if not (amplitudes.numel() and torch.isfinite(amplitudes).all()):
                raise ValueError(f"images: expected some, with finite amplitudes at layer {name or 'network'!r}")
            before.setdefault(layer.threshold, layer.threshold.detach().clone())
            layer.threshold.copy_(torch.stack([_quantile(a, quantile) for a in amplitudes]))

    try:
        with _watched(network, images, start):
            network(images)
    except BaseException:
        with torch.no_grad():
            for threshold, values in before.items():
                threshold.copy_(values)
        raise
    return network


def _quantile(values, quantile):
    """The linearly interpolated quantile of (N,) numbers, as `torch.quantile`, which refuses more than 2^24."""
    place = quantile * (len(values) - 1)
    rank = int(place) + 1
    below, above = (torch.kthvalue(values, k).values for k in (rank, min(rank + 1, len(values))))
    return torch.lerp(below, above, place - int(place))


@contextmanager
def _watched(network, images, see):
    """The network on batch statistics, without gradients; then it is as it was.

    see : called before each `Nonlinearity` with the name of the layer, the layer and its arguments
    """
    check_network(network)
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"images: expected a tensor (B, C, H, W), got a {type(images).__name__}")
    hooks = [
        layer.register_forward_pre_hook(lambda layer, arguments, name=name: see(name, layer, arguments))
        for name, layer in network.named_modules()
        if isinstance(layer, Nonlinearity)
    ]
    try:
        with unchanged(network), torch.no_grad(), reproducible(), in_precision("float32", images.device):
            yield network.train()
    finally:
        for hook in hooks:
            hook.remove()
