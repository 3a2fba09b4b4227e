"""The fixed scattering baseline: scattering coefficients, at most one mixing of channels, a linear classifier."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from ..arguments import check_choice, check_count
from ..scattering import paths, scatter, semi_unitary
from .layers import Normalization, seeded_linear
from .networks import check_images

__all__ = ["BASELINES", "Baseline", "ScatteringBaseline", "scattering_baseline"]


@dataclass(frozen=True)
class Baseline:
    """The images that the baseline takes, and how it sees them.

    side, colors, classes : images (B, colors, side, side) go to (B, classes)
    scales, angles : of the scattering transform, which is of order 2
    outputs : number of channels after the mixing
    pooling : side, in samples, of the windows that are averaged at every position before the classifier
    """

    side: int = 32
    colors: int = 3
    classes: int = 10
    scales: int = 3
    angles: int = 8
    outputs: int = 128
    pooling: int = 1


BASELINES = {"cifar10": Baseline(), "imagenet": Baseline(224, 3, 1000, 4, 8, 256, 5)}


class ScatteringBaseline(nn.Module):
    """A linear classifier of N P B S x, where x is an image.

    S is the scattering transform of order 2 of each colour. B is batch normalisation without gain and bias. P is a real
    mixing of channels that starts with orthonormal rows. N divides the channels of each pixel by their norm. A second
    batch normalisation, with gain and bias, and an average over windows stand before the classifier.
    baseline : Baseline
    mixing : "learned", or "fixed" at its start
    seed : of all weights

    Takes real images (B, colors, side, side), gives logits (B, classes).
    Raises ValueError if an argument is unknown, and for images of another shape or on the device meta.
    Source: Guth, Zarka & Mallat (2022) name it; a published baseline of their earlier work on separation and
    concentration has these layers. Whether the two are the same is not known.
    """

    def __init__(self, baseline, *, mixing, seed):
        super().__init__()
        check_choice("mixing", mixing, ("learned", "fixed"))
        check_count("seed", seed, least=0)
        self.baseline = baseline
        inputs = baseline.colors * len(paths(baseline.scales, baseline.angles))
        self.standardization = nn.BatchNorm2d(inputs, affine=False, dtype=torch.float32)
        matrix = semi_unitary(baseline.outputs, inputs, seed=(seed, 0))
        self.mixing = nn.Parameter(torch.tensor(matrix, dtype=torch.float32), requires_grad=mixing == "learned")
        self.normalization = Normalization()
        self.last_standardization = nn.BatchNorm2d(baseline.outputs, dtype=torch.float32)
        side = baseline.side // 2**baseline.scales - baseline.pooling + 1
        self.classifier = seeded_linear(baseline.outputs * side**2, baseline.classes, seed=(seed, 1))

    def forward(self, x):
        check_images(x, self.baseline.colors, self.baseline.side)
        if x.is_meta:
            raise ValueError("x: expected images with values, got a tensor on the device meta")
        with torch.autocast(x.device.type, enabled=False):  # only products with what is learned may be less precise
            s = scatter(x, self.baseline.scales, self.baseline.angles).flatten(1, 2)
        mixed = functional.conv2d(self.standardization(s), self.mixing[:, :, None, None]).to(s.dtype)
        mixed = self.last_standardization(self.normalization(mixed))
        if self.baseline.pooling > 1:
            mixed = functional.avg_pool2d(mixed, self.baseline.pooling, stride=1)
        return self.classifier(mixed.flatten(1))


def scattering_baseline(
    data: str | Baseline = "cifar10", mixing: str = "learned", *, seed: int = 0
) -> ScatteringBaseline:
    """Make the fixed scattering baseline.

    data : "cifar10" or "imagenet", names of `BASELINES`, or a `Baseline`
    mixing : "learned", or "fixed" at its start
    seed : of all weights

    Returns a `ScatteringBaseline`.
    Raises ValueError if an argument is unknown.
    """
    if not isinstance(data, Baseline):
        check_choice("data", data, tuple(BASELINES))
        data = BASELINES[data]
    return ScatteringBaseline(data, mixing=mixing, seed=seed)
