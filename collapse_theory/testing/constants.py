"""Laws with a constant: an operator expands by at most so much. The search climbs to where it expands most.

    1. Hypothesis draws instances of all sizes, and shrinks one that breaks the law.
    2. From some of their images the search follows the direction of largest expansion, over several distances.

The images to start from are those where a small change makes the largest difference in one output, those of the
instances nearest to the bound, and some of all sizes. What looks equal to 1 % is equal: the first in order is taken.
"""

import math
from itertools import cycle, zip_longest

import numpy as np
from hypothesis import strategies as st

from ..arrays import array_namespace, place
from ..torus import deform
from . import strategies
from .ascent import columns, differences, norm, steepest_direction
from .precision import LARGE, SINGLE, computed_in_single
from .search import drawn, refuse, search, with_few_digits

__all__ = ["assert_expansion", "assert_stability"]

_STARTS, _ROUNDS, _SAMPLES = 8, 2, 1024
_CALLS = 20  # calls of the operator per example that finite differences may cost
_DISTANCES = [sign * 4.0**-k for k in range(8) for sign in (1, -1)]
_STEPS = [2.0**n for n in range(-10, 2)]


def assert_expansion(operator, trials, *, bound, tolerance):
    """Raise `LawBroken` if |f(x) − f(y)| > bound |x − y| for some images.

    operator : `Operator`
    trials : of `Trial`
    """
    for inputs, images, examples in trials:
        gauge, tried = _Gauge(operator, images, bound, tolerance), []

        def measure(step, x, h, gauge=gauge, tried=tried):
            ratio, allowed = gauge.expansion(x, x + step * h)
            tried.append((ratio, x))
            return ratio, allowed

        def describe(step, images, ratio, allowed):
            return (
                f"{operator.name} expands: for the smallest step found, y = x + {step:g} h, "
                f"|f(y) − f(x)| / |y − x| is {ratio:.6g}, allowed {bound:g}"
            )

        steps = st.sampled_from(_STEPS)
        search(st.tuples(steps, st.tuples(inputs, inputs)), measure, examples=examples, describe=describe)
        found = _steepest(operator, gauge, _starts(operator, images, tried, examples))
        if found:
            step, x, h = found
            x = with_few_digits(x, lambda x, step=step, h=h: not np.less_equal(*measure(step, x, h)))
            h = with_few_digits(h, lambda h, step=step, x=x: not np.less_equal(*measure(step, x, h)))
            refuse(step, (x, h), measure(step, x, h), describe)


def assert_stability(operator, trials, displacements, *, bound, tolerance, steepness):
    """Raise `LawBroken` if |f(x_τ) − f(x)| > bound ‖∇τ‖ |x| for some image and displacement.

    operator, trials : as for `assert_expansion`
    displacements : Hypothesis strategy of fields (H, W, 2), or None for smooth ones of mean zero
    steepness : of a field -> ‖∇τ‖
    """
    for inputs, images, examples in trials:
        gauge = _Gauge(operator, images, bound, tolerance)
        fields = displacements or strategies.displacements(images[0].shape[-2:])

        def measure(displacement, x, gauge=gauge):
            return gauge.deviation(x, np.real(deform(x, displacement)), steepness(displacement))

        def describe(displacement, images, ratio, allowed):
            return (
                f"{operator.name} is not deformation-stable: for the smallest deformation found, of gradient "
                f"{steepness(displacement):.3g} and up to {np.max(np.abs(displacement)):.3g} samples, "
                f"|f(x_τ) − f(x)| / (‖∇τ‖ |x|) is {ratio:.6g}, allowed {bound:g}"
            )

        search(st.tuples(fields, st.tuples(inputs)), measure, examples=examples, describe=describe)
        for displacement, x in _worst_pairs(operator, measure, drawn(fields, examples), images, examples):
            breaks = lambda x, tau=displacement: not np.less_equal(*measure(tau, x))  # noqa: E731
            if breaks(x):
                x = with_few_digits(x, breaks)
                refuse(displacement, (x,), measure(displacement, x), describe)


class _Gauge:
    """Measures by how much an operator expands, and does not count what may be its rounding."""

    def __init__(self, operator, images, bound, tolerance):
        self._operator, self._bound, self._tolerance = operator, bound, tolerance
        self._images, self._single = images, None

    def expansion(self, x, y):
        """(|f(y) − f(x)| / |y − x|, allowed)"""
        x, y = self._operator.rounded(x), self._operator.rounded(y)
        return self._judge(x, y, norm(y - x))

    def deviation(self, x, moved, steepness):
        """(|f(x_τ) − f(x)| / (‖∇τ‖ |x|), allowed)"""
        return self._judge(x, moved, steepness * norm(x))

    def _judge(self, x, y, distance):
        before, after = self._operator(x), self._operator(y)
        if not (np.all(np.isfinite(before)) and np.all(np.isfinite(after))):
            return (0.0 if max(np.max(np.abs(x)), np.max(np.abs(y))) > LARGE else np.inf), self._bound
        if before.shape != after.shape:
            return np.inf, self._bound
        change, size = norm(after - before), sum(map(norm, (x, y, before, after)))

        def against(epsilon):
            allowed = self._bound * (1 + (math.sqrt(epsilon) if self._tolerance is None else self._tolerance))
            more = max(change - 8 * epsilon * size, 0.0)
            return (more / distance if distance else math.inf if more else 0.0), allowed

        ratio, allowed = against(self._operator.epsilon)
        return against(SINGLE) if ratio > allowed and self._computes_in_single() else (ratio, allowed)

    def _computes_in_single(self):
        if self._single is None:
            outputs, _ = computed_in_single(self._operator, self._images)
            self._single = self._operator.epsilon < SINGLE and bool(np.any(outputs))
        return self._single


