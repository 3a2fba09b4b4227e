"""Two classes whose coefficients have means near 0, and whose moduli are apart.

Coefficients x ∗ ψ at the centre of the image, of one wave on a patch of brick that is moved at random over the torus,
at two contrasts and with a little noise. Moving turns the phase, so that each class is a ring around 0 and real parts
have means near 0. Moduli do not turn, and one threshold tells almost all images apart; histograms share their bins,
and crosses and dashed lines are class means.
"""

import numpy as np
from matplotlib.colors import to_rgba

from collapse_theory import datasets, processes
from collapse_theory.wavelets import morlet_bank, wavelet_transform

from . import style

CONTRAST = {"low contrast": 0.7, "high contrast": 1.6}
NOISE = 0.15
BINS = 40


def data(side=32, count=1500, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.cos(3 * np.pi / 16 * 2 * np.arange(side))[:, None] * np.ones(side)
    brick = datasets.textures("train", side=side, standardise=True)[0][0, 0]
    template = (rows + 0.35 * brick)[None]
    bank = morlet_bank(side, 2, 4)
    index = int(np.flatnonzero((bank.scale == 1) & (np.abs(bank.angle) < 1e-9))[0])
    classes = {}
    for number, (name, contrast) in enumerate(CONTRAST.items()):
        x = contrast * processes.moved(template, count, seed=seed + number, fractional=True)
        x = x + NOISE * rng.normal(size=x.shape)
        classes[name] = wavelet_transform(x[:, 0], bank)[:, 1 + index, side // 2, side // 2]
    return classes


def draw(data):
    figure = style.figure(height_cm=15.5 if style.narrow() else 6.6)
    if style.narrow():
        cloud, real, modulus = figure.subplot_mosaic("AA;BC", height_ratios=[1.5, 1]).values()
        modulus.sharey(real)
    else:
        cloud, real, modulus = figure.subplots(1, 3)
    for (name, z), look in zip(data.items(), style.CLASS_LOOK, strict=False):
        cloud.plot(z.real, z.imag, look["marker"], color=look["color"], markersize=1, alpha=0.5, label=name)
    for z, colour in zip(data.values(), ("white", "black"), strict=False):  # one in the other: the means coincide
        size = 9 if colour == "white" else 5
        cloud.plot(z.mean().real, z.mean().imag, "+", color="black", markersize=size, zorder=3, markeredgewidth=0.8)
    for ax, title, part in ((real, "real parts", np.real), (modulus, "moduli", np.abs)):
        _draw_histograms(ax, title, {name: part(z) for name, z in data.items()})
    reach = 1.05 * max(np.abs(z).max() for z in data.values())
    cloud.set(xlabel="Re x ∗ ψ (no unit)", ylabel="Im x ∗ ψ (no unit)", aspect="equal", title="coefficients")
    cloud.set(xlim=(-reach, reach), ylim=(-reach, reach))
    figure.legend(*real.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    real.set(xlabel="Re x ∗ ψ (no unit)")
    modulus.set(xlabel="|x ∗ ψ| (no unit)")
    return figure


def _draw_histograms(ax, title, classes):
    bins = np.histogram_bin_edges(np.concatenate(list(classes.values())), BINS)
    for number, (name, values) in enumerate(classes.items()):
        colour, hatch = style.CLASS_COLOUR[number], style.CLASS_HATCH[number]
        look = {"facecolor": to_rgba(colour, 0.55), "edgecolor": colour, "hatch": hatch}
        ax.hist(values, bins=bins, histtype="stepfilled", label=name, **look)
        ax.axvline(values.mean(), color=colour, linestyle="--", linewidth=2.6 - 1.4 * number)
    means = " and ".join(f"{values.mean():.2f}" for values in classes.values())
    ax.set(ylabel="images per bin", title=f"{title}\nmeans {means}")
