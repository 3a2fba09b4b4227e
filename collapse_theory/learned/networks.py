"""The learned scattering networks of the paper: fixed wavelets, a non-linearity, learned mixing of channels."""

import math
from dataclasses import dataclass, replace

from torch import nn

from ..arguments import check_choice, check_count, check_number
from .blocks import ScatteringBlock
from .layers import Classifier
from .wavelet_layer import WaveletLayer, side_after

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "ScatteringBlock",
    "ScatteringNetwork",
    "check_images",
    "describe",
    "scattering_network",
]

_IN_CACHE = 2**20  # numbers, 4 MiB
_MOST = 2**31  # numbers in the weights and the filters of a network: 8 GiB


@dataclass(frozen=True)
class Architecture:
    """What images a network takes, and how many channels its blocks have.

    side, colors, classes : images (B, colors, side, side) to (B, classes)
    channels : complex channels after each block
    angles : wavelets a block
    octaves : how many blocks, the first ones, are whole octaves; all others alternate between the two half octaves

    Raises ValueError if a number is not an integer in range, or the maps vanish before the last block.
    """

    side: int = 32
    colors: int = 3
    classes: int = 10
    channels: tuple[int, ...] = (64, 128, 256, 512, 512, 512, 512, 512)
    angles: int = 4
    octaves: int = 0

    def __post_init__(self):
        for name in ("side", "colors", "classes", "angles"):
            check_count(name, getattr(self, name))
        check_count("octaves", self.octaves, least=0)
        if not isinstance(self.channels, tuple | list):
            raise ValueError(f"channels: expected a tuple of integers, one a block, got {self.channels!r}")
        check_count("channels", len(self.channels))
        for count in self.channels:
            check_count("channels", count)
        self.sides()

    def numbers(self, *, angles, skip):
        """How many numbers the weights and the filters of a network have, about."""
        total, inputs = 0, self.colors
        for side, outputs in zip(self.sides(), self.channels, strict=False):
            total += 2 * outputs * inputs * (1 + angles) * (1 + skip) + (1 + angles) * side**2
            inputs = outputs
        return total + 2 * inputs * self.sides()[-1] ** 2 * self.classes

    def steps(self):
        """The step of `paper_bank` of each block."""
        halves = ("half octave", "next half octave")
        return tuple(
            "octave" if block < self.octaves else halves[(block - self.octaves) % 2]
            for block in range(len(self.channels))
        )

    def sides(self):
        """Side of the maps before each block, and after the last."""
        sides = [self.side]
        for step in self.steps():
            sides.append(side_after(sides[-1], step))
        return tuple(sides)


ARCHITECTURES = {
    "cifar10": Architecture(),
    "imagenet": Architecture(224, 3, 1000, (32, 64, 64, 128, 256, 512, 512, 512, 512, 512, 256), 8, octaves=1),
}


