"""Learned networks: the only place that imports torch."""

from ..extras import needing

with needing("torch"):
    from .anatomy import class_statistics, dead_outputs
    from .calibration import calibrate, dead_fractions
    from .evaluation import evaluate
    from .fixed_scattering import BASELINES, Baseline, ScatteringBaseline, scattering_baseline
    from .labelled import labelled_images
    from .layers import NETWORK_NONLINEARITIES
    from .networks import ARCHITECTURES, Architecture, ScatteringNetwork, describe, scattering_network
    from .recipes import Recipe
    from .resnets import REAL_NONLINEARITIES, ResidualNetwork, resnet18, resnet20
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
