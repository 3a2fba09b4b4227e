"""Checks of a law for an operator of your own: they pass, or raise `LawBroken` with the smallest counterexample found.

Arguments that all of them share:

    operator : function of one array (*shape) of any library, or a torch module, which is put in evaluation mode
        meanwhile; gradients are not switched off, since an operator may need them inside
    shape : of the images that go in, (..., H, W)
    like : floating array of the library, device and precision to evaluate at; None for the first parameter of a
        module, and for NumPy in double precision otherwise
    inputs : Hypothesis strategy of the images; None for `strategies.images(shape)`
    tolerance : relative error that counts as rounding; None for the square root of the precision, 1.5e-8 or 3.5e-4
    examples : instances that are tried; a counterexample is then made smaller

Errors of an exact law are relative to the largest |f| on the instance or on white noise of variance 1.
"""

import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from ..arguments import check_choice, check_number
from ..fourier import fft2
from ..torus import deform, frequencies, roll, translate
from . import strategies
from .search import as_function, name_of, relative_error, search, typical_size

__all__ = [
    "assert_deformation_stable",
    "assert_homogeneous",
    "assert_non_expansive",
    "assert_phase_equivariant",
    "assert_phase_invariant",
    "assert_translation_equivariant",
    "assert_translation_invariant",
]

SHAPE = (1, 1, 16, 16)


def assert_translation_invariant(operator, shape=SHAPE, *, shifts=None, **common):
    """f(x_τ) = f(x) for whole shifts τ of periodic images, whatever the shape of f(x).

    shifts : Hypothesis strategy; None for `strategies.shifts()`
    """
    shifts = strategies.shifts() if shifts is None else shifts
    _assert_exact(operator, shape, "translation-invariant", shifts, roll, lambda y, shift: y, **common)


def assert_translation_equivariant(operator, shape=SHAPE, *, shifts=None, **common):
    """f(x_τ) = f(x)_τ′ for whole shifts τ of periodic images, with τ′ = τ scaled from the grid of x to that of f(x).

        τ′_a = τ_a n′_a / n_a for the sides n_a of x and n′_a of f(x)

    shifts : Hypothesis strategy; None for `strategies.shifts()`, all of them. An operator that subsamples by two must
        move its output by half a sample, by the trigonometric interpolant, when its input moves by one: without a
        low-pass before, it does not. `strategies.shifts(multiple_of=2)` asks for whole samples of the output only.

    Raises ValueError if f(x) has fewer than two axes.
    """
    shifts = strategies.shifts() if shifts is None else shifts
    follow = lambda y, shift: _move(y, shift, tuple(shape)[-2:])  # noqa: E731
    _assert_exact(operator, shape, "translation-equivariant", shifts, roll, follow, **common)


def assert_phase_invariant(operator, shape=SHAPE, *, kind="complex", **common):
    """f(e^{ia} z) = f(z) for complex images z; for kind="real", f(−x) = f(x)."""
    _assert_exact(operator, shape, "phase-invariant", _phases(kind), _turn, lambda y, angle: y, kind=kind, **common)


def assert_phase_equivariant(operator, shape=SHAPE, *, kind="complex", **common):
    """f(e^{ia} z) = e^{ia} f(z) for complex images z; for kind="real", f(−x) = −f(x)."""
    _assert_exact(operator, shape, "phase-equivariant", _phases(kind), _turn, _turn, kind=kind, **common)


def assert_homogeneous(operator, shape=SHAPE, *, kind="real", **common):
    """f(t x) = t f(x) for t ≥ 0: amplitudes are neither thresholded nor saturated.

    kind : "real" or "complex" images
    """
    factors = st.sampled_from([n / 4 for n in range(17) if n != 4])
    grow = lambda x, factor: factor * x  # noqa: E731
    _assert_exact(operator, shape, "homogeneous", factors, grow, grow, kind=kind, **common)


def assert_non_expansive(
    operator, shape=SHAPE, *, bound=1.0, kind="real", like=None, inputs=None, tolerance=None, examples=100
):
    """|f(x) − f(y)| ≤ bound |x − y|, both norms over the whole array.

    bound : the Lipschitz constant that is asserted, 1 for a non-expansive operator
    kind : "real" or "complex" images

    Tries y = x + h / 2^n, n in −1 .. 10, for images x and h, and does not count what may be rounding. No search of this
    kind proves a Lipschitz constant.
    """
    inputs = strategies.images(shape, kind) if inputs is None else inputs
    steps = st.integers(0, 11).map(lambda n: 2.0 ** (n - 10))
    with as_function(operator, like) as (function, epsilon):
        allowed = check_number("bound", bound, least=0) * (1 + _tolerance(tolerance, epsilon))

        def measure(step, x, h):
            y = x + step * h
            before, after = function(x), function(y)
            rounding = 8 * epsilon * sum(map(_norm, (x, y, before, after)))
            return max(_norm(after - before) - rounding, 0.0) / _norm(step * h)

        def describe(step, ratio):
            return (
                f"{name_of(operator)} expands: for the smallest step found, y = x + {step:g} h, "
                f"|f(y) − f(x)| / |y − x| is {ratio:.6g}, allowed {bound:g}"
            )

        pairs = st.tuples(inputs, inputs.filter(np.any))
        search(st.tuples(steps, pairs), measure, allowed, examples=examples, describe=describe)


