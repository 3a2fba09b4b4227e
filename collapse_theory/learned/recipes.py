"""How a network is trained, and what has come of it."""

import math
from dataclasses import dataclass

import numpy as np

from ..arguments import check_choice, check_count, check_number

__all__ = ["FLIPS", "OPTIMIZERS", "PRECISIONS", "SCHEDULES", "Outcome", "Recipe"]

PRECISIONS = ("float32", "bfloat16 products", "bfloat16", "auto")
SCHEDULES = ("step", "linear", "cosine")
FLIPS = ("random", "alternating", "none")
OPTIMIZERS = ("descent", "muon")
_COUNTS = ("epochs", "batch", "rate_step", "accumulation")
_AMOUNTS = ("rate", "rate_factor", "momentum", "weight_decay", "warm_up", "label_smoothing", "matrix_rate")
_SHARES = ("momentum", "warm_up", "label_smoothing")  # below 1: the steps would grow for ever, or nothing be learned
_CHOICES = {
    "precision": PRECISIONS,
    "drop_last": (False, True),
    "nesterov": (False, True),
    "schedule": SCHEDULES,
    "flips": FLIPS,
    "optimizer": OPTIMIZERS,
}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are those of the paper for CIFAR-10.

    epochs : passes over the training images
    batch : images per step; the last batch of an epoch holds what is left
    rate, rate_factor, rate_step : with the schedule "step" the learning rate of an epoch is
        rate · rate_factor^⌊epoch / rate_step⌋
    momentum : of the gradient descent, in [0, 1)
    weight_decay : on all parameters
    padding : zeros on each side, in pixels, of the image from which a random crop is taken, after it was mirrored with
        probability 1/2; None for images as they are, neither mirrored nor cropped
    precision : a name of `PRECISIONS`: "float32", "bfloat16 products", "bfloat16" where torch's autocast
        knows it to be safe, or "auto"; parameters are in float32
    seed : of the order, of mirrors and crops, and of whatever the network draws
    drop_last : leave out the last batch of an epoch if it is shorter than the others
    largest_gradient : norm to which a longer gradient is shortened; None for never, as published. Sigmoid and unit
        amplitude have gradients of norm 1e5 if a batch holds a black image
    schedule : a name of `SCHEDULES`. "step" is the published one. "linear" falls to 0 along a line, "cosine" along half
        a cosine (Loshchilov & Hutter 2017, SGDR), from `rate` at the end of the warm-up to the end of the last epoch.
        These two change at every step
    warm_up : share of the epochs, in [0, 1), over which the learning rate rises from 0 (Goyal et al. 2017, Accurate,
        large minibatch SGD)
    nesterov : whether the momentum is Nesterov's, as of Sutskever et al. (2013)
    label_smoothing : share of each label, in [0, 1), that is spread over all outputs (Szegedy et al. 2016, Rethinking
        the Inception architecture). The loss of training has it; that of evaluation has not
    flips : a name of `FLIPS`: "random" as published; "alternating": every second epoch mirrors the images that the
        others do not (Jordan 2024, 94 % on CIFAR-10 in 3.29 seconds); "none", as digits want it
    average : decay d of an exponential moving average of weights and running statistics, w̄ ← w̄ + (1 − d)(w − w̄), where
        d is at most (1 + t) / (10 + t) after t steps (Polyak & Juditsky 1992). It is what is evaluated and what a
        finished training leaves in the network; None for none
    accumulation : number of parts into which the images of a step are divided. Their gradients are added.
        Normalisations see a part at a time
    optimizer : a name of `OPTIMIZERS`. "muon" steps the matrices of `Mixing` layers by orthogonalised momentum, see
        `muon`, and all else by the descent
    matrix_rate : learning rate of "muon", in the place of `rate`; it follows the same schedule

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
    schedule: str = "step"
    warm_up: float = 0.0
    nesterov: bool = False
    label_smoothing: float = 0.0
    flips: str = "random"
    average: float | None = None
    accumulation: int = 1
    optimizer: str = "descent"
    matrix_rate: float = 0.02

    def __post_init__(self):
        for name in _COUNTS:
            check_count(name, getattr(self, name))
        for name in _AMOUNTS:
            check_number(name, getattr(self, name), least=0)
        for name in _SHARES:
            if getattr(self, name) >= 1:
                raise ValueError(f"{name}: expected a number in [0, 1), got {getattr(self, name)!r}")
        check_count("seed", self.seed, least=0)
        check_count("padding", 0 if self.padding is None else self.padding, least=0)
        for name, known in _CHOICES.items():
            check_choice(name, getattr(self, name), known)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov: expected a momentum above 0 beside it, got 0")
        if self.average is not None and not 0 < check_number("average", self.average) < 1:
            raise ValueError(f"average: expected a number between 0 and 1, or None, got {self.average!r}")
        if self.largest_gradient is not None and check_number("largest_gradient", self.largest_gradient) <= 0:
            raise ValueError(f"largest_gradient: expected a positive number, got {self.largest_gradient!r}")
        for name, value in vars(self).items():
            if isinstance(value, np.generic):  # plain numbers, as JSON has them
                object.__setattr__(self, name, value.item())

    def rate_of(self, epoch: float) -> float:
        """The learning rate at an epoch; the first is epoch 0, its middle 1/2."""
        rising = self.warm_up * self.epochs
        if epoch < rising:
            return self.rate * epoch / rising
        if self.schedule == "step":
            return self.rate * self.rate_factor ** (epoch // self.rate_step)
        done = (epoch - rising) / (self.epochs - rising)
        return self.rate * ((1 - done) if self.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2)

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate of a step, from 0, where an epoch has so many: that of its epoch, or of its own middle."""
        return self.rate_of(step // steps if self.by_epoch else (step + 0.5) / steps)

    @property
    def by_epoch(self) -> bool:
        """Whether all steps of an epoch have one learning rate, which does not depend on how many epochs there are."""
        return self.schedule == "step" and not self.warm_up

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
