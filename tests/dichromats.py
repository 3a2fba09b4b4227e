"""Colours as people see them who lack the long or the middle cones, and how far apart these are."""

from itertools import combinations

import numpy as np
from matplotlib import colors

MATRICES = {  # of linear RGB
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}
KINDS = tuple(MATRICES)
_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
_WHITE = [0.9505, 1.0, 1.089]


def seen_by(colour, kind):
    """The colour as a dichromat sees it, in CIE Lab.

    Source: Machado, Oliveira & Fernandes (2009), severity 1, for the matrices; CIE 1976 for Lab.
    """
    srgb = np.array(colors.to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = np.array(_XYZ) @ np.clip(np.array(MATRICES[kind]) @ linear, 0, 1)
    f = np.cbrt(np.maximum(xyz / _WHITE, 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def least_distance(several, kind):
    """The distance in CIE Lab of the two colours that a dichromat tells apart least."""
    return min(np.linalg.norm(seen_by(one, kind) - seen_by(other, kind)) for one, other in combinations(several, 2))
