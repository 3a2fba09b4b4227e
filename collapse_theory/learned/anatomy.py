"""What the layers of any network do to the classes: means, variances, Fisher ratios; and which outputs are dead."""

from collections.abc import Sequence
from contextlib import contextmanager

import torch

from ..arguments import check_choice
from ..separation import ClassMoments
from .evaluation import check_labelled, check_network, evaluating, in_words, output_of
from .labelled import Labelled
from .layers import Nonlinearity

__all__ = ["STATISTICS", "class_statistics", "dead_outputs", "nonlinear_layers"]

STATISTICS = ("mean_energy", "within_class_variance", "between_class_variance", "fisher_trace")


def nonlinear_layers(network):
    """The names of the non-linearities of a network: those of this package, and torch's activations as modules.

    network : torch module

    Returns a list of names, as of `named_modules`. An activation that is called as a function, such as
    `torch.nn.functional.relu`, has no name and cannot be seen from outside.
    """
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, Nonlinearity) or type(module).__module__ == "torch.nn.modules.activation"
    ]


def class_statistics(
    network: torch.nn.Module,
    labelled: Labelled,
    *,
    layers: Sequence[str] | None = None,
    batch: int = 128,
    memory: int = 2**30,
) -> list[dict]:
    """Class statistics after each layer of any torch module, by forward hooks: the network is not changed.

    network : torch module; it is run in evaluation, in single precision
    labelled : of `labelled_images` or `labelled_dataset`, at least two of each class
    layers : names, as of `named_modules`; default: all modules that contain no other
    batch : images per forward pass
    memory : most bytes of the class means of one layer

    A layer is measured if its output is a tensor that has one entry per image along its first axis; this is found out
    on three images and on two. Other layers are passed over, or refused if `layers` names them: attention, recurrent
    layers with time first, and what folds windows into the batch. If a layer is called several times in a forward
    pass, its last output counts. Half precision counts as single.

    Returns one dict per layer, in the order in which they are first called:
        layer, type, shape : its name, its class, the shape of its output per image
        energy : mean of |x|² over the images
        mean_energy, within_class_variance, between_class_variance, fisher_trace : as those of `ClassMoments`, without
            finite-sample bias; fisher_trace is nan where a variance is 0
        zeros, dead_channels : as in `dead_outputs`
    Memory: the class means of all layers, 16 bytes per class and number of an output at least, and for one batch the
    outputs of all layers at once.
    Raises TypeError for a network that is no torch module or images that are no labelled ones; ValueError for no
    images, a batch below 1, an unknown name, or a named layer that cannot be measured; and as `ClassMoments.update`.
    """
    layers = _measurable(network, labelled, layers, of=_leaves)
    moments, counts = {}, {}
    for outputs, labels in _passes(network, labelled, layers, batch=batch):
        for name, output in outputs.items():
            moments.setdefault(name, ClassMoments(memory=memory)).update(output, labels)
            counts.setdefault(name, _Zeros()).add(output)
    modules = dict(network.named_modules())
    return [
        {"layer": name, "type": type(modules[name]).__name__, "shape": counts[name].shape}
        | {"energy": m.mean_energy + m.within_class_variance}
        | {statistic: float(getattr(m.unbiased(), statistic)) for statistic in STATISTICS}
        | counts[name].shares()
        for name, m in moments.items()
    ]


