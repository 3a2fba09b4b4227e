"""Morlet wavelets in space and in frequency, and the Littlewood-Paley sum of their bank.

Top: real part of one wavelet a scale, and its modulus. Bottom left: contours of |ψ̂| at half its maximum for every
wavelet of the bank, with its mean frequency. Bottom right: the Littlewood-Paley sum along the row axis, before and
after the bank is made tight, for real images.
"""

import numpy as np

from collapse_theory.wavelets import morlet_bank

from . import style


def data(side=64, scales=3, angles=8):
    bank = morlet_bank(side, scales, angles)
    psi = np.fft.fftshift(np.fft.ifft2(bank.psi_hat), axes=(-2, -1))
    seen = slice(side // 2 - side // 3, side // 2 + side // 3 + 1)
    first = [int(np.flatnonzero((bank.scale == j) & (np.abs(bank.angle) < 1e-9))[0]) for j in range(scales)]
    return {
        "psi": psi[first][:, seen, seen],
        "psi_hat": np.fft.fftshift(bank.psi_hat, axes=(-2, -1)),
        "scale": bank.scale,
        "center": bank.center(unwrapped=True),
        "frequency": np.fft.fftshift(2 * np.pi * np.fft.fftfreq(side)),
        "sum": np.fft.fftshift(bank.littlewood_paley()[:, 0]),
        "tight sum": np.fft.fftshift(bank.tight().littlewood_paley()[:, 0]),
    }


def draw(data):
    scales = sorted(set(data["scale"]))
    figure = style.figure(height_cm=11.0)
    above, below = figure.subfigures(2, 1)
    *pictures, modulus = above.subplots(1, len(scales) + 1)
    for ax, psi, scale in zip(pictures, data["psi"], scales, strict=True):
        style.image(ax, psi.real, f"Re ψ, scale {scale:g}", cmap="RdBu_r", vmin=-abs(psi).max(), vmax=abs(psi).max())
    style.image(modulus, np.abs(data["psi"][-1]), f"|ψ|, scale {scales[-1]:g}", cmap="Greys")
    supports, total = below.subplots(1, 2, width_ratios=[5, 7])
    _draw_supports(supports, data)
    _draw_sum(total, data)
    return figure


def _draw_supports(ax, data):
    scales = sorted(set(data["scale"]))
    for psi_hat, scale in zip(data["psi_hat"], data["scale"], strict=True):
        colour = style.CLASS_COLOUR[scales.index(scale) % 3]
        level = [np.abs(psi_hat).max() / 2]
        ax.contour(data["frequency"], data["frequency"], np.abs(psi_hat), levels=level, colors=colour, linewidths=0.8)
    ax.plot(data["center"][:, 1], data["center"][:, 0], ".", color=style.BOUND, markersize=3)
    ax.set(xlabel="frequency along columns (rad/sample)", ylabel="along rows (rad/sample)", aspect="equal")
    ax.set_title("|ψ̂| at half its maximum")


def _draw_sum(ax, data):
    ax.plot(data["frequency"], data["sum"], color=style.COLOUR["soft threshold"], label="as designed")
    ax.plot(data["frequency"], data["tight sum"], color=style.COLOUR["phase collapse"], label="tight")
    ax.set(xlabel="frequency along rows (rad/sample)", ylabel="Littlewood-Paley sum", ylim=(0, 1.15))
    ax.legend(loc="lower right")
