"""Doubts about blame: is the layer that is named the one that makes numbers that are not finite?"""

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from collapse_theory.learned.not_finite import blame


class Poison(nn.Module):
    """Passes lists of tensors, and spoils the last: its values, its gradient, or nothing."""

    def __init__(self, what=None):
        super().__init__()
        self.what = what

    def forward(self, parts):
        last = parts[-1]
        last = {"value": last / 0, "gradient": torch.sqrt(0 * last) + last}.get(self.what, last)
        return [*parts[:-1], last]


class Split(nn.Module):
    """One tensor to two."""

    def forward(self, x):
        return [2 * x, 3 * x]


class Join(nn.Module):
    """Two tensors to one."""

    def forward(self, parts):
        return sum(parts)


def network(*poisons):
    """Two blocks, each of a linear map, lists of tensors, and a layer that may be poisoned."""
    torch.manual_seed(0)
    blocks = [nn.Sequential(nn.Linear(4, 4), Split(), Poison(what), Join()) for what in poisons]
    return nn.Sequential(*blocks)


@pytest.mark.parametrize("what", ["value", "gradient"])
@pytest.mark.parametrize("block", [0, 1])
def test_the_innermost_layer_is_named(what, block):
    net = network(*(what if here == block else None for here in (0, 1)))
    x = torch.ones(2, 4)
    words = {
        "value": rf"the output of layer {block}.2 (Poison) is not finite, its input is",
        "gradient": rf"the gradient through layer {block}.2 (Poison) is not finite, the gradient of its output is",
    }
    assert blame(net, lambda: net(x).sum()) == words[what]
    assert not any(module._forward_hooks for module in net.modules())


def test_of_two_layers_the_first_to_fail_is_named():
    net, x = network("gradient", "gradient"), torch.ones(2, 4)
    assert "layer 1.2 (Poison)" in blame(net, lambda: net(x).sum())
    net = network("value", "value")
    assert "layer 0.2 (Poison)" in blame(net, lambda: net(x).sum())


def test_a_parameter_that_is_not_finite_is_named_before_any_layer():
    net = network(None, None)
    with torch.no_grad():
        net[1][0].bias[2] = torch.inf
    assert blame(net, lambda: net(torch.ones(2, 4)).sum()) == "the parameter 1.0.bias is not finite"


def test_of_images_that_are_not_finite_no_layer_is_to_blame():
    net = network(None, None)
    assert blame(net, lambda: net(torch.full((2, 4), torch.nan)).sum()) == "what goes into the network is not finite"


def test_a_loss_that_is_not_finite_by_itself_is_told_from_the_layers():
    net = network(None, None)
    assert "output of every layer is finite" in blame(net, lambda: net(torch.ones(2, 4)).sum() / 0)
    assert "outside of all layers" in blame(net, lambda: torch.sqrt(0 * net(torch.ones(2, 4))).sum())
