"""Thresholds that suit the amplitudes they meet, and how much of the answers of a network is dead."""

from contextlib import contextmanager

import torch

from .layers import Nonlinearity

__all__ = ["calibrate", "dead_fractions"]


def calibrate(network, images, *, quantile=0.5):
    """Start every threshold of a network at a quantile of the amplitudes that its channel meets on these images.

        t_c = the `quantile` of |z_c(u)| over images and pixels u

    The published start, 0.1, leaves deep blocks dead: their amplitudes are ten times smaller. Block after block, each
    sees what the one before it answers with its new thresholds. Statistics are those of the batch; the running ones
    stay as they are, and so do networks without thresholds.
    network : with `Nonlinearity` layers; it is changed
    images : (B, C, H, W) for it
    quantile : from 0 to 1: the share of answers that is dead at the start

    Returns the network.
    Raises ValueError if `quantile` is out of range.
    """
    if not 0 <= quantile <= 1:
        raise ValueError(f"quantile: expected a number from 0 to 1, got {quantile!r}")

    def start(_, layer, arguments):
        if hasattr(layer, "threshold"):
            amplitudes = arguments[0].abs().transpose(0, 1).flatten(1)
            # Channel by channel: torch refuses quantiles of more than 2^24 numbers at once.
            layer.threshold.copy_(torch.stack([torch.quantile(a, quantile) for a in amplitudes]))

    with _watched(network, before=start):
        network(images)
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

    with _watched(network, after=count):
        network(images)
    return found


@contextmanager
def _watched(network, *, before=None, after=None):
    """The network on batch statistics, without gradients, with something done at each `Nonlinearity`; then as it was.

    before : called with the name of the layer, the layer and its arguments
    after : called with the name of the layer, the layer and its answer
    """
    modes = {module: module.training for module in network.modules()}
    running = {buffer: buffer.clone() for buffer in network.buffers()}
    hooks = []
    for name, layer in network.named_modules():
        if isinstance(layer, Nonlinearity) and before:
            hooks.append(layer.register_forward_pre_hook(lambda m, x, name=name: before(name, m, x)))
        if isinstance(layer, Nonlinearity) and after:
            hooks.append(layer.register_forward_hook(lambda m, _, y, name=name: after(name, m, y)))
    try:
        with torch.no_grad():
            yield network.train()
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training
        for buffer, values in running.items():
            buffer.copy_(values)
