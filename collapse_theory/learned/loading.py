"""A trained network from its run folder, in one line."""

import json
import os
import re
from dataclasses import replace

import torch
from torch import nn

from ..arguments import as_path
from . import checkpoints
from .evaluation import check_network
from .fixed_scattering import Baseline, scattering_baseline
from .identity import computation
from .labelled import chosen_device
from .networks import Architecture, scattering_network
from .outside import Outside
from .resnets import resnet18, resnet20
from .resumption import check_outside, moved_in, restore, restore_outside
from .runs import first_difference, what_is_run, without

__all__ = ["load"]


def load(
    folder: str | os.PathLike,
    which: str = "last",
    *,
    network: nn.Module | None = None,
    device: str | torch.device = "cpu",
) -> nn.Module:
    """The trained network of a run folder, in evaluation.

    folder : of a run of `train`
    which : "last", after the newest step; "best", after the epoch that did best on the test images, whose accuracy is
        therefore too good; or the name of a checkpoint, such as "step-00000391". Where the recipe has an average, it is
        the average
    network : the network that was trained, at any weights, which gets those of the run; None for one that
        `scattering_network`, `scattering_baseline`, `resnet20` or `resnet18` has made: it is built again
    device : of torch, or its name

    Returns the network, on the device.
    Raises ValueError for a folder that holds no run or no such checkpoint, for another network, and for one that is not
    known how to build; DamagedCheckpoint for one that is not what was written; TypeError for no network.
    """
    device, path = chosen_device(device), as_path(folder)
    told = what_is_run(path / "run.json")["run"]
    name = None if which in ("last", "best") else which
    where = path / ("best" if which == "best" else "checkpoints")
    checkpoint = checkpoints.load(where, name, check=lambda found: check_outside(found, path=where))
    if checkpoint is None:
        raise ValueError(f"folder: expected a run with a checkpoint, got none in {where}")
    if network is None:
        try:
            network = _built(told)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(
                f"network: expected the network that was trained, as load(folder, network=...), got none, and what "
                f"{path} says of it is of another version ({error!r})"
            ) from None
    else:
        check_network(network)
    outside = Outside(network)
    _check_same(network.train(), told, moved_in(checkpoint))
    groups = checkpoint.tensors
    restore(network, replace(checkpoint, tensors={"weights": groups.get("average", groups.get("weights", {}))}))
    restore_outside(outside, checkpoint, path=where / checkpoints.name_of(checkpoint.step))
    return network.to(device).eval()


def _check_same(network, told, moved):
    """Raise ValueError, naming the first difference, unless a network computes what was trained."""
    found = json.loads(json.dumps({"network": computation(network)}))
    difference = first_difference(without(told, moved)["network"], without(found, moved)["network"])
    if difference:
        raise ValueError(f"network: expected the one that was trained, got another: {difference}")


def _built(told):
    """The network of this package that is described there, at its initialisation."""
    described, saved = told["network"], told["architecture"]
    own = described["network"]
    kind = own["class"].removeprefix("collapse_theory.")
    if kind == "ScatteringNetwork":
        fields = own["architecture"][1]
        names = ("nonlinearity", "skip", "angles", "circle", "mixing")
        return scattering_network(
            Architecture(**fields | {"channels": tuple(fields["channels"])}),
            pi=described["blocks.0.wavelets"]["pi"],
            terms="equal" if own["equal_terms"] else "published",
            **{name: own[name] for name in names},
        )
    if kind == "ScatteringBaseline":
        mixing = "fixed" if "mixing" in own["frozen"] else "learned"
        return scattering_baseline(Baseline(**own["baseline"][1]), mixing)
    if kind == "ResidualNetwork":
        make = resnet18 if "stem.3" in described else resnet20  # the maximum of the large stem
        classes = int(re.search(r"\((\d+),", saved["classifier.weight"])[1])
        name, bias = described["stem.2"]["name"], described["stem.1"]["affine"]
        return make(name, bias, colors=own["colors"], classes=classes)
    raise ValueError(
        f"network: expected the network that was trained, as load(folder, network=...), got none, and a "
        f"{own['class']} is not known how to build"
    )
