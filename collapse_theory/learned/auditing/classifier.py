"""The classifier of a network: its input, its decisions, and how near both are to the nearest class mean.

    nc3            |A / |A| − M / |M||²,  A the weights of the classes, M the rows μ_y − μ, norms of Frobenius
    nc4            share of images whose largest output is the class of the nearest mean of the classifier's input
    accuracy       share of images whose largest output is their label

Source: Papyan, Han & Donoho (2020).
"""

import numpy as np
import torch
from torch import nn

from ...separation import ClassMoments
from .calls import tensors_in
from .layouts import numbers_of

__all__ = ["Classifier", "logits_in"]


def logits_in(output, images, classes):
    """The first real tensor (images, classes or more) in the output of a network; None if there is none."""
    for _, tensor in tensors_in(output):
        if tensor.ndim == 2 and len(tensor) == images and tensor.shape[1] >= classes and tensor.is_floating_point():
            return tensor
    return None


class Classifier:
    """What is kept of the linear map whose output is that of the network.

    memory : most bytes of the rows of its input that are kept, for nc4; the rows beyond are left out, and their number
        is said
    """

    def __init__(self, memory):
        self.moments, self.name, self._weight = ClassMoments(), None, None
        self._rows, self._taken, self._room = [], [], int(memory)
        self.images = self.right = self.decided = 0
        self._maps = []

    def see(self, call):
        """A call of a forward pass: linear maps are remembered until `add`."""
        given = call.inputs[0] if call.inputs and isinstance(call.inputs[0], torch.Tensor) else None
        if isinstance(call.module, nn.Linear) and given is not None and given.ndim == 2:
            self._maps.append((call.name, call.module.weight, numbers_of(given, 0).clone(), call.output.clone()))

    def add(self, output, labels):
        """The output of the network for one batch, after its calls."""
        maps, self._maps = self._maps, []
        logits = logits_in(output, len(labels), int(labels.max(initial=0)) + 1)
        self.images += len(labels)
        if logits is None:
            return
        taken = logits.detach().argmax(1).cpu().numpy()
        self.decided += len(labels)
        self.right += int(np.sum(taken == labels))
        maps = [each for each in maps if each[3].shape == logits.shape and bool((each[3] == logits).all())]
        if not maps:
            return
        self.name, weight, rows, _ = maps[-1]
        self._weight = weight.detach().double().cpu().numpy()
        self.moments.update(rows, labels)
        rows = rows[: self._room // max(1, rows.shape[1] * rows.element_size())].cpu().numpy()
        self._room -= rows.nbytes
        self._rows.append(rows)
        self._taken.append(taken[: len(rows)])

    def merge(self, other):
        """Add what another rank has seen.  Returns itself."""
        self.moments.merge(other.moments)
        self.name, self._weight = self.name or other.name, other._weight if self._weight is None else self._weight
        self._rows, self._taken = self._rows + other._rows, self._taken + other._taken
        for name in ("images", "right", "decided"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def numbers(self):
        """Plain numbers, None for what the network does not have."""
        found = {"images": self.images, "right": self.right if self.decided == self.images else None}
        found["accuracy"] = self.right / self.images if self.decided == self.images else None
        found |= {"classifier": self.name, "fisher_trace": None, "nc3": None, "nc4": None, "nc4_images": 0}
        if self.name is None or len(self.moments.counts) < 2:
            return found
        shares = self.moments.counts / self.moments.counts.sum()
        means, classes = self.moments.class_means, self.moments.classes.astype(int)
        centred, weight = means - shares @ means, self._weight[classes]
        if min(self.moments.counts) > 1 and self.moments.within_class_variance > 0:
            found["fisher_trace"] = self.moments.unbiased().fisher_trace
        norms = np.linalg.norm(weight), np.linalg.norm(centred)
        if min(norms) > 0:
            found["nc3"] = float(np.sum((weight / norms[0] - centred / norms[1]) ** 2))
        rows = np.concatenate(self._rows).astype(np.float64) - shares @ means
        if len(rows):
            nearest = classes[np.argmax(rows @ centred.T - np.sum(centred**2, axis=1) / 2, axis=1)]
            found["nc4"] = float(np.mean(nearest == np.concatenate(self._taken)))
        return found | {"nc4_images": len(rows)}
