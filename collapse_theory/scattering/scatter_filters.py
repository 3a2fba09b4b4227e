"""The filters of the windowed scattering transform, on each of the grids where its moduli live."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..torus import padded_shape
from ..wavelets import morlet_bank
from ..wavelets.filterbank import frozen
from ..wavelets.folded import FoldedFilters

__all__ = ["ScatterFilters", "scatter_filters"]


@dataclass(frozen=True, eq=False)
class ScatterFilters:
    """Everything linear in the windowed scattering transform of images of one shape, on the host and read-only.

    padded : (Hp, Wp), sides after padding
    wavelets : by (j, scale): on the grid of step 2^j, followed by a subsampling to that of step 2^scale
    averages : for each j two NumPy arrays, (H // 2^J, Hp / 2^j) and (Wp / 2^j, W // 2^J): one from the left and one
        from the right, they are the low-pass, the subsampling and the crop at once
    """

    padded: tuple[int, int]
    wavelets: dict[tuple[int, int], FoldedFilters]
    averages: tuple[tuple[np.ndarray, np.ndarray], ...]


@lru_cache(maxsize=16)
def scatter_filters(sides, scales, angles, pi):
    """The `ScatterFilters` of images of these sides, made once and shared by everyone who asks.

    On the grid of step 2^j a filter is the fine one on its band [−π / 2^j, π / 2^j)², and not the fine one folded: so
    do the classical codes, and to fold changes the coefficients by 5e-5 to 7e-4 of their maximum.
    """
    padded = padded_shape(sides, scales)
    bank = morlet_bank(padded, scales, angles, pi=pi)
    psi_hat = bank.psi_hat.reshape(scales, angles, *padded)
    wavelets = {
        (step, scale): FoldedFilters.of_array(_on_the_grid(psi_hat[scale], 2**step), 2 ** (scale - step))
        for step in range(scales)
        for scale in range(step + (step > 0), scales)
    }
    # The low-pass is a Gaussian of equal widths: the product of one of the rows and one of the columns.
    root = math.sqrt(bank.lowpass_hat[0, 0])
    rows, columns = bank.lowpass_hat[:, 0] / root, bank.lowpass_hat[0] / root
    averages = tuple(
        (frozen(_average(rows, 2**step, 2**scales)), frozen(_average(columns, 2**step, 2**scales).T))
        for step in range(scales)
    )
    return ScatterFilters(padded, wavelets, averages)


def _average(lowpass_hat, step, window):
    """Low-pass, subsampling and crop of one axis: the rows that are kept of a circulant matrix.

    lowpass_hat : (P,) on the finest grid
    step, window : of the grid of the maps, and of the outputs

    Returns (P / window − 2, P / step) NumPy array: the first and the last output sample are dropped.
    """
    kernel = np.fft.ifft(_band(lowpass_hat, step, axis=0)).real
    kept = np.arange(window, len(lowpass_hat) - window, window) // step
    return kernel[(kept[:, None] - np.arange(len(kernel))) % len(kernel)]


def _on_the_grid(psi_hat, step):
    """(L, Hp, Wp) -> (L, Hp / step, Wp / step): both axes on the band of the coarser grid."""
    return _band(_band(psi_hat, step, axis=-2), step, axis=-1)


def _band(filter_hat, step, axis):
    """The samples of a spectrum on the band of the grid of `step`, in the order of the FFT, zero frequency first."""
    side = filter_hat.shape[axis] // step
    return np.take(filter_hat, np.rint(np.fft.fftfreq(side) * side).astype(int), axis=axis)
