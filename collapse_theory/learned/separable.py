"""Wavelets of isotropic envelopes as small real matrices: one product along the rows of a map, one along its columns.

An isotropic Gaussian is the product of two of one axis, so each wavelet of slant 1 is

    ψ of an axis   morlet ⊗ gauss, or gauss ⊗ morlet        ψ of a diagonal   gabor ⊗ gabor − κ gauss ⊗ gauss

and reflection, periodic convolution, subsampling and cropping act on each axis alone. A complex number is two real
ones: its real part, then its imaginary part.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..torus import frequencies, padded_shape

__all__ = ["Group", "Separable", "is_separable", "separate"]

_CLOSE = 1e-9  # rad/sample, of a component of a frequency that is 0 but for rounding


@dataclass(frozen=True)
class Group:
    """Planes of the output that are made of the same planes of the first product.

    reads, writes : slices of planes
    matrix : (planes written · M', planes read · M)
    """

    reads: slice
    writes: slice
    matrix: np.ndarray


@dataclass(frozen=True)
class Separable:
    """A wavelet layer as matrices on maps in parts (P, M, M, ..), P = 2 if they are complex, else 1.

    first : (M' · planes, P M), along the first axis of the pixels; its rows are M' times the planes
    planes : that it makes
    groups : along the second axis; the first one writes the P planes of the low-pass, the others the real and the
        imaginary part of each wavelet
    order : of the wavelets, as the groups write them
    """

    first: np.ndarray
    planes: int
    groups: tuple[Group, ...]
    order: tuple[int, ...]


def is_separable(design):
    """Whether all envelopes of a bank are isotropic, and all wavelets are of an axis or a diagonal."""
    directions = [abs(4 * wavelet.angle / math.pi) for wavelet in design.wavelets]
    return all(w.slant == 1 for w in design.wavelets) and np.allclose(directions, np.round(directions))


def separate(design, side, *, subsample, complex):
    """The matrices of `Separable` of a bank, reflected and cropped as by the paper.

    design : of a FilterBank, which `is_separable`
    side : M
    subsample : whether every second sample is kept
    complex : whether the maps are complex
    """
    axis = _Axis(side, subsample)
    first = {("low", 0.0): (axis.operator(axis.gaussian(design.lowpass_sigma, 0.0)), 1 + complex)}
    makers = {}
    for number, wavelet in enumerate(design.wavelets):
        center = [wavelet.frequency * f(wavelet.angle) for f in (math.cos, math.sin)]
        along, across = (0.0 if abs(c) < _CLOSE else c for c in center)
        kind = "gauss" if along == 0 else "morlet" if across == 0 else "gabor"
        makers.setdefault((kind, round(along, 9)), []).append((number, wavelet, along, across))
    for key, made in makers.items():
        first[key] = (axis.along(key[0], made[0][1].sigma, made[0][2]), 2 if key[0] != "gauss" else 1 + complex)
    gauss = ("gauss", 0.0)
    if any(kind == "gabor" for kind, _ in makers) and gauss not in first:
        first[gauss] = (axis.along("gauss", design.wavelets[0].sigma, 0.0), 1 + complex)
    gabors = [key for key in first if key[0] == "gabor"]  # beside the Gaussian, on either side of it
    keys = [key for key in first if key[0] in ("low", "morlet")] + gabors[:1] + [gauss] + gabors[1:]
    ends = dict(zip(keys, np.cumsum([first[key][1] for key in keys]).tolist(), strict=True))
    spans = {key: slice(ends[key] - first[key][1], ends[key]) for key in keys}
    blocks = [_in_parts(first[key][0], 1 + complex, first[key][1]) for key in keys]
    stacked = np.concatenate([block.reshape(-1, axis.after, (1 + complex) * side) for block in blocks])
    norm = math.pi / design.pi
    low = norm * _in_parts(first["low", 0.0][0], 1 + complex, 1 + complex)
    groups, written, order = [Group(spans["low", 0.0], slice(0, 1 + complex), low)], 1 + complex, []
    for key in keys:
        if key not in makers:
            continue
        reads = spans[key]
        if key[0] == "gabor":
            reads = slice(min(reads.start, spans[gauss].start), max(reads.stop, spans[gauss].stop))
        rows = [
            axis.across(key[0], *made[1:], read=first[key][1], gauss=1 + complex, before=key in gabors[:1])
            for made in makers[key]
        ]
        groups.append(Group(reads, slice(written, written + 2 * len(rows)), norm * np.concatenate(rows)))
        written += 2 * len(rows)
        order += [made[0] for made in makers[key]]
    return Separable(
        stacked.transpose(1, 0, 2).reshape(-1, (1 + complex) * side), len(stacked), tuple(groups), (*order,)
    )


class _Axis:
    """One axis of the maps: M samples, reflected to the padded side, convolved, subsampled and cropped to M'."""

    def __init__(self, side, subsample):
        self.side, self.padded = side, padded_shape((side, side))[0]
        self.step, border = 1 + subsample, 2 // (1 + subsample)
        self.kept = np.arange(self.padded)[:: self.step][border:-border]
        self.after = len(self.kept)

    def gaussian(self, sigma, center):
        """Transform of a plane wave under a Gaussian, with its aliases: (padded,)."""
        w = frequencies((self.padded, 1))[:, 0, 0][:, None] + 2 * math.pi * np.arange(-8, 9) - center
        return np.exp(-((sigma * w) ** 2) / 2).sum(1)

    def operator(self, filter_hat):
        """(M', M) complex: what becomes of each sample."""
        index = np.arange(self.padded) - (self.padded - self.side) // 2
        index = (self.side - 1) - np.abs((self.side - 1) - np.abs(index))  # reflection, without repeating the edge
        reflected = np.eye(self.side)[index]
        return np.fft.ifft(np.fft.fft(reflected, axis=0) * filter_hat[:, None], axis=0)[self.kept]

    def along(self, kind, sigma, center):
        """The first factor of a wavelet."""
        wave, envelope = self.gaussian(sigma, center), self.gaussian(sigma, 0.0)
        return self.operator(wave - (wave[0] / envelope[0] * envelope if kind == "morlet" else 0))

    def across(self, kind, wavelet, along, center, *, read, gauss, before):
        """The second factor of a wavelet as it acts on the planes that its group reads."""
        if kind == "morlet":
            return _in_parts(self.along("gauss", wavelet.sigma, 0.0), read, 2)
        if kind == "gauss":
            return _in_parts(self.along("morlet", wavelet.sigma, center), read, 2)
        ratios = [self.gaussian(wavelet.sigma, c)[0] / self.gaussian(wavelet.sigma, 0.0)[0] for c in (along, center)]
        mean = -math.prod(ratios) * _in_parts(self.along("gauss", wavelet.sigma, 0.0), gauss, 2)
        wave = _in_parts(self.along("gabor", wavelet.sigma, center), read, 2)
        return np.concatenate([wave, mean] if before else [mean, wave], 1)


def _in_parts(operator, read, written):
    """A complex (M', M) matrix as a real one, (written M', read M), on the parts of numbers that have 1 or 2."""
    real, imaginary = operator.real, operator.imag
    whole = np.block([[real, -imaginary], [imaginary, real]])
    return whole[: written * len(real), : read * real.shape[1]]
