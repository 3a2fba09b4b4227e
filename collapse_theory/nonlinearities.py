"""What may be done to a complex coefficient z = |z| e^{iα}: forget its phase α, or reduce its amplitude |z|.

    function           name in NONLINEARITIES     of z = |z| e^{iα}                          the phase is

    identity           "identity"                 z                                          kept
    collapse_phase     "phase collapse"           |z|                                        forgotten
    collapse_beyond    "phase collapse beyond"    max(|z| − threshold, 0)                    forgotten
    rectify            "rectifier"                max(a − bias, 0) of a real a               half forgotten, half kept
    soft_threshold     "soft threshold"           max(|z| − threshold, 0) e^{iα}             kept
    saturate           "tanh"                     tanh(|z|) e^{iα}                           kept
    squash             "sigmoid"                  e^{iα} / (1 + e^{−gain |z| − bias})        kept
    unit_amplitude     "unit amplitude"           e^{iα}                                     kept
    compress           "compression"              e^{iα} t / (1 + t), t = e^bias |z|^gain    kept
    turn_phase         "phase harmonic"           |z| e^{ikα}                                multiplied by k

Each takes a real or complex array of any shape and library; on real numbers the phase is the sign. Each is exact, and
0 goes to 0, where the phase is undefined, unless a `softening` is added to |z| where it divides. NaN stays NaN: these
functions look at one number at a time. In double precision values are right to 4 ulp from 1e-308 to 1e308.

Gradients under torch are finite at 0, and right if there is one: 1 for `saturate`, for `compress` with gain 1 and for
`soft_threshold` with threshold 0. On the kink of a rectifier or a threshold they are 0, as torch's own. Of complex |z|
under 3e-39 (6e-309 in double precision) torch's own gradient may be NaN.

A parameter is a number or a real array; an array takes the precision of the coefficients and keeps its graph. Its
values are looked at, which waits for a GPU; `checked=False` takes any, as what is learned must be.
Source: Guth, Zarka & Mallat (2022) and its published code; soft thresholding, Donoho & Johnstone (1994).

    >>> nonlinearities.NONLINEARITIES["tanh"](np.asarray([1j, 100.0])).round(3)
    array([0.+0.762j, 1.+0.j   ])
"""

from collections.abc import Callable
from functools import partial
from inspect import signature

import numpy as np

from .arguments import as_floating, check_choice, check_number, exponential_of, parameter_beside
from .arrays import Array, array_namespace, is_complex
from .contexts import holds

__all__ = [
    "LAWS",
    "NONLINEARITIES",
    "collapse_beyond",
    "collapse_phase",
    "compress",
    "identity",
    "named",
    "rectify",
    "saturate",
    "soft_threshold",
    "squash",
    "turn_phase",
    "unit_amplitude",
]


def identity(z: Array) -> Array:
    """z itself: the control of every comparison.  (...) -> (...).  Raises TypeError as `as_floating`."""
    return as_floating(z, "z")


def collapse_phase(z: Array) -> Array:
    """|z|: keep the amplitude, forget the phase.  (...) -> (...) real.

    Raises TypeError as `as_floating`.

        >>> nonlinearities.collapse_phase(np.asarray([3 + 4j, -2, 0]))
        array([5., 2., 0.])
    """
    z = as_floating(z, "z")
    return array_namespace(z).abs(z)


def collapse_beyond(z: Array, threshold: float | Array, *, checked: bool = True) -> Array:
    """max(|z| − threshold, 0): a phase collapse with a dead zone.  (...) -> (...) real.

    threshold : number ≥ 0, or a real array ≥ 0 broadcast against `z`
    checked : default True; False takes any values without looking at them, as those that are learned

    Raises TypeError as `as_floating`; ValueError if `threshold` is negative, not finite, or does not fit `z`.
    """
    z = as_floating(z, "z")
    return _positive_part(collapse_phase(z) - parameter_beside("threshold", threshold, z, least=0, checked=checked))


def rectify(a: Array, bias: float | Array = 0.0, *, checked: bool = True) -> Array:
    """max(a − bias, 0) of real numbers, the rectified linear unit.  (...) real -> (...) real.

    bias : number, or a real array broadcast against `a`; default 0
    checked : default True; False takes any values without looking at them, as those that are learned

    Raises TypeError if `a` is complex: of which real part is for the caller to say; ValueError if `bias` is not finite
    or does not fit `a`.
    """
    a = as_floating(a, "a")
    if is_complex(a):
        raise TypeError(f"a: expected real numbers, got {a.dtype}; rectify a rotated real part, or collapse the phase")
    return _positive_part(a - parameter_beside("bias", bias, a, checked=checked))


