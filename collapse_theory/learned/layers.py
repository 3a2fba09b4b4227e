"""The layers between the wavelets of a network: non-linearity, standardisation, mixing, normalisation, classifier.

Maps are (B, C, M, N), real or complex. Between the wavelets and the mixing they travel in parts, each real or complex,
so that nothing real is carried, or multiplied, as complex.
"""

import inspect

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..arguments import check_choice
from ..arrays import is_complex
from ..nonlinearities import NONLINEARITIES
from ..scattering import semi_unitary
from . import distributed

__all__ = [
    "NETWORK_NONLINEARITIES",
    "SOFTENING",
    "Classifier",
    "Mixing",
    "Nonlinearity",
    "Normalization",
    "RootMeanSquare",
    "Standardization",
    "as_map",
    "real_parts",
    "seeded_linear",
]

NETWORK_NONLINEARITIES = tuple(name for name in NONLINEARITIES if name != "rectifier")
SOFTENING = 1e-6
_STARTS = {
    "soft threshold": {"threshold": 0.1},
    "phase collapse beyond": {"threshold": 0.1},
    "sigmoid": {"gain": 1.0, "bias": 0.0},
    "compression": {"gain": 1.0, "bias": 0.0},
}


class Nonlinearity(nn.Module):
    """A function of `nonlinearities` on maps, softened by 1e-6, with parameters that are learned, one a channel.

    name : in `NETWORK_NONLINEARITIES`; a threshold starts at 0.1, a gain at 1, a bias at 0, and nothing bounds them
    channels : C

    Maps (B, C, M, N) to (B, C, M, N).
    Raises ValueError if the name is unknown.
    Source: published code of Guth, Zarka & Mallat (2022).
    """

    def __init__(self, name, channels):
        super().__init__()
        check_choice("nonlinearity", name, NETWORK_NONLINEARITIES)
        self.name, self.function = name, NONLINEARITIES[name]
        fixed = {"softening": SOFTENING, "checked": False}
        self.fixed = {name: fixed[name] for name in inspect.signature(self.function).parameters if name in fixed}
        for parameter, start in _STARTS.get(name, {}).items():
            self.register_parameter(parameter, nn.Parameter(torch.full((channels,), start, dtype=torch.float32)))

    @property
    def collapses(self):
        """Whether the answer is real."""
        return self.name in ("phase collapse", "phase collapse beyond")

    def forward(self, z):
        learned = {name: value[:, None, None] for name, value in self.named_parameters()}
        return self.function(z, **learned, **self.fixed)

    def extra_repr(self):
        return self.name


