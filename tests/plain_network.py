"""A scattering network computed in the plain way: one layer after the other, on complex maps, channels first."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch

from collapse_theory.learned.wavelet_layer import WaveletLayer
from collapse_theory.wavelets import padded_shape, paper_bank
from collapse_theory.wavelets.morlet import Morlet, gaussian_hat

_LARGEST_MATRIX = 2**22


def plain(network):
    """A copy of a network whose wavelets go by one matrix where it is small, else by Fourier, so that nothing is fused.

    In double precision all go by Fourier, with filters of which no tail is set to zero: that is an error of 1e-9, which
    the gradient of a small modulus makes larger.
    """
    network = deepcopy(network)
    for block in network.blocks:
        old = block.wavelets
        double = next(network.parameters()).dtype == torch.float64
        small = (1 + old.complex) * old.side**2 * 2 * old.angles * old.after**2 <= _LARGEST_MATRIX
        options = {"complex": old.complex, "angles": old.angles, "circle": old.circle, "pi": old.pi}
        block.wavelets = WaveletLayer(old.side, old.step, dense=small and not double, **options)
        if double:
            block.wavelets._values = _whole_filters(block.wavelets)
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
