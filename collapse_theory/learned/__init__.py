"""Learned networks: the only place that imports torch."""

from .calibration import calibrate, dead_fractions
from .layers import NETWORK_NONLINEARITIES
from .networks import ARCHITECTURES, Architecture, ScatteringNetwork, describe, scattering_network

__all__ = [
    "ARCHITECTURES",
    "NETWORK_NONLINEARITIES",
    "Architecture",
    "ScatteringNetwork",
    "calibrate",
    "dead_fractions",
    "describe",
    "scattering_network",
]
