"""The wavelets of a network as a layer: fixed filters, placed once, by FFT or as one matrix."""

import math

import numpy as np
import torch
from torch import nn

from ..arrays import is_complex
from ..fourier import fft2
from ..machine.sizes import LARGEST_MATRIX
from ..scattering import Layer, apply_layer
from ..torus import padded_shape
from ..wavelets import paper_bank
from ..wavelets.morlet import without_tail
from .separable import is_separable, separate
from .spectra import filtered

__all__ = ["WaveletLayer", "side_after"]


class WaveletLayer(nn.Module):
    """Low-pass and wavelets of one block of the paper's networks, reflected at the border and cropped.

        φ part  x ∗ φ,   ψ part  x ∗ ψ_l;   if the step is not "half octave", every second sample of each

    side : M, of the square maps
    step : as in `paper_bank`; it also says whether the layer subsamples
    complex : whether the maps are complex
    angles, circle, pi : as in `paper_bank`
    dense : multiply by one matrix, which holds padding, filters, subsampling and cropping, instead of going through
        Fourier: the same numbers, sooner on small maps. None: where the matrix has at most 2^22 entries
        (`machine.sizes.LARGEST_MATRIX`)

    Maps (B, C, M, M), real or complex, to (B, C, M', M'), real if the maps are, and (B, C L, M', M'), complex, the
    angle fastest: the numbers of `scattering.cascade` with boundary="reflect".
    Raises ValueError for maps of another side or type, and as `paper_bank`.
    """

    def __init__(self, side, step, *, complex, angles, circle="half", pi=math.pi, dense=None):
        super().__init__()
        bank = paper_bank(padded_shape((side, side)), angles, step, circle, pi)
        self.side, self.step, self.complex, self.angles = side, step, complex, angles
        self.circle, self.pi = circle, pi  # what a run is known by, beside the filters
        self.after, self.subsample = side_after(side, step), step != "half octave"
        self.separable = dense is None and is_separable(bank.design)
        entries = (1 + complex) * side**2 * 2 * angles * self.after**2
        self.dense = entries <= LARGEST_MATRIX if dense is None else dense
        if self.separable:
            self.dense, filters = False, self._separate(bank)
        else:
            self.planes, self.order = 1 + 2 * angles, tuple(range(angles))
            filters = zip(("lowpass", "waves"), _matrices(bank, self) if self.dense else _spectra(bank), strict=True)
        # They follow from the architecture, so a checkpoint has none; real, so that no cast loses an imaginary part.
        self._values = dict(filters)
        for name, values in self._values.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def _separate(self, bank):
        """Names and values of the matrices; which planes each reads and writes, and the order of the wavelets."""
        found = separate(bank.design, self.side, subsample=self.subsample, complex=self.complex)
        self.planes, self.order = found.planes, found.order
        self.groups = tuple((group.reads, group.writes) for group in found.groups)
        return {"first": found.first} | {f"second_{n}": group.matrix for n, group in enumerate(found.groups)}

    def second(self):
        """The matrices of the groups."""
        return [getattr(self, f"second_{number}") for number in range(len(self.groups))]

    def _apply(self, function, *arguments, **options):
        """Casts come from the values in double precision: single precision, widened, would stay single."""
        super()._apply(function, *arguments, **options)
        for name, values in self._values.items():
            buffer = getattr(self, name)
            if buffer.dtype == torch.float64 and not buffer.is_meta:
                buffer.copy_(torch.tensor(values))
        return self

    def forward(self, x):
        if x.ndim != 4 or x.shape[-2:] != (self.side, self.side) or is_complex(x) != self.complex:
            kind = "complex" if self.complex else "real"
            raise ValueError(
                f"x: expected {kind} maps (B, C, {self.side}, {self.side}), got {x.dtype} {tuple(x.shape)}"
            )
        way = self._by_axes if self.separable else self._by_matrix if self.dense else self._by_fourier
        low, waves = way(x)
        return low, waves.flatten(1, 2)

    def parts(self, x):
        """The answer to maps in parts: (P, M, M, B, C) to (P + 2 L, M', M', B, C).

        First the low-pass, then the real and the imaginary part of each wavelet, in the order `order`. Where the layer
        is separable there are no complex numbers on the way.
        """
        if self.separable:
            return self._products(x)
        x = x.permute(0, 3, 4, 1, 2)
        low, waves = (self._by_matrix if self.dense else self._by_fourier)(torch.complex(*x) if self.complex else x[0])
        low = torch.view_as_real(low)[:, :, None] if self.complex else low[:, :, None, ..., None]
        pieces = [z.movedim(-1, 3).flatten(2, 3) for z in (low, torch.view_as_real(waves))]
        return torch.cat(pieces, 2).permute(2, 3, 4, 0, 1)

    def _products(self, x):
        """One along the rows of maps, one along their columns."""
        images = x.shape[3:]
        planes = _product(self.first, x.flatten(0, 1).flatten(1))
        planes = planes.view(self.after, self.planes, self.side, -1)
        answers = [
            _product(matrix, planes[:, reads].flatten(1, 2)).unflatten(1, (-1, self.after))
            for (reads, _), matrix in zip(self.groups, self.second(), strict=True)
        ]
        return torch.cat(answers, 1).movedim(1, 0).unflatten(-1, images)

    def _by_axes(self, x):
        parts = torch.stack([x.real, x.imag] if self.complex else [x]).permute(0, 3, 4, 1, 2)
        answer = self._products(parts).permute(3, 4, 0, 1, 2)
        low, waves = answer.split((1 + self.complex, 2 * self.angles), 2)
        waves = torch.complex(waves[:, :, ::2], waves[:, :, 1::2])
        waves = torch.stack([waves[:, :, self.order.index(angle)] for angle in range(self.angles)], 2)
        return (torch.complex(*low.unbind(2)) if self.complex else low[:, :, 0]), waves

    def _by_fourier(self, x):
        x_hat = fft2(_reflect(_reflect(x, -2), -1))
        filters = torch.cat([self.lowpass[None], self.waves])
        low, waves = filtered(x_hat, filters, 1 + self.subsample)
        return (low if self.complex else low.real), waves

    def _by_matrix(self, x):
        pixels = (torch.view_as_real(x) if self.complex else x).flatten(2)
        # Under autocast the products alone have less precision.
        low, waves = ((pixels @ matrix).to(pixels.dtype) for matrix in (self.lowpass, self.waves))
        waves = torch.view_as_complex(waves.unflatten(-1, (self.angles, self.after, self.after, 2)))
        if self.complex:
            return torch.view_as_complex(low.unflatten(-1, (self.after, self.after, 2))), waves
        return low.unflatten(-1, (self.after, self.after)), waves

    def extra_repr(self):
        way = "two products" if self.separable else "one matrix" if self.dense else "Fourier"
        return f"{self.step}, {self.angles} angles, {way}"


