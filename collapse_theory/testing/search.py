"""The search for a counterexample among instances that Hypothesis draws, and what is said when a law breaks."""

import contextvars
import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from hypothesis import HealthCheck, Phase, currently_in_test_context, find, settings
from hypothesis.errors import Flaky, NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

__all__ = ["LawBroken", "Trial", "drawn", "refuse", "search", "with_few_digits"]


class LawBroken(AssertionError):
    """An operator breaks the law that was asserted: the smallest counterexample found.

    images : the NumPy arrays that went in
    parameter : the shift, phase, factor, displacement or step that was found
    ratio, bound : what was measured there, and what is allowed

    It can be copied and pickled, so that it comes back from a pool of processes.
    """

    def __init__(self, message, *, images, parameter, ratio, bound):
        super().__init__(message)
        self.images, self.parameter, self.ratio, self.bound = images, parameter, ratio, bound

    def __reduce__(self):
        found = {name: getattr(self, name) for name in ("images", "parameter", "ratio", "bound")}
        return partial(type(self), **found), self.args, self.__dict__


class Trial(NamedTuple):
    """What is tried: a Hypothesis strategy of images, further images, and how many examples of the strategy."""

    inputs: SearchStrategy
    images: list
    examples: int


def search(instances, measure, *, examples, describe):
    """Raise `LawBroken` if an instance is found that breaks a law, for the smallest one found.

    instances : Hypothesis strategy of pairs (parameter, images)
    measure : (parameter, *images) -> (ratio, bound); the law holds where the ratio is at most the bound
    examples : how many instances are tried
    describe : (parameter, images, ratio, bound) -> message

    No choice of an instance depends on what was measured at another, so that the last bits of a ratio decide nothing.
    """

    broken = []

    def breaks(instance):
        ratio, bound = measure(instance[0], *instance[1])
        if not ratio <= bound:
            broken.append((*instance, (ratio, bound)))
        return not ratio <= bound

    _try(instances, breaks, examples)
    if broken:  # the last is the smallest, unless the operator changes its mind
        refuse(*broken[-1], describe)


def refuse(parameter, images, measured, describe):
    """Raise `LawBroken` for an instance that breaks a law."""
    ratio, bound = (float(number) for number in measured)
    message = describe(parameter, images, ratio, bound)
    raise LawBroken(message, images=images, parameter=parameter, ratio=ratio, bound=bound)


def with_few_digits(x, breaks):
    """An image rounded to the fewest digits of its largest value, from none on, with which it still breaks the law."""
    size = float(np.max(np.abs(x)))
    rounded = (size * np.round(x / size, digits) if digits else 0 * x for digits in range(6))
    return next(filter(breaks, rounded), x) if size else x


def drawn(strategy, count):
    """What a strategy draws in `count` tries, the simplest first.  Raises ValueError if it draws nothing."""
    examples = []
    _try(strategy, lambda example: examples.append(example), count)
    if not examples:
        raise ValueError(f"inputs: expected a strategy that draws images, got none in {count} tries")
    return examples


def _try(strategy, condition, examples):
    """Call a condition with examples, the same every time; when one meets it, with smaller ones, the smallest last."""
    plan = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    search = partial(find, strategy, condition, settings=plan, random=random.Random(0))
    try:
        if currently_in_test_context():  # where Hypothesis refuses a search, but not in another thread
            with ThreadPoolExecutor(1) as other:
                other.submit(contextvars.copy_context().run, search).result()
        else:
            search()
    except (NoSuchExample, Unsatisfiable, Flaky):
        pass
