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

__all__ = [
    "NETWORK_NONLINEARITIES",
    "Classifier",
    "Mixing",
    "Nonlinearity",
    "Normalization",
    "RootMeanSquare",
    "Standardization",
]

SOFTENING = 1e-6
LEARNED = {
    "soft threshold": {"threshold": 0.1},
    "phase collapse beyond": {"threshold": 0.1},
    "sigmoid": {"gain": 1.0, "bias": 0.0},
    "compression": {"gain": 1.0, "bias": 0.0},
}
NETWORK_NONLINEARITIES = tuple(name for name in NONLINEARITIES if name != "rectifier")


class Nonlinearity(nn.Module):
    """A function of `nonlinearities` on maps, softened by 1e-6, with its parameters learned, one a channel.

    name : of the function; a threshold starts at 0.1, a gain at 1, a bias at 0, and nothing constrains them
    channels : C

    Maps (B, C, M, N) to (B, C, M, N).
    Raises ValueError if the name is unknown.
    Source: published code of Guth, Zarka & Mallat (2022).
    """

    def __init__(self, name, channels):
        super().__init__()
        check_choice("nonlinearity", name, NETWORK_NONLINEARITIES)
        self.name, self.function = name, NONLINEARITIES[name]
        self.fixed = {"softening": SOFTENING} if "softening" in inspect.signature(self.function).parameters else {}
        for parameter, start in LEARNED.get(name, {}).items():
            self.register_parameter(parameter, nn.Parameter(torch.full((channels,), start)))

    @property
    def collapses(self):
        """Whether the answer is real."""
        return self.function in (NONLINEARITIES["phase collapse"], NONLINEARITIES["phase collapse beyond"])

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
            self.register_buffer("mean", torch.zeros((channels, 2) if complex else channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x):
        mean, variance = self._of_batch(x) if self.training else (self._running_mean(), self.variance)
        scale = torch.rsqrt(variance + self.EPSILON)[:, None, None]
        return x * scale - mean[:, None, None] * scale if self.CENTRED else x * scale

    def _of_batch(self, x):
        pairs = torch.view_as_real(x) if is_complex(x) else x[..., None]
        mean = pairs.mean((0, 2, 3))
        deviations = pairs - mean[:, None, None] if self.CENTRED else pairs
        variance = deviations.square().mean((0, 2, 3)).sum(-1)
        count = x.numel() // x.shape[1]
        with torch.no_grad():
            unbiased = count / max(count - 1, 1) if self.CENTRED else 1.0
            self.variance.lerp_(variance * unbiased, self.MOMENTUM)
            if self.CENTRED:
                self.mean.lerp_(mean if is_complex(x) else mean[:, 0], self.MOMENTUM)
        return torch.view_as_complex(mean) if is_complex(x) else mean[:, 0], variance

    def _running_mean(self):
        if not self.CENTRED:
            return None
        return torch.view_as_complex(self.mean) if self.mean.ndim == 2 else self.mean


class RootMeanSquare(Standardization):
    """Each channel divided by its root mean square, without centring: puts amplitudes at one, keeps every phase.

        v = ⟨|x|²⟩,  x ↦ x / √(v + 1e-10)

    Statistics as `Standardization`.
    """

    EPSILON, CENTRED = 1e-10, False


class Mixing(nn.Module):
    """Channels mixed at every pixel by a learned complex matrix P, without bias: the 1 x 1 convolution of the networks.

    parts : ((channels, complex), ..) of the parts that are mixed, in the order of the columns of P
    outputs : K
    seed : of the initial matrix, `semi_unitary`

    Parts (B, C_i, M, N) to (B, K, M, N), complex. P is stored as real pairs, (K, C, 2). A real part costs half the
    multiplications of a complex one.
    """

    def __init__(self, parts, outputs, *, seed):
        super().__init__()
        self.parts = tuple(parts)
        matrix = semi_unitary(outputs, sum(channels for channels, _ in parts), seed=seed, kind="complex")
        self.weight = nn.Parameter(torch.tensor(np.stack([matrix.real, matrix.imag], -1), dtype=torch.float32))

    def forward(self, parts):
        stacked = torch.cat([p for part in parts for p in ((part.real, part.imag) if is_complex(part) else (part,))], 1)
        mixed = functional.conv2d(stacked, self._real_matrix()[:, :, None, None]).to(stacked.dtype)
        return torch.complex(*mixed.chunk(2, 1))

    def _real_matrix(self):
        """P as a real matrix, (2 K, real numbers a pixel): from real and imaginary parts to all real parts first."""
        columns, (real, imaginary) = [], self.weight.unbind(-1)
        sizes = [channels for channels, _ in self.parts]
        for (_, complex), a, b in zip(self.parts, real.split(sizes, 1), imaginary.split(sizes, 1), strict=True):
            columns.append(torch.cat([a, b]))
            if complex:
                columns.append(torch.cat([-b, a]))
        return torch.cat(columns, 1)

    def extra_repr(self):
        return f"{self.weight.shape[1]} -> {self.weight.shape[0]}"


class Normalization(nn.Module):
    """The channels of each pixel divided by their norm.

        x(u) ↦ x(u) / √(Σ_c |x_c(u)|² + 1e-12)

    The published networks have no 1e-12: at a pixel without energy their gradient is NaN, here the map is 0 there and
    the gradient at most 1e6.
    Maps (B, C, M, N) to (B, C, M, N).
    """

    EPSILON = 1e-12

    def forward(self, x):
        energy = torch.view_as_real(x).square().sum((1, 4)) if is_complex(x) else x.square().sum(1)
        return x * torch.rsqrt(energy + self.EPSILON)[:, None]


class Classifier(nn.Module):
    """Batch normalisation of the real and imaginary parts, then a linear map of all channels and pixels, with bias.

    channels, side, classes : (B, C, M, M) to (B, classes)
    seed : of the initial weights, uniform up to one over the square root of the inputs
    """

    def __init__(self, channels, *, side, classes, seed):
        super().__init__()
        self.standardization = nn.BatchNorm2d(2 * channels)
        self.linear = nn.utils.skip_init(nn.Linear, 2 * channels * side**2, classes)
        rng, bound = np.random.default_rng(seed), (2 * channels * side**2) ** -0.5
        with torch.no_grad():
            for parameter in self.linear.parameters():
                parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(parameter.shape))))

    def forward(self, x):
        pairs = torch.view_as_real(x).permute(0, 1, 4, 2, 3).flatten(1, 2)
        return self.linear(self.standardization(pairs).flatten(1))
