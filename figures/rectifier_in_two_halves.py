"""A rectifier with a bias is half a collapse and half a soft threshold.

ReLU(a − b) of a real number a with the bias b = 1 is the sum of its even and its odd part. The even part, half the
modulus beyond a dead zone, forgets the sign, which is the phase of a real number; the odd part, half a soft
threshold, keeps it. The claim `rectifier_is_half_collapse_half_threshold` proves it for every b ≥ 0 and shows that it
fails for b < 0.
"""

import numpy as np

from collapse_theory.nonlinearities import collapse_beyond, rectify, soft_threshold

from . import style

NAMES = {
    "rectifier": "ReLU(a − b)",
    "even": "½ max(|a| − b, 0)",
    "odd": "½ sign(a) max(|a| − b, 0)",
}
LOOK = {
    "rectifier": {"color": "black"},
    "even": {"color": style.COLOUR["phase collapse"]},
    "odd": {"color": style.COLOUR["soft threshold"], "linestyle": "--"},
}


def data(bias=1.0, points=121):
    a = np.linspace(-3, 3, points)
    even, odd = collapse_beyond(a, bias) / 2, soft_threshold(a, bias) / 2
    return {"a": a, "bias": bias, "rectifier": rectify(a, bias), "even": even, "odd": odd}


def draw(data):
    layout, height_cm = ((3, 1), 11.0) if style.narrow() else ((1, 3), 5.6)
    figure, axes = style.panels(*layout, height_cm=height_cm, sharex=True, sharey=True)
    for ax, name, sign in zip(axes.flat, NAMES, ("", "=", "+"), strict=True):
        ax.axhline(0, color=style.BOUND, linewidth=0.5)
        for end in (-data["bias"], data["bias"]):
            ax.axvline(end, color=style.BOUND, linewidth=0.5, linestyle=":")
        ax.plot(data["a"], data[name], **LOOK[name])
        ax.set(xlabel="a (no unit)", ylabel="value (no unit)", xticks=[-data["bias"], 0, data["bias"]])
        ax.set_xticklabels(["−b", "0", "b"])
        ax.set_title(NAMES[name])
        ax.text(0.1, 0.84, sign, transform=ax.transAxes, fontsize=12, fontweight="bold")
        ax.label_outer()
    return figure
