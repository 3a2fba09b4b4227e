"""The exponential moving average of what a network saves: weights and running statistics."""

from contextlib import contextmanager

import torch

__all__ = ["Average"]


class Average:
    """w̄, which after step t is w̄ + (1 − d)(w − w̄), where d = min(decay, (1 + t) / (10 + t)).

    The second bound lets the first steps count less, at which the weights are far from where they will be. What is no
    floating number, such as a count, is not averaged but copied. What does not change, stays to the bit.
    network : torch module, of whose state_dict the average is
    decay : in (0, 1)

    values : the average, {name: tensor}
    """

    def __init__(self, network, decay):
        self._network, self._decay = network, decay
        self.values = _copies(network)

    @torch.no_grad()
    def update(self, step):
        """Take up the weights after this step, of which the first is 1."""
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        for name, value in self._network.state_dict().items():
            average = self.values[name]
            if value.is_floating_point() or value.is_complex():
                average.add_(value - average, alpha=share)
            else:
                average.copy_(value)

    def take(self, values):
        """Go on from another average."""
        for name, value in values.items():
            self.values[name].copy_(value)

    def put(self):
        """Put the average in the network, for good."""
        _put(self._network, self.values)

    @contextmanager
    def standing_in(self):
        """The network with the average inside; then, to the bit, it is as it was."""
        before = _copies(self._network)
        try:
            self.put()
            yield
        finally:
            _put(self._network, before)


def _copies(network):
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


@torch.no_grad()
def _put(network, values):
    for name, value in network.state_dict().items():
        value.copy_(values[name])
