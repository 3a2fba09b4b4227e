"""The residual networks that the paper compares with, with and without bias, for every real non-linearity."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..arguments import check_choice, check_count
from ..nonlinearities import NONLINEARITIES
from .layers import Nonlinearity, seeded_linear

__all__ = ["REAL_NONLINEARITIES", "RealNonlinearity", "ResidualBlock", "ResidualNetwork", "resnet18", "resnet20"]

# What each is called with. Of the published networks, the threshold is fixed: it was meant to be learned, and is not.
_FIXED = {
    "rectifier": {},
    "phase collapse": {},
    "soft threshold": {"threshold": 1.0},
    "tanh": {},
    "compression": {"gain": 1.0, "bias": 0.0},
    "identity": {},
}
REAL_NONLINEARITIES = tuple(_FIXED)


class RealNonlinearity(Nonlinearity):
    """A function of `nonlinearities` on real maps, exact.

    "rectifier" max(x, 0), "phase collapse" |x|, "soft threshold" max(|x| − 1, 0) sign x, "tanh", "compression"
    x / (1 + |x|), and the control "identity". Maps (B, C, M, N) to the same, in single precision at least.
    learned : channels C, to learn a threshold, or a gain and a bias, of each, from these values on; None, as
        published, for nothing learned
    Raises ValueError if the name is unknown.
    Source: published code of Guth, Zarka & Mallat (2022).
    """

    def __init__(self, name, learned=None):
        nn.Module.__init__(self)
        check_choice("nonlinearity", name, REAL_NONLINEARITIES)
        self.name, self.function, self.fixed = name, NONLINEARITIES[name], _FIXED[name]
        if learned is not None and self.fixed:
            for parameter, start in self.fixed.items():
                values = torch.full((learned,), start, dtype=torch.float32)
                self.register_parameter(parameter, nn.Parameter(values))
            self.fixed = {"checked": False}

    def forward(self, z):
        # Under autocast the output of a convolution is of half precision, which the functions refuse.
        return super().forward(z.float() if z.dtype in (torch.float16, torch.bfloat16) else z)


class ResidualBlock(nn.Module):
    """ρ(B C ρ(B C x) + shortcut(x)), with C a 3 x 3 convolution and B batch normalisation.

    inputs, outputs : channels
    stride : of the first convolution and the shortcut
    project : whether a shortcut that changes the shape is a convolution with normalisation, or every second sample,
        zero in the new channels
    nonlinearity, bias, learns : as in `ResidualNetwork`
    """

    def __init__(self, inputs, outputs, *, stride, project, nonlinearity, bias, learns=False):
        super().__init__()
        learned = outputs if learns else None
        self.inner = nn.Sequential(
            _convolution(inputs, outputs, 3, stride),
            nn.BatchNorm2d(outputs, affine=bias, dtype=torch.float32),
            RealNonlinearity(nonlinearity, learned),
            _convolution(outputs, outputs, 3, 1),
            nn.BatchNorm2d(outputs, affine=bias, dtype=torch.float32),
        )
        self.stride, self.added = stride, outputs - inputs
        self.shortcut = None
        if project and (stride > 1 or inputs != outputs):
            self.shortcut = nn.Sequential(
                _convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs, affine=bias, dtype=torch.float32)
            )
        self.nonlinearity = RealNonlinearity(nonlinearity, learned)

    def forward(self, x):
        if self.shortcut is None:
            kept = x[:, :, :: self.stride, :: self.stride]
            before = self.added // 2
            return self.nonlinearity(self.inner(x) + functional.pad(kept, (0, 0, 0, 0, before, self.added - before)))
        return self.nonlinearity(self.inner(x) + self.shortcut(x))


class ResidualNetwork(nn.Module):
    """A stem, stages of residual blocks of which each but the first halves the sides, global average, linear map.

    widths : channels of each stage
    blocks : of each stage
    colors, classes : images (B, colors, H, W) to (B, classes)
    stem : "small", a 3 x 3 convolution, B and ρ; or "large", a 7 x 7 one of stride 2, B, ρ and a 3 x 3 maximum of
        stride 2
    project : as in `ResidualBlock`
    nonlinearity : a name of `REAL_NONLINEARITIES`
    bias : whether batch normalisation has a gain and a bias; the convolutions have none, the linear map always has
    learns : whether a threshold, or a gain and a bias, of each channel is learned
    seed : of all weights; convolutions are normal with variance 2 / (outputs x kernel)

    Takes real images (B, colors, H, W), gives logits (B, classes).
    Raises ValueError if an argument is unknown, and for images of another shape, or complex ones.
    Source: He, Zhang, Ren & Sun (2016).
    """

    def __init__(self, widths, blocks, *, colors, classes, stem, project, nonlinearity, bias, seed, learns=False):
        super().__init__()
        check_count("classes", classes)
        check_choice("bias", bias, (False, True))
        check_choice("learns", learns, (False, True))
        check_count("seed", seed, least=0)
        self.colors, large = colors, stem == "large"
        layers = [_convolution(colors, widths[0], 7 if large else 3, 2 if large else 1)]
        layers += [nn.BatchNorm2d(widths[0], affine=bias, dtype=torch.float32)]
        layers += [RealNonlinearity(nonlinearity, widths[0] if learns else None)]
        self.stem = nn.Sequential(*layers, *([nn.MaxPool2d(3, 2, padding=1)] if large else []))
        self.blocks, inputs = nn.ModuleList(), widths[0]
        options = {"project": project, "nonlinearity": nonlinearity, "bias": bias, "learns": learns}
        for stage, outputs in enumerate(widths):
            for number in range(blocks):
                stride = 2 if stage > 0 and number == 0 else 1
                self.blocks.append(ResidualBlock(inputs, outputs, stride=stride, **options))
                inputs = outputs
        self.classifier = seeded_linear(inputs, classes, seed=(seed, 0))
        rng = np.random.default_rng((seed, 1))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                _draw_normal(layer.weight, rng)

    def forward(self, x):
        if x.ndim != 4 or x.shape[1] != self.colors or not x.is_floating_point():
            raise ValueError(f"x: expected real images (B, {self.colors}, H, W), got {x.dtype} {tuple(x.shape)}")
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.classifier(x.mean((2, 3)))


def resnet20(
    nonlinearity: str = "rectifier",
    bias: bool = True,
    *,
    learns: bool = False,
    colors: int = 3,
    classes: int = 10,
    seed: int = 0,
) -> ResidualNetwork:
    """ResNet-20 for CIFAR-10: three stages of 3 blocks with 16, 32, 64 channels, shortcuts without parameters.

    nonlinearity : a name of `REAL_NONLINEARITIES`
    bias : whether batch normalisation has a gain and a bias
    learns : whether a threshold, or a gain and a bias, of each channel is learned; default False, as published
    colors, classes : images (B, colors, H, W) go to (B, classes)
    seed : of all weights

    Returns a `ResidualNetwork`; with bias it has 269,722 parameters.
    Raises ValueError if an argument is unknown.

        >>> sum(parameter.numel() for parameter in learned.resnet20().parameters())
        269722
    """
    options = {"nonlinearity": nonlinearity, "bias": bias, "learns": learns}
    options |= {"colors": colors, "classes": classes, "seed": seed}
    return ResidualNetwork((16, 32, 64), 3, stem="small", project=False, **options)


def resnet18(
    nonlinearity: str = "rectifier",
    bias: bool = True,
    *,
    learns: bool = False,
    colors: int = 3,
    classes: int = 1000,
    seed: int = 0,
) -> ResidualNetwork:
    """ResNet-18 for ImageNet: four stages of 2 blocks with 64, 128, 256, 512 channels, shortcuts by convolution.

    nonlinearity, bias, learns, colors, classes, seed : as in `resnet20`

    Returns a `ResidualNetwork`; it has 11,689,512 parameters, without bias 11,679,912.
    Raises ValueError if an argument is unknown.

        >>> sum(parameter.numel() for parameter in learned.resnet18("phase collapse", bias=False).parameters())
        11679912
    """
    options = {"nonlinearity": nonlinearity, "bias": bias, "learns": learns}
    options |= {"colors": colors, "classes": classes, "seed": seed}
    return ResidualNetwork((64, 128, 256, 512), 2, stem="large", project=True, **options)


def _convolution(inputs, outputs, side, stride):
    options = {"stride": stride, "padding": side // 2, "bias": False}
    place = {"device": torch.get_default_device(), "dtype": torch.float32}
    return nn.utils.skip_init(nn.Conv2d, inputs, outputs, side, **options, **place)


def _draw_normal(weight, rng):
    outputs, _, height, width = weight.shape
    deviation = (2 / (outputs * height * width)) ** 0.5
    with torch.no_grad():
        weight.copy_(torch.from_numpy(rng.normal(scale=deviation, size=tuple(weight.shape)).astype(np.float32)))
