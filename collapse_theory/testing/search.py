"""The search for a counterexample: an operator as a function of host arrays, and what is said when a law breaks."""

import random
from contextlib import contextmanager

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings, target
from hypothesis.errors import NoSuchExample

from ..arguments import check_count
from ..arrays import array_namespace, place, to_host

__all__ = ["LawBroken", "as_function", "relative_error", "search", "typical_size"]


class LawBroken(AssertionError):
    """An operator breaks the law that was asserted: the smallest counterexample found.

    images : the NumPy arrays that went in
    parameter : the shift, phase, factor, displacement or step that was found
    ratio, bound : what was measured there, and what is allowed
    """

    def __init__(self, message, *, images, parameter, ratio, bound):
        super().__init__(message)
        self.images, self.parameter, self.ratio, self.bound = images, parameter, ratio, bound


@contextmanager
def as_function(operator, like):
    """The operator as a function of NumPy arrays, evaluated where `like` lives; and the precision there.

    operator : callable of one array; a torch module is in evaluation mode inside, and left as it was
    like : floating array of the library, device and precision to evaluate at; None for the first parameter of a module,
        and for NumPy in double precision otherwise

    Yields (function, ε).
    Raises TypeError if the operator is not callable, or gives no array; ValueError if a module has no parameter.
    """
    if not callable(operator):
        raise TypeError(f"operator: expected a function of an array or a torch module, got {type(operator).__name__}")
    modules = list(operator.modules()) if callable(getattr(operator, "modules", None)) else []
    if like is None:
        like = next(operator.parameters(), None) if modules else np.zeros(())
    if like is None:
        raise ValueError(f"like: {name_of(operator)} has no parameters to say where it lives; give an array that does")

    def function(x):
        y = operator(place(x, like=like))
        try:
            array_namespace(y)
        except TypeError as error:
            raise TypeError(f"operator: {name_of(operator)} returned no array: {error}") from None
        return to_host(y)

    modes = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        yield function, float(array_namespace(like).finfo(like.dtype).eps)
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def name_of(operator):
    """How messages call an operator."""
    return getattr(operator, "__name__", type(operator).__name__)


def typical_size(function, shape, kind):
    """Largest |f(n)| for white noise n of variance 1: below it, what an operator leaves of an image may be rounding."""
    draw = np.random.default_rng(0)
    noise = draw.normal(size=shape)
    return float(np.max(np.abs(function(noise + 1j * draw.normal(size=shape) if kind == "complex" else noise))))


def relative_error(left, right, size):
    """max |left − right| in units of the largest of |left|, |right| and `size`; infinite if shapes differ or at NaN."""
    if left.shape != right.shape or not (np.all(np.isfinite(left)) and np.all(np.isfinite(right))):
        return np.inf
    error = float(np.max(np.abs(left - right), initial=0.0))
    return error / max(float(np.max(np.abs(left))), float(np.max(np.abs(right))), size) if error else 0.0


def search(instances, measure, bound, *, examples, describe):
    """Raise `LawBroken` if an instance is found whose measure is not at most the bound, for the smallest one found.

    instances : Hypothesis strategy of pairs (parameter, images)
    measure : (parameter, *images) -> ratio, the larger the worse: the search climbs it
    describe : (parameter, ratio) -> message

    The search is the same every time. Raises ValueError unless `examples`, the most instances tried, is at least 1.
    """
    check_count("examples", examples)

    def breaks(instance):
        parameter, images = instance
        ratio = measure(parameter, *images)
        if np.isfinite(ratio):
            target(float(ratio))
        return not ratio <= bound

    depth = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.target, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        parameter, images = find(instances, breaks, settings=depth, random=random.Random(0))
    except NoSuchExample:
        return
    ratio = measure(parameter, *images)
    raise LawBroken(describe(parameter, ratio), images=images, parameter=parameter, ratio=ratio, bound=bound)