def soft_threshold(z: Array, threshold: float | Array, softening: float = 0.0, *, checked: bool = True) -> Array:
    """max(|z| − threshold, 0) e^{iα}: shrink every amplitude by the same amount.  (...) -> (...) same dtype.

    threshold : number ≥ 0, or a real array ≥ 0 broadcast against `z`
    softening : number ≥ 0, added to |z| where it divides; default 0, exact; the published networks have 1e-6
    checked : default True; False takes any values without looking at them, as those that are learned

    Raises TypeError as `as_floating`; ValueError if a number is negative or not finite, or an array does not fit `z`.

        >>> nonlinearities.soft_threshold(np.asarray([3 + 4j, 0.5]), 1)
        array([2.4+3.2j, 0. +0.j ])
    """
    z = as_floating(z, "z")
    softening = check_number("softening", softening, least=0)
    threshold = parameter_beside("threshold", threshold, z, least=0, checked=checked)
    return _with_amplitude(z, lambda amplitude: _positive_part(amplitude + softening - threshold), softening)


def saturate(z: Array, softening: float = 0.0) -> Array:
    """tanh(|z|) e^{iα}: large amplitudes saturate at one.  (...) -> (...) same dtype.

    softening : number ≥ 0, added to |z| where it divides; default 0, exact; the published networks have 1e-6

    Raises TypeError as `as_floating`; ValueError if `softening` is negative or not finite.

        >>> nonlinearities.saturate(np.asarray([30j, 1.0])).round(3)
        array([0.   +1.j, 0.762+0.j])
    """
    z = as_floating(z, "z")
    return _with_amplitude(z, array_namespace(z).tanh, softening)


def squash(
    z: Array, gain: float | Array = 1.0, bias: float | Array = 0.0, softening: float = 0.0, *, checked: bool = True
) -> Array:
    """e^{iα} / (1 + e^{−gain |z| − bias}): the sigmoid of the amplitude.  (...) -> (...) same dtype.

    gain, bias : numbers, or real arrays broadcast against `z`; default 1 and 0
    softening : number ≥ 0, added to |z| where it divides; default 0, exact; the published networks have 1e-6
    checked : default True; False takes any values without looking at them, as those that are learned

    Raises TypeError as `as_floating`; ValueError if a number is not finite, or an array does not fit `z`.

        >>> nonlinearities.squash(np.asarray([30j, 1.0]), gain=2, bias=-1).round(3)
        array([0.   +1.j, 0.731+0.j])
    """
    z = as_floating(z, "z")
    gain, bias = (parameter_beside(*each, z, checked=checked) for each in (("gain", gain), ("bias", bias)))
    half = (gain * collapse_phase(z) + bias) / 2  # a sigmoid by tanh: an exponential of large ones would overflow
    return unit_amplitude(z, softening) * ((1 + array_namespace(z).tanh(half)) / 2)


def unit_amplitude(z: Array, softening: float = 0.0) -> Array:
    """z / |z| = e^{iα}, 0 at 0: keep the phase alone.  (...) -> (...) same dtype.

    softening : number ≥ 0, added to |z| where it divides; default 0, exact; the published networks have 1e-6

    Raises TypeError as `as_floating`; ValueError if `softening` is negative or not finite.

        >>> nonlinearities.unit_amplitude(np.asarray([3 + 4j, -2, 0]))
        array([ 0.6+0.8j, -1. +0.j ,  0. +0.j ])
    """
    z = as_floating(z, "z")
    xp, amplitude = array_namespace(z), collapse_phase(z)
    if check_number("softening", softening, least=0):
        return z / (amplitude + softening)
    small = (amplitude > 0) & (amplitude < _smallest(amplitude))  # the inverse of which may overflow
    if holds(xp.any(small)):
        z = z * xp.where(small, 2.0 ** (xp.finfo(amplitude.dtype).bits), xp.ones_like(amplitude))
        amplitude = xp.abs(z)
    return z / xp.where(amplitude > 0, amplitude, 1.0)


def compress(
    z: Array, gain: float | Array = 1.0, bias: float | Array = 0.0, softening: float = 0.0, *, checked: bool = True
) -> Array:
    """e^{iα} t / (1 + t), t = e^bias |z|^gain: amplitudes compressed by a power.  (...) -> (...) same dtype.

    gain, bias : numbers, or real arrays broadcast against `z`, |z|^gain within range; under a gain of 1 the slope at 0
        is infinite, and the gradient there that of the smallest normal number; default 1 and 0
    softening : number ≥ 0, added to |z| where it divides; default 0, exact; the published networks have 1e-6
    checked : default True; False takes any values without looking at them, as those that are learned

    Raises TypeError as `as_floating`; ValueError if a number or e^bias is not finite, or an array does not fit `z`.
    """
    z = as_floating(z, "z")
    gain, bias = (parameter_beside(*each, z, checked=checked) for each in (("gain", gain), ("bias", bias)))
    factor = exponential_of(bias, float(array_namespace(z).finfo(z.dtype).max), checked)

    def compressed(amplitude):
        t = factor * amplitude**gain
        return t / (1 + t)

    return _with_amplitude(z, compressed, softening)


