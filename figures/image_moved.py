"""An image moved by a few samples: the phase of its wavelet coefficients turns, their modulus stays.

Above, a patch of brick; below, the same patch moved down by five samples, half a period of the wavelet. From left
to right the image, the modulus of its coefficients, and their phase where the modulus is above a tenth of its
maximum. The curves: how much coefficients and moduli change with the shift, relative to their norm, and what is
left of the change of the coefficients once their phase is turned by −ξ·τ, which the claim
`translation_turns_the_phase` bounds.
"""

import numpy as np

from collapse_theory import datasets
from collapse_theory.torus import roll, translate
from collapse_theory.wavelets import morlet_bank, wavelet_transform

from . import style

SCALE = 2


def data(side=64, shift=5, points=33):
    images, _ = datasets.textures("train", side=side, standardise=True)
    x = images[0, 0].astype(np.float64)
    x = x * np.outer(np.hanning(side + 1)[:-1], np.hanning(side + 1)[:-1])
    bank = morlet_bank(side, SCALE + 1, 4)
    index = int(np.flatnonzero((bank.scale == SCALE) & (np.abs(bank.angle) < 1e-9))[0])
    z, moved = (wavelet_transform(image, bank)[1 + index] for image in (x, roll(x, (shift, 0))))
    shifts = np.linspace(0, 6, points)
    center = bank.center(unwrapped=False)[index]
    changes = np.array([_changes(x, bank, index, center, (s, 0.0)) for s in shifts]).T
    return {
        "image": x,
        "moved image": roll(x, (shift, 0)),
        "z": z,
        "moved z": moved,
        "shift": shifts,
        "coefficients": changes[0],
        "moduli": changes[1],
        "turned": changes[2],
        "frequency": float(np.linalg.norm(center)),
    }


def _changes(x, bank, index, center, shift):
    """Relative changes of the coefficients, of their moduli, and of the coefficients once the phase is turned."""
    z, moved = (wavelet_transform(image, bank)[1 + index] for image in (x, translate(x, shift)))
    turned = np.exp(-1j * np.dot(center, shift)) * z
    differences = (moved - z, np.abs(moved) - np.abs(z), moved - turned)
    return [np.linalg.norm(difference) / np.linalg.norm(z) for difference in differences]


def draw(data):
    figure = style.figure(height_cm=8.0)
    left, right = figure.subfigures(1, 2, width_ratios=[3, 2.4])
    for row, (image, z) in zip(left.subplots(2, 3), (("image", "z"), ("moved image", "moved z")), strict=True):
        modulus = np.abs(data[z])
        phase = np.where(modulus > 0.1 * modulus.max(), np.angle(data[z]), np.nan)
        style.image(row[0], data[image], image, cmap="gray")
        style.image(row[1], modulus, "modulus", cmap="Greys")
        style.image(row[2], phase, "phase", cmap="twilight", vmin=-np.pi, vmax=np.pi)
    _draw_changes(right.subplots(), data)
    return figure


def _draw_changes(ax, data):
    curves = {
        "coefficients": (data["coefficients"], style.COLOUR["identity"]),
        "coefficients, turned by −ξ·τ": (data["turned"], style.COLOUR["soft threshold"]),
        "moduli": (data["moduli"], style.COLOUR["phase collapse"]),
    }
    for name, (values, colour) in curves.items():
        ax.plot(data["shift"], values, color=colour, label=name)
    title = f"ψ of period {2 * np.pi / data['frequency']:.1f} samples"
    ax.set(xlabel="shift |τ| (samples)", ylabel="change / norm of the coefficients", ylim=(0, 2.4), title=title)
    ax.legend(loc="upper left")
