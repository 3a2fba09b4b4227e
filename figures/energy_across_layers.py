"""Energy is the energy of the class means plus the variance around them, layer after layer.

Two classes of 40 images and of one power spectrum, Gaussian fields and sparse pulses, go through a tight bank and an
operation; the energy of the means is split into B, what differs between classes, and what both share, and all is per
energy of the images, without the bias of a finite sample. A phase collapse keeps the energy and turns variance into
means, which the claim `collapse_turns_variance_into_means` proves exactly. A reduction loses energy from the
variance, the identity moves nothing, and neither makes a mean that can be seen here; titles give B at the last layer,
± half a 95 % interval.
"""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from collapse_theory import processes
from collapse_theory.scattering import cascade, fitted
from collapse_theory.separation import ClassMoments
from collapse_theory.wavelets import morlet_bank

from . import style

OPERATIONS = ("phase collapse", "soft threshold", "tanh", "identity")
PARTS = {  # share of the colour, and hatch
    "between": ("B, between class means", 1.0, ""),
    "shared": ("mean that the classes share", 0.55, "////"),
    "within": ("V, within classes", 0.16, ""),
}
GROUPS = 10  # of images, for the interval


def data(side=16, count=40, depth=3, density=0.05, batch=20, seed=0):
    """Of each operation, the parts of the energy at each depth, per energy of the images: dict of (depth + 1,)."""
    spectrum = processes.power_law((side, side), exponent=1)
    x, labels = processes.labelled(
        processes.gaussian_fields(count, (side, side), spectrum=spectrum, seed=seed),
        processes.sparse_pulses(count, (side, side), spectrum=spectrum, density=density, seed=seed + 1),
    )
    x = x.astype(np.float32)
    bank = morlet_bank((side, side), 1, 8, "full").tight("complex")
    return {name: _parts(x, labels, fitted(x, bank, name, depth=depth, count=16), batch) for name in OPERATIONS}


def _parts(x, labels, layers, batch):
    moments = [ClassMoments(groups=GROUPS) for _ in range(len(layers) + 1)]
    for start in range(0, len(x), batch):
        here = slice(start, start + batch)
        banks, rhos = ([getattr(layer, name) for layer in layers] for name in ("bank", "nonlinearity"))
        for each, z in zip(moments, cascade(x[here], banks, rhos, depth=len(layers)), strict=True):
            each.update(z, labels[here])
    found = [each.unbiased() for each in moments]
    between, mean, within = (
        np.array([getattr(each, name) for each in found])
        for name in ("between_class_variance", "mean_energy", "within_class_variance")
    )
    energy = mean[0] + within[0]
    low, high = np.array(found[-1].interval("between_class_variance")) / energy
    parts = {"between": between / energy, "shared": (mean - between) / energy, "within": within / energy}
    return parts | {"half interval": float(high - low) / 2}


def draw(data):
    layout, height_cm = ((2, 2), 11.5) if style.narrow() else ((1, len(data)), 7.0)
    figure, axes = style.panels(*layout, height_cm=height_cm, sharex=True, sharey=True)
    for ax, (operation, parts) in zip(axes.flat, data.items(), strict=True):
        depths, bottom = np.arange(len(parts["within"])), 0.0
        for name, (_, share, hatch) in PARTS.items():
            look = {"color": _mixed(style.COLOUR[operation], share), "hatch": hatch, "edgecolor": "white"}
            ax.bar(depths, parts[name], bottom=bottom, width=0.75, linewidth=0.3, **look)
            bottom = bottom + np.maximum(parts[name], 0)
        ax.plot(depths, bottom, "k_", markersize=9, markeredgewidth=0.8)
        ax.set(xlabel="depth (layers)", ylabel="energy / energy of the images", xticks=depths, ylim=(0, 1.08))
        share, half = (round(100 * float(value), 1) + 0.0 for value in (parts["between"][-1], parts["half interval"]))
        ax.set_title(f"{operation}\nB: {share:.1f} ± {half:.1f} %".replace("-", "−"))
        ax.label_outer()
    patches = [
        Patch(facecolor=_mixed("black", share), hatch=hatch, edgecolor="white", label=label)
        for label, share, hatch in PARTS.values()
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=1 if style.narrow() else 3)
    return figure


def _mixed(colour, share):
    """A colour in white paper."""
    return tuple(share * value + 1 - share for value in to_rgb(colour))