def assert_deformation_stable(
    operator, shape=SHAPE, *, bound, displacements=None, like=None, inputs=None, tolerance=None, examples=100
):
    """|f(x_τ) − f(x)| ≤ bound ‖∇τ‖ |x|, for x_τ(u) = x(u − τ(u)) of the trigonometric interpolant of real images.

        ‖∇τ‖ = Σ_ω |ω| |τ̂(ω)| / (H W) ≥ sup_u |∇τ(u)|,  an equality for one wave

    bound : the constant that is asserted, in no units: 1 is 100 % of |x| at a gradient of one
    displacements : Hypothesis strategy of fields (H, W, 2); None for `strategies.displacements((H, W))`, of mean zero:
        a mean would translate, which `assert_translation_invariant` checks

    Source: Mallat (2012) for stability to deformations; the test is empirical, it proves no constant.
    """
    inputs = strategies.images(shape) if inputs is None else inputs
    displacements = strategies.displacements(tuple(shape)[-2:]) if displacements is None else displacements
    with as_function(operator, like) as (function, epsilon):
        allowed = check_number("bound", bound, least=0) * (1 + _tolerance(tolerance, epsilon))

        def measure(displacement, x):
            moved = np.real(deform(x, displacement))
            return _norm(function(moved) - function(x)) / (steepness(displacement) * _norm(x))

        def describe(displacement, ratio):
            return (
                f"{name_of(operator)} is not deformation-stable: for the smallest deformation found, of gradient "
                f"{steepness(displacement):.3g} and up to {np.max(np.abs(displacement)):.3g} samples, "
                f"|f(x_τ) − f(x)| / (‖∇τ‖ |x|) is {ratio:.6g}, allowed {bound:g}"
            )

        instances = st.tuples(displacements, st.tuples(inputs))
        search(instances, measure, allowed, examples=examples, describe=describe)


def steepness(displacement):
    """Σ_ω |ω| |τ̂(ω)| / (H W), which no |∇τ(u)| exceeds.  (H, W, 2) in samples -> number."""
    size = np.linalg.norm(frequencies(displacement.shape[:2]), axis=-1)
    tau_hat = fft2(np.moveaxis(displacement, -1, 0))
    return float(np.mean(size * np.linalg.norm(tau_hat, axis=0)))


def _assert_exact(
    operator, shape, law, parameters, move, follow, *, kind="real", like=None, inputs=None, tolerance=None, examples=100
):
    """f(move(x, p)) = follow(f(x), p), to `tolerance`."""
    inputs = strategies.images(shape, kind) if inputs is None else inputs
    with as_function(operator, like) as (function, epsilon):
        size, allowed = typical_size(function, shape, kind), _tolerance(tolerance, epsilon)

        def measure(parameter, x):
            y, moved = function(x), function(move(x, parameter))
            return relative_error(moved, follow(y, parameter), size) if np.all(np.isfinite(y)) else np.inf

        def describe(parameter, ratio):
            return (
                f"{name_of(operator)} is not {law}: for the smallest {_describe(law, parameter)}, "
                f"the error is {ratio:.3g} of the largest value, allowed {allowed:.2g}"
            )

        instances = st.tuples(parameters, st.tuples(inputs))
        search(instances, measure, allowed, examples=examples, describe=describe)


def _describe(law, parameter):
    if law.startswith("translation"):
        return f"shift found, {tuple(int(n) for n in parameter)} samples"
    if law.startswith("phase"):
        return f"phase found, {math.degrees(parameter):.0f}°"
    return f"factor found, {parameter:g}"


def _phases(kind):
    check_choice("kind", kind, ("complex", "real"))
    return strategies.phases() if kind == "complex" else st.just(math.pi)


def _turn(z, angle):
    return -z if angle == math.pi else np.exp(1j * angle) * z


def _move(y, shift, sides):
    """Move an output by a shift of the input: by whole samples where that is what it is, else between samples."""
    if y.ndim < 2:
        raise ValueError(f"operator: expected images (..., H, W) out, got shape {y.shape}; did you mean invariant?")
    steps = [Fraction(int(n) * side, before) for n, side, before in zip(shift, y.shape[-2:], sides, strict=True)]
    if all(step.denominator == 1 for step in steps):
        return roll(y, tuple(int(step) for step in steps))
    moved = translate(y, tuple(float(step) for step in steps))
    return moved if np.iscomplexobj(y) else np.real(moved)


def _tolerance(tolerance, epsilon):
    return math.sqrt(epsilon) if tolerance is None else check_number("tolerance", tolerance, least=0)


def _norm(x):
    return float(np.linalg.norm(np.ravel(x)))
