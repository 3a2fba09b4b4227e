"""One step of stochastic gradient descent: it is done wholly, or nothing has changed."""

import numpy as np
import torch
from torch.nn import functional

from . import distributed
from .averages import Average
from .draws import begin_draws
from .evaluation import Snapshot, as_logits
from .not_finite import NotFinite, blame
from .optimizers import Optimizers
from .precision import in_precision, products_in

__all__ = ["Descent"]


class Descent:
    """The descent of a network on labelled images, with momentum, by a Recipe.

    network, labelled, recipe : torch module, `LabelledImages`, Recipe
    own : function of the parameters that makes an optimiser of torch; None for that of the recipe

    whole : whether no step is half done; a step can be only if the optimiser raises
    optimizers, average : `Optimizers`, and the `Average` that follows the weights, or None
    is_own : whether the optimiser is the user's
    """

    def __init__(self, network, labelled, recipe, *, own=None):
        self.network, self.labelled, self.recipe, self.whole = network, labelled, recipe, True
        self.optimizers, self.is_own = Optimizers(network, recipe, own), own is not None
        self.average = None if recipe.average is None else Average(network, recipe.average)
        self._steps_per_epoch = recipe.steps_of_epoch(len(labelled))

    def step(self, index, *, number):
        """Descend on the batch of these samples.  Returns the loss before it, and how many were right.

        index : (n,) int64, the samples; where several processes are together, each descends on its part of them, and
            all move by the same gradient
        number : of the step, from 0, which decides the epoch, the learning rate, mirrors and crops; what the network
            draws depends on it and on the seed alone

        Raises NotFinite, naming the layer; whatever is raised, parameters, buffers and momentum are as before.
        """
        before, self.whole = Snapshot(self.network), True
        try:
            with products_in(self.recipe.precision, self.labelled.device):
                loss, right = self._differentiate(index, number)
        except BaseException:
            before.restore()
            self.optimizers.forget_gradients()
            raise
        self.whole = False
        self.optimizers.step()
        if self.average is not None:
            self.average.update(number + 1)
        self.whole = True
        return loss, int(right)

    def expect(self, batches, *, number):
        """Tell the data which samples the next steps are on, of which this is the number of the first."""
        parts = [torch.cat(distributed.part_of(index, self.recipe.accumulation)) for index in batches]
        place = {"done": number % self._steps_per_epoch, "size": self.recipe.batch}
        self.labelled.expect(parts, **place, **self._moves(number))

    def state(self):
        """What a checkpoint holds of it: groups of tensors by name, and plain values."""
        momentum, tensors, values = self.optimizers.state()
        groups = {"momentum": momentum}
        if self.is_own:
            groups["optimizer"] = tensors
        if self.average is not None:
            groups["average"] = self.average.values
        return groups, {"optimizer": values}

    def restore(self, checkpoint):
        """Put back what `state` has told."""
        tensors = checkpoint.tensors
        values = checkpoint.state.get("optimizer", {})
        self.optimizers.restore(tensors["momentum"], tensors.get("optimizer", {}), values)
        if self.average is not None:
            self.average.take(tensors["average"])

    def _differentiate(self, index, number):
        recipe, epoch = self.recipe, number // self._steps_per_epoch
        parts = distributed.part_of(index, recipe.accumulation)
        x, labels = self.labelled.batch(torch.cat(parts), **self._moves(number))
        rate = recipe.rate_at(number, self._steps_per_epoch)
        self.optimizers.set_rate(rate)
        self.optimizers.forget_gradients()
        total = right = 0
        options = {"sizes": list(map(len, parts)), "number": number, "of": len(index)}
        for loss, correct in self._losses(x, labels, **options):
            loss.backward()
            total, right = total + loss.detach(), right + correct
        own, (total, right) = total, distributed.summed(torch.stack([total, right.to(total.dtype)]))
        distributed.add_gradients(p for p in self.network.parameters() if p.requires_grad)
        distributed.copy_from_first(_saved_buffers(self.network))
        parameters = [p for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters])
        if recipe.largest_gradient is not None:
            torch.nn.utils.clip_grads_with_norm_(parameters, recipe.largest_gradient, norm)
        loss, norm, right = torch.stack([total, norm, right]).tolist()  # one transfer per step
        if not np.isfinite([loss, norm]).all():
            what = f"the loss is {loss}" if not np.isfinite(loss) else f"the norm of the gradient is {norm}"
            layer = self._blamed(own, lambda: sum(loss for loss, _ in self._losses(x, labels, **options)))
            raise NotFinite(f"step {number + 1}, epoch {epoch + 1}, learning rate {rate:g}: {what}; {layer}")
        return loss, right

    def _moves(self, number):
        recipe, epoch = self.recipe, number // self._steps_per_epoch
        return {"seed": recipe.seed, "epoch": epoch, "padding": recipe.padding, "flips": recipe.flips}

    def _blamed(self, own, loss_of):
        """What `blame` says in the process whose own loss is not finite; in the first, if that of none is."""
        with distributed.apart():
            found = blame(self.network, loss_of)
        told = distributed.gathered([bool(torch.isfinite(own)), found])
        return min(told, key=lambda each: each[0])[1]

    def _losses(self, x, labels, *, sizes, number, of):
        """Of each part of the images: its share of the mean cross-entropy of so many, in float32; how many are right.

        sizes : images of each part
        """
        recipe, process = self.recipe, distributed.launched()[1]
        begin_draws(int(np.random.SeedSequence((recipe.seed, number, *[process] * (process > 0))).generate_state(1)[0]))
        for images, wanted in zip(x.split(sizes), labels.split(sizes), strict=True):
            with in_precision(recipe.precision, x.device):
                output = self.network(images)
            logits = as_logits(output, self.network, images=len(images), classes=self.labelled.classes)
            loss = functional.cross_entropy(logits, wanted, label_smoothing=recipe.label_smoothing)
            yield loss * (len(images) / of), (logits.argmax(1) == wanted).sum()


def _saved_buffers(network):
    """Running statistics, and what else changes in a forward pass and is saved."""
    for module in network.modules():
        for name, buffer in module._buffers.items():
            if buffer is not None and name not in module._non_persistent_buffers_set:
                yield buffer
