"""How the outputs of a network lie: which axis is that of the images, and which that of the units."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .calls import watching
from .data import forward, rows_of

__all__ = ["Layout", "layouts", "numbers_of"]

_LAST = (nn.Linear, nn.LayerNorm, nn.RNNBase, nn.MultiheadAttention, nn.Embedding, nn.Bilinear, nn.RMSNorm)
_FIRST = (nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LocalResponseNorm)


@dataclass(frozen=True)
class Layout:
    """Of one call.

    name, kind : as of `Call`
    shape : of the output for one image, without the axis of the images
    axis : of the images
    units : the axis of `shape` along which units or channels lie
    reason : why it cannot be measured by class, or ""
    folded : whether there are several entries per image along the first axis: zeros can still be counted
    is_activation : whether it looks at one number at a time
    width : bytes of a number, at least 4
    """

    name: str
    kind: str
    shape: tuple
    axis: int
    units: int
    reason: str = ""
    folded: bool = False
    is_activation: bool = False
    width: int = 4

    @property
    def numbers(self):
        """Real numbers per image."""
        return int(np.prod(self.shape, dtype=np.int64))


def numbers_of(tensor, axis):
    """(N, D) real numbers of an output, in single precision at least, off the graph."""
    tensor = tensor.detach().movedim(axis, 0)
    tensor = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    return (tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()).reshape(len(tensor), -1)


def layouts(network, inputs, layers, run=forward):
    """{name: Layout} of all calls of a network, in their order, and its output, from passes over three images and two.

    inputs : three images, or as many as there are
    layers : {name: module} that are watched, beside activations that are functions
    run : function of the network and of inputs that makes a forward pass
    """
    count = len(next(iter(inputs.values() if isinstance(inputs, dict) else inputs)))
    seen = []
    for images in (count, count - 1) if count > 1 else (count, count):
        shapes, state = {}, {"last": None}

        def see(call, shapes=shapes, state=state):
            if isinstance(call.module, _LAST + _FIRST):
                state["last"] = isinstance(call.module, _LAST)
            shapes[call.name] = (call, tuple(call.output.shape), state["last"])

        with watching(network, see, layers) as begin:
            begin()
            output = run(network, rows_of(inputs, slice(0, images)))
        seen.append((images, shapes, output))
    (count, shapes, output), (fewer, others, _) = seen
    found = {name: _layout(*entry, count, others.get(name, (None, None))[1], fewer) for name, entry in shapes.items()}
    for name in others.keys() - shapes.keys():
        found[name] = _layout(*others[name], fewer, None, count)
    return found, output


def _layout(call, shape, last, count, other, fewer):
    axis, folded, reason = _axis(shape, count, other, fewer)
    if not call.output.is_floating_point() and not call.output.is_complex():
        reason, folded = f"its output is of {str(call.output.dtype).removeprefix('torch.')}", False
    one = shape[:axis] + shape[axis + 1 :]
    if 0 in one and not reason:
        reason = f"its output is empty, {shape}"
    if call.output.is_complex():
        one = (*one, 2)
    units = max(0, len(one) - 1 - call.output.is_complex()) if _are_last(one, last) else 0
    width = max(4, call.output.real.element_size())
    return Layout(call.name, call.kind, one, axis, units, reason, folded, call.function is not None, width)


def _axis(shape, count, other, fewer):
    """(axis, whether several entries are there per image, why it is none)."""
    said = f"its output for {count} images is {shape}"
    if other is None:
        return 0, False, f"{said}, and for {fewer} it is not called"
    if count == fewer:
        first = bool(shape) and shape[0] == count
        return 0, False, "" if first else f"{said}: more images are needed to tell the axis of the images"
    differ = [axis for axis in range(len(shape)) if len(shape) == len(other) and shape[axis] != other[axis]]
    if len(differ) == 1 and (shape[differ[0]], other[differ[0]]) == (count, fewer):
        return differ[0], False, ""
    many = differ == [0] and shape[0] * fewer == other[0] * count and shape[0] % count == 0
    what = "with several entries per image along its first axis" if many else "with no axis of the images"
    return 0, many, f"{said} and {other} for {fewer}, {what}"


def _are_last(shape, last):
    """Whether units lie along the last axis: after a linear map or a layer norm, or in sequences after nothing."""
    return len(shape) < 2 or (len(shape) == 2 if last is None else last)