class Standardization(nn.Module):
    """Each channel centred and divided by its standard deviation, over the batch and the pixels; nothing is learned.

        m = ⟨x⟩,  v = ⟨|x − m|²⟩,  x ↦ (x − m) / √(v + 1e-5)

    The variance of a complex channel is one real number. While training, m and v are those of the batch, and enter the
    running statistics with weight 0.1, the variance as its unbiased estimate; these replace them in evaluation.
    channels, complex : of the maps (B, C, M, N)

    Source: published code of Guth, Zarka & Mallat (2022).
    """

    MOMENTUM, EPSILON, CENTRED = 0.1, 1e-5, True

    def __init__(self, channels, *, complex):
        super().__init__()
        if self.CENTRED:
            self.register_buffer("mean", torch.zeros((channels, 1 + complex), dtype=torch.float32))
        self.register_buffer("variance", torch.ones(channels, dtype=torch.float32))

    def forward(self, x):
        mean, scale = self.statistics(x)
        parts = real_parts(x) if mean is None else real_parts(x) - mean[:, None, None]
        return as_map(parts * scale[:, None, None, None])

    def statistics(self, x):
        """m, (C, 2) real numbers or (C, 1) of a real map, None if nothing is centred; and 1 / √(v + 1e-5), (C,)."""
        if not self.training:
            return (self.mean if self.CENTRED else None), torch.rsqrt(self.variance + self.EPSILON)
        if self.CENTRED:
            variance, mean = torch.var_mean(real_parts(x), (0, 2, 3), correction=0)
        else:
            variance, mean = real_parts(x).square().mean((0, 2, 3)), None
        mean, variance, count = distributed.moments(mean, variance, x.numel() // x.shape[1])
        variance = variance.sum(-1)
        self.follow(mean, variance, count)
        return mean, torch.rsqrt(variance + self.EPSILON)

    @torch.no_grad()
    def follow(self, mean, variance, count):
        """Let the running statistics take up those of a batch, of so many numbers a channel."""
        unbiased = count / max(count - 1, 1) if self.CENTRED else 1.0
        self.variance.lerp_(variance * unbiased, self.weight_of_batch())
        if self.CENTRED:
            self.mean.lerp_(mean, self.MOMENTUM)

    def weight_of_batch(self):
        """Of its variance, in the running one."""
        return self.MOMENTUM


class RootMeanSquare(Standardization):
    """Each channel divided by its root mean square, without centring: puts amplitudes at one, keeps every phase.

        v = ⟨|x|²⟩,  x ↦ x / √(v + 1e-10)

    Statistics as `Standardization`, but that the first batch replaces the 1 they start at: energies are near 1e-4, and
    what is left of that 1 would put every amplitude under every threshold in evaluation, for a hundred steps.
    """

    EPSILON, CENTRED = 1e-10, False

    def weight_of_batch(self):
        return torch.where(self.variance == 1, 1.0, self.MOMENTUM).to(self.variance.dtype)


class Mixing(nn.Module):
    """Std, then the channels mixed at every pixel by a learned matrix P without bias, in one product.

        P Std x = (P / √v) x − (P / √v) m

    parts : ((channels, complex), ..) of the parts that are mixed, in the order of the columns of P
    outputs : K
    seed : of the initial matrix, `semi_unitary`
    kind : "complex" or "real", of P

    Parts (B, C_i, M, N) to (B, K, M, N), real if P and all parts are. A complex P is stored as real pairs, (K, C, 2), a
    real one as (K, C). A real part costs half the multiplications of a complex one.
    """

    def __init__(self, parts, outputs, *, seed, kind="complex"):
        super().__init__()
        self.sizes = [channels for channels, _ in parts]
        # What a run is known by has the kind by the shape of the weights.
        self._kind, self.complex = kind, kind == "complex" or any(complex for _, complex in parts)
        self.standardization = nn.ModuleList(Standardization(channels, complex=z) for channels, z in parts)
        matrix = semi_unitary(outputs, sum(self.sizes), seed=seed, kind=kind)
        pairs = np.stack([matrix.real, matrix.imag], -1) if kind == "complex" else matrix
        self.weight = nn.Parameter(torch.tensor(pairs, dtype=torch.float32))

    @property
    def has_zeros(self):
        """Whether half of what `columns` makes is zero."""
        return self._kind == "real" and self.complex

    def forward(self, parts):
        columns, planes, shift = [], [], 0.0
        weights = self.weight.split(self.sizes, 1)
        for x, standardization, weight in zip(parts, self.standardization, weights, strict=True):
            mean, scale = standardization.statistics(x)
            scale = scale[:, None] if self._kind == "complex" else scale
            matrices = self.columns(weight * scale, complex=is_complex(x))
            shift = shift + sum(matrix @ each for matrix, each in zip(matrices, mean.T, strict=True))
            columns += matrices
            planes += [x.real, x.imag] if is_complex(x) else [x]
        matrix, planes = torch.cat(columns, 1), torch.cat(planes, 1)
        # A convolution goes to oneDNN, often quicker than products of matrices; under autocast it alone rounds.
        mixed = functional.conv2d(planes, matrix[:, :, None, None]).to(planes.dtype) - shift[:, None, None]
        return torch.complex(*mixed.chunk(2, 1)) if self.complex else mixed

    def columns(self, weight, *, complex):
        """Columns of P as those of a real matrix, for the real parts of channels, then if complex the imaginary ones.

        weight : (K, C, 2), or (K, C) of a real P

        Returns one or two matrices (2 K, C), all real parts of the answers first; (K, C) if the answers are real.
        """
        if self._kind == "real":
            zeros = torch.zeros_like(weight) if self.complex else weight[:0]
            return [torch.cat([weight, zeros]), torch.cat([zeros, weight])][: 1 + complex]
        real, imaginary = weight.unbind(-1)
        return [torch.cat([real, imaginary]), torch.cat([-imaginary, real])][: 1 + complex]

    def extra_repr(self):
        return f"{self.weight.shape[1]} -> {self.weight.shape[0]}"


class Normalization(nn.Module):
    """The channels of each pixel divided by their norm.

        x(u) ↦ x(u) / √(Σ_c |x_c(u)|² + 1e-12)

    The published networks have no 1e-12: at a pixel without energy their gradient is NaN, here the map is 0 there and
    the gradient at most 1e6.
    Maps (B, C, M, N), real or complex, to (B, C, M, N).
    """

    EPSILON = 1e-12

    def forward(self, x):
        parts = real_parts(x)
        energy = parts.square().sum((1, 4), keepdim=True)
        return as_map(parts * torch.rsqrt(energy + self.EPSILON))


class Classifier(nn.Module):
    """Batch normalisation of the real and imaginary parts, then a linear map of all channels and pixels, with bias.

    channels, side, classes : (B, C, M, M), or its real parts (B, C, M, M, P), to (B, classes)
    seed : of the initial weights, uniform up to one over the square root of the inputs
    complex : whether the maps are
    """

    def __init__(self, channels, *, side, classes, seed, complex=True):
        super().__init__()
        self.standardization = nn.BatchNorm2d((1 + complex) * channels, dtype=torch.float32)
        self.linear = seeded_linear((1 + complex) * channels * side**2, classes, seed=seed)

    def forward(self, x):
        parts = (real_parts(x) if x.ndim == 4 else x).movedim(-1, 2).flatten(1, 2)
        return self.linear(self.standardization(parts).flatten(1))


def seeded_linear(inputs, outputs, *, seed):
    """A linear layer as torch makes it, but from a seed of its own: uniform up to one over the root of the inputs."""
    place = {"device": torch.get_default_device(), "dtype": torch.float32}
    layer, bound = nn.utils.skip_init(nn.Linear, inputs, outputs, **place), inputs**-0.5
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(parameter.shape))))
    return layer


def real_parts(x):
    """Real numbers of a map on a last axis: (B, C, M, N) to (B, C, M, N, 2) if complex, (B, C, M, N, 1) if real."""
    return torch.view_as_real(x) if is_complex(x) else x[..., None]


def as_map(parts):
    """Inverse of `real_parts`."""
    return torch.view_as_complex(parts) if parts.shape[-1] == 2 else parts[..., 0]
