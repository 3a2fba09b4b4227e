"""The learned scattering networks of the paper: fixed wavelets, a non-linearity, learned mixing of channels."""

import math
from dataclasses import dataclass

from torch import nn

from ..arguments import check_choice, check_count, check_number
from ..arrays import is_complex
from .layers import Classifier, Mixing, Nonlinearity, Normalization, RootMeanSquare, Standardization
from .wavelet_layer import WaveletLayer, side_after

__all__ = ["ARCHITECTURES", "Architecture", "ScatteringBlock", "ScatteringNetwork", "scattering_network"]


@dataclass(frozen=True)
class Architecture:
    """What images a network takes, and how many channels its blocks have.

    side, colors, classes : images (B, colors, side, side) to (B, classes)
    channels : complex channels after each block
    angles : wavelets a block
    octave_first : whether block 0 is a whole octave; all others alternate between the two half octaves
    """

    side: int = 32
    colors: int = 3
    classes: int = 10
    channels: tuple[int, ...] = (64, 128, 256, 512, 512, 512, 512, 512)
    angles: int = 4
    octave_first: bool = False

    def steps(self):
        """The step of `paper_bank` of each block."""
        halves = ("half octave", "next half octave")
        first = ("octave",) if self.octave_first else ()
        return first + tuple(halves[i % 2] for i in range(len(self.channels) - len(first)))

    def sides(self):
        """Side of the maps before each block, and after the last."""
        sides = [self.side]
        for step in self.steps():
            sides.append(side_after(sides[-1], step))
        return tuple(sides)


ARCHITECTURES = {
    "cifar10": Architecture(),
    "imagenet": Architecture(224, 3, 1000, (32, 64, 64, 128, 256, 512, 512, 512, 512, 512, 256), 8, True),
}


class ScatteringBlock(nn.Module):
    """One block of a learned scattering network.

        without skip   N P Std (φx, ρ(ψx))                with skip   N P Std (φx, ψx, ρ(φx), ρ(ψx))

    wavelets : WaveletLayer
    inputs, complex : channels of the maps that come in, and whether they are complex
    outputs : channels of the maps that go out, always complex
    nonlinearity : name of ρ
    equal_terms : divide each channel by its root mean square before ρ
    seed : of P
    """

    def __init__(self, wavelets, inputs, *, complex, outputs, nonlinearity, skip, equal_terms, seed):
        super().__init__()
        self.wavelets, self.skip = wavelets, skip
        linear = [(inputs, complex), (inputs * wavelets.angles, True)]
        acted_on = linear if skip else linear[1:]
        self.scaling = nn.ModuleList(RootMeanSquare(c, complex=z) for c, z in acted_on if equal_terms)
        self.nonlinearity = nn.ModuleList(Nonlinearity(nonlinearity, c) for c, _ in acted_on)
        answers = [(c, z and not rho.collapses) for (c, z), rho in zip(acted_on, self.nonlinearity, strict=True)]
        parts = [*linear, *answers] if skip else [linear[0], *answers]
        self.standardization = nn.ModuleList(Standardization(c, complex=z) for c, z in parts)
        self.mixing = Mixing(parts, outputs, seed=seed)
        self.normalization = Normalization()

    def forward(self, x):
        low, waves = self.wavelets(x)
        linear = (low, waves)
        acted_on = linear if self.skip else linear[1:]
        if self.scaling:
            acted_on = [scale(z) for scale, z in zip(self.scaling, acted_on, strict=True)]
        answers = [rho(z) for rho, z in zip(self.nonlinearity, acted_on, strict=True)]
        parts = [*linear, *answers] if self.skip else [low, *answers]
        parts = [standardize(z) for standardize, z in zip(self.standardization, parts, strict=True)]
        return self.normalization(self.mixing(parts))


class ScatteringNetwork(nn.Module):
    """A learned scattering network; `scattering_network` builds those of the paper.

    Images (B, colors, side, side), real, to (B, classes) logits.
    Raises ValueError, TypeError for images of another shape or type.
    """

    def __init__(self, architecture, *, nonlinearity, skip, angles, circle, pi, equal_terms, seed):
        super().__init__()
        self.architecture = architecture
        sides, inputs = architecture.sides(), architecture.colors
        self.blocks = nn.ModuleList()
        for number, (step, outputs) in enumerate(zip(architecture.steps(), architecture.channels, strict=True)):
            wavelets = WaveletLayer(sides[number], step, angles=angles, circle=circle, pi=pi)
            options = {"nonlinearity": nonlinearity, "skip": skip, "equal_terms": equal_terms}
            self.blocks.append(
                ScatteringBlock(
                    wavelets, inputs, complex=number > 0, outputs=outputs, seed=(seed, number), **options
                )
            )
            inputs = outputs
        self.classifier = Classifier(inputs, side=sides[-1], classes=architecture.classes, seed=(seed, len(sides)))

    def forward(self, x):
        expected = (self.architecture.colors, self.architecture.side, self.architecture.side)
        if x.ndim != 4 or tuple(x.shape[1:]) != expected or is_complex(x):
            raise ValueError(f"x: expected real images (B, {', '.join(map(str, expected))}), got {x.dtype} {tuple(x.shape)}")
        for block in self.blocks:
            x = block(x)
        return self.classifier(x)


def scattering_network(
    data="cifar10",
    nonlinearity="phase collapse",
    skip=False,
    *,
    angles=None,
    circle="half",
    pi=math.pi,
    terms="published",
    width=1.0,
    seed=0,
):
    """A learned scattering network of the paper, at its initialisation.

    data : "cifar10", "imagenet", or an `Architecture`
    nonlinearity : a name of `NETWORK_NONLINEARITIES`
    skip : whether the linear part stays beside the non-linear one
    angles : wavelets a block, in total; None: 4 for CIFAR-10, 8 for ImageNet
    circle, pi : as in `paper_bank`
    terms : "published", or "equal": each channel is divided by its root mean square before the non-linearity
    width : factor on the channels of every block
    seed : of all weights

    Returns a ScatteringNetwork.
    Raises ValueError if an argument is unknown or out of range.
    Source: Guth, Zarka & Mallat (2022) and its published code.
    """
    if not isinstance(data, Architecture):
        check_choice("data", data, tuple(ARCHITECTURES))
        data = ARCHITECTURES[data]
    check_choice("terms", terms, ("published", "equal"))
    check_count("seed", seed, least=0)
    if check_number("width", width) <= 0:
        raise ValueError(f"width: expected a positive number, got {width!r}")
    channels = tuple(max(1, round(width * count)) for count in data.channels)
    architecture = Architecture(data.side, data.colors, data.classes, channels, data.angles, data.octave_first)
    return ScatteringNetwork(
        architecture,
        nonlinearity=nonlinearity,
        skip=skip,
        angles=data.angles if angles is None else angles,
        circle=circle,
        pi=pi,
        equal_terms=terms == "equal",
        seed=seed,
    )
