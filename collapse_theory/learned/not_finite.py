"""Where a NaN comes from: the first layer, forwards or backwards, that makes one of finite numbers."""

import torch

__all__ = ["NotFinite", "blame"]


class NotFinite(ArithmeticError):
    """A loss or a gradient is NaN or infinite; the message names the layer that it comes from."""


def blame(network, loss_of):
    """Say in which layer a loss or its gradients stop being finite, in words.

    network : torch module, as it was at the step that failed
    loss_of : function of nothing that runs the network and returns the loss

    A layer is to blame if what goes in is finite and what comes out is not: its output, or in the backward pass the
    gradient of its input. The innermost layer is named, with its type.
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
        if not all(_finite(tensor) for _, before, _ in passed for tensor in before):
            return "what goes into the network is not finite"
        if not torch.isfinite(loss):
            return "the output of every layer is finite, the loss is not: see the labels and the size of the output"
        return _backward_blame(network, layers, loss, passed)
    finally:
        for hook in hooks:
            hook.remove()


def _forward_watch(found, passed):
    def watch(module, inputs, output):
        before, after = _tensors(inputs), _tensors(output)
        if all(map(_finite, before)) and not all(map(_finite, after)):
            found.append(module)  # the innermost one returns first
        passed.append((module, before, after))

    return watch


def _backward_blame(network, layers, loss, passed):
    """The first module, going backwards, whose output has a finite gradient, but its input or a parameter has not."""
    wanted = list({id(t): t for _, before, after in passed for t in (*before, *after) if t.requires_grad}.values())
    wanted += [parameter for parameter in network.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
    finite = {id(t): g is None or _finite(g) for t, g in zip(wanted, gradients, strict=True)}
    for module, before, after in sorted(passed, key=lambda entry: len(list(entry[0].modules()))):
        own = [*before, *module.parameters()]
        if all(finite.get(id(t), True) for t in after) and not all(finite.get(id(t), True) for t in own):
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
