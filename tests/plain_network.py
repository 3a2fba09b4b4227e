"""A scattering network computed in the plain way, as in the first version: one layer after the other, on complex maps.

It is what the quicker ways are compared with, in tests and in the benchmark of a training step.
"""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch

from collapse_theory.arrays import is_complex
from collapse_theory.fourier import fft2, ifft2
from collapse_theory.learned import wavelet_layer
from collapse_theory.learned.layers import Mixing
from collapse_theory.learned.wavelet_layer import WaveletLayer
from collapse_theory.torus import crop, fold, padded_shape
from collapse_theory.wavelets import paper_bank
from collapse_theory.wavelets.morlet import Morlet, gaussian_hat


class PlainWavelets(WaveletLayer):
    """The low-pass and the wavelets multiplied, folded, inverted and cropped apart."""

    def _by_fourier(self, x):
        x_hat = fft2(_reflect(_reflect(x, -2), -1))
        low, waves = x_hat * self.lowpass, x_hat[:, :, None] * self.waves
        low, waves = (crop(ifft2(fold(z, 1 + self.subsample)), 2 - self.subsample) for z in (low, waves))
        return (low if self.complex else low.real), waves


class PlainMixing(Mixing):
    """A matrix product a part, channels first."""

    def forward(self, parts):
        mixed, shift = 0.0, 0.0
        weights = self.weight.split(self.sizes, 1)
        for x, standardization, weight in zip(parts, self.standardization, weights, strict=True):
            mean, scale = standardization.statistics(x)
            scale = scale[:, None] if weight.ndim == 3 else scale
            matrix = torch.cat(self.columns(weight * scale, complex=is_complex(x)), 1)
            planes = torch.cat([x.real, x.imag], 1) if is_complex(x) else x
            mixed = mixed + (matrix @ planes.flatten(2)).to(planes.dtype)
            shift = shift + (matrix * mean.T.flatten()).sum(1)
        mixed = (mixed - shift[:, None]).unflatten(2, parts[0].shape[2:])
        return torch.complex(*mixed.chunk(2, 1)) if self.complex else mixed


def plain(network):
    """A copy of a network whose wavelets go by one matrix where it is small, else by Fourier, so that nothing is fused.

    In double precision those of separable ones go by Fourier, with filters of which no tail is set to zero: that is an
    error of 1e-9, which the gradient of a small modulus makes larger.
    """
    network = deepcopy(network)
    for block in network.blocks:
        old, block.mixing.__class__ = block.wavelets, PlainMixing
        double = next(network.parameters()).dtype == torch.float64
        small = (1 + old.complex) * old.side**2 * 2 * old.angles * old.after**2 <= wavelet_layer.LARGEST_MATRIX
        options = {"complex": old.complex, "angles": old.angles, "circle": old.circle, "pi": old.pi}
        block.wavelets = PlainWavelets(old.side, old.step, dense=small and not (double and old.separable), **options)
        if double:
            block.wavelets._values = _whole_filters(block.wavelets) if old.separable else old._values
            block.wavelets.double()
        block.wavelets.train(network.training)
    return network


def _whole_filters(layer):
    shape = padded_shape((layer.side, layer.side))
    design = paper_bank(shape, layer.angles, layer.step, layer.circle, layer.pi).design

    def morlet(wavelet):
        wave, envelope = (gaussian_hat(w, shape, design.pi) for w in (wavelet, replace(wavelet, frequency=0.0)))
        return wave - wave[0, 0] / envelope[0, 0] * envelope

    low = gaussian_hat(Morlet(design.lowpass_sigma, 0.0, 0.0, 1.0), shape, design.pi)
    return {"lowpass": low, "waves": np.stack([morlet(wavelet) for wavelet in design.wavelets])}


def _reflect(x, axis):
    """To `padded_shape`, of one axis."""
    side = x.shape[axis]
    before = (padded_shape((side, side))[0] - side) // 2
    after = padded_shape((side, side))[0] - side - before
    head, tail = x.narrow(axis, 1, before).flip(axis), x.narrow(axis, side - 1 - after, after).flip(axis)
    return torch.cat([head, x, tail], axis)
