"""The wavelets of a network as a layer: fixed filters, placed once, by FFT or as one matrix."""

import math

import numpy as np
import torch
from torch import nn

from ..arrays import fft2, ifft2, is_complex
from ..scattering import Layer, apply_layer
from ..torus import fold
from ..wavelets import crop, padded_shape, paper_bank

__all__ = ["DENSE_SIDE", "WaveletLayer", "side_after"]

DENSE_SIDE = 16


class WaveletLayer(nn.Module):
    """Low-pass and wavelets of one block of the paper's networks, reflected at the border and cropped.

        φ part  x ∗ φ,   ψ part  x ∗ ψ_l;   if the step is not "half octave", every second sample of each

    side : M, of the square maps
    step : as in `paper_bank`; it also says whether the layer subsamples
    angles, circle, pi : as in `paper_bank`
    dense : multiply by one matrix, which holds padding, filters, subsampling and cropping, instead of going through
        Fourier: faster on small maps, and the same numbers; None: where the side is at most 16

    Maps (B, C, M, M), real or complex, to (B, C, M', M'), real if the maps are, and (B, C L, M', M'), complex, the
    angle fastest. Both are `scattering.cascade` with boundary="reflect".
    Raises ValueError for maps of another side, and as `paper_bank`.
    """

    def __init__(self, side, step, *, angles, circle="half", pi=math.pi, dense=None):
        super().__init__()
        self.side, self.step, self.angles, self.circle = side, step, angles, circle
        self.subsample = step != "half octave"
        self.bank = paper_bank(padded_shape((side, side)), angles, step, circle, pi)
        self.dense = side <= DENSE_SIDE if dense is None else dense
        if self.dense:
            lowpass, waves = _matrices(self.bank, side, self.subsample)
        else:
            lowpass, waves = self.bank.lowpass_hat, self.bank.psi_hat
        # Derived from the architecture, so no part of a checkpoint; real, so that a change of precision is harmless.
        self.register_buffer("lowpass", torch.tensor(lowpass, dtype=torch.float32), persistent=False)
        self.register_buffer("waves", torch.tensor(waves, dtype=torch.float32), persistent=False)

    def forward(self, x):
        if x.ndim != 4 or x.shape[-2:] != (self.side, self.side):
            raise ValueError(f"x: expected maps (B, C, {self.side}, {self.side}), got shape {tuple(x.shape)}")
        low, waves = self._by_matrix(x) if self.dense else self._by_fourier(x)
        return low, waves.flatten(1, 2)

    def _by_fourier(self, x):
        x_hat = fft2(_reflect(_reflect(x, -2), -1))
        low, waves = x_hat * self.lowpass, x_hat[:, :, None] * self.waves
        low, waves = (crop(ifft2(fold(z, 1 + self.subsample)), self.subsample) for z in (low, waves))
        return (low if is_complex(x) else low.real), waves

    def _by_matrix(self, x):
        after = side_after(self.side, self.step)
        if is_complex(x):
            pixels = torch.view_as_real(x).flatten(2)
            low = _multiply(pixels, self.lowpass).unflatten(-1, (after, after, 2))
            waves = _multiply(pixels, self.waves).unflatten(-1, (self.angles, after, after, 2))
            return torch.view_as_complex(low), torch.view_as_complex(waves)
        # The rows of the real parts, and for the low-pass the columns too: it is a real filter.
        low = _multiply(x.flatten(2), self.lowpass[::2, ::2]).unflatten(-1, (after, after))
        waves = _multiply(x.flatten(2), self.waves[::2]).unflatten(-1, (self.angles, after, after, 2))
        return low, torch.view_as_complex(waves)

    def extra_repr(self):
        return f"{self.step}, {self.angles} angles, {'dense' if self.dense else 'Fourier'}"


def side_after(side, step):
    """Side of the maps after a wavelet layer, from the side before it."""
    padded = padded_shape((side, side))[0]
    return padded - 4 if step == "half octave" else padded // 2 - 2


def _multiply(x, matrix):
    """x @ matrix at the precision of x: under autocast the product alone has less."""
    return (x @ matrix).to(x.dtype)


def _matrices(bank, side, subsample):
    """The layer on every unit image, as real matrices of interleaved real and imaginary parts.

    Returns (2 M², 2 M'²) and (2 M², 2 L M'²) NumPy arrays.
    """
    units = np.eye(side * side).reshape(side * side, 1, side, side)
    answers = apply_layer(units, Layer(bank, "identity", boundary="reflect", subsample=subsample))
    # A unit at the real part of a sample answers A, a unit at its imaginary part iA.
    rows = np.stack([answers, 1j * answers], axis=1)
    low, waves = rows[:, :, :1], rows[:, :, 1:]
    return [_real_pairs(z).reshape(2 * side * side, -1) for z in (low, waves)]


def _real_pairs(z):
    return np.stack([z.real, z.imag], axis=-1)


def _reflect(x, axis):
    """`torus.reflect` to `padded_shape`, of one axis of at least 4 samples: by slices, so that nothing is placed."""
    side = x.shape[axis]
    before = (padded_shape((side, side))[0] - side) // 2
    after = padded_shape((side, side))[0] - side - before
    head = x.narrow(axis, 1, before).flip(axis)
    tail = x.narrow(axis, side - 1 - after, after).flip(axis)
    return torch.cat([head, x, tail], axis)
