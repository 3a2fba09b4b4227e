"""How well a network does on labelled images, and networks that are left as they were: modes, running statistics."""

from collections import deque
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import is_lazy

from ..machine import reproducible
from . import distributed
from .draws import GENERATORS, begin_draws, drawing_apart, generator_state, set_generator_state
from .labelled import Labelled
from .precision import in_precision

__all__ = [
    "MODULE",
    "Snapshot",
    "as_logits",
    "check_labelled",
    "check_network",
    "evaluate",
    "evaluating",
    "in_words",
    "output_of",
    "unchanged",
]

MODULE = frozenset(vars(nn.Module()))  # the attributes that torch gives to every module


def evaluate(
    network: nn.Module, labelled: Labelled, *, batch: int = 128, precision: str = "float32"
) -> dict[str, float]:
    """Loss and accuracy of a network in evaluation, on all of `labelled`; the network is left as it was.

    Inside of `distributed.together` each process takes its part of the batches.

    network : torch module of images (N, C, H, W), on the device of the data
    labelled : of `labelled_images` or `labelled_dataset`
    batch : images per forward pass
    precision : "float32" or "bfloat16", see `Recipe`

    Returns {"loss", "accuracy"}: mean cross-entropy, and the share of images whose largest output is their label.
    Raises TypeError if the output of the network is anything but one real tensor, or `labelled` is something else;
    ValueError if that tensor is not (N, classes or more), for a batch below 1 or an unknown precision, and for a
    network of half precision that does not take images.
    """
    check_network(network)
    check_labelled("labelled", labelled)
    loss = right = 0.0
    with evaluating(network, precision, labelled.device):
        for x, labels in labelled.batches(batch, every=distributed.count(), start=distributed.number()):
            logits = as_logits(output_of(network, x), network, images=len(x), classes=labelled.classes)
            loss += functional.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(1) == labels).sum().item()
    loss, right = map(sum, zip(*distributed.gathered([loss, right]), strict=True))
    return {"loss": loss / len(labelled), "accuracy": right / len(labelled)}


def output_of(network, x):
    """The output of a network for images, which it gets in double precision if its parameters have that.

    Raises ValueError, naming the first of its tensors that has half precision or no numbers, if it does not take them.
    """
    first = next((p for p in network.parameters() if p.is_floating_point()), None)
    try:
        return network(x if first is None or first.dtype != torch.float64 else x.double())
    except RuntimeError as error:
        for name, tensor in (*network.named_parameters(), *network.named_buffers()):
            if tensor.is_meta or tensor.dtype in (torch.float16, torch.bfloat16):
                what = "no numbers, on the device meta" if tensor.is_meta else str(tensor.dtype).removeprefix("torch.")
                raise ValueError(
                    f"network: expected float32 or float64, got {what} in {name!r}: it does not take images ({error})"
                ) from error
        raise


def as_logits(output, network, *, images, classes):
    """The output of a network for so many images, as (images, classes or more) in float32.

    Raises TypeError, naming what it is, if that is not one real tensor; ValueError if it has another shape.
    """
    if not isinstance(output, torch.Tensor) or output.is_complex():
        mode = "while training" if network.training else "in evaluation"
        raise TypeError(
            f"network: expected one real tensor ({images}, {classes}) as its output for {images} images, "
            f"but {mode} it is {in_words(output)}"
        )
    if output.ndim != 2 or len(output) != images or output.shape[1] < classes:
        raise ValueError(
            f"labels: {classes} classes, but the output of the network is {tuple(output.shape)} for {images} images"
        )
    return output.float()


@contextmanager
def evaluating(network, precision, device):
    """The network in evaluation, without gradients, in this precision; then it is as it was.

    The bits are the same each time, also for a network that draws: its draws begin at one seed. The caller's draws are
    as if there had been none.
    """
    with unchanged(network), torch.no_grad(), reproducible(), drawing_apart(device):
        begin_draws(0)
        network.eval()
        with in_precision(precision, device):
            yield


@contextmanager
def unchanged(network):
    """The mode, the attributes and the buffers of each module, such as running statistics, end as they were."""
    before = Snapshot(network)
    try:
        yield
    finally:
        before.restore()


class Snapshot:
    """The mode, the buffers and the other attributes of each module of a network, to be put back.

    So are what collections and arrays among the attributes hold, and where generators of random numbers are.
    Attributes stay as they are where parameters or modules came with them, which one has built as it was run.
    """

    def __init__(self, network):
        self._modes = [(module, module.training) for module in network.modules()]
        self._attributes = [
            (module, dict(vars(module)), _parts(module))
            for module, _ in self._modes
            if not isinstance(module, LazyModuleMixin)
        ]
        own = [value for _, held, _ in self._attributes for name, value in held.items() if name not in MODULE]
        self._generators = [(value, generator_state(value)) for value in own if isinstance(value, GENERATORS)]
        self._contents = [(value, value.copy()) for value in own if type(value) in (list, dict, set, deque)]
        self._arrays = [(value, value.copy()) for value in own if type(value) is np.ndarray and value.flags.writeable]
        self._buffers = [
            (module._buffers, name, buffer, buffer.clone())
            for module, _ in self._modes
            for name, buffer in module._buffers.items()
            if buffer is not None and not is_lazy(buffer)
        ]

    def restore(self):
        """Put them back."""
        for module, attributes, parts in self._attributes:
            if _parts(module) == parts:
                for name in vars(module).keys() - attributes.keys():
                    del vars(module)[name]
                vars(module).update(attributes)
        for container, content in self._contents:
            container.clear()
            (container.extend if isinstance(container, list | deque) else container.update)(content)
        for array, numbers in self._arrays:
            array[...] = numbers
        for generator, state in self._generators:
            set_generator_state(generator, state)
        for module, training in self._modes:
            module.training = training
        with torch.no_grad():
            for buffers, name, buffer, values in self._buffers:
                buffers[name] = buffer.copy_(values)


def _parts(module):
    return [id(part) for part in (*module._parameters.values(), *module._modules.values())]


def check_network(network):
    """Raise TypeError if `network` is not a torch module."""
    if not isinstance(network, nn.Module):
        raise TypeError(f"network: expected a torch module, got {in_words(network)}")


def check_labelled(name, value):
    """Raise TypeError, saying how to make them, if `value` are not labelled images; ValueError if there are none."""
    if not isinstance(value, Labelled):
        raise TypeError(
            f"{name}: expected what learned.labelled_images(images, labels, classes=...) makes of two arrays, or "
            f"learned.labelled_dataset(dataset, classes=...) of a data set or a loader of torch, got {in_words(value)}"
        )
    if not len(value):
        raise ValueError(f"{name}: expected at least one image, got none")


def in_words(value):
    """The type of a value; of a tensor its shape, of a collection what is in it."""
    if isinstance(value, torch.Tensor):
        return f"a tensor {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    name = type(value).__name__
    if isinstance(value, dict):
        return f"a {name} of {', '.join(map(repr, list(value)[:4])) or 'nothing'}"
    if isinstance(value, list | tuple):
        return f"a {name} of {', '.join(type(v).__name__ for v in value[:4]) or 'nothing'}"
    return f"a {name}"
