"""Coefficients of two classes are clouds around 0, with the same mean; their moduli are separated histograms.

Coefficients x ∗ ψ at the centre of the image, for two classes: one template, a wave on a patch of brick, moved at
random over the torus at two contrasts, with a little noise. Moving turns the phase: each class is a ring around 0.
Left, the clouds. Middle, real parts, whose means are equal. Right, moduli, which one threshold separates. Crosses
and dashed lines are class means.
"""

import numpy as np

from collapse_theory import datasets, processes
from collapse_theory.wavelets import morlet_bank, wavelet_transform

from . import style

CONTRAST = (0.7, 1.6)
NOISE = 0.15


def data(side=32, count=1500, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.cos(3 * np.pi / 16 * 2 * np.arange(side))[:, None] * np.ones(side)
    brick = datasets.textures("train", side=side, standardise=True)[0][0, 0]
    template = (rows + 0.35 * brick)[None]
    bank = morlet_bank(side, 2, 4)
    index = int(np.flatnonzero((bank.scale == 1) & (np.abs(bank.angle) < 1e-9))[0])
    classes = []
    for number, contrast in enumerate(CONTRAST):
        x = contrast * processes.moved(template, count, seed=seed + number, fractional=True)
        x = x + NOISE * rng.normal(size=x.shape)
        classes.append(wavelet_transform(x[:, 0], bank)[:, 1 + index, side // 2, side // 2])
    return {"first": classes[0], "second": classes[1]}


def draw(data):
    figure, axes = style.panels(1, 3, height_cm=6.6)
    for z, colour, name in zip((data["first"], data["second"]), style.CLASS_COLOUR, ("first", "second"), strict=False):
        axes[0, 0].plot(z.real, z.imag, ".", color=colour, markersize=1, alpha=0.5, label=f"{name} class")
        axes[0, 0].plot(z.mean().real, z.mean().imag, "+", color=colour, markersize=8, zorder=3)
        for ax, values in ((axes[0, 1], z.real), (axes[0, 2], np.abs(z))):
            ax.hist(values, bins=40, color=colour, alpha=0.55)
            ax.axvline(values.mean(), color=colour, linestyle="--", linewidth=0.9)
    axes[0, 0].set(xlabel="Re x ∗ ψ", ylabel="Im x ∗ ψ", aspect="equal", title="coefficients")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, markerscale=6)
    axes[0, 1].set(xlabel="Re x ∗ ψ", ylabel="images", title="real parts: equal means")
    axes[0, 2].set(xlabel="|x ∗ ψ|", ylabel="images", title="moduli: separated")
    return figure
