"""Weights by the names that others give them: those of wrapped networks, and of torchvision's ResNet-18."""

import os
import re
from collections.abc import Mapping

import torch
from safetensors.torch import load as load_tensors
from torch import nn

from ..arguments import as_path
from ..files import bounded_bytes
from .evaluation import check_network, in_words
from .identity import shape_and_type

__all__ = ["as_named", "load_weights"]

_WRAPPERS = ("module", "_orig_mod")  # of DataParallel and DistributedDataParallel, and of torch.compile
_MOST = 2**33  # bytes of a file
_WIDER = (torch.float32, torch.float64)
_TORCHVISION = (
    (r"conv1\.(.*)", r"stem.0.\1"),
    (r"bn1\.(.*)", r"stem.1.\1"),
    (r"fc\.(.*)", r"classifier.\1"),
)
_INNER = {"conv1": "inner.0", "bn1": "inner.1", "conv2": "inner.3", "bn2": "inner.4"}
_INNER |= {"downsample.0": "shortcut.0", "downsample.1": "shortcut.1"}


def load_weights(network: nn.Module, weights: "Mapping[str, torch.Tensor] | str | os.PathLike") -> nn.Module:
    """Put weights that come from elsewhere in a network.

    network : torch module
    weights : {name: tensor}, such as a `state_dict`; or a safetensors file of them. Other files are not read: to read a
        pickle is to run it. Names are those of the network; "module." and "_orig_mod.", which wrappers put in front, do
        not count, there or here. `resnet18` takes the names of torchvision's ResNet-18 too. What counts batches may
        be left out. Numbers in half precision are widened to the type of the network

    Returns the network.
    Raises TypeError for other weights; ValueError, naming the first difference, unless there is one of its shape and
    type for each tensor of the network, and no other; and for a file that holds none.
    """
    check_network(network)
    if isinstance(weights, str | os.PathLike):
        path = as_path(weights)
        try:
            weights = load_tensors(bounded_bytes(path, _MOST))
        except OSError:
            raise
        except Exception as error:  # of whatever kind: these bytes may be anybody's
            raise ValueError(f"weights: expected a safetensors file, {path} is none ({error})") from None
    if not (isinstance(weights, Mapping) and all(isinstance(value, torch.Tensor) for value in weights.values())):
        raise TypeError(f"weights: expected tensors by name, or a safetensors file of them, got {in_words(weights)}")
    own = network.state_dict()
    found = {name: _widened(value, own.get(name)) for name, value in as_named(network, weights).items()}
    for name in dict.fromkeys([*own, *found]):
        here, there = (shape_and_type(held[name]) if name in held else "absent" for held in (own, found))
        if here != there and not (there == "absent" and name.endswith("num_batches_tracked")):
            raise ValueError(f"weights: {name} is {there} there and {here} in the network")
    network.load_state_dict(own | found)
    return network


def _widened(value, own):
    """A tensor in half precision in the type of the network's own, which loses nothing; others as they are."""
    half = value.dtype in (torch.float16, torch.bfloat16) and own is not None and own.dtype in _WIDER
    return value.to(own.dtype) if half else value


def as_named(network, weights):
    """Weights by the names that a network has for them; what it has no name for, by its own."""
    exact = network.state_dict().keys()
    own = {_without_wrappers(name): name for name in exact}
    found = {}
    for name, value in weights.items():
        plain = _without_wrappers(name)
        if plain not in own and "stem.0.weight" in own:
            plain = _of_torchvision(plain)
        found[name if name in exact else own.get(plain, name)] = value
    return found


def _without_wrappers(name):
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _of_torchvision(name):
    """The name of the same tensor in this package's ResNet-18; of what is none of torchvision's, the same name."""
    for pattern, ours in _TORCHVISION:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, ours, name)
    match = re.fullmatch(r"layer([1-4])\.([01])\.(conv1|bn1|conv2|bn2|downsample\.[01])\.(\w+)", name)
    return f"blocks.{2 * int(match[1]) - 2 + int(match[2])}.{_INNER[match[3]]}.{match[4]}" if match else name
