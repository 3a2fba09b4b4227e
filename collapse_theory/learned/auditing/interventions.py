"""What is left of a network whose rectifiers keep only their even part, only their odd part, or threshold instead.

The even part of a rectifier is |a| / 2, a collapse; its odd part a / 2, which keeps the sign; the soft threshold keeps
the sign too, and is 0 as often as the rectifier was, unit by unit. Statistics of batch normalisations, and of this
package's standardisations, are estimated again, and so are the thresholds, in a first pass; a second one measures.
It is the paper's comparison of non-linearities, asked of a network that was trained with another one.
Source: Guth, Zarka & Mallat (2022), Table 3.
"""

from collections import defaultdict

import numpy as np
import torch

from ...nonlinearities import soft_threshold
from ..layers import Standardization
from .calls import watching
from .classifier import Classifier
from .data import forward
from .probes import share_with_interval
from .rectifiers import parts_of

__all__ = ["PARTS_KEPT", "interventions", "rectifiers_of"]

PARTS_KEPT = ("even part", "odd part", "soft threshold")
_RECTIFIERS = {
    *("relu", "relu6", "leakyrelu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish"),
    *("threshold", "clamp", "clampmin", "clip", "hardtanh", "realnonlinearity", "nonlinearity"),
}


def rectifiers_of(layers):
    """The names of the rectifiers among the layers of an audit, of {name: Layer}."""
    kinds = {name: layer.layout.kind.lower().replace("_", "") for name, layer in layers.items()}
    return [name for name, kind in kinds.items() if layers[name].layout.is_activation and kind in _RECTIFIERS]


def interventions(network, batches, layers, *, which, among, merge=lambda value: value):
    """Rows, one per intervention.

    network : within `evaluating`, which puts its statistics back
    batches : iterable of (inputs, labels), each time anew
    layers : {name: Layer}, measured on the network as it is
    which : "all" for all rectifiers at once, "each" for each alone as well
    among : {name: module} that are watched
    merge : what makes one of the classifiers of all ranks

    Yields {"replaced", "by", "accuracy", "accuracy_low", "accuracy_high", "fisher_trace", "reason"}; fisher_trace is
    that of the classifier's input without finite-sample bias; reason says why there are no numbers.
    """
    names = rectifiers_of(layers)
    chosen = [("nothing", [])] + ([("all", names)] if names else [])
    chosen += [(name, [name]) for name in names] if which == "each" else []
    for label, replaced in chosen:
        for by in PARTS_KEPT if replaced else ("statistics estimated again",):
            try:
                found = merge(_measured(network, batches, _Replacement(by, layers, replaced), among)).numbers()
                reason = ""
            except (ValueError, RuntimeError) as error:  # as of a batch of one image
                found, reason = {"accuracy": None, "fisher_trace": None}, str(error).split("\n", 1)[0]
            yield {"replaced": label, "by": by} | _row(found) | {"reason": reason}


def _row(found):
    triple = (None, None, None)
    if found["accuracy"] is not None:
        triple = share_with_interval(np.array([found["right"]]), np.array([found["images"]]))
    columns = dict(zip(("accuracy", "accuracy_low", "accuracy_high"), triple, strict=True))
    return columns | {"fisher_trace": found["fisher_trace"]}


def _measured(network, batches, replacement, among):
    classifier = Classifier(0)

    def see(call):
        classifier.see(call)
        return replacement(call)

    with watching(network, replacement, among) as begin, _estimating(network):
        for inputs, _ in batches:
            begin()
            forward(network, inputs)
    replacement.settle()
    with watching(network, see, among) as begin:
        for inputs, labels in batches:
            begin()
            classifier.add(forward(network, inputs), labels)
    return classifier


class _estimating:
    """Meanwhile batch normalisations take the statistics of each batch, and their running ones begin anew."""

    def __init__(self, network):
        self._modules = [m for m in network.modules() if isinstance(m, Standardization) or _has_statistics(m)]

    def __enter__(self):
        for module in self._modules:
            if _has_statistics(module):
                module.reset_running_stats()
                module.momentum = None  # the mean over all batches
            module.training = True

    def __exit__(self, *_):
        for module in self._modules:
            module.training = False


def _has_statistics(module):
    return isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and module.running_mean is not None


class _Replacement:
    """What takes the place of the output of some activations."""

    def __init__(self, by, layers, names):
        self._by, self._layers, self._names = by, layers, set(names)
        self._sums, self._batches, self._settled = defaultdict(float), defaultdict(int), False

    def settle(self):
        """From now on thresholds are the means of those of the batches so far."""
        self._settled = True

    def __call__(self, call):
        a = call.inputs[0] if call.name in self._names and call.inputs else None
        if a is None or a.shape != call.output.shape or a.is_complex() or call.output.is_complex():
            return None
        if self._by == "soft threshold":
            numbers = a.double()  # which the function asks for, instead of half precision
            return soft_threshold(numbers, self._threshold(call.name, a), checked=False).to(a.dtype)
        even, odd = parts_of(call.function, a, call.output)
        return even if self._by == "even part" else odd

    def _threshold(self, name, a):
        """Per unit, the amplitude under which the share of inputs is that which the rectifier did not let through."""
        layer = self._layers[name]
        units = layer.layout.units + (layer.layout.units >= layer.layout.axis)
        if not self._settled:
            amplitudes = a.detach().movedim(units, 0).flatten(1).abs().sort(1).values.double()
            places = layer.zeros.sparsity.to(a.device) * amplitudes.shape[1]
            index = (places.long() - 1).clamp(0, amplitudes.shape[1] - 1)
            thresholds = amplitudes.gather(1, index[:, None])[:, 0] * (places >= 1)
            self._sums[name], self._batches[name] = self._sums[name] + thresholds, self._batches[name] + 1
        else:
            thresholds = self._sums[name] / self._batches[name]
        shape = [1] * a.ndim
        shape[units] = -1
        return thresholds.reshape(shape)
