"""What may be done to a complex coefficient z = |z| e^{iα}: forget its phase α, or reduce its amplitude |z|.

Phase collapses:      `collapse_phase` |z|, `collapse_beyond` max(|z| − b, 0), and for real numbers `rectify`.
Amplitude reductions: `soft_threshold`, `saturate`, `squash`, `unit_amplitude`, `compress`. They keep the phase.
Phase harmonics:      `turn_phase` |z| e^{ikα}, between the two: k = 0 forgets the phase, k = 1 keeps it.

Each takes a real or complex array of any shape and library; on real numbers the phase is the sign. Each is exact,
0 going to 0 where the phase is undefined; `softening` adds that much to |z| in the divisions, as the published networks
do with 1e-6. Gradients are finite at 0 under torch. NaN stays NaN: these functions look at one number at a time.
In double precision values are right to 4 ulp from 1e-308 to 1e308; complex z under 6e-309, whose inverse overflows,
break `unit_amplitude`, `squash` and `compress`.
Source: Guth, Zarka & Mallat (2022) and its published code; soft thresholding, Donoho & Johnstone (1994).
"""

from functools import partial

import numpy as np

from .arguments import check_choice, check_number
from .arrays import array_namespace, floating, is_complex

__all__ = [
    "LAWS",
    "NONLINEARITIES",
    "collapse_beyond",
    "collapse_phase",
    "compress",
    "even_part",
    "identity",
    "nonlinearity",
    "odd_part",
    "rectify",
    "saturate",
    "soft_threshold",
    "squash",
    "turn_phase",
    "unit_amplitude",
]


def identity(z):
    """z itself: the control of every comparison.  (...) -> (...)."""
    return floating(z, "z")


def collapse_phase(z):
    """|z|: keep the amplitude, forget the phase.  (...) -> (...) real."""
    z = floating(z, "z")
    return array_namespace(z).abs(z)


def collapse_beyond(z, threshold):
    """max(|z| − threshold, 0): a phase collapse with a dead zone.  (...) -> (...) real.

    threshold : number ≥ 0, or a real array broadcast against `z`
    """
    amplitude = collapse_phase(z)
    return array_namespace(z).clip(amplitude - _parameter("threshold", threshold, z, least=0), min=0.0)


def rectify(a, bias=0.0):
    """max(a − bias, 0) of real numbers, the rectified linear unit.  (...) real -> (...) real.

    Raises TypeError if `a` is complex: of which real part is for the caller to say.
    """
    a = floating(a, "a")
    if is_complex(a):
        raise TypeError(f"a: expected real numbers, got {a.dtype}; rectify a rotated real part, or collapse the phase")
    return array_namespace(a).clip(a - _parameter("bias", bias, a), min=0.0)


def soft_threshold(z, threshold, softening=0.0):
    """max(|z| − threshold, 0) e^{iα}: shrink every amplitude by the same amount.  (...) -> (...) same dtype.

    threshold : number ≥ 0, or a real array broadcast against `z`
    """
    amplitude = collapse_phase(z)
    divisor = _divisor(amplitude, softening)
    threshold = _parameter("threshold", threshold, z, least=0)
    kept = array_namespace(z).clip(amplitude + softening - threshold, min=0.0)
    return floating(z, "z") * (kept / divisor)


def saturate(z, softening=0.0):
    """tanh(|z|) e^{iα}: large amplitudes saturate at one.  (...) -> (...) same dtype."""
    amplitude = collapse_phase(z)
    return floating(z, "z") * (array_namespace(z).tanh(amplitude) / _divisor(amplitude, softening))


def squash(z, gain=1.0, bias=0.0, softening=0.0):
    """e^{iα} / (1 + e^{−gain |z| − bias}): the sigmoid of the amplitude.  (...) -> (...) same dtype.

    gain, bias : numbers, or real arrays broadcast against `z`
    """
    # The sigmoid by tanh: the exponential of a large amplitude would overflow.
    amplitude = collapse_phase(z)
    half = (_parameter("gain", gain, z) * amplitude + _parameter("bias", bias, z)) / 2
    return unit_amplitude(z, softening) * ((1 + array_namespace(z).tanh(half)) / 2)


def unit_amplitude(z, softening=0.0):
    """z / |z| = e^{iα}, 0 at 0: keep the phase alone.  (...) -> (...) same dtype."""
    return floating(z, "z") / _divisor(collapse_phase(z), softening)


def compress(z, gain=1.0, bias=0.0, softening=0.0):
    """e^{iα} t / (1 + t), t = e^bias |z|^gain: amplitudes compressed by a power.  (...) -> (...) same dtype.

    gain, bias : numbers, or real arrays broadcast against `z`, |z|^gain within range; under a gain of 1 the gradient
        at 0 is infinite
    """
    gain, bias = _parameter("gain", gain, z), _parameter("bias", bias, z)
    factor = float(np.exp(bias)) if isinstance(bias, float) else array_namespace(bias).exp(bias)
    t = factor * collapse_phase(z) ** gain
    return unit_amplitude(z, softening) * (t / (1 + t))


def turn_phase(z, order=2):
    """[z]^k = |z| e^{ikα}: the k-th phase harmonic, of which order 0 is |z|.  (...) -> (...) same dtype, real if k = 0.

        [e^{ia} z]^k = e^{ika} [z]^k        |[z]^k − [w]^k| ≤ max(1, |k|) |z − w|

    order : integer k

    Source: Mallat, Zhang & Rochette (2020).
    """
    amplitude, order = collapse_phase(z), _integer("order", order)
    if order == 0:
        return amplitude
    turned = unit_amplitude(z) ** abs(order)
    return amplitude * (array_namespace(z).conj(turned) if order < 0 and is_complex(turned) else turned)


def even_part(function):
    """a -> (f(a) + f(−a)) / 2 of a function of real arrays: what forgets the sign, as |a| does."""
    return lambda a: (function(a) + function(-a)) / 2


def odd_part(function):
    """a -> (f(a) − f(−a)) / 2 of a function of real arrays: what keeps the sign, as a soft threshold does."""
    return lambda a: (function(a) - function(-a)) / 2


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
    "phase harmonic": {
        "homogeneous",
        "amplitude-keeping",
    },  # of order 2: its phase turns twice, its Lipschitz constant is 2
}


def nonlinearity(name, **parameters):
    """The non-linearity called `name` in `NONLINEARITIES`, with its parameters: a function of one array.

    Raises ValueError, listing the known names, if there is none.
    """
    check_choice("nonlinearity", name, tuple(NONLINEARITIES))
    return partial(NONLINEARITIES[name], **parameters) if parameters else NONLINEARITIES[name]


def _integer(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected an integer, got {value!r}")
    return int(value)


def _divisor(amplitude, softening):
    """|z| + softening, with 1 instead of 0, so that 0 / 0 is 0 and its gradient finite."""
    if check_number("softening", softening, least=0):
        return amplitude + softening
    xp = array_namespace(amplitude)
    return xp.where(amplitude > 0, amplitude, xp.ones_like(amplitude))


def _parameter(name, value, z, least=-np.inf):
    """A parameter as a Python number, checked, or a real array of the library of `z`, as it is."""
    if isinstance(value, int | float | np.number):
        return check_number(name, value, least)
    try:
        array_namespace(z, value)
        wrong = "a complex array" if is_complex(value) else None
    except TypeError:
        wrong = type(value).__name__
    if wrong:
        raise TypeError(f"{name}: expected a number, or a real array of the library of the coefficients, got {wrong}")
    return value
