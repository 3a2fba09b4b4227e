"""Laws that hold exactly, f(move(x)) = follow(f(x)), up to the rounding of the operator.

Each output is judged by itself. Its error is relative to its variation among images as large as x, so that a large
constant hides nothing, and a small output is not lost beside a large one. These parts of an error are allowed:

    64 ε max |f|        rounding of the largest output, which may have entered this one
    16 |f(x″) − f(x′)|  for x′, x″ = x ± 4 ε max |x|, and likewise for move(x): what the rounding of images does where f
                        is steep or jumps. It is not compared with f(x), since x may be where f is special, as at 0
    √ε of the variation, or the tolerance that is given

ε is the precision of the arrays that go in; for an output that does not feel changes of x below it, single precision.
"""

import math
from itertools import cycle
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from .precision import LARGE, SINGLE, computed_in_single, shaken
from .search import drawn, refuse, search, with_few_digits

__all__ = ["Law", "assert_exact"]

_KNOWN, _NEAREST, _CHANCES = 32, 8, 32


class Law(NamedTuple):
    """f(move(x, p)) = follow(f(x), p, x) for the parameters p that a strategy draws.

    describe : p -> words
    guess : (operator, p, image) -> words that end a message, of where the error comes from
    """

    name: str
    parameters: st.SearchStrategy
    move: object
    follow: object
    describe: object
    guess: object = lambda operator, parameter, image: ""


def assert_exact(operator, trials, law, *, tolerance):
    """Raise `LawBroken` if the operator breaks a law.

    operator : `Operator`
    trials : of `Trial`
    tolerance : error that counts as rounding, relative to the variation of an output; None for √ε
    """
    for inputs, images, examples in trials:
        judge = _Judge(operator, images[:_KNOWN], tolerance)

        def describe(parameter, images, ratio, bound):
            found = f"the error is {ratio:.3g} of the variation of an output, allowed {bound:.2g}"
            return (
                f"{operator.name} is not {law.name}: for the smallest {law.describe(parameter)}, "
                f"{found if ratio < np.inf else 'a value is NaN or infinite, or the shape changes'}, "
                f"at an image of values up to {np.max(np.abs(images[0])):.3g}"
                f"{law.guess(operator, parameter, images[0])}"
            )

        measure = lambda parameter, x, judge=judge: judge.error(x, parameter, law)  # noqa: E731
        search(st.tuples(law.parameters, st.tuples(inputs)), measure, examples=examples, describe=describe)
        for x, parameter in zip(images, cycle(drawn(law.parameters, examples))):
            breaks = lambda x, p=parameter, measure=measure: not np.less_equal(*measure(p, x))  # noqa: E731
            if breaks(x):
                x = with_few_digits(x, breaks)
                search(st.tuples(law.parameters, st.just((x,))), measure, examples=examples, describe=describe)
                refuse(parameter, (x,), measure(parameter, x), describe)


