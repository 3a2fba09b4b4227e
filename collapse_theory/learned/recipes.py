"""How a network is trained."""

from dataclasses import dataclass

import numpy as np

from ..arguments import check_choice, check_count, check_number
from .precision import PRECISIONS

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are those of the paper for CIFAR-10.

    epochs, batch : the last batch of an epoch is as long as it comes
    rate, rate_factor, rate_step : learning rate · rate_factor^⌊epoch / rate_step⌋
    momentum, weight_decay : of the gradient descent, not Nesterov's; the decay is on all parameters
    padding : each image is mirrored with probability 1/2 and cropped from itself padded by so many zeros; None: neither
    precision : a name of `precision.PRECISIONS`: "float32", "bfloat16 products", "bfloat16" where torch's autocast
        knows it to be safe, or "auto"; parameters are in float32
    seed : of the order, the augmentation, and whatever the network draws
    drop_last : leave out the last batch of an epoch if it is shorter than the others
    largest_gradient : norm to which a longer gradient is shortened; None: never, as published. Sigmoid and unit
        amplitude have gradients of norm 1e5 where a batch holds a black image

    Raises ValueError, naming the field.
    """

    epochs: int = 300
    batch: int = 128
    rate: float = 0.01
    rate_factor: float = 0.1
    rate_step: int = 70
    momentum: float = 0.9
    weight_decay: float = 1e-4
    padding: int | None = 4
    precision: str = "float32"
    seed: int = 0
    drop_last: bool = False
    largest_gradient: float | None = None

    def __post_init__(self):
        for name in ("epochs", "batch", "rate_step"):
            check_count(name, getattr(self, name))
        for name in ("rate", "rate_factor", "momentum", "weight_decay"):
            check_number(name, getattr(self, name), least=0)
        if self.momentum >= 1:  # the steps would grow for ever
            raise ValueError(f"momentum: expected a number in [0, 1), got {self.momentum!r}")
        check_count("seed", self.seed, least=0)
        check_count("padding", 0 if self.padding is None else self.padding, least=0)
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("drop_last", self.drop_last, (False, True))
        if self.largest_gradient is not None and check_number("largest_gradient", self.largest_gradient) <= 0:
            raise ValueError(f"largest_gradient: expected a positive number, got {self.largest_gradient!r}")
        for name, value in vars(self).items():
            if isinstance(value, np.generic):  # plain numbers, as JSON has them
                object.__setattr__(self, name, value.item())

    def rate_of(self, epoch):
        """The learning rate of an epoch, counted from 0."""
        return self.rate * self.rate_factor ** (epoch // self.rate_step)

    def steps_of_epoch(self, images):
        """How many batches an epoch has, of so many images."""
        return images // self.batch if self.drop_last else -(-images // self.batch)
