"""An image moved: the phase of its wavelet coefficients turns by −ξ·τ, and their modulus changes less.

A column of pixels crosses the mortar of a brick wall, and the wall moves along it by an eighth and by half of the
wavelength λ = 2π/|ξ| of a wavelet of scale 3. The predicted e^{−iξ·τ} z follows the short move, and neither it nor
the modulus survives the long one; titles give the largest change in the image in per cent of the largest |z|. On the
right the same changes stand beside the bound √(τᵀSτ) ‖ψ‖ ‖x‖ of the claim `translation_turns_the_phase`, which its
hardest image for each shift reaches as the shift tends to 0, and from which this image is far.
"""

import numpy as np

from collapse_theory import datasets
from collapse_theory.claims import translation_turns_the_phase as claim
from collapse_theory.torus import translate
from collapse_theory.wavelets import morlet_bank, wavelet_transform

from . import style

SCALE = 3
MOVES = {"λ/8": 1 / 8, "λ/2": 1 / 2}  # in wavelengths
TURNED = r"$z_\tau - e^{-i\xi\cdot\tau} z$"
CHANGES = {
    r"$z_\tau - z$": style.COLOUR["identity"],
    TURNED: style.COLOUR["soft threshold"],
    r"$|z_\tau| - |z|$": style.COLOUR["phase collapse"],
}


def data(side=128, points=13, scale=SCALE):
    images, _ = datasets.textures("train", side=side, standardise=True)
    x = images[0, 0].astype(np.float64)
    bank = morlet_bank(side, scale + 1, 4)
    index = np.flatnonzero((bank.scale == scale) & (np.abs(bank.angle) < 1e-9))
    center = bank.center(unwrapped=False)[index[0]]
    wavelength = 2 * np.pi / np.linalg.norm(center)
    z, shown = _coefficients(x, bank, index), slice(side // 5, side - side // 5)
    column = int(np.argmax(np.abs(z[shown]).sum(axis=0)))
    moves = {name: _moved(x, bank, index, share * wavelength) for name, share in MOVES.items()}
    lines = {name: {"turn": turn, "z": moved[shown, column]} for name, (turn, moved) in moves.items()}
    shifts = wavelength * np.geomspace(1 / 64, 1 / 2, points)
    return {
        "image": x,
        "column": column,
        "rows": np.arange(side)[shown],
        "z": z[shown, column],
        "lines": lines,
        "largest": float(np.abs(z).max()),
        "changes": {name: _changes(z, moved, turn) for name, (turn, moved) in moves.items()},
        "wavelength": float(wavelength),
        "shifts": shifts,
        "curves": _curves(x, bank, index, shifts),
    }


def _coefficients(x, bank, index):
    return wavelet_transform(x, bank)[1 + index[0]]


def _moved(x, bank, index, length):
    """The turn e^{−iξ·τ}, and the coefficients of the image moved by `length` samples along the rows."""
    shift = np.array([length, 0.0])
    turn = np.exp(-1j * bank.center(unwrapped=False)[index[0]] @ shift)
    return turn, _coefficients(translate(x, shift), bank, index)


def _changes(z, moved, turn):
    """Largest |z_τ − z|, |z_τ − e^{−iξ·τ} z| and ||z_τ| − |z|| of the image."""
    return [float(np.abs(d).max()) for d in (moved - z, moved - turn * z, np.abs(moved) - np.abs(z))]


def _curves(x, bank, index, shifts):
    """The changes, the bound and the deviation of the hardest image by shift, per ‖ψ‖ ‖x‖: (5, shifts)."""
    z, unit, curves = _coefficients(x, bank, index), np.zeros((1, *bank.shape)), []
    unit[0, 0, 0] = 1.0  # of norm one
    norm = float(np.sqrt(np.mean(np.abs(bank.psi_hat[index[0]]) ** 2)))
    for length in shifts:
        parameters = {"bank": bank, "index": index, "shift": np.array([length, 0.0]), "unwrapped": False}
        turn, moved = _moved(x, bank, index, length)
        changes = np.array(_changes(z, moved, turn)) / np.linalg.norm(x)
        hardest = claim.deviation(claim.matched(**parameters), **parameters)[0]
        curves.append(np.array([*changes, claim.bound(unit, **parameters)[0], hardest]) / norm)
    return np.array(curves).T


def draw(data):
    if style.narrow():
        figure = style.figure(height_cm=17.5)
        above, below = figure.subfigures(2, 1, height_ratios=[1.2, 1])
    else:
        figure = style.figure(height_cm=8.6)
        above, below = figure.subfigures(1, 2, width_ratios=[1.35, 1])
    for row, name in zip(above.subplots(len(MOVES), 2, sharex=True, sharey=True), data["lines"], strict=True):
        _draw_line(row, data, name)
    _draw_image(above.axes[1].inset_axes([0.5, 0.02, 0.5, 0.42]), data)
    handles, labels = above.axes[0].get_legend_handles_labels()
    above.legend(handles, labels, loc="outside lower center", ncols=3)
    _draw_curves(below.subplots(), data)
    return figure


def _draw_image(ax, data):
    """The wall, with the line that is shown."""
    style.image(ax, data["image"], "", cmap="gray")
    ends = data["rows"][[0, -1]]
    ax.plot([data["column"]] * 2, ends, color=style.CLASS_COLOUR[1], linewidth=1.5)


def _draw_line(row, data, name):
    rows, line, before = data["rows"], data["lines"][name], data["z"]
    looks = {
        "before": {"color": style.COLOUR["identity"], "linestyle": "-"},
        "moved": {"color": style.COLOUR["phase collapse"], "linestyle": "-"},
        "predicted": {"color": style.COLOUR["soft threshold"], "linestyle": "--"},
    }
    for label, z in {"before": before, "moved": line["z"], "predicted": line["turn"] * before}.items():
        row[0].plot(rows, z.real, label=label, **looks[label])
        if label != "predicted":
            row[1].plot(rows, np.abs(z), label=label, **looks[label])
    coefficient, _, modulus = (100 * change / data["largest"] for change in data["changes"][name])
    length = MOVES[name] * data["wavelength"]
    row[0].set(title=f"|τ| = {name} = {length:.1f} samples\nz changes by {coefficient:.0f} %", ylabel="Re z (no unit)")
    row[1].set(title=f"\n|z| changes by {modulus:.0f} %", ylabel="|z| (no unit)")
    for ax in row:
        ax.axhline(0, color=style.BOUND, linewidth=0.5)
        ax.set(xlabel="row (samples)")
        ax.xaxis.label.set_visible(ax.get_subplotspec().is_last_row())


def _draw_curves(ax, data):
    *changes, bound, hardest = data["curves"]
    for (label, colour), values in zip(CHANGES.items(), changes, strict=True):
        look = next(look for name, look in style.LOOK.items() if look["color"] == colour)
        ax.loglog(data["shifts"], values, label=f"this image, {label}", **look)
    ax.loglog(data["shifts"], hardest, "k*", markersize=5, label=f"hardest image, {TURNED}")
    ax.loglog(data["shifts"], bound, color=style.BOUND, linestyle=":", label=r"bound $\sqrt{\tau^T S\,\tau}$")
    ax.set(xlabel="shift |τ| (samples)", ylabel="largest change / ‖ψ‖ ‖x‖ (no unit)")
    ax.set_xticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    ax.set_xticks([], minor=True)
    figure = ax.figure
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=1)
