"""What a forward pass computes, call by call: modules by hooks, activations that are functions by a function mode.

A call is named by the path of its module; of a function, by the module that calls it, as `block.relu()`. The second
call of a name in one forward pass is `name#2`, and so on. An output that is a tuple, a dict or a dataclass is taken
apart: `lstm[0]`, `head['logits']`, `head.logits`.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..layers import Nonlinearity

__all__ = ["Call", "layers_of", "plain_name", "tensors_in", "unwrapped", "watching"]

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
_ACTIVATIONS = "torch.nn.modules.activation"
_NOT_POINTWISE = (nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.Softmax2d, nn.GLU, nn.MultiheadAttention)
_CLAMPS = ("clamp", "clamp_", "clamp_min", "clamp_min_", "clip", "clip_")
_FUNCTIONS = {
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish", "hardtanh", "prelu"),
    *("softplus", "softsign", "sigmoid", "tanh", "hardsigmoid", "logsigmoid", "tanhshrink", "softshrink", "hardshrink"),
    *("threshold", "abs", "absolute", "relu_", "leaky_relu_", "elu_", "sigmoid_", "tanh_", "abs_", "threshold_"),
    *("hardtanh_", "selu_", "celu_", *_CLAMPS),
}


@dataclass(frozen=True)
class Call:
    """One tensor that a module or an activation gives out.

    name : unique within a forward pass
    kind : the class of the module, or the name of the function
    module : that gives it out; None for a function
    output : tensor
    inputs : the positional arguments of a module, as they were; the first argument of an activation, before it works
        in place
    function : of an activation that looks at one number at a time, what it is; else None
    last : whether no part of the same output follows
    """

    name: str
    kind: str
    module: nn.Module | None
    output: torch.Tensor
    inputs: tuple
    function: Callable | None
    last: bool = True


def unwrapped(network):
    """The module inside of what `torch.compile`, DataParallel or DistributedDataParallel have made of it."""
    while True:
        if isinstance(network, nn.DataParallel | nn.parallel.DistributedDataParallel):
            network = network.module
        elif isinstance(inner := vars(network).get("_modules", {}).get("_orig_mod"), nn.Module):
            network = inner
        else:
            return network


def layers_of(network, run):
    """({name: module} that have a row of their own by default, {name: module} that should and are not called).

    network : torch module
    run : function that makes a forward pass

    A layer is a module that is called and calls no other: those that contain none, attention, which uses the weights of
    its parts by itself, what torch.jit has compiled. A module under several names has its first.
    """
    modules, called = {plain_name(name): module for name, module in network.named_modules()}, set()
    modules = {name: m for name, m in modules.items() if "parametrizations" not in name.split(".")}  # of weights
    with watching(network, lambda call: called.add(call.module), modules) as begin:
        begin()
        run()
    layers = {name: module for name, module in modules.items() if module in called and not called & _inside(module)}
    hidden = set().union(*map(_inside, layers.values()))
    silent = {
        name: module
        for name, module in modules.items()
        if not (module in called or module in hidden or _inside(module) or isinstance(module, _CONTAINERS))
    }
    return layers, silent


def _inside(module):
    return set(module.modules()) - {module}


def plain_name(name):
    """A path without what torch.compile adds to it."""
    return ".".join(part for part in name.split(".") if part != "_orig_mod")


def tensors_in(output, name=""):
    """(name, tensor) of each tensor in tuples, lists, dicts and dataclasses, one in the other."""
    if isinstance(output, torch.Tensor):
        yield name, output
    elif isinstance(output, dict):
        for key, value in output.items():
            yield from tensors_in(value, f"{name}[{key!r}]")
    elif isinstance(output, list | tuple):
        names = getattr(output, "_fields", None)
        for number, value in enumerate(output):
            yield from tensors_in(value, f"{name}.{names[number]}" if names else f"{name}[{number}]")
    elif is_dataclass(output):
        for field in fields(output):
            yield from tensors_in(getattr(output, field.name), f"{name}.{field.name}")


@contextmanager
def watching(network, see: Callable[[Call], Any], layers):
    """Meanwhile `see` is called with each call; a tensor that it returns replaces the output.

    layers : {name: module} to see. Activations that are functions are seen in any case

    Yields a function that is called before each forward pass. Compiled code runs as it was written. Hooks are gone at
    the end, whatever happens.
    """
    watch = _Watch(network, see, layers)
    with ExitStack() as stack:
        stack.enter_context(torch.compiler.set_stance("force_eager"))
        for module in network.modules():
            if isinstance(module, torch.jit.ScriptModule):  # which takes no hooks
                continue
            before = module.register_forward_pre_hook(watch.enter, with_kwargs=True, prepend=True)
            stack.callback(before.remove)
            after = module.register_forward_hook(watch.leave, with_kwargs=True, always_call=True)
            stack.callback(after.remove)
        stack.enter_context(watch.mode)
        yield watch.begin


class _Watch:
    """Which modules are running, what was called how often, and what is told."""

    def __init__(self, network, see, layers):
        self.names = {module: name for name, module in layers.items()}
        self._paths = {module: plain_name(name) for name, module in network.named_modules()}
        self._see, self._running, self._counts, self._busy = see, [], Counter(), False
        self.mode = _Functions(self)

    def begin(self):
        """A forward pass begins."""
        self._running.clear()
        self._counts.clear()

    def enter(self, module, args, kwargs):
        """Before a module."""
        given = (*args, *kwargs.values())
        if module in self.names and getattr(module, "inplace", False):
            given = tuple(value.clone() if isinstance(value, torch.Tensor) else value for value in given)
        self._running.append((module, given if module in self.names else ()))

    def leave(self, module, args, kwargs, output):
        """After a module."""
        inputs = ()
        while self._running:  # of those that raised, and are caught by the network, torch calls no hook
            last, inputs = self._running.pop()
            if last is module:
                break
        if module not in self.names or output is None:
            return None
        about = {"module": module, "function": _pointwise(module)}
        replaced = self.tell(self.names[module], type(module).__name__, output, inputs, **about)
        in_place = replaced is not None and getattr(module, "inplace", False)
        return output.copy_(replaced) if in_place else replaced

    def tell(self, name, kind, output, inputs, *, module=None, function=None):
        """Of each tensor of an output."""
        self._counts[name] += 1
        name = name if self._counts[name] == 1 else f"{name}#{self._counts[name]}"
        parts, self._busy = list(tensors_in(output, name)), True
        try:
            for number, (part, tensor) in enumerate(parts):
                call = Call(part, kind, module, tensor, inputs, function, number == len(parts) - 1)
                replaced = self._see(call)
                if replaced is not None and tensor is output:
                    return replaced
        finally:
            self._busy = False
        return None

    def sees(self, name, args):
        """Whether a function is an activation that no module stands for."""
        if self._busy or name not in _FUNCTIONS or not (args and isinstance(args[0], torch.Tensor)):
            return False
        return not (self._running and _is_activation(self._running[-1][0]))

    @property
    def owner(self):
        """The path of the module that is running, with a dot."""
        path = self._paths.get(self._running[-1][0], "") if self._running else ""
        return f"{path}." if path else ""


class _Functions(TorchFunctionMode):
    """Tells a watch of activations that are called as functions."""

    def __init__(self, watch):
        super().__init__()
        self._watch = watch

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        if not (self._watch.sees(name, args) and (name not in _CLAMPS or _rectifies(args, kwargs))):
            return func(*args, **kwargs)
        in_place = name.endswith("_") or kwargs.get("inplace", False)
        given = args[0].clone() if in_place else args[0]
        output = func(*args, **kwargs)
        if not isinstance(output, torch.Tensor) or not output.dtype.is_floating_point:
            return output

        def function(a):
            return func(a.clone() if in_place else a, *args[1:], **kwargs)

        shown = f"{self._watch.owner}{name.rstrip('_')}()"
        replaced = self._watch.tell(shown, name.rstrip("_"), output, (given,), function=function)
        if replaced is None:
            return output
        return output.copy_(replaced) if in_place else replaced


def _rectifies(args, kwargs):
    """Whether a clamp is max(x, 0)."""
    least, most = (*args[1:], None, None)[:2]
    least, most = kwargs.get("min", least), kwargs.get("max", most)
    return isinstance(least, int | float) and least == 0 and most is None


def _is_activation(module):
    known = any(kind.__module__ == _ACTIVATIONS for kind in type(module).__mro__)
    return isinstance(module, Nonlinearity) or (known and not isinstance(module, nn.MultiheadAttention))


def _pointwise(module):
    """The function of an activation that looks at one number at a time, which leaves its argument as it is."""
    if not _is_activation(module) or isinstance(module, _NOT_POINTWISE):
        return None
    return lambda a: module.forward(a.clone() if getattr(module, "inplace", False) else a)
