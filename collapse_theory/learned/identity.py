"""What identifies a run: the computation as plain values, so that runs that differ do not share a folder."""

import hashlib
import json
import math
import sys
from dataclasses import asdict, fields, is_dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from ..arguments import check_number

__all__ = ["architecture", "computation", "described", "keys_of", "schedule", "shape_and_type", "shortened"]

_DEEPEST, _MOST_EPOCHS, _LONGEST = 6, 10**5, 2**14
_PLAIN = (bool, int, float, str)
_NAMESPACES = ("types", "argparse", "enum")  # of the standard library, whose objects hold what they are asked to


def architecture(network):
    """Names, shapes and types of everything that a network saves, as plain values.

    Raises TypeError, naming it, for what is no tensor: it could not be saved.
    """
    state = network.state_dict()
    for name, value in state.items():
        if not isinstance(value, torch.Tensor):
            raise TypeError(f"network: expected tensors in its state_dict, got a {type(value).__name__} as {name!r}")
    return {name: shape_and_type(tensor) for name, tensor in state.items()}


def shape_and_type(tensor):
    """The shape and type of a tensor, in words."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def computation(network):
    """For each module by its name: its class, its own plain attributes, and what of it is frozen.

    Parameters and buffers are left out, whose values change or are saved; so are tensors, and attributes with a leading
    "_". A function counts by its name, or by its code if it has none of its own. An object counts by its class and its
    plain attributes.
    """
    return {name or "network": _module(module, network.training) for name, module in network.named_modules()}


def keys_of(module, name):
    """Where `computation` has what a module holds under this name: as an attribute, or as a buffer."""
    return {(module or "network", name), (module or "network", f"buffer {name}")}


def schedule(recipe):
    """A Recipe as plain values: its class, its fields, and the learning rate at each epoch at which it changes.

    Raises ValueError if its `rate_of` is not a number of at least 0.
    """
    rates, before = {}, None
    for epoch in range(min(recipe.epochs, _MOST_EPOCHS)):
        rate = float(f"{check_number(f'rate_of({epoch})', recipe.rate_of(epoch), least=0):.12g}")
        if rate != before:
            rates[str(epoch)] = before = rate
    return {"class": _class(recipe), **asdict(recipe), "rate_of": rates}


def shortened(told, epochs):
    """What `schedule` tells of a recipe that has so many epochs, and is the same in them; the same if there is none."""
    if not (type(epochs) is int and told["epochs"] > epochs and told["schedule"] == "step" and not told["warm_up"]):
        return told
    return told | {"epochs": epochs, "rate_of": {k: v for k, v in told["rate_of"].items() if int(k) < epochs}}


def _module(module, training):
    made = {f"buffer {name}": _size(module._buffers[name]) for name in sorted(module._non_persistent_buffers_set)}
    frozen = [name for name, parameter in module.named_parameters(recurse=False) if not parameter.requires_grad]
    return {
        "class": _class(module),
        "frozen": [*frozen, *(["its mode, evaluation"] if training and not module.training else [])],
        **_attributes(module, _DEEPEST),
        **made,
    }


def _attributes(thing, depth):
    """What it holds under public names, described; tensors and modules, which may come and go, left out."""
    own = {k: v for k, v in vars(thing).items() if not k.startswith("_") and k != "training"}
    return {
        name: _shortened(described(value, depth))
        for name, value in own.items()
        if value is not None and not isinstance(value, torch.Tensor | nn.Module)
    }


def _shortened(description):
    """A description; its digest in the place of one so long that nobody reads it."""
    text = json.dumps(description)
    return description if len(text) <= _LONGEST else f"{len(text)} characters, {_digest(text.encode())}"


def described(value, depth=_DEEPEST):
    """A value as JSON has it; of objects the class and what they hold, of functions the name."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, type | torch.dtype | torch.device | complex | bytes):
        return str(value)
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {_digest(np.ascontiguousarray(value))}"
    if depth == 0:
        return _class(value)
    if isinstance(value, dict):
        return {str(key): described(v, depth - 1) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [described(v, depth - 1) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(str(described(v, depth - 1)) for v in value)
    if isinstance(value, partial):
        return [described(v, depth - 1) for v in (value.func, value.args, value.keywords)]
    return _described_function(value, depth) if hasattr(value, "__qualname__") else _described_object(value, depth)


def _described_object(value, depth):
    if is_dataclass(value):
        return [_class(value), {f.name: described(getattr(value, f.name), depth - 1) for f in fields(value)}]
    owner = type(value).__module__.split(".")[0]
    if owner == "torch" or (owner in sys.stdlib_module_names and owner not in _NAMESPACES):
        return _class(value)
    plain = {k: v for k, v in getattr(value, "__dict__", {}).items() if isinstance(v, _PLAIN)}
    return [_class(value), {name: described(v, 0) for name, v in plain.items() if not name.startswith("__")}]


def _described_function(function, depth):
    """Its name; if it is made inside another, or has none, also its code and what it holds of the outside."""
    name = _named(function)
    if "<" not in name or not hasattr(function, "__code__"):
        return name
    cells = [described(_inside(cell), depth - 1) for cell in function.__closure__ or ()]
    return [name, _code(function.__code__), described(function.__defaults__, depth - 1), cells]


def _code(code):
    """The digest of a function's code and constants, the same in every process."""
    constants = [_code(c) if hasattr(c, "co_code") else described(c, 1) for c in code.co_consts]
    return _digest(code.co_code + repr((constants, code.co_names)).encode())


def _inside(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return None


def _size(buffer):
    """The size of values that follow from the architecture, so coarse that last bits of another machine do not show."""
    if buffer is None:
        return None
    shown = shape_and_type(buffer)
    if buffer.is_meta or not (buffer.is_floating_point() or buffer.is_complex()):
        return shown
    double = torch.complex128 if buffer.is_complex() else torch.float64
    return f"{shown} of size {float(torch.linalg.vector_norm(buffer.cpu(), dtype=double)):.3g}"


def _digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


def _class(thing):
    return _named(type(thing))


def _named(thing):
    """The name of a class or a function; a script's own is the same wherever the script lies."""
    owner = str(getattr(thing, "__module__", None)).split(".")[0]
    return f"{owner}.{thing.__qualname__}" if owner in ("torch", "collapse_theory") else thing.__qualname__
