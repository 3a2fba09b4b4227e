"""Checks of a law for a user's operator: they pass, or raise `LawBroken` with the smallest counterexample found."""

import math
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from ..arguments import check_choice, check_count, check_number
from ..fourier import fft2
from ..torus import frequencies, roll, translate
from . import strategies
from .constants import assert_expansion, assert_stability
from .exact import Law, assert_exact
from .operators import operator_at
from .search import Trial, drawn
from .strategies import images_of_all_sizes

__all__ = [
    "assert_deformation_stable",
    "assert_homogeneous",
    "assert_non_expansive",
    "assert_phase_equivariant",
    "assert_phase_invariant",
    "assert_translation_equivariant",
    "assert_translation_invariant",
    "steepness",
]

_SHAPE, _BATCH = (1, 1, 16, 16), (4, 1, 16, 16)
_DECADES = 8
_ARGUMENTS = """
    operator : function of one array of any library, or a torch module, which is put in evaluation mode meanwhile;
        gradients are not switched off, since an operator may need them inside
    shape : of the images that go in, (..., H, W); None for (1, 1, 16, 16), and then for batches of four such images
        if the operator takes them. The law is checked for arrays of this shape and no other
    like : floating array of the library, device and precision to evaluate at; None for the first parameter of a
        module, and for NumPy in double precision otherwise
    inputs : Hypothesis strategy of the images, NumPy arrays (..., H, W), which replaces `shape` and `kind`; None for
        `strategies.images(shape, kind, decades=8)`
    tolerance : relative error that counts as rounding; None for the square root of the precision, 1.5e-8 or 3.5e-4
    examples : instances that Hypothesis draws; the law is also checked on as many images of noise of all sizes, or of
        `inputs`

    Raises LawBroken with the smallest counterexample found; ValueError if the operator does not take the images, and
    TypeError if it gives no array, is no function or computes in half precision.
    It may be called inside of a test with Hypothesis' `@given`, which needs `@settings(deadline=None)`: a check takes
    longer than the 200 ms that Hypothesis allows an example.
"""


def _explained(check):
    """Add to a docstring the arguments that all checks share."""
    if check.__doc__:  # there are none under -OO
        check.__doc__ += _ARGUMENTS
    return check


@_explained
def assert_translation_invariant(
    operator, shape=None, *, shifts=None, kind="real", like=None, inputs=None, tolerance=None, examples=100
):
    """f(x_τ) = f(x) for whole shifts τ of periodic images, whatever the shape of f(x).

    shifts : Hypothesis strategy; None for `strategies.shifts()`
    kind : "real" or "complex" images
    """
    law = Law("translation-invariant", _shifts(shifts), roll, lambda y, shift, x: y, _say_shift)
    with _asked(operator, shape, kind=kind, like=like, inputs=inputs, examples=examples) as (function, trials):
        assert_exact(function, trials, law, tolerance=_tolerance(tolerance))


@_explained
def assert_translation_equivariant(
    operator, shape=None, *, shifts=None, kind="real", like=None, inputs=None, tolerance=None, examples=100
):
    """f(x_τ) = f(x)_τ′ for whole shifts τ of periodic images, with τ′ = τ scaled from the grid of x to that of f(x).

        τ′_a = τ_a n′_a / n_a for the sides n_a of x and n′_a of f(x)

    shifts : Hypothesis strategy; None for `strategies.shifts()`, all of them. An operator that subsamples by two must
        move its output by half a sample, by the trigonometric interpolant, when its input moves by one: without a
        low-pass before, it does not. `strategies.shifts(multiple_of=2)` asks for whole samples of the output only.
    kind : "real" or "complex" images

    Raises ValueError if f(x) has fewer than two axes.
    """
    law = Law("translation-equivariant", _shifts(shifts), roll, _move, _say_shift, _guess_padding)
    with _asked(operator, shape, kind=kind, like=like, inputs=inputs, examples=examples) as (function, trials):
        assert_exact(function, trials, law, tolerance=_tolerance(tolerance))