def _steepest(operator, gauge, queue):
    """(step, x, h) for which y = x + step h exceeds the bound the most, from the first image where any does."""
    for _ in range(_ROUNDS):
        ends = []
        for x in queue:
            direction = _direction(operator, x)
            if direction is None:
                continue
            h = np.max(np.abs(x)) * direction
            measured = [(gauge.expansion(x, x + step * h), step) for step in _DISTANCES]
            (ratio, allowed), step = max(measured, key=lambda one: one[0][0])
            if not ratio <= allowed:
                return step, x, h
            ends.append((ratio, math.sqrt(x.size) * h))
        queue = [x for _, x in _first(ends, 2)]
    return None


def _starts(operator, images, tried, examples):
    """Images to start from: see above."""
    images = [x for x in images if np.any(x)]
    if not images:
        return []
    count = _affordable(operator, images[0], examples)
    slopes = [(_slope(operator, x), x) for x in images]
    sizes = sorted(images, key=lambda x: float(np.max(np.abs(x))))
    spread = [sizes[(2 * k + 1) * len(sizes) // 8] for k in (1, 2, 0, 3)]
    kinds = [[x for _, x in _first(slopes, 3)], spread, [x for _, x in _first(tried, 2) if np.any(x)]]
    mixed = [x for group in zip_longest(*kinds) for x in group if x is not None]
    return mixed[:count]


def _affordable(operator, x, examples):
    """How many images to start from: all if there are gradients, else as many as finite differences allow."""
    if operator.derivative(x) is not None:
        return _STARTS
    return min(_STARTS, _CALLS * examples // columns(x))


def _slope(operator, x):
    """The largest change of one output, for a small change of all values of `x` that is the same for all images."""
    step = operator.epsilon ** (1 / 3) * float(np.max(np.abs(x)))
    signs = np.random.default_rng(1).choice([-1.0, 1.0], x.shape)
    before, after = operator(x), operator(x + step * signs)
    if before.shape != after.shape or not (np.all(np.isfinite(before)) and np.all(np.isfinite(after))):
        return 0.0
    rounding = 8 * operator.epsilon * np.max(np.abs(before), initial=0.0)
    return max(float(np.max(np.abs(after - before), initial=0.0)) - rounding, 0.0) / step


def _first(found, count):
    """The `count` largest; those equal to 1 % in their order, so that the last bits do not choose."""
    level = lambda ratio: round(100 * math.log(ratio)) if 0 < ratio < math.inf else math.copysign(math.inf, ratio - 1)  # noqa: E731
    order = sorted(range(len(found)), key=lambda k: (-level(found[k][0]), k))
    return [found[k] for k in order[:count]]


def _direction(operator, x):
    """The unit image along which the operator expands most at `x`."""
    step = operator.epsilon ** (1 / 3) * float(np.max(np.abs(x)))
    return steepest_direction(*(operator.derivative(x) or differences(operator, x, step)), x)


def _worst_pairs(operator, measure, fields, images, examples):
    """(τ, x) on which f(x_τ) − f(x) is large, the field among those given.

    First, in turns, the worst image for a field and the worst field for an image. Then x becomes the direction in which
    the difference expands most at x, for images of up to 1,024 samples.
    """
    ratio = lambda *pair: measure(*pair)[0]  # noqa: E731
    _, displacement, x = _first([(ratio(*pair), *pair) for pair in zip(fields, cycle(images))], 1)[0]
    for _ in range(_ROUNDS):
        ((_, x),) = _first([(ratio(displacement, image), image) for image in images], 1)
        ((_, displacement),) = _first([(ratio(field, x), field) for field in fields], 1)
    yield displacement, x
    if math.prod(displacement.shape[:2]) > _SAMPLES or not _affordable(operator, x, examples) or not np.any(x):
        return
    change = operator.composed(_change_under(displacement))
    for _ in range(_ROUNDS):
        direction = _direction(change, x)
        if direction is None:
            return
        x = np.max(np.abs(x)) / np.max(np.abs(direction)) * direction
        yield displacement, x


def _change_under(displacement):
    """f -> (x -> f(x_τ) − f(x)), the deformation being one matrix: the product of those of rows and of columns."""
    height, width, _ = displacement.shape
    rows = deform(np.repeat(np.eye(height)[:, :, None], width, axis=-1), displacement)
    columns = deform(np.repeat(np.eye(width)[:, None, :], height, axis=-2), displacement)
    matrix = np.real(rows[:, None] * columns).reshape(height * width, height * width)

    def change(function):
        def changed(x):
            xp = array_namespace(x)
            moved = xp.reshape(x, (-1, height * width)) @ place(matrix, like=x)
            return function(xp.reshape(moved, x.shape)) - function(x)

        return changed

    return change
