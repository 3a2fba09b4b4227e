"""One block of a learned scattering network: as layers one after the other, or in few passes over memory."""

import torch
from torch import nn

from . import distributed
from .amplitudes import answers_of
from .columns import from_planes, in_planes, matrix_of, running_statistics, take_up
from .layers import Mixing, Nonlinearity, Normalization, RootMeanSquare, Standardization
from .passes import Passes, Settings, over_parts
from .wavelet_layer import WaveletLayer

__all__ = ["ScatteringBlock"]


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class ScatteringBlock(nn.Module):
    """One block of a learned scattering network.

        without skip   N P Std (φx, ρ(ψx))                with skip   N P Std (φx, ψx, ρ(φx), ρ(ψx))

    wavelets : WaveletLayer
    inputs : channels of the maps that come in
    outputs : channels of the maps that go out, complex unless all that is mixed and P are real
    nonlinearity : name of ρ
    equal_terms : divide each channel by its root mean square before ρ
    mixing : "complex" or "real", of P
    seed : of P
    """

    def __init__(self, wavelets, inputs, *, outputs, nonlinearity, skip, equal_terms, seed, mixing="complex"):
        super().__init__()
        self.wavelets, self.skip = wavelets, skip
        linear = [(inputs, wavelets.complex), (inputs * wavelets.angles, True)]
        acted_on = linear if skip else linear[1:]
        self.scaling = nn.ModuleList(RootMeanSquare(c, complex=z) for c, z in acted_on if equal_terms)
        self.nonlinearity = nn.ModuleList(Nonlinearity(nonlinearity, c) for c, _ in acted_on)
        answers = [(c, z and not rho.collapses) for (c, z), rho in zip(acted_on, self.nonlinearity, strict=True)]
        parts = [*linear, *answers] if skip else [linear[0], *answers]
        self.mixing = Mixing(parts, outputs, seed=seed, kind=mixing)
        self.normalization = Normalization()

    def forward(self, x):
        low, waves = self.wavelets(x)
        linear = (low, waves)
        acted_on = linear if self.skip else linear[1:]
        if self.scaling:
            acted_on = [scale(z) for scale, z in zip(self.scaling, acted_on, strict=True)]
        answers = [rho(z) for rho, z in zip(self.nonlinearity, acted_on, strict=True)]
        parts = [*linear, *answers] if self.skip else [low, *answers]
        return self.normalization(self.mixing(parts))

    def goes_by_parts(self):
        """Whether `parts` is what `forward` is: nobody looks in between, and all layers are in one mode."""
        return not _watched(self) and all(module.training == self.training for module in self.modules())

    def parts(self, x):
        """`forward` on maps in parts, without complex numbers: (G, P, M, M, b, C) to (G, Q, M', M', b, K).

        The G b images are in G groups, each of which is small enough for the cache of a processor.
        """
        orders, settings = self._orders(), self._settings(x.device.type)
        acted_on = orders[-len(self.nonlinearity) :]
        known = (None, None, None) if self.training else self._running(orders, acted_on)
        numbers = [
            in_planes(value, order)
            for rho, order in zip(self.nonlinearity, acted_on, strict=True)
            for value in rho.parameters()
        ]
        # On the processor, passes that are quicker than torch's own; a compiler makes its own of what it can read.
        fused = x.device.type == "cpu" and not torch.compiler.is_compiling()
        way = Passes.apply if fused else _in_steps
        y, mean, variance, *squares = way(x, matrix_of(self.mixing, orders), *known, self.wavelets, settings, *numbers)
        if self.training:
            count = distributed.total(y[:, 0, ..., 0].numel())
            take_up(self.mixing, orders, mean=mean.detach(), variance=variance.detach(), count=count)
            for scaling, square, order in zip(self.scaling, squares, acted_on, strict=False):
                scaling.follow(None, from_planes(square.detach().flatten(), order), count)
        return y

    def _running(self, orders, acted_on):
        squares = [in_planes(s.variance, order) for s, order in zip(self.scaling, acted_on, strict=False)]
        return *running_statistics(self.mixing, orders), squares

    def _orders(self):
        orders = ((0,), self.wavelets.order)
        return (*orders, *orders) if self.skip else orders

    def _settings(self, device):
        parts = tuple((s.mean.shape[0], s.mean.shape[1] == 2) for s in self.mixing.standardization)
        half = device in ("cpu", "cuda") and torch.is_autocast_enabled(device)
        half = half and torch.get_autocast_dtype(device) == torch.bfloat16
        answers, least = 1 + self.mixing.complex, Normalization.EPSILON
        kept, zeros = torch.is_grad_enabled(), self.mixing.has_zeros
        act = self.nonlinearity[0].name, len(self.scaling) > 0
        return Settings(
            parts, *act, self.skip, self.training, answers, zeros, half, kept, Standardization.EPSILON, least
        )


def _in_steps(x, matrix, mean, variance, squares, layer, settings, *numbers):
    """As `Passes`, by operations that can be differentiated any number of times, and that a compiler can read."""
    z = layer.parts(x.permute(1, 2, 3, 0, 4, 5).flatten(3, 4))  # a group is of no use here
    low, waves = [z[n : n + 1] for n in range(x.shape[1])], [z[x.shape[1] + n :: 2] for n in range(2)]
    acted_on, answers = [low, waves] if settings.skip else [waves], []
    count = len(numbers) // len(acted_on)
    if settings.scaled and settings.measured:
        squares = [sum(part.square().mean((1, 2, 3)) for part in parts) for parts in acted_on]
        squares = [distributed.moments(None, square, low[0][..., 0].numel())[1] for square in squares]
    for number, parts in enumerate(acted_on):
        scale = _across(torch.rsqrt(squares[number] + RootMeanSquare.EPSILON)) if settings.scaled else None
        learned = [_across(value) for value in numbers[number * count :][:count]]
        answers += answers_of(settings.nonlinearity, parts, learned, scale)
    linear = [*low, *(waves if settings.skip else [])]
    rows = torch.cat([*linear, *answers]).permute(1, 2, 3, 0, 4).flatten(3).flatten(0, 2)
    if settings.measured:
        variance, mean = torch.var_mean(rows, 0, correction=0)
        mean, variance, _ = distributed.moments(mean, variance, len(rows))
        variance = over_parts(variance, settings.parts)
    folded = matrix * torch.rsqrt(variance + settings.epsilon)
    mixed = (rows @ folded.T).to(rows.dtype) - folded @ mean
    mixed = mixed * torch.rsqrt(mixed.square().sum(1, keepdim=True) + settings.least)
    sides = (layer.after, layer.after, len(x), x.shape[4], settings.answers, len(matrix) // settings.answers)
    return mixed.view(sides).permute(2, 4, 0, 1, 3, 5), mean, variance, *(squares or ())


def _across(values):
    """(planes, C) beside (planes, M', M', B, C)."""
    return values[:, None, None, None]


def _watched(block):
    """Whether a hook, or another layer in the place of one, would see or change what goes on inside of a block."""
    return torch.nn.modules.module._has_any_global_hook() or any(
        type(module) not in _STOCK or any(getattr(module, hooks) for hooks in _HOOKS) for module in block.modules()
    )


_STOCK = {
    *(ScatteringBlock, WaveletLayer, Mixing, Nonlinearity, Normalization, Standardization),
    *(RootMeanSquare, nn.ModuleList),
}