def dead_outputs(
    network: torch.nn.Module,
    labelled: Labelled,
    *,
    layers: Sequence[str] | None = None,
    batch: int = 128,
    statistics: str = "running",
) -> dict[str, dict[str, float]]:
    """The share of outputs of the non-linearities that are exactly 0, and of channels that always are.

    network : torch module; it is not changed
    labelled : of `labelled_images` or `labelled_dataset`
    layers : names, as of `named_modules`; default: `nonlinear_layers`. They are measured, passed over or refused as by
        `class_statistics`, except that windows folded into the batch are measured
    batch : images per forward pass
    statistics : those that normalisations use. "running": the running ones, as in evaluation; "batch": those of each
        batch, as in training, where dropout drops and modules that are frozen stay so. The two differ most before
        training, when the running statistics have seen nothing, and then `batch` is a part of the result

    Returns {layer: {"zeros", "dead_channels"}}: the share of numbers that are 0, over images, channels and pixels; the
    share of channels that are 0 at every pixel of every image of `labelled`. If a layer is called several times in a
    forward pass, its last output counts.
    Raises TypeError or ValueError as `class_statistics`; ValueError if `statistics` is unknown.
    """
    check_choice("statistics", statistics, ("running", "batch"))
    layers = _measurable(network, labelled, layers, of=nonlinear_layers, folded=True)
    counts = {}
    for outputs, _ in _passes(network, labelled, layers, batch=batch, statistics=statistics):
        for name, output in outputs.items():
            counts.setdefault(name, _Zeros()).add(output)
    return {name: count.shares() for name, count in counts.items()}


def _leaves(network):
    return [name for name, module in network.named_modules() if not list(module.children())]


class _Zeros:
    """Zeros of a stream of outputs (N, C, ...)."""

    def __init__(self):
        self.zeros = self.total = 0
        self.shape, self.alive = None, False

    def add(self, output):
        """One batch."""
        present = output != 0
        self.total += present.numel()
        self.zeros += present.numel() - int(present.sum())
        self.alive = self.alive | present.flatten(2).any(2).any(0) if output.ndim > 2 else self.alive | present.any(0)
        self.shape = list(output.shape[1:])

    def shares(self):
        """Plain numbers."""
        return {"zeros": self.zeros / self.total, "dead_channels": 1 - float(self.alive.double().mean())}


def _measurable(network, labelled, asked, *, of, folded=False):
    """The layers asked for, or those that `of` finds, whose output has one entry per image along the first axis.

    folded : also those that have several entries per image, the same number for each
    """
    check_network(network)
    check_labelled("labelled", labelled)
    modules, layers = dict(network.named_modules()), of(network) if asked is None else asked
    unknown = [name for name in layers if name not in modules]
    if unknown:
        raise ValueError(f"layers: unknown {unknown[0]!r}; known: {', '.join(filter(None, modules))}")
    unfit, entries = {}, {}
    for count in {min(3, len(labelled)), min(2, len(labelled))}:
        outputs = {}
        with evaluating(network, "float32", labelled.device), _hooked(modules, layers, outputs.__setitem__):
            output_of(network, labelled.batch(slice(0, count))[0])
        for name, output in outputs.items():
            many = len(output) / count if isinstance(output, torch.Tensor) and output.ndim > 1 else 0
            if many != entries.setdefault(name, many if folded and many == int(many) > 0 else 1):
                unfit[name] = f"its output for {count} images is {in_words(output)}"
    if asked is not None and unfit:
        name, why = next(iter(unfit.items()))
        raise ValueError(
            f"layers: {name!r} cannot be measured: {why}, expected a tensor with one entry per image as its first axis"
        )
    return [name for name in layers if name not in unfit]


def _passes(network, labelled, layers, *, batch, statistics="running"):
    """For each batch: {layer: its output}, the labels."""
    modules, outputs = dict(network.named_modules()), {}
    frozen = [module for module in modules.values() if network.training and not module.training]

    def keep(name, output):
        half = output.dtype in (torch.float16, torch.bfloat16)
        outputs[name] = output.float() if half else output.clone()  # a later layer may work in place

    with evaluating(network, "float32", labelled.device), _hooked(modules, layers, keep):
        if statistics == "batch":
            network.train()
            for module in frozen:
                module.training = False
        for x, labels in labelled.batches(batch):
            outputs.clear()
            output_of(network, x)
            yield dict(outputs), labels


@contextmanager
def _hooked(modules, layers, see):
    """Meanwhile `see` is called with the name of each of these layers and its output."""
    hooks = [
        modules[name].register_forward_hook(lambda _, inputs, output, name=name: see(name, output)) for name in layers
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
