"""One step of stochastic gradient descent: it is done wholly, or nothing has changed."""

import numpy as np
import torch
from torch.nn import functional

from .draws import begin_draws
from .evaluation import Snapshot, as_logits
from .not_finite import NotFinite, blame
from .precision import in_precision, products_in

__all__ = ["Descent"]


class Descent:
    """The descent of a network on labelled images, with momentum, by a Recipe.

    whole : whether no step is half done; a step can be only if the optimiser raises
    """

    def __init__(self, network, labelled, recipe):
        self.network, self.labelled, self.recipe, self.whole = network, labelled, recipe, True
        # One group of parameters: weight decay on all of them.
        self._optimizer = torch.optim.SGD(
            network.parameters(), lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )

    def step(self, index, *, epoch, number):
        """Descend on the batch of these samples.  Returns the loss before it, and how many were right.

        index : (n,) int64, the samples
        epoch : from 0, which decides the learning rate, mirrors and crops
        number : of the step, from 0; what the network draws depends on it and on the seed alone

        Raises NotFinite, naming the layer; whatever is raised, parameters, buffers and momentum are as before.
        """
        before, self.whole = Snapshot(self.network), True
        try:
            with products_in(self.recipe.precision, self.labelled.device):
                loss, right = self._differentiate(index, epoch, number)
        except BaseException:
            before.restore()
            self._optimizer.zero_grad(set_to_none=True)
            raise
        self.whole = False
        self._optimizer.step()
        self.whole = True
        return loss, int(right)

    @property
    def momentum(self):
        """The momentum of each parameter that has one, by its name."""
        found = {name: self._optimizer.state[p].get("momentum_buffer") for name, p in self.network.named_parameters()}
        return {name: momentum for name, momentum in found.items() if momentum is not None}

    @momentum.setter
    def momentum(self, values):
        for name, parameter in self.network.named_parameters():
            if name in values:
                self._optimizer.state[parameter]["momentum_buffer"] = values[name].to(parameter.device)

    def _differentiate(self, index, epoch, number):
        recipe = self.recipe
        x, labels = self.labelled.batch(index, seed=recipe.seed, epoch=epoch, padding=recipe.padding)
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.rate_of(epoch)
        self._optimizer.zero_grad(set_to_none=True)
        loss, right = self._loss(x, labels, number)
        loss.backward()
        parameters = [p for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters])
        if recipe.largest_gradient is not None:
            torch.nn.utils.clip_grads_with_norm_(parameters, recipe.largest_gradient, norm)
        loss, norm, right = torch.stack([loss.detach(), norm, right.to(loss.dtype)]).tolist()  # one transfer per step
        if not np.isfinite([loss, norm]).all():
            what = f"the loss is {loss}" if not np.isfinite(loss) else f"the norm of the gradient is {norm}"
            layer = blame(self.network, lambda: self._loss(x, labels, number)[0])
            rate = recipe.rate_of(epoch)
            raise NotFinite(f"step {number + 1}, epoch {epoch + 1}, learning rate {rate:g}: {what}; {layer}")
        return loss, right

    def _loss(self, x, labels, number):
        """Mean cross-entropy in float32, and how many are right."""
        begin_draws(int(np.random.SeedSequence((self.recipe.seed, number)).generate_state(1)[0]))
        with in_precision(self.recipe.precision, x.device):
            output = self.network(x)
        logits = as_logits(output, self.network, images=len(x), classes=self.labelled.classes)
        return functional.cross_entropy(logits, labels), (logits.argmax(1) == labels).sum()