def _product(matrix, planes):
    """Under autocast the product alone has less precision."""
    return (matrix @ planes).to(planes.dtype)


def side_after(side, step):
    """Side of the maps after a wavelet layer, from the side before it."""
    padded = padded_shape((side, side))[0]
    return padded - 4 if step == "half octave" else padded // 2 - 2


def _matrices(bank, layer):
    """The layer on every unit image: its low-pass and its wavelets as real matrices on the parts of each sample.

    Returns (P M², Q M'²) and (P M², 2 L M'²) NumPy arrays, with P = Q = 2 parts, real and imaginary, of complex maps,
    and 1 of real ones.
    """
    units = np.eye(layer.side**2).reshape(-1, 1, layer.side, layer.side)
    units = np.stack([units, 1j * units], axis=1).reshape(-1, 1, layer.side, layer.side) if layer.complex else units
    wavelets = Layer(bank, "identity", boundary="reflect", subsample=layer.subsample)
    z = apply_layer(units, wavelets)
    low = z[:, :1] if layer.complex else z[:, :1].real
    return [without_tail(_real_parts(part).reshape(len(units), -1)) for part in (low, z[:, 1:])]  # rounding is dropped


def _spectra(bank):
    return bank.lowpass_hat, bank.psi_hat


def _real_parts(z):
    return np.stack([z.real, z.imag], axis=-1) if np.iscomplexobj(z) else z


def _reflect(x, axis):
    """`torus.reflect` to `padded_shape`, of one axis of at least 4 samples: by slices, so that nothing is placed."""
    side = x.shape[axis]
    before = (padded_shape((side, side))[0] - side) // 2
    after = padded_shape((side, side))[0] - side - before
    head = x.narrow(axis, 1, before).flip(axis)
    tail = x.narrow(axis, side - 1 - after, after).flip(axis)
    return torch.cat([head, x, tail], axis)