@_explained
def assert_phase_invariant(
    operator, shape=None, *, kind="complex", like=None, inputs=None, tolerance=None, examples=100
):
    """f(e^{ia} z) = f(z) for phases a in (0, 2π).

    kind : "complex" images z; or "real" ones, for which it is f(−x) = f(x)
    """
    law = Law("phase-invariant", _phases(kind), _turn, lambda y, angle, x: y, _say_phase)
    with _asked(operator, shape, kind=kind, like=like, inputs=inputs, examples=examples) as (function, trials):
        assert_exact(function, trials, law, tolerance=_tolerance(tolerance))


@_explained
def assert_phase_equivariant(
    operator, shape=None, *, kind="complex", like=None, inputs=None, tolerance=None, examples=100
):
    """f(e^{ia} z) = e^{ia} f(z) for phases a in (0, 2π).

    kind : "complex" images z; or "real" ones, for which it is f(−x) = −f(x)
    """
    law = Law("phase-equivariant", _phases(kind), _turn, lambda y, angle, x: _turn(y, angle), _say_phase)
    with _asked(operator, shape, kind=kind, like=like, inputs=inputs, examples=examples) as (function, trials):
        assert_exact(function, trials, law, tolerance=_tolerance(tolerance))


@_explained
def assert_homogeneous(operator, shape=None, *, kind="real", like=None, inputs=None, tolerance=None, examples=100):
    """f(t x) = t f(x) for t ≥ 0: amplitudes are neither thresholded nor saturated.

    kind : "real" or "complex" images
    """
    quarters = st.sampled_from([n / 4 for n in range(17) if n != 4])
    factors = st.one_of(quarters, st.integers(1, 2**20 - 1).map(lambda n: n / 2**18))
    law = Law("homogeneous", factors, _grow, lambda y, factor, x: factor * y, lambda t: f"factor found, {t:g}")
    with _asked(operator, shape, kind=kind, like=like, inputs=inputs, examples=examples) as (function, trials):
        assert_exact(function, trials, law, tolerance=_tolerance(tolerance))


@_explained
def assert_non_expansive(
    operator, shape=None, *, bound=1.0, kind="real", like=None, inputs=None, tolerance=None, examples=100
):
    """|f(x) − f(y)| ≤ bound |x − y|, both norms over the whole array.

    bound : the Lipschitz constant that is asserted, 1 for a non-expansive operator
    kind : "real" or "complex" images

    Tries y = x + h / 2^n, n in −1 .. 10, for images x and h. Then it climbs: at some of the x it takes the top singular
    vector of the derivative for h. Where the library has no gradients, these are finite differences: one call for each
    number of an image, up to 1,000, and at most 20 times `examples` in all. What may be rounding is not counted. No
    search of this kind proves a Lipschitz constant.
    """
    bound = check_number("bound", bound, least=0)
    with _asked(operator, shape, kind=kind, like=like, inputs=inputs, examples=examples) as (function, trials):
        assert_expansion(function, trials, bound=bound, tolerance=_tolerance(tolerance))


@_explained
def assert_deformation_stable(
    operator, shape=None, *, bound, displacements=None, like=None, inputs=None, tolerance=None, examples=100
):
    """|f(x_τ) − f(x)| ≤ bound ‖∇τ‖ |x|, for x_τ(u) = x(u − τ(u)) of the trigonometric interpolant of real images.

        ‖∇τ‖ = Σ_ω |ω| |τ̂(ω)| / (H W) ≥ sup_u |∇τ(u)|,  an equality for one wave

    bound : the constant that is asserted, without a unit: with 1, a deformation whose gradient is 1 may change f(x) by
        as much as |x|
    displacements : Hypothesis strategy of fields (H, W, 2); None for `strategies.displacements((H, W))`. Their mean is
        zero, since a mean would translate, which `assert_translation_invariant` checks

    Then the check climbs, for the fields nearest to the bound, to images on which f(x_τ) − f(x) is largest, as
    `assert_non_expansive` does.

    Source: Mallat (2012) for stability to deformations; the test is empirical, it proves no constant.
    """
    bound = check_number("bound", bound, least=0)
    with _asked(operator, shape, kind="real", like=like, inputs=inputs, examples=examples) as (function, trials):
        assert_stability(
            function, trials, displacements, bound=bound, tolerance=_tolerance(tolerance), steepness=steepness
        )