class ScatteringNetwork(nn.Module):
    """A learned scattering network; `scattering_network` builds those of the paper.

    Images (B, colors, side, side), real, to (B, classes) logits. Under autocast its products alone have less precision.
    Raises ValueError for images of another shape, or complex ones.
    """

    def __init__(self, architecture, *, nonlinearity, skip, angles, circle, pi, equal_terms, mixing, seed):
        super().__init__()
        check_count("angles", angles)
        numbers = architecture.numbers(angles=angles, skip=skip)
        if numbers > _MOST:
            raise ValueError(
                f"architecture: expected at most {_MOST:,} numbers in weights and filters, got {numbers:,}"
            )
        self.architecture, self.nonlinearity, self.skip, self.equal_terms = (
            architecture,
            nonlinearity,
            skip,
            equal_terms,
        )
        self.angles, self.circle, self.mixing = angles, circle, mixing
        sides, inputs, complex = architecture.sides(), architecture.colors, False
        self.blocks = nn.ModuleList()
        for number, (step, outputs) in enumerate(zip(architecture.steps(), architecture.channels, strict=True)):
            wavelets = WaveletLayer(sides[number], step, complex=complex, angles=angles, circle=circle, pi=pi)
            options = {"nonlinearity": nonlinearity, "skip": skip, "equal_terms": equal_terms, "mixing": mixing}
            self.blocks.append(ScatteringBlock(wavelets, inputs, outputs=outputs, seed=(seed, number), **options))
            inputs, complex = outputs, self.blocks[-1].mixing.complex
        options = {"side": sides[-1], "classes": architecture.classes, "seed": (seed, len(sides)), "complex": complex}
        self.classifier = Classifier(inputs, **options)

    def forward(self, x):
        check_images(x, self.architecture.colors, self.architecture.side)
        if not all(block.goes_by_parts() for block in self.blocks):
            for block in self.blocks:
                x = block(x)
            return self.classifier(x)
        x = x.unflatten(0, (-1, self._images_at_a_time(len(x)))).permute(0, 3, 4, 1, 2)[:, None]
        for block in self.blocks:
            x = block.parts(x)
        return self.classifier(x.permute(0, 4, 5, 2, 3, 1).flatten(0, 1))

    def _images_at_a_time(self, images):
        """A divisor of their number: the largest of which the planes of any block fit in the cache, or a few more."""
        blocks = zip(self.blocks, [self.architecture.colors, *self.architecture.channels], strict=False)
        numbers = max(b.wavelets.after * b.wavelets.planes * b.wavelets.side * channels for b, channels in blocks)
        wanted = max(1, _IN_CACHE // numbers)
        divisors = [n for n in range(1, images + 1) if images % n == 0]
        return min(divisors, key=lambda n: max(n / wanted, wanted / n), default=1)

    def __repr__(self):
        return describe(self)


def check_images(x, colors, side):
    """Raise ValueError unless `x` is a batch of real square images of this many colours and this side."""
    if x.ndim != 4 or tuple(x.shape[1:]) != (colors, side, side) or not x.is_floating_point():
        wanted = f"real images (B, {colors}, {side}, {side})"
        raise ValueError(f"x: expected {wanted}, got {x.dtype} {tuple(x.shape)}")


def describe(network):
    """A ScatteringNetwork as text: what it computes, and a table of channels, size, kind and parameters by block."""
    architecture, sides = network.architecture, network.architecture.sides()
    rows = [("", "channels", "size", "numbers", "parameters")]
    rows.append(("images", str(architecture.colors), f"{sides[0]} x {sides[0]}", "real", ""))
    for number, (block, step, side) in enumerate(zip(network.blocks, architecture.steps(), sides[1:], strict=True)):
        channels = f"{block.mixing.weight.shape[1]} -> {block.mixing.weight.shape[0]}"
        rows.append(
            (
                f"{number} {step}",
                channels,
                f"{side} x {side}",
                "complex" if block.mixing.complex else "real",
                f"{_parameters(block):,}",
            )
        )
    rows.append(("classifier", str(architecture.classes), "", "real", f"{_parameters(network.classifier):,}"))
    rows.append(("all", "", "", "", f"{_parameters(network):,}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = [
        network.nonlinearity,
        "with skip" if network.skip else "without skip",
        f"{network.angles} angles, {network.circle} circle",
        f"{'equal' if network.equal_terms else 'published'} terms",
        *(["real mixing"] if network.mixing == "real" else []),
    ]
    return "\n".join([", ".join(words), *("  ".join(_aligned(row, widths)).rstrip() for row in rows)])


def _aligned(row, widths):
    name, *cells, parameters = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
    return [name, *cells, f"{parameters.strip():>{widths[-1]}}"]


def _parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def scattering_network(
    data: "str | Architecture" = "cifar10",
    nonlinearity: str = "phase collapse",
    skip: bool = False,
    *,
    angles: int | None = None,
    circle: str = "half",
    pi: float = math.pi,
    terms: str = "published",
    mixing: str = "complex",
    width: float = 1.0,
    seed: int = 0,
) -> "ScatteringNetwork":
    """A learned scattering network of the paper, at its initialisation.

    data : "cifar10", "imagenet", or an `Architecture`
    nonlinearity : a name of `NETWORK_NONLINEARITIES`
    skip : whether the linear part stays beside the non-linear one
    angles : wavelets a block, in total; None: 4 for CIFAR-10, 8 for ImageNet
    circle, pi : as in `paper_bank`
    terms : "published", or "equal": each channel is divided by its root mean square before the non-linearity,
        and thresholds are for `calibrate` to start
    mixing : "complex" or "real", of the learned matrices; real ones keep real maps real, and have half the numbers
    width : factor on the channels of every block
    seed : of all weights

    Returns a ScatteringNetwork.
    Raises ValueError if an argument is unknown or out of range.
    Source: Guth, Zarka & Mallat (2022) and its published code.

        >>> import torch
        >>> network = learned.scattering_network("cifar10", width=1 / 8)
        >>> network(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """
    if not isinstance(data, Architecture):
        check_choice("data", data, tuple(ARCHITECTURES))
        data = ARCHITECTURES[data]
    check_choice("skip", skip, (False, True))
    check_choice("terms", terms, ("published", "equal"))
    check_choice("mixing", mixing, ("complex", "real"))
    check_count("seed", seed, least=0)
    if check_number("width", width) <= 0:
        raise ValueError(f"width: expected a positive number, got {width!r}")
    return ScatteringNetwork(
        replace(data, channels=tuple(max(1, round(min(width * count, _MOST))) for count in data.channels)),
        nonlinearity=nonlinearity,
        skip=skip,
        angles=data.angles if angles is None else angles,
        circle=circle,
        pi=pi,
        equal_terms=terms == "equal",
        mixing=mixing,
        seed=seed,
    )
