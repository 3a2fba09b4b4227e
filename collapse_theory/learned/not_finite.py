"""Where a NaN comes from: the first layer, forwards or backwards, that makes one from finite numbers."""

from typing import NamedTuple

import torch

__all__ = ["NotFinite", "blame"]


class NotFinite(ArithmeticError):
    """A loss or a gradient is NaN or infinite; the message names the layer that it comes from."""


def blame(network, loss_of):
    """Say in words in which layer a loss or its gradients stop being finite.

    network : torch module, as it was at the step that failed
    loss_of : function of nothing that runs the network and returns the loss

    A layer is to blame if what goes in is finite and what comes out is not: its output, or in the backward pass the
    gradient of its input or of a parameter. The innermost such layer is named, with its type.

    Returns one clause, to be put after what was not finite.
    """
    layers = {module: name for name, module in network.named_modules()}
    for name, parameter in network.named_parameters():
        if not torch.isfinite(parameter).all():
            return f"the parameter {name} is not finite"
    found, passed, hooks = [], [], []
    for module in layers:
        hooks.append(module.register_forward_hook(_forward_watch(found, passed)))
    try:
        loss = loss_of()
        if found:
            return f"the output of {_called(found[0], layers)} is not finite, its input is"
        if not all(_finite(tensor) for passage in passed for tensor in passage.inputs):
            return "what goes into the network is not finite"
        if not torch.isfinite(loss):
            return "the output of every layer is finite, the loss is not: see the labels and the size of the output"
        return _backward_blame(network, layers, loss, passed)
    finally:
        for hook in hooks:
            hook.remove()


class _Passage(NamedTuple):
    """One call of a module: the tensors that went in, and those that came out."""

    module: torch.nn.Module
    inputs: list[torch.Tensor]
    outputs: list[torch.Tensor]


def _forward_watch(found, passed):
    """A forward hook that notes each `_Passage` in `passed`, and in `found` the modules that are to blame."""

    def watch(module, inputs, output):
        passage = _Passage(module, _tensors(inputs), _tensors(output))
        if all(map(_finite, passage.inputs)) and not all(map(_finite, passage.outputs)):
            found.append(module)  # the innermost one returns first
        passed.append(passage)

    return watch


def _backward_blame(network, layers, loss, passed):
    """The first module, going backwards, whose output has a finite gradient, but its input or a parameter has not."""
    tensors = [t for passage in passed for t in (*passage.inputs, *passage.outputs)]
    wanted = list({id(t): t for t in tensors if t.requires_grad}.values())
    wanted += [parameter for parameter in network.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
    finite = {id(t): g is None or _finite(g) for t, g in zip(wanted, gradients, strict=True)}
    innermost_first = sorted(passed, key=lambda passage: len(list(passage.module.modules())))
    for module, inputs, outputs in innermost_first:
        own = [*inputs, *module.parameters()]
        if all(finite.get(id(t), True) for t in outputs) and not all(finite.get(id(t), True) for t in own):
            return f"the gradient through {_called(module, layers)} is not finite, the gradient of its output is"
    return "the gradients are not finite, or too large for their norm, outside of all layers"


def _called(module, layers):
    return f"layer {layers[module] or 'network'} ({type(module).__name__})"


def _tensors(values):
    """The floating tensors of an argument or a result, or of a nest of lists of them."""
    if isinstance(values, list | tuple):
        return [tensor for value in values for tensor in _tensors(value)]
    return [values] if isinstance(values, torch.Tensor) and (values.is_floating_point() or values.is_complex()) else []


def _finite(tensor):
    return bool(torch.isfinite(tensor).all())
