"""Finds what a network changes outside of its `state_dict` while it trains, saves it without pickle, restores it.

That is: buffers that are not persistent, and plain values, tensors and generators of random numbers that its modules
hold as attributes. For anything else, such as an object that counts, only the fact that it has changed is known.
"""

import json
from collections import deque

import numpy as np
import torch
from torch import nn

from .draws import GENERATORS, generator_state, set_generator_state
from .evaluation import MODULE
from .identity import described

__all__ = ["Outside"]

_MOST_BYTES, _MOST_CHARACTERS = 2**24, 2**19  # of tensors that are no buffers, and of plain values, in one checkpoint
_PLAIN = (type(None), bool, int, float, str)
_NUMBERS = {bool, int, float}
_UNPACKABLE = object()


class Outside:
    """What a network holds outside of its `state_dict` now, to be compared with what it holds later.

    most : bytes of a checkpoint: weights, momentum, what is outside of them, if buffers stay as large as they are
    """

    def __init__(self, network):
        self._network, self._restored = network, set()
        self._before = {key: _mark(value) for key, value in _held(network)}
        buffers = [buffer for (module, name), buffer in _held(network) if _is_buffer(network, module, name)]
        weights = sum(tensor.nbytes for tensor in network.state_dict().values())
        self.most = 2 * weights + 2 * _MOST_BYTES + sum(buffer.nbytes for buffer in buffers if buffer is not None)

    def moved(self):
        """What has changed since, or was restored.

        Returns tensors by the name of their module and their own; {module: {attribute: plain value}}; and the names of
        what has changed and is neither, or too large.
        """
        tensors, values, rest, room, letters = {}, {}, [], _MOST_BYTES, _MOST_CHARACTERS
        held = dict(_held(self._network))
        for module, name in dict.fromkeys([*self._before, *held]):
            value, key = held.get((module, name)), (module, name)
            if key not in self._restored and key in held and _is_as(self._before.get(key), value):
                continue
            size = len(text) if (text := _as_json(value)) is not None else 0
            if "." in name or (key not in held):
                rest.append(f"{module}.{name}".lstrip("."))
            elif _can_be_saved(value) and (_is_buffer(self._network, module, name) or value.nbytes <= room):
                room -= 0 if _is_buffer(self._network, module, name) else value.nbytes
                tensors[f"{module}.{name}"] = value
            elif text is not None and size + len(name) + len(module) + 20 <= letters:
                letters -= size + len(name) + len(module) + 20
                values.setdefault(module, {})[name] = json.loads(text)
            else:
                rest.append(f"{module}.{name}".lstrip("."))
        return tensors, values, rest

    def restore(self, tensors, values):
        """Restore what `moved` has found.  Raises ValueError, naming it, where the network has no place for it."""
        modules = dict(self._network.named_modules())
        found = [(*name.rpartition(".")[::2], tensor) for name, tensor in tensors.items()]
        found += [(module, name, value) for module, held in values.items() for name, value in held.items()]
        for module, name, value in found:
            if module not in modules or not _has_room(modules[module], name, value):
                raise ValueError(f"the network has no place for {f'{module}.{name}'!a}")
            try:
                _put(modules[module], name, value)
            except Exception as error:  # of whatever kind: the file may be anybody's
                raise ValueError(f"{f'{module}.{name}'!a} cannot be put back ({error})") from None
            self._restored.add((module, name))


def _held(network):
    """((module, name), value) of each attribute that is no parameter, no module and none of torch's own; of buffers."""
    for path, module in network.named_modules():
        for name, value in vars(module).items():
            if name not in MODULE and not name.startswith("__") and not isinstance(value, nn.Parameter | nn.Module):
                yield (path, name), value
        for name in sorted(module._non_persistent_buffers_set):
            yield (path, name), module._buffers.get(name)


def _is_buffer(network, module, name):
    return name in network.get_submodule(module)._buffers


def _can_be_saved(value):
    """Whether it is a tensor that a file of tensors holds in each of its versions."""
    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and not (value.is_meta or value.is_quantized)
        and (value.dtype == torch.complex64 or not value.is_complex())
    )