def turn_phase(z: Array, order: int = 2) -> Array:
    """[z]^k = |z| e^{ikα}: the k-th phase harmonic, of which order 0 is |z|.  (...) -> (...) same dtype, real if k = 0.

        [e^{ia} z]^k = e^{ika} [z]^k        |[z]^k − [w]^k| ≤ max(1, |k|) |z − w|

    order : integer k; default 2

    Raises TypeError as `as_floating`, or if `order` is not an integer.
    Source: Mallat, Zhang & Rochette (2020).
    """
    z, order = as_floating(z, "z"), _integer("order", order)
    if order == 0 or (order % 2 == 0 and not is_complex(z)):
        return collapse_phase(z)
    if not is_complex(z):
        return z
    turned = collapse_phase(z) * unit_amplitude(z) ** abs(order) if abs(order) > 1 else z
    return array_namespace(z).conj(turned) if order < 0 else turned


NONLINEARITIES = {
    "identity": identity,
    "phase collapse": collapse_phase,
    "phase collapse beyond": collapse_beyond,
    "rectifier": rectify,
    "soft threshold": soft_threshold,
    "tanh": saturate,
    "sigmoid": squash,
    "unit amplitude": unit_amplitude,
    "compression": compress,
    "phase harmonic": turn_phase,
}

# What each one obeys, at its default parameters and any threshold, for every complex z (the rectifier: every real one):
#   phase-invariant     f(e^{ia} z) = f(z)            phase-equivariant   f(e^{ia} z) = e^{ia} f(z)
#   homogeneous         f(t z) = t f(z), t ≥ 0        amplitude-keeping   |f(z)| = |z|
#   non-expansive       |f(z) − f(w)| ≤ |z − w|
LAWS = {
    "identity": {"phase-equivariant", "homogeneous", "non-expansive", "amplitude-keeping"},
    "phase collapse": {"phase-invariant", "homogeneous", "non-expansive", "amplitude-keeping"},
    "phase collapse beyond": {"phase-invariant", "non-expansive"},
    "rectifier": {"homogeneous", "non-expansive"},
    "soft threshold": {"phase-equivariant", "non-expansive"},
    "tanh": {"phase-equivariant", "non-expansive"},
    "sigmoid": {"phase-equivariant"},
    "unit amplitude": {"phase-equivariant"},
    "compression": {"phase-equivariant", "non-expansive"},
    "phase harmonic": {"homogeneous", "amplitude-keeping"},  # of order 2: its Lipschitz constant is 2
}


def named(name: str, **numbers) -> Callable:
    """The non-linearity called `name` in `NONLINEARITIES`, with its numbers.

        >>> rho = nonlinearities.named("soft threshold", threshold=0.1)
        >>> rho(np.asarray([0.5, -0.05]))
        array([ 0.4, -0. ])

    name : a key of `NONLINEARITIES`
    numbers : keywords of that function; those without a default must be given

    Returns a function of one array.
    Raises ValueError, listing the known names, if there is none; or if it needs a number and has none.
    """
    check_choice("nonlinearity", name, tuple(NONLINEARITIES))
    function = NONLINEARITIES[name]
    missing = [key for key in _needs(function) if key not in numbers]
    if missing:
        given = ", ".join(f"{key}=.." for key in missing)
        raise ValueError(f"nonlinearity: {name!r} needs a number, expected nonlinearities.named({name!r}, {given})")
    return partial(function, **numbers) if numbers else function


def _needs(function):
    """Names of the parameters, after the array, that have no default."""
    _, *rest = signature(function).parameters.values()
    return [p.name for p in rest if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _integer(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected an integer, got {value!r}")
    return int(value)


def _with_amplitude(z, reduced, softening):
    """e^{iα} reduced(|z|), as z times a quotient of real numbers, which at 0 is the slope of `reduced` there."""
    amplitude = collapse_phase(z)
    if check_number("softening", softening, least=0):
        return z * (reduced(amplitude) / (amplitude + softening))
    amplitude = array_namespace(z).clip(amplitude, min=_smallest(amplitude))
    return z * (reduced(amplitude) / amplitude)


def _smallest(amplitude):
    """The smallest normal number: the inverse of a smaller one may overflow."""
    return float(array_namespace(amplitude).finfo(amplitude.dtype).smallest_normal)


def _positive_part(a):
    """max(a, 0), whose gradient at 0 is 0 under torch: its `clip` has 1."""
    xp = array_namespace(a)
    return xp.relu(a) if hasattr(xp, "relu") else xp.clip(a, min=0.0)
