"""What the layers of any network do to the classes: means, variances, Fisher ratios; and which outputs are dead."""

from contextlib import contextmanager

import torch

from ..separation import ClassMoments
from .evaluation import answer, check_labelled, check_network, evaluating, in_words
from .layers import Nonlinearity

__all__ = ["class_statistics", "dead_outputs", "nonlinear_layers"]

STATISTICS = ("mean_energy", "within_class_variance", "between_class_variance", "fisher_trace")


def nonlinear_layers(network):
    """The names of the non-linearities of a network: those of this package, and torch's activations as modules.

    An activation that is called as a function has no name: it cannot be seen from outside.
    """
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, Nonlinearity) or type(module).__module__ == "torch.nn.modules.activation"
    ]


def class_statistics(network, labelled, *, layers=None, batch=128, memory=2**30):
    """Class statistics after each layer of any torch module, by forward hooks: the network is not changed.

    labelled : LabelledImages, at least two of each class
    layers : names, as of `named_modules`; default: all modules that contain no other
    batch : images at a time
    memory : most bytes of the class means of one layer

    A layer is measured if it answers with a tensor that has one entry an image along its first axis, which is found out
    on three images and two: others, such as attention, recurrent layers with time first and what folds windows into the
    batch, are passed over, or refused if `layers` names them.
    Returns one dict a layer, in the order in which they answer first: layer, type, shape of a sample, energy, and
    without finite-sample bias mean_energy, within_class_variance, between_class_variance, fisher_trace (nan where a
    variance is 0); zeros and dead_channels as `dead_outputs`. Numbers of a layer that answers several times in a pass
    are those of its last answer. Half precision counts as single.
    Raises ValueError if a name is unknown, or a named layer cannot be measured; or as `ClassMoments`.
    """
    layers = _measurable(network, labelled, layers, of=_leaves)
    moments, counts = {}, {}
    for outputs, labels in _passes(network, labelled, layers, batch):
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


def dead_outputs(network, labelled, *, layers=None, batch=128):
    """The share of outputs of the non-linearities that are exactly 0, and of channels that always are.

    layers : names; default: `nonlinear_layers`. Measured, passed over or refused as by `class_statistics`, but that
        windows folded into the batch are measured; of a layer that answers several times in a pass, the last answer

    Returns {layer: {"zeros", "dead_channels"}}: the share of numbers that are 0, over images, channels and pixels; the
    share of channels that are 0 at every pixel of every image of `labelled`.
    """
    layers = _measurable(network, labelled, layers, of=nonlinear_layers, folded=True)
    counts = {}
    for outputs, _ in _passes(network, labelled, layers, batch):
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
    """The layers asked for, or those that `of` finds, which answer with one entry an image along the first axis.

    folded : also those which answer with several, as many for each image
    """
    check_network(network)
    check_labelled("labelled", labelled)
    modules, layers = dict(network.named_modules()), of(network) if asked is None else asked
    unknown = [name for name in layers if name not in modules]
    if unknown:
        raise ValueError(f"layers: unknown {unknown[0]!r}; known: {', '.join(filter(None, modules))}")
    unfit, entries = {}, {}
    for count in {min(3, len(labelled)), min(2, len(labelled))}:
        answers = {}
        with evaluating(network, "float32", labelled.device), _hooked(modules, layers, answers.__setitem__):
            answer(network, labelled.batch(slice(0, count))[0])
        for name, found in answers.items():
            many = len(found) / count if isinstance(found, torch.Tensor) and found.ndim > 1 else 0
            if many != entries.setdefault(name, many if folded and many == int(many) > 0 else 1):
                unfit[name] = f"it answers {count} images with {in_words(found)}"
    if asked is not None and unfit:
        name, why = next(iter(unfit.items()))
        raise ValueError(
            f"layers: {name!r} cannot be measured, {why}, not with one entry an image along the first axis"
        )
    return [name for name in layers if name not in unfit]


def _passes(network, labelled, layers, batch):
    """For each batch: {layer: its output}, the labels."""
    modules, outputs = dict(network.named_modules()), {}

    def keep(name, output):
        half = output.dtype in (torch.float16, torch.bfloat16)
        outputs[name] = output.float() if half else output.clone()  # a later layer may work in place

    with evaluating(network, "float32", labelled.device), _hooked(modules, layers, keep):
        for x, labels in labelled.batches(batch):
            outputs.clear()
            answer(network, x)
            yield dict(outputs), labels


@contextmanager
def _hooked(modules, layers, see):
    """Meanwhile `see` is called with the name of each of these layers and its answer."""
    hooks = [
        modules[name].register_forward_hook(lambda _, inputs, output, name=name: see(name, output)) for name in layers
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
