"""Wavelets, then a non-linearity, iterated; and the windowed scattering transform."""

from .cascades import Layer, apply_layer, cascade
from .fitted import FittedNonlinearity, fitted
from .mixing import Mixing, mix_channels, semi_unitary
from .path_table import cascade_paths, paths
from .transform import scatter

__all__ = [
    "FittedNonlinearity",
    "Layer",
    "Mixing",
    "apply_layer",
    "cascade",
    "cascade_paths",
    "fitted",
    "mix_channels",
    "paths",
    "scatter",
    "semi_unitary",
]
