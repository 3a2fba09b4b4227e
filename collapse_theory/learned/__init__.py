"""Learned networks: the only place that imports torch."""

from .audit import class_statistics, dead_outputs
from .evaluation import evaluate
from .networks import ARCHITECTURES, Architecture, ScatteringNetwork, scattering_network
from .recipes import Recipe
from .samples import labelled_images
from .training import Outcome, restore, train

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Outcome",
    "Recipe",
    "ScatteringNetwork",
    "class_statistics",
    "dead_outputs",
    "evaluate",
    "labelled_images",
    "restore",
    "scattering_network",
    "train",
]
