"""The filters of the windowed scattering transform, on each of the grids where its moduli live."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import chain
from typing import Any

import numpy as np

from ..arrays import place_once
from ..wavelets import morlet_bank
from ..wavelets.folded import FoldedFilters, folded

__all__ = ["Windows", "padded_sides", "windows"]


@dataclass(frozen=True, eq=False)
class Windows:
    """Everything linear in the windowed scattering transform of images of one shape.

    padded : (Hp, Wp), sides after padding
    wavelets : by (j, scale): on the grid of step 2^j, followed by a subsampling to that of step 2^scale
    averages : for each j two matrices, (H // 2^J, Hp / 2^j) and (Wp / 2^j, W // 2^J): one from the left and one from
        the right, they are the low-pass, the subsampling and the crop at once
    """

    padded: tuple[int, int]
    wavelets: dict[tuple[int, int], FoldedFilters]
    averages: tuple[tuple[Any, Any], ...]

    def placed(self, like):
        """The same with the averages beside another array, placed there once, as the wavelets place themselves."""
        there = partial(place_once, like=like)
        averages = tuple((there(rows), there(columns)) for rows, columns in self.averages)
        return replace(self, averages=averages)


def padded_sides(sides, scales):
    """Sides after padding: the multiples of 2^J that leave two more output samples an axis than are kept.

    (H, W) -> (Hp, Wp);  M -> ((M + 2^J) // 2^J + 1) 2^J,  of which (M' − M) // 2 lie before the image.
    """
    return tuple(((side + 2**scales) // 2**scales + 1) * 2**scales for side in sides)


@lru_cache(maxsize=16)
def windows(sides, scales, angles, pi):
    """The `Windows` of images of these sides, as NumPy arrays, shared by everyone who asks and therefore read-only.

    On the grid of step 2^j a filter is the fine one on its band [−π / 2^j, π / 2^j)², and not the fine one folded: so
    do the classical codes, and to fold changes the coefficients by 5e-5 to 7e-4 of their maximum.
    """
    padded = padded_sides(sides, scales)
    bank = morlet_bank(padded, scales, angles, pi=pi)
    psi_hat = bank.psi_hat.reshape(scales, angles, *padded)
    wavelets = {
        (step, scale): folded(_band(_band(psi_hat[scale], 2**step, axis=-2), 2**step, axis=-1), 2 ** (scale - step))
        for step in range(scales)
        for scale in range(step + (step > 0), scales)
    }
    # The low-pass is a Gaussian of equal widths: the product of one of the rows and one of the columns.
    root = math.sqrt(bank.lowpass_hat[0, 0])
    rows, columns = bank.lowpass_hat[:, 0] / root, bank.lowpass_hat[0] / root
    averages = tuple(
        (_average(rows, 2**step, 2**scales), _average(columns, 2**step, 2**scales).T) for step in range(scales)
    )
    for values in chain.from_iterable(averages):
        values.flags.writeable = False
    return Windows(padded, wavelets, averages)


def _average(lowpass_hat, step, window):
    """Low-pass, subsampling and crop of one axis: the rows that are kept of a circulant matrix.

    lowpass_hat : (P,) on the finest grid
    step, window : of the grid of the maps, and of the outputs

    Returns (P / window − 2, P / step) NumPy array: the first and the last output sample are dropped.
    """
    kernel = np.fft.ifft(_band(lowpass_hat, step, axis=0)).real
    kept = np.arange(window, len(lowpass_hat) - window, window) // step
    return kernel[(kept[:, None] - np.arange(len(kernel))) % len(kernel)]


def _band(filter_hat, step, axis):
    """The samples of a spectrum on the band of the grid of `step`, in the order of the FFT, zero frequency first."""
    side = filter_hat.shape[axis] // step
    return np.take(filter_hat, np.rint(np.fft.fftfreq(side) * side).astype(int), axis=axis)
