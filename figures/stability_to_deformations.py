"""A modulus is stable to translations and deformations, to a bound that its frequency has left.

The largest change over the places of a patch of grass is drawn for a coefficient z of scale 1 and its modulus, when
the patch is moved, and when it is deformed by a smooth random field of that root mean square (RMS) length. The bound
is that of the claim `collapse_is_stable_to_deformations`, √(τᵀSτ) ‖ψ‖ ‖x‖ + ‖∇τ‖ ‖∇x‖ Σ|v||ψ(v)| at its largest
place, and the patch stays far below it. On the right are shares of the bound, also of the hardest image of the claim
for either term: their moduli reach it, and without a modulus the one for the shift goes beyond it.
"""

import numpy as np

from collapse_theory import datasets
from collapse_theory.claims import collapse_is_stable_to_deformations as claim
from collapse_theory.processes import smooth_displacements
from collapse_theory.wavelets import morlet_bank

from . import style

KINDS = ("translation", "deformation")
OPERATIONS = ("phase collapse", "identity")
LABEL = {"phase collapse": "|z|", "identity": "z"}
CORRELATION = 6.0  # of the displacements, in samples


def data(side=32, points=7, scale=1, seed=0):
    """By kind, the lengths, the bound and the changes, per ‖ψ‖ ‖x‖; the hardest shares of their bounds."""
    images, labels = datasets.textures("train", side=side, standardise=True)
    x = images[labels == 1][0].astype(np.float64)
    bank = morlet_bank(side, scale + 1, 4)
    index = np.flatnonzero((bank.scale == scale) & (np.abs(bank.angle) < 1e-9))
    unit = np.sqrt(np.mean(np.abs(bank.psi_hat[index[0]]) ** 2)) * np.linalg.norm(x)
    field = smooth_displacements(1, (side, side), amplitude=1.0, correlation=CORRELATION, seed=seed)
    lengths, curves = np.geomspace(0.01, 2, points), {}
    for kind, displacement in zip(KINDS, (np.zeros_like(field) + np.array([1.0, 0.0]), field), strict=True):
        found = [_changes(x, bank, index, length * displacement) / unit for length in lengths]
        curves[kind] = dict(zip(("bound", *OPERATIONS), np.array(found).T, strict=True))
    return {"lengths": lengths, "curves": curves, "hardest": _hardest()}


def _changes(x, bank, index, displacement):
    """The largest bound, and the largest change with each operation."""
    parameters = {"bank": bank, "index": index, "displacement": displacement, "terms": ("shift", "gradient")}
    bound = claim.bound(x, nonlinearity="phase collapse", **parameters)
    return np.array([bound.max(), *(claim.deviation(x, nonlinearity=name, **parameters).max() for name in OPERATIONS)])


def _hardest():
    """By operation, change / bound of the hardest image of each term, (2,)."""
    x, parameters = claim.hardest()
    bound, shares = claim.bound(x, **parameters), {}
    for name in OPERATIONS:
        ratio = claim.deviation(x, **parameters | {"nonlinearity": name}) / np.where(bound > 0, bound, np.inf)
        shares[name] = ratio.reshape(len(x), -1).max(axis=1)
    return shares


def draw(data):
    layout, height_cm = ((3, 1), 20.0) if style.narrow() else ((1, 3), 7.4)
    figure, axes = style.panels(*layout, height_cm=height_cm)
    moved, deformed, shares = axes.flat
    deformed.sharey(moved)
    for ax, (kind, curves) in zip((moved, deformed), data["curves"].items(), strict=True):
        ax.loglog(data["lengths"], curves["bound"], color=style.BOUND, linestyle="-", label="bound for |z|")
        for name in OPERATIONS:
            ax.loglog(data["lengths"], curves[name], label=f"{LABEL[name]} of a patch of grass", **style.LOOK[name])
        ax.set(title=kind)
        if ax is moved or style.narrow():
            ax.set(ylabel="largest change / ‖ψ‖ ‖x‖ (no unit)")
    moved.set(xlabel="shift |τ| (samples)")
    deformed.set(xlabel="RMS of |τ(u)| (samples)")
    _draw_shares(shares, data)
    style.legend(figure, moved, shares, entry_cm=5.0)
    return figure


def _draw_shares(ax, data):
    for name in OPERATIONS:
        patch = [(curves[name] / curves["bound"]).max() for curves in data["curves"].values()]
        ax.semilogx(patch, [3, 2], style.MARKER[name], color=style.COLOUR[name], markersize=5)
        look = {"color": style.COLOUR[name], "markersize": 8 if name == "phase collapse" else 6}
        marker = "*" if name == "phase collapse" else "P"
        ax.semilogx(data["hardest"][name], [1, 0], marker, label=f"{LABEL[name]} of the hardest images", **look)
    ax.axvline(1, color=style.BOUND)
    ax.set_yticks([3, 2, 1, 0], ["grass, moved", "grass, deformed", "hardest, shift", "hardest, gradient"])
    ax.set(ylim=(-0.6, 3.6), xlabel="change / bound (no unit)", title="share of the bound")
