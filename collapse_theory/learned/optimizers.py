"""The optimisers of a training, made by a Recipe or by the user: their learning rates, and their state to be saved."""

import inspect

import torch

from .evaluation import in_words
from .identity import described
from .muon import Muon, matrices_of

__all__ = ["Optimizers"]

_MOMENTUM, _OF = "momentum_buffer", " of "


class Optimizers:
    """What moves the parameters of a network.

    network : torch module
    recipe : Recipe
    own : function of the parameters that makes an optimiser of torch, in the place of that of the recipe; None for none

    Raises TypeError if `own` makes something else, or an optimiser that wants a closure; ValueError as `matrices_of`.
    """

    def __init__(self, network, recipe, own=None):
        self._network, self._rate = network, recipe.rate
        self._all = _published(network, recipe) if own is None else [_checked(own, network)]
        self._peaks = [group["lr"] for group in self._groups()]

    def set_rate(self, rate):
        """Let the learning rate that is `recipe.rate` at its peak be this one, and all others follow in proportion."""
        for group, peak in zip(self._groups(), self._peaks, strict=True):
            group["lr"] = rate if peak == self._rate else peak * (rate / self._rate if self._rate else 0.0)

    def step(self):
        """Move the parameters against their gradients."""
        for optimizer in self._all:
            optimizer.step()

    def forget_gradients(self):
        """Let no parameter have a gradient."""
        self._network.zero_grad(set_to_none=True)

    def told(self):
        """What they are, as plain values: their classes and settings, without the parameters."""
        settings = [{k: described(v) for k, v in group.items() if k != "params"} for group in self._groups()]
        return [[described(type(optimizer)) for optimizer in self._all], settings]

    def state(self):
        """What they keep from step to step.

        Returns the momentum, {name of a parameter: tensor}; all other tensors and all plain values, both by
        "key of parameter".  Raises TypeError, naming it, for what no checkpoint can hold.
        """
        momentum, tensors, values = {}, {}, {}
        for name, parameter in self._network.named_parameters():
            for optimizer in self._all:
                for key, value in optimizer.state.get(parameter, {}).items():
                    if isinstance(value, torch.Tensor):
                        group, place = (momentum, name) if key == _MOMENTUM else (tensors, f"{key}{_OF}{name}")
                        group[place] = value
                    elif isinstance(value, bool | int | float | str):
                        values[f"{key}{_OF}{name}"] = value
                    elif value is not None:
                        raise TypeError(f"optimizer: expected tensors and numbers as its state, got {in_words(value)}")
        return momentum, tensors, values

    def restore(self, momentum, tensors, values):
        """Put back what `state` has told; of other parameters than these, nothing is kept."""
        parameters, kept = dict(self._network.named_parameters()), {}
        found = [(_MOMENTUM, name, value) for name, value in momentum.items()]
        found += [(*place.split(_OF, 1), value) for place, value in (tensors | values).items()]
        for key, name, value in found:
            kept.setdefault(name, {})[key] = _strided_as(parameters[name], value)
        names = {parameter: name for name, parameter in parameters.items()}
        for optimizer in self._all:
            told = optimizer.state_dict()
            own = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            told["state"] = {n: kept[names[p]] for n, p in enumerate(own) if names.get(p) in kept}
            optimizer.load_state_dict(told)

    def _groups(self):
        return [group for optimizer in self._all for group in optimizer.param_groups]


def _strided_as(parameter, value):
    """A value; a tensor like a parameter also in its strides, on which the last bits of products depend."""
    if not isinstance(value, torch.Tensor) or value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, device="cpu").copy_(value)


def _published(network, recipe):
    """Gradient descent, of one group of parameters: weight decay is on all of them; and Muon for its matrices."""
    settings = {"momentum": recipe.momentum, "nesterov": recipe.nesterov, "weight_decay": recipe.weight_decay}
    if recipe.optimizer == "descent":
        return [torch.optim.SGD(network.parameters(), lr=recipe.rate, **settings)]
    matrices = matrices_of(network)
    apart = set(map(id, matrices))
    rest = [parameter for parameter in network.parameters() if id(parameter) not in apart]
    descent = [torch.optim.SGD(rest, lr=recipe.rate, **settings)] if rest else []
    return [*descent, Muon(matrices, lr=recipe.matrix_rate, **settings)]


def _checked(own, network):
    made = own(network.parameters()) if callable(own) else own
    if not (callable(own) and isinstance(made, torch.optim.Optimizer)):
        raise TypeError(
            "optimizer: expected a function of the parameters that makes an optimiser of torch, "
            f"got {in_words(own) if not callable(own) else f'one that makes {in_words(made)}'}"
        )
    wanted = inspect.signature(made.step).parameters.get("closure")
    if wanted is not None and wanted.default is inspect.Parameter.empty:
        raise TypeError(f"optimizer: expected one that steps without a closure, got {in_words(made)}")
    return made
