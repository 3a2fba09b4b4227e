"""Learned networks: the only place that imports torch."""

from .baseline import BASELINES, Baseline, ScatteringBaseline, scattering_baseline
from .calibration import calibrate, dead_fractions
from .layers import NETWORK_NONLINEARITIES
from .networks import ARCHITECTURES, Architecture, ScatteringNetwork, describe, scattering_network
from .resnets import REAL_NONLINEARITIES, ResidualNetwork, resnet18, resnet20

__all__ = [
    "ARCHITECTURES",
    "BASELINES",
    "NETWORK_NONLINEARITIES",
    "REAL_NONLINEARITIES",
    "Architecture",
    "Baseline",
    "ResidualNetwork",
    "ScatteringBaseline",
    "ScatteringNetwork",
    "calibrate",
    "dead_fractions",
    "describe",
    "resnet18",
    "resnet20",
    "scattering_baseline",
    "scattering_network",
]
