"""Scattering coefficients of three textures, by the directions of their wavelets.

Order 1 is drawn where its wavelets look in the plane of frequencies: a ring is a scale, an octave, and a direction
stands with its opposite, which the modulus of a real image does not tell from it. Order 2 is a matrix of two
directions, summed over the scales of both. All patches have mean 0 and variance 1, each row has one scale of grey,
and both orders are averages over patches and windows.
"""

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Wedge

from collapse_theory import datasets
from collapse_theory.scattering import paths, scatter

from . import style


def data(side=128, scales=3, angles=8):
    x, labels = datasets.textures("train", side=side, standardise=True)
    s = scatter(x[:, 0], scales, angles).mean(axis=(-2, -1))
    classes = range(len(datasets.TEXTURE_NAMES))
    return {
        "names": datasets.TEXTURE_NAMES,
        "images": [x[labels == label][0, 0] for label in classes],
        "coefficients": np.array([s[labels == label].mean(axis=0) for label in classes]),
        "paths": paths(scales, angles),
    }


def sectors(table):
    """Where each path of order 1 is drawn: inner and outer radius in rad/sample, first and last angle in radians.

    table : rows of `scattering.paths`, its angles over the half circle

    Returns (rows of order 1, 4) NumPy array.
    """
    table = table[table["order"] == 1]
    width, outer = np.pi / len(np.unique(table["angle1"])), np.pi / 2.0 ** table["scale1"]
    return np.stack([outer / 2, outer, table["angle1"] - width / 2, table["angle1"] + width / 2], axis=1)


def matrix(table, values):
    """Order 2 summed over scales, by the angle of the first wavelet and of the second one, and these angles: (L, L)."""
    second = table["order"] == 2
    angles, first = np.unique(table["angle1"][second], return_inverse=True)
    sums = np.zeros((len(angles), len(angles)))
    np.add.at(sums, (first, np.searchsorted(angles, table["angle2"][second])), values[second])
    return angles, sums


def draw(data):
    figure, axes = style.panels(3, len(data["names"]), height_cm=9.8 if style.narrow() else 16.5)
    table, coefficients = data["paths"], data["coefficients"]
    most = coefficients[:, table["order"] == 1].max()
    matrices = [matrix(table, values) for values in coefficients]
    largest = max(sums.max() for _, sums in matrices)
    deepest = max(np.abs(picture).max() for picture in data["images"])
    for column, name, picture, s, (angles, sums) in zip(
        axes.T, data["names"], data["images"], coefficients, matrices, strict=True
    ):
        style.image(column[0], picture, name, cmap="gray", vmin=-deepest, vmax=deepest)
        disk = _draw_disk(column[1], sectors(table), s[table["order"] == 1], most)
        square = _draw_matrix(column[2], np.degrees(angles), sums, largest)
    axes[1, 1].set(xlabel="frequency along columns (rad/sample)")
    axes[1, 0].set(ylabel="along rows (rad/sample)")
    axes[2, 1].set(xlabel="angle of the second wavelet (degrees)")
    axes[2, 0].set(ylabel="of the first (degrees)")
    for first, *others in axes[1:]:
        for ax in others:
            ax.sharex(first)
            ax.sharey(first)
            ax.tick_params(labelleft=False)
    style.bar(figure, axes[0, 0].images[0], axes[0], "image (deviations)", fraction=0.06, aspect=16)
    style.bar(figure, disk, axes[1], "order 1 (deviations)", fraction=0.06, aspect=16)
    style.bar(figure, square, axes[2], "order 2 (deviations)", fraction=0.06, aspect=16)
    return figure


def _draw_disk(ax, places, values, largest):
    """Sectors and their opposites. Angles run from the row axis, downwards, to the column axis, rightwards."""
    wedges = [
        Wedge((0, 0), outer, 90 - np.degrees(last), 90 - np.degrees(first), width=outer - inner)
        for inner, outer, first, last in np.concatenate([places, places + np.array([0, 0, np.pi, np.pi])])
    ]
    disk = PatchCollection(wedges, cmap=style.AMPLITUDE, edgecolor=style.BOUND, linewidth=0.15)
    disk.set(array=np.tile(values, 2), clim=(0, largest))
    ax.add_collection(disk)
    ax.set(xlim=(-np.pi, np.pi), ylim=(np.pi, -np.pi), aspect="equal")
    ax.set_xticks([-np.pi, 0, np.pi], ["−π", "0", "π"])
    ax.set_yticks([-np.pi, 0, np.pi], ["−π", "0", "π"])
    return disk


def _draw_matrix(ax, angles, sums, largest):
    half = (angles[1] - angles[0]) / 2
    ends = (angles[0] - half, angles[-1] + half)
    shown = ax.imshow(sums, cmap=style.AMPLITUDE, vmin=0, vmax=largest, extent=(*ends, ends[1], ends[0]))
    ax.set(xticks=[-90, 0], yticks=[-90, 0])
    return shown
