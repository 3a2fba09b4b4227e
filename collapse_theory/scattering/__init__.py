"""Wavelets, then a non-linearity, iterated."""

from .cascades import Layer, apply_layer, cascade, cascade_paths
from .mixing import Mixing, mix_channels, semi_unitary

__all__ = ["Layer", "Mixing", "apply_layer", "cascade", "cascade_paths", "mix_channels", "semi_unitary"]
