"""How a network is trained, and what has come of it."""

from dataclasses import dataclass

import numpy as np

from ..arguments import check_choice, check_count, check_number

__all__ = ["PRECISIONS", "Outcome", "Recipe"]

PRECISIONS = ("float32", "bfloat16 products", "bfloat16", "auto")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are those of the paper for CIFAR-10.

    epochs : passes over the training images
    batch : images per step; the last batch of an epoch holds what is left
    rate, rate_factor, rate_step : the learning rate of an epoch is rate · rate_factor^⌊epoch / rate_step⌋
    momentum : of the gradient descent, in [0, 1); it is not Nesterov's
    weight_decay : on all parameters
    padding : zeros on each side, in pixels, of the image from which a random crop is taken, after it was mirrored with
        probability 1/2; None for images as they are, neither mirrored nor cropped
    precision : a name of `PRECISIONS`: "float32", "bfloat16 products", "bfloat16" where torch's autocast
        knows it to be safe, or "auto"; parameters are in float32
    seed : of the order, of mirrors and crops, and of whatever the network draws
    drop_last : leave out the last batch of an epoch if it is shorter than the others
    largest_gradient : norm to which a longer gradient is shortened; None for never, as published. Sigmoid and unit
        amplitude have gradients of norm 1e5 if a batch holds a black image

    Raises ValueError, naming the field that is out of range.
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

    def rate_of(self, epoch: int) -> float:
        """The learning rate of an epoch; the first is epoch 0."""
        return self.rate * self.rate_factor ** (epoch // self.rate_step)

    def steps_of_epoch(self, images: int) -> int:
        """The number of batches that an epoch of so many images has."""
        return images // self.batch if self.drop_last else -(-images // self.batch)


@dataclass(frozen=True)
class Outcome:
    """What a call of `train` has led to.

    finished : whether all epochs are done
    step : number of steps done, over all calls
    seconds : time spent on them, over all calls
    epochs : the lines of the metrics that end an epoch, as dicts: step, epoch, rate, train_loss, train_accuracy,
        test_loss, test_accuracy, seconds
    threads : number of threads that torch computes with on a CPU; with the same number, the same call gives the same
        bits
    precision : in which the network was computed: that of the recipe, or what "auto" has taken
    """

    finished: bool
    step: int
    seconds: float
    epochs: tuple[dict, ...]
    threads: int
    precision: str = "float32"
