"""Learned networks in torch: the paper's and those it compares with, training, and the audit of any network.

The names below come from their modules when they are first used, so that a recipe can be written, and a question be
listed, without torch. Modules are attributes too: `learned.checkpoints.load`.
"""

import importlib
import pkgutil

from ..extras import needing

_FROM = {
    "anatomy": ("class_statistics", "dead_outputs"),
    "auditing": ("Audit", "audit"),
    "calibration": ("calibrate",),
    "confusion": ("accuracy_by_class", "confusion_matrix", "predictions"),
    "evaluation": ("evaluate",),
    "fixed_scattering": ("BASELINES", "Baseline", "ScatteringBaseline", "scattering_baseline"),
    "imagenet": ("image_files",),
    "flops": ("flops_per_image",),
    "labelled": ("PUBLISHED_DEVIATION", "PUBLISHED_MEAN", "LabelledImages", "chosen_device", "labelled_images"),
    "layers": ("NETWORK_NONLINEARITIES",),
    "loaders": ("labelled_dataset",),
    "loading": ("load",),
    "named_weights": ("load_weights",),
    "networks": ("ARCHITECTURES", "Architecture", "ScatteringNetwork", "describe", "scattering_network"),
    "ranks": ("merge_across_ranks",),
    "recipes": ("Outcome", "Recipe"),
    "resnets": ("REAL_NONLINEARITIES", "ResidualNetwork", "resnet18", "resnet20"),
    "training": ("restore", "train"),
}
_MODULE_OF = {name: module for module, names in _FROM.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name not in _MODULE_OF and name not in _modules():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needing("torch"):
        module = importlib.import_module(f"{__name__}.{_MODULE_OF.get(name, name)}")
    return getattr(module, name) if name in _MODULE_OF else module


def __dir__():
    return sorted({*globals(), *__all__, *_modules()})


def _modules():
    return [module.name for module in pkgutil.iter_modules(__path__)]