class _Judge:
    """Measures errors of an operator, knowing what it gives for some images of those that are tried."""

    def __init__(self, operator, images, tolerance):
        self._operator, self._tolerance = operator, tolerance
        self._single = self._repeats = None  # not known yet
        self._known = [(x, _size(x), self._operator(x)) for x in images]

    def error(self, x, parameter, law):
        """The error of the output that is most in error, and what is allowed there: (ratio, bound)."""
        before, after = self._operator(x), self._operator(law.move(x, parameter))
        epsilon = self._operator.epsilon
        bound = math.sqrt(epsilon) if self._tolerance is None else self._tolerance
        if not (np.all(np.isfinite(before)) and np.all(np.isfinite(after))):
            return (0.0 if _size(x) > LARGE else np.inf), bound
        expected = law.follow(before, parameter, x)
        if expected.shape != after.shape:
            return np.inf, bound
        errors = np.abs(after - expected)
        variation, largest = self._around(x, before, after)
        variation = np.maximum(variation, errors)
        ratios = _shares(errors - 64 * epsilon * largest, variation)
        if not np.any(ratios > bound):
            return np.max(ratios, initial=0.0), bound
        single = self._computed_in_single(errors.shape, [x, law.move(x, parameter)])
        return self._judged_with_care(errors, variation, largest, single, self._responses(x, parameter, law, single))

    def _judged_with_care(self, errors, variation, largest, single, responses):
        """The apparent error, minus what may be the rounding of single precision or of the image."""
        epsilon = np.where(single, SINGLE, self._operator.epsilon)
        bounds = np.sqrt(epsilon) if self._tolerance is None else np.full(errors.shape, self._tolerance)
        errors = errors - 64 * epsilon * largest
        ratios = _shares(errors, variation)
        count = np.count_nonzero(ratios > bounds)
        for number, response in enumerate(responses, start=1):
            ratios = np.minimum(ratios, _shares(errors - 16 * response, variation))
            left = np.count_nonzero(ratios > bounds)
            if not left or (left == count and number > 2 and number * count >= 12):
                break  # chance would have excused some of them by now, and all of them in the end
        worst = np.argmax(ratios - bounds)
        return np.ravel(ratios)[worst], np.ravel(bounds)[worst]

    def _around(self, x, before, after):
        """What each output varies by among images about as large as `x`, and how large the largest of them is.

        Variations among smaller images are scaled up to the size of `x`, which can only allow more.
        """
        size, largest = _size(x), max(_size(before), _size(after))
        others = [
            (abs(math.log(max(size, 1e-300) / amplitude)), index)
            for index, (image, amplitude, y) in enumerate(self._known)
            if amplitude and y.shape == before.shape and np.all(np.isfinite(y)) and not np.array_equal(image, x)
        ]
        variation = np.zeros(before.shape)
        for _, index in sorted(others)[:_NEAREST]:
            _, amplitude, y = self._known[index]
            growth = max(1.0, size / amplitude)
            variation = np.maximum(variation, growth * np.abs(y - before))
            largest = max(largest, growth * _size(y))
        return (variation if others else np.full(before.shape, largest)), largest

    def _computed_in_single(self, shape, images):
        """Which outputs are computed in single precision; these images tell it where the known ones do not."""
        if self._single is None:
            self._single = computed_in_single(self._operator, [x for x, _, _ in self._known])
        single, hidden = self._single
        if single.shape != shape or not self._operator.epsilon < SINGLE:
            return np.zeros(shape, bool)
        return single | (hidden & computed_in_single(self._operator, images)[0]) if np.any(hidden) else single

    def _responses(self, x, parameter, law, single):
        """What the rounding of images changes on either side, again and again; nothing if f works by chance."""
        if not self._repeats_itself():
            return
        moved = law.move(x, parameter)
        rough = bool(np.any(single))
        epsilon = 4 * (SINGLE if rough else self._operator.epsilon)
        first = None
        for other, near in zip(shaken(moved, epsilon, _CHANCES), shaken(x, epsilon, _CHANCES), strict=True):
            sides = self._operator(other), law.follow(self._operator(near), parameter, x)
            first = first or sides
            changes = [np.abs(y - z) if y.shape == z.shape else 0.0 for y, z in zip(sides, first, strict=True)]
            response = np.nan_to_num(np.maximum(*changes), posinf=0.0)
            yield np.where(single | (not rough), response, 0.0)

    def _repeats_itself(self):
        """Whether known images give the same outputs again, but for rounding; f may jump at the x on trial."""
        if self._repeats is None:
            again = [(y, self._operator(x)) for x, _, y in self._known[:3]]
            self._repeats = all(
                y.shape == z.shape
                and np.allclose(y, z, rtol=0, atol=64 * self._operator.epsilon * _size(y), equal_nan=True)
                for y, z in again
            )
        return self._repeats


def _shares(errors, variation):
    """Errors in units of the variation, where they are errors."""
    return np.divide(errors, variation, out=np.zeros(errors.shape), where=errors > 0)


def _size(x):
    return float(np.max(np.abs(x), initial=0.0))
