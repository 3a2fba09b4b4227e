"""A Morlet wavelet, its bank on the plane of frequencies, and the Littlewood-Paley sum.

Above stands a wavelet of scale 2, red above 0 and blue below, with a circle of radius 1/σ on its modulus and a bar of
one period 2π/|ξ| on its phase, which is drawn where the modulus is above a twentieth of its maximum. Below are the
supports of the bank, with dots at mean frequencies ξ and the square of all frequencies of images, and the least and
the largest Littlewood-Paley sum on each ring of frequencies, for real images. The bank sees the corners of the square
least, and the sum is 1 everywhere after each filter is divided by its root.
"""

import numpy as np
from matplotlib.patches import Circle

from collapse_theory.wavelets import morlet_bank

from . import style

RADIUS = 12  # of what is shown of a wavelet, in samples


def data(side=64, scales=3, angles=8):
    bank = morlet_bank(side, scales, angles)
    pictured = int(np.flatnonzero((bank.scale == scales - 1) & np.isclose(bank.angle, np.pi / 4))[0])
    radius = np.linalg.norm(np.stack(np.meshgrid(*2 * [2 * np.pi * np.fft.fftfreq(side)])), axis=0)
    ring = np.round(radius * side / (2 * np.pi)).astype(int)
    return {
        "psi": np.fft.fftshift(np.fft.ifft2(bank.psi_hat[pictured])),
        "pictured": pictured,
        "psi_hat": bank.psi_hat,
        "scale": bank.scale,
        "center": bank.center(unwrapped=True),
        "spread": bank.spread(unwrapped=True),
        "radius": 2 * np.pi / side * np.arange(ring.max() + 1),
        "sum": _by_ring(bank.littlewood_paley(), ring),
        "tight sum": _by_ring(bank.tight().littlewood_paley(), ring),
    }


def _by_ring(energy, ring):
    """Least and largest value on each ring of frequencies, (2, rings)."""
    inside = [energy[ring == number] for number in range(ring.max() + 1)]
    return np.array([[values.min() for values in inside], [values.max() for values in inside]])


def draw(data):
    if style.narrow():
        figure = style.figure(height_cm=20.0)
        above, supports, total = figure.subfigures(3, 1, height_ratios=[1.05, 0.9, 0.75])
        panels = above.subplots(2, 2, sharex=True, sharey=True)
    else:
        figure = style.figure(height_cm=12.5)
        above, below = figure.subfigures(2, 1, height_ratios=[1, 1.35])
        panels = above.subplots(1, 4, sharey=True)
        supports, total = below.subfigures(1, 2, width_ratios=[5, 6])
    _draw_wavelet(panels.flat, data)
    _draw_supports(supports.subplots(), data)
    _draw_sum(total.subplots(), data)
    return figure


def _draw_wavelet(panels, data):
    psi, center, spread = data["psi"], data["center"][data["pictured"]], data["spread"][data["pictured"]]
    middle, largest = len(psi) // 2, np.abs(psi).max()
    phase = np.where(np.abs(psi) > largest / 20, np.angle(psi), np.nan)
    signed = {"cmap": style.SIGNED, "vmin": -largest, "vmax": largest}
    values = {
        "Re ψ": (psi.real, signed),
        "Im ψ": (psi.imag, signed),
        f"|ψ|, 1/σ = {1 / spread:.1f} samples": (np.abs(psi), {"cmap": style.AMPLITUDE}),
        f"phase, 2π/|ξ| = {2 * np.pi / np.linalg.norm(center):.1f}": (
            phase,
            {"cmap": "twilight", "vmin": -np.pi, "vmax": np.pi},
        ),
    }
    panels, box = list(panels), (-middle - 0.5, len(psi) - middle - 0.5) * 2
    for ax, (title, (shown, options)) in zip(panels, values.items(), strict=True):
        ax.imshow(shown, extent=(*box[:2], box[3], box[2]), **options)
        ax.set(xlim=(-RADIUS, RADIUS), ylim=(RADIUS, -RADIUS), title=title, xticks=[-10, 0, 10], yticks=[-10, 0, 10])
        ax.set(xlabel="column (samples)", ylabel="row (samples)")
        ax.label_outer()
    panels[2].add_patch(Circle((0, 0), 1 / spread, fill=False, color=style.CLASS_COLOUR[1]))
    end = np.pi * center / (center @ center)  # half a period
    panels[3].plot([-end[1], end[1]], [-end[0], end[0]], color=style.CLASS_COLOUR[1], marker="|", linewidth=1.6)


def _draw_supports(ax, data):
    side = data["psi_hat"].shape[-1]
    offsets = 2 * np.pi / side * (np.arange(side) - side // 2)
    for psi_hat, scale, center in zip(data["psi_hat"], data["scale"], data["center"], strict=True):
        # Around the mean frequency, so that no ellipse is cut at the border of the square and goes on at the other one.
        nearest = np.round(center * side / (2 * np.pi)).astype(int)
        around = np.roll(psi_hat, side // 2 - nearest, axis=(0, 1))
        rows, columns = (offsets + 2 * np.pi / side * number for number in nearest)
        look, level = style.CLASS_LOOK[int(scale) % 3], [np.abs(around).max() / 2]
        options = {"colors": look["color"], "linestyles": look["linestyle"], "linewidths": 0.9}
        ax.contour(columns, rows, np.abs(around), levels=level, **options)
        ax.plot(center[1], center[0], ".", color=look["color"], markersize=2)
    for scale in sorted(set(data["scale"])):
        look = style.CLASS_LOOK[int(scale) % 3]
        ax.plot([], [], color=look["color"], linestyle=look["linestyle"], label=f"scale {scale:g}")
    ax.plot(*np.pi * np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]]), color=style.BOUND, linewidth=0.6)
    ticks = {"ticks": [-np.pi, 0, np.pi], "labels": ["−π", "0", "π"]}
    ax.set_xticks(**ticks)
    ax.set_yticks(**ticks)
    ax.set(xlabel="frequency along columns (rad/sample)", ylabel="along rows (rad/sample)", aspect="equal")
    ax.set(ylim=(4.2, -3.6), title="|ψ̂| at half its maximum")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.93))


def _draw_sum(ax, data):
    looks = {"sum": ("as designed", style.CLASS_COLOUR[0], ""), "tight sum": ("tight", style.CLASS_COLOUR[2], "")}
    for name, (label, colour, hatch) in looks.items():
        least, most = data[name]
        says = f"{label}: {least.min():.2f} to {most.max():.2f}"
        ax.fill_between(data["radius"], least, most, facecolor=colour, edgecolor=colour, alpha=0.6, hatch=hatch)
        ax.plot(data["radius"], least, color=colour, linewidth=0.8, label=says)
        ax.plot(data["radius"], most, color=colour, linewidth=0.8)
    ax.axvline(np.pi, color=style.BOUND, linewidth=0.6, linestyle=":")
    ax.set_xticks([0, np.pi / 2, np.pi, np.sqrt(2) * np.pi], ["0", "π/2", "π", "√2 π"])
    ax.set(xlabel="frequency |ω| (rad/sample)", ylabel="Littlewood-Paley sum (no unit)", ylim=(0, 1.15))
    ax.set_title("all frequencies, least and largest")
    ax.legend(loc="lower left")