def steepness(displacement):
    """Σ_ω |ω| |τ̂(ω)| / (H W), which no |∇τ(u)| exceeds.  (H, W, 2) in samples -> number."""
    size = np.linalg.norm(frequencies(displacement.shape[:2]), axis=-1)
    tau_hat = fft2(np.moveaxis(displacement, -1, 0))
    return float(np.mean(size * np.linalg.norm(tau_hat, axis=0)))


@contextmanager
def _asked(operator, shape, *, kind, like, inputs, examples):
    """The operator where it is evaluated, and the trials that were asked for."""
    check_count("examples", examples)
    check_choice("kind", kind, ("real", "complex"))
    if inputs is not None and not isinstance(inputs, st.SearchStrategy):
        raise TypeError(f"inputs: expected a Hypothesis strategy of images, got {type(inputs).__name__}; see st.just")
    images = strategies.images(_SHAPE if shape is None else shape, kind, _DECADES) if inputs is None else inputs

    def trials():
        if inputs is not None:
            yield Trial(inputs, drawn(inputs, examples), examples)
            return
        yield Trial(images, images_of_all_sizes(_SHAPE if shape is None else shape, kind, examples, _DECADES), examples)
        few = max(examples // 4, 1)
        batches = images_of_all_sizes(_BATCH, kind, few, _DECADES)
        if shape is None and function.takes(batches[0]):
            yield Trial(strategies.images(_BATCH, kind, _DECADES), batches, few)

    with operator_at(operator, like) as function:
        first = drawn(images, 1)[0]
        if not isinstance(first, np.ndarray):
            raise TypeError(f"inputs: expected NumPy arrays to be drawn, got {type(first).__name__}")
        function.first(first, "shape" if inputs is None else "inputs")
        yield function, trials()


def _shifts(shifts):
    return strategies.shifts() if shifts is None else shifts


def _phases(kind):
    check_choice("kind", kind, ("complex", "real"))
    return strategies.phases() if kind == "complex" else st.just(math.pi)


def _say_shift(shift):
    return f"shift found, {tuple(int(n) for n in shift)} samples"


def _say_phase(angle):
    return f"phase found, {math.degrees(angle):.6g}°"


def _grow(x, factor):
    return factor * x


def _turn(z, angle):
    """e^{ia} z, exactly for quarter turns, so that the axes turn into the axes."""
    if angle in strategies.QUARTERS:
        return (1j * z, -z, -1j * z)[strategies.QUARTERS.index(angle)]
    return np.exp(1j * angle) * z


def _move(y, shift, x):
    """Move an output by a shift of the input `x`: by whole samples where that is what it is, else between samples."""
    if y.ndim < 2:
        raise ValueError(f"operator: expected images (..., H, W) out, got shape {y.shape}; did you mean invariant?")
    sides = zip(shift, y.shape[-2:], x.shape[-2:], strict=True)
    steps = [Fraction(int(n) * after, before) for n, after, before in sides]
    if all(step.denominator == 1 for step in steps):
        return roll(y, tuple(int(step) for step in steps))
    moved = translate(y, tuple(float(step) for step in steps))
    return moved if np.iscomplexobj(y) else np.real(moved)


def _guess_padding(operator, shift, image):
    """A question for operators whose error, at an image of noise, leaves the middle half of the output alone."""
    x = np.random.default_rng(0).normal(size=image.shape)
    moved, y = operator(roll(x, shift)), operator(x)
    if moved.shape != y.shape:
        return ""
    error = np.abs(moved - _move(y, shift, x))
    rows, columns = (slice(side // 4, side - side // 4) for side in y.shape[-2:])
    middle, largest = np.max(error[..., rows, columns], initial=0), np.max(error, initial=0)
    at_border = np.max(np.abs(shift)) <= min(image.shape[-2:]) // 8 and middle <= 1e-6 * largest
    return "; the error is near the border alone: does it pad with zeros?" if at_border else ""


def _tolerance(tolerance):
    return None if tolerance is None else check_number("tolerance", tolerance, least=0)
