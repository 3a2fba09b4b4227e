"""Morlet wavelets in closed form: their Fourier transform on a grid, in float64, without any FFT.

Each axis is prepared in extended precision and rounded once, the grid is float64. Against 50 digits, values are then
within 4 ulp of the maximum of a wavelet that its grid resolves (measured: 3.3; where `longdouble` is no longer than
float64: 6.8), and within 8 of the small maximum of one that falls between two frequencies of its grid.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..torus import image_shape

__all__ = ["TAIL", "Morlet", "gaussian_hat", "morlet_hat", "without_tail"]

TAIL = 1e-9  # of the maximum: a thousandth of what single precision resolves, far from subnormal numbers
_TURN = 8 * np.arctan(np.longdouble(1))  # 2π
_NEGLIGIBLE_EXPONENT = 39.0  # exp(-39) is 1e-17, a tenth of half an ulp of the maximum, which is 1


@dataclass(frozen=True)
class Morlet:
    """A Gaussian envelope on a plane wave, made zero-mean.

        ψ(u) = (e^{iξ·u} − κ) e^{−uᵀAu} slant / (2π sigma²)
        A = R diag(1, slant²) Rᵀ / (2 sigma²),   ξ = frequency (cos t, sin t)

    sigma : standard deviation of the envelope along the wave, in samples; it is sigma / slant across
    frequency : |ξ|, in rad/sample
    angle : t, direction of the wave, in radians from the row axis towards the column axis; R rotates by t
    slant : ratio of the two standard deviations
    scale : octave of the wavelet, for path tables; it enters no formula

    Source: Guth, Zarka & Mallat (2022) and its published code for the parameters; Morlet wavelets are classical.
    """

    sigma: float
    frequency: float
    angle: float
    slant: float
    scale: float = 0.0


def morlet_hat(wavelet, shape, pi=math.pi):
    """Fourier transform of a `Morlet`, periodised, (H, W) real NumPy array: zero at ω = 0, zero tails.

    ψ̂(ω) = ĝ(ω − ξ) − κ ĝ(ω),   κ = ĝ(−ξ) / ĝ(0),   each ĝ summed over its aliases.

    pi : the π of the norm, never of a frequency; other codes write 3.1415
    """
    wave = gaussian_hat(wavelet, shape, pi)
    envelope = gaussian_hat(Morlet(wavelet.sigma, 0.0, wavelet.angle, wavelet.slant), shape, pi)
    return without_tail(wave - wave[0, 0] / envelope[0, 0] * envelope)


def gaussian_hat(wavelet, shape, pi=math.pi):
    """Fourier transform of the plane wave under the envelope of `wavelet`, before its mean is removed.

        ĝ(ω − ξ) = Σ_k exp(−(p² + q²/slant²) sigma² / 2),   (p, q) = Rᵀ(ω + 2πk − ξ),  k in Z²

    wavelet : Morlet
    shape : (H, W), or one side of a square
    pi : as `morlet_hat`

    Returns (H, W) real NumPy array with maximum close to 1. Terms under 1e-17 are left out.
    Raises ValueError if `shape` is not positive integers.
    """
    sigma, slant, angle = (np.longdouble(value) for value in (wavelet.sigma, wavelet.slant, wavelet.angle))
    cosine, sine = np.cos(angle), np.sin(angle)
    along, across = sigma * np.sqrt(np.longdouble(0.5)), sigma / slant * np.sqrt(np.longdouble(0.5))
    height, width = image_shape(shape)
    rows = _aliases(height, wavelet.frequency * cosine, _reach(along, across, cosine, sine))
    columns = _aliases(width, wavelet.frequency * sine, _reach(along, across, sine, cosine))
    total = np.zeros((height, width))
    for where_row, row in rows:
        for where_column, column in columns:
            exponent = _sum(along * cosine * row, along * sine * column) ** 2
            exponent += _sum(-across * sine * row, across * cosine * column) ** 2
            if exponent.min() < _NEGLIGIBLE_EXPONENT:
                np.negative(exponent, out=exponent)
                total[where_row, where_column] += np.exp(exponent, out=exponent)
    return math.pi / pi * np.fft.ifftshift(total)


def without_tail(filter_hat):
    """`filter_hat` with every value under 1e-9 of its maximum set to zero: no subnormal numbers in any product."""
    size = np.abs(filter_hat)
    return np.where(size < TAIL * size.max(), 0.0, filter_hat)


def _sum(rows, columns):
    """rows + columns on the grid, each rounded to float64 first: (H,), (W,) -> (H, W)."""
    return np.add.outer(rows.astype(np.float64), columns.astype(np.float64))


def _reach(along, across, cosine, sine):
    """Largest distance to the centre, on one axis, at which the Gaussian is not negligible."""
    return math.sqrt(_NEGLIGIBLE_EXPONENT) * math.hypot(cosine / along, sine / across)


def _aliases(side, center, reach):
    """Of each alias of a frequency axis that comes within `reach` of `center`: the slice, and its distances.

    The axis is sorted, so that what lies near is one slice of it, and a filter costs as much as it is wide.
    """
    index = np.arange(-(side // 2), side - side // 2)
    turns = math.ceil((reach + abs(center) + math.pi) / (2 * math.pi))
    distances = (_TURN * (index + turn * side) / side - center for turn in range(-turns, turns + 1))
    near = [(slice(*np.searchsorted(d, (-reach, reach))), d) for d in distances]
    return [(where, d[where]) for where, d in near if where.stop > where.start]