def _mark(value, depth=6):
    """What tells later whether a value has changed, also within collections."""
    if isinstance(value, torch.Tensor):
        return value if value.is_meta else value.detach().clone()
    if isinstance(value, GENERATORS):
        return generator_state(value)
    if isinstance(value, dict) and depth:
        return [(str(key), _mark_within(v, depth - 1)) for key, v in value.items()]
    if isinstance(value, list | tuple | set | frozenset | deque) and depth:
        marks = [_mark_within(v, depth - 1) for v in value]
        return sorted(map(repr, marks)) if isinstance(value, set | frozenset) else marks
    return described(value)


def _mark_within(value, depth):
    if isinstance(value, nn.Module | nn.Parameter):
        return type(value).__name__
    mark = _mark(value, depth)
    if isinstance(mark, torch.Tensor):
        return "meta" if mark.is_meta else described(mark.to_dense().cpu().reshape(-1).view(torch.uint8).numpy())
    return mark


def _is_as(mark, value):
    if not isinstance(value, torch.Tensor):
        return not isinstance(mark, torch.Tensor) and mark == _mark(value)
    if mark is value:
        return True
    return (
        isinstance(mark, torch.Tensor)
        and not mark.is_meta
        and mark.shape == value.shape
        and mark.dtype == value.dtype
        and mark.device == value.device
        and bool(torch.equal(mark, value.detach()))
    )


def _as_json(value):
    """A plain value, or the state of a generator, as JSON from which it comes back as it was; None for all else."""
    if isinstance(value, GENERATORS):
        return json.dumps(generator_state(value))
    packed = _packed(value)
    return None if packed is _UNPACKABLE else json.dumps(packed)


def _packed(value, depth=6):
    """A value as JSON has it: of what JSON has not, {kind: ...}."""
    if type(value) in _PLAIN:
        return value
    if type(value) is complex:
        return {"complex": [value.real, value.imag]}
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        return {"array" if isinstance(value, np.ndarray) else "number": [value.dtype.str, value.tolist()]}
    if type(value) not in (list, tuple, dict) or not depth or (type(value) is dict and set(map(type, value)) - {str}):
        return _UNPACKABLE
    parts = [_packed(v, depth - 1) for v in (value.values() if type(value) is dict else value)]
    if any(part is _UNPACKABLE for part in parts):
        return _UNPACKABLE
    if type(value) is dict:
        return {"dict": dict(zip(value, parts, strict=True))}
    return parts if type(value) is list else {"tuple": parts}


def _unpacked(packed):
    if isinstance(packed, list):
        return [_unpacked(v) for v in packed]
    if not isinstance(packed, dict):
        return packed
    ((kind, content),) = packed.items()
    if kind == "dict":
        return {key: _unpacked(v) for key, v in content.items()}
    if kind == "tuple":
        return tuple(_unpacked(v) for v in content)
    if kind == "complex":
        return complex(*content)
    if kind not in ("array", "number") or np.dtype(content[0]).kind not in "biuf":
        raise ValueError(f"unknown kind {kind!r}")
    array = np.array(content[1], np.dtype(content[0]))
    return array if kind == "array" else array[()]


def _has_room(module, name, value):
    """Whether a value may stand under this name: one like that which stands there now, or would hide nothing."""
    if name in module._buffers:
        return name in module._non_persistent_buffers_set and isinstance(value, torch.Tensor | None)
    taken = name in MODULE or name.startswith("__") or hasattr(type(module), name)
    return not taken and not isinstance(getattr(module, name, None), nn.Parameter | nn.Module)


def _put(module, name, value):
    now = module._buffers[name] if name in module._buffers else vars(module).get(name)
    if isinstance(now, GENERATORS):
        return set_generator_state(now, value)
    if isinstance(value, torch.Tensor):
        near = now if isinstance(now, torch.Tensor) else next(iter(module.parameters()), value)
        value = value.to(near.device)
    elif name not in module._buffers:
        value = _unpacked(value)
        if not (now is None or value is None or type(now) is type(value) or {type(now), type(value)} <= _NUMBERS):
            raise ValueError(f"it is a {type(value).__name__} there and a {type(now).__name__} here")
    (module._buffers if name in module._buffers else vars(module))[name] = value
    return None
