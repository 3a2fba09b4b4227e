"""Learned networks: the only place that imports torch."""

from .networks import ARCHITECTURES, Architecture, ScatteringNetwork, scattering_network

__all__ = ["ARCHITECTURES", "Architecture", "ScatteringNetwork", "scattering_network"]
