"""Learned networks: the only place that imports torch."""

from .audit import class_statistics, dead_outputs
from .baseline import BASELINES, Baseline, ScatteringBaseline, scattering_baseline
from .calibration import calibrate, dead_fractions
from .evaluation import evaluate
from .layers import NETWORK_NONLINEARITIES
from .networks import ARCHITECTURES, Architecture, ScatteringNetwork, describe, scattering_network
from .recipes import Recipe
from .resnets import REAL_NONLINEARITIES, ResidualNetwork, resnet18, resnet20
from .samples import labelled_images
from .training import Outcome, restore, train

__all__ = [
    "ARCHITECTURES",
    "BASELINES",
    "NETWORK_NONLINEARITIES",
    "REAL_NONLINEARITIES",
    "Architecture",
    "Baseline",
    "Outcome",
    "Recipe",
    "ResidualNetwork",
    "ScatteringBaseline",
    "ScatteringNetwork",
    "calibrate",
    "class_statistics",
    "dead_fractions",
    "dead_outputs",
    "describe",
    "evaluate",
    "labelled_images",
    "resnet18",
    "resnet20",
    "restore",
    "scattering_baseline",
    "scattering_network",
    "train",
]
