"""Thresholds that suit the amplitudes they meet, and how much of the answers of a network is dead."""

from contextlib import contextmanager

import torch

from ..arguments import check_number
from ..machine import reproducible
from .evaluation import check_network, unchanged
from .layers import Nonlinearity
from .precision import in_precision

__all__ = ["calibrate", "dead_fractions"]


def calibrate(network, images, *, quantile=0.5):
    """Start every threshold of a network at a quantile of the amplitudes that its channel meets on these images.

        t_c = the `quantile` of |z_c(u)| over images and pixels u

    The published start, 0.1, leaves deep blocks dead: their amplitudes are ten times smaller. Block after block, each
    sees what the one before it answers with its new thresholds. Statistics are those of the batch; the running ones
    stay as they are, and so do networks without thresholds.
    network : with `Nonlinearity` layers; it is changed
    images : (B, C, H, W) for it, a tensor
    quantile : from 0 to 1: the share of answers that is dead at the start

    Returns the network.
    Raises ValueError if `quantile` is out of range, or an amplitude is not finite, or there is none; whatever is
    raised, no threshold has changed.
    """
    if not 0 <= check_number("quantile", quantile) <= 1:
        raise ValueError(f"quantile: expected a number from 0 to 1, got {quantile!r}")
    before = {}

    def start(name, layer, arguments):
        if hasattr(layer, "threshold"):
            amplitudes = arguments[0].abs().transpose(0, 1).flatten(1)
            if not (amplitudes.numel() and torch.isfinite(amplitudes).all()):
                raise ValueError(f"images: expected some, with finite amplitudes at layer {name or 'network'!r}")
            before.setdefault(layer.threshold, layer.threshold.detach().clone())
            layer.threshold.copy_(torch.stack([_quantile(a, quantile) for a in amplitudes]))

    try:
        with _watched(network, images, before=start):
            network(images)
    except BaseException:
        with torch.no_grad():
            for threshold, values in before.items():
                threshold.copy_(values)
        raise
    return network


def dead_fractions(network, images):
    """Share of the answers of each non-linearity that is exactly zero, on a batch and with its statistics.

    network : with `Nonlinearity` layers
    images : (B, C, H, W) for it

    Returns {name of the layer: share}, in the order of the network.
    """
    found = {}

    def count(name, _, answer):
        found[name] = float((answer == 0).double().mean())

    with _watched(network, images, after=count):
        network(images)
    return found


def _quantile(values, quantile):
    """The linearly interpolated quantile of (N,) numbers, as `torch.quantile`, which refuses more than 2^24."""
    place = quantile * (len(values) - 1)
    rank = int(place) + 1
    below, above = (torch.kthvalue(values, k).values for k in (rank, min(rank + 1, len(values))))
    return torch.lerp(below, above, place - int(place))


@contextmanager
def _watched(network, images, *, before=None, after=None):
    """The network on batch statistics, without gradients, with something done at each `Nonlinearity`; then as it was.

    before : called with the name of the layer, the layer and its arguments
    after : called with the name of the layer, the layer and its answer
    """
    check_network(network)
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"images: expected a tensor (B, C, H, W), got a {type(images).__name__}")
    hooks = []
    for name, layer in network.named_modules():
        if isinstance(layer, Nonlinearity) and before:
            hooks.append(layer.register_forward_pre_hook(lambda m, x, name=name: before(name, m, x)))
        if isinstance(layer, Nonlinearity) and after:
            hooks.append(layer.register_forward_hook(lambda m, _, y, name=name: after(name, m, y)))
    try:
        with unchanged(network), torch.no_grad(), reproducible(), in_precision("float32", images.device):
            yield network.train()
    finally:
        for hook in hooks:
            hook.remove()
