"""Doubts about the last digits: filters, the modulus and the amplitude reductions against mpmath with 50 of them."""

import numpy as np
import pytest

from collapse_theory import nonlinearities as n
from collapse_theory.arrays import to_host
from collapse_theory.wavelets import morlet as closed_form
from collapse_theory.wavelets import morlet_bank
from collapse_theory.wavelets.morlet import Morlet, morlet_hat
from tests.places import PLACES

mpmath = pytest.importorskip("mpmath")
mp = mpmath.mp.clone()
mp.dps = 50
EXTENDED = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
ULPS = 4 if EXTENDED else 8
DOUBLE = [place for place in PLACES if getattr(place, "name", None) in ("numpy", "strict-second-device", "torch")]


def exact_gaussian(wavelet, shape, frequency):
    """The periodised Gaussian of `wavelet` around `frequency` along it, (H, W) of 50 digits, terms to 1e-26."""
    sigma, slant, angle = (mp.mpf(value) for value in (wavelet.sigma, wavelet.slant, wavelet.angle))
    cosine, sine, total = mp.cos(angle), mp.sin(angle), np.full(shape, mp.mpf(0))
    rows, columns = ([2 * mp.pi * mp.mpf(k) / side for k in range(-3 * side, 4 * side)] for side in shape)
    for i, row in enumerate(rows):
        along, across = cosine * row - mp.mpf(frequency), -sine * row
        for j, column in enumerate(columns):
            p, q = along + sine * column, (across + cosine * column) / slant
            exponent = (p * p + q * q) * sigma * sigma / 2
            if exponent < 60:
                total[i % shape[0], j % shape[1]] += mp.exp(-exponent)
    return total


def exact_morlet(wavelet, shape):
    wave, envelope = (exact_gaussian(wavelet, shape, frequency) for frequency in (wavelet.frequency, 0.0))
    return wave - wave[0, 0] / envelope[0, 0] * envelope


def errors(filter_hat, exact):
    """Largest error where `filter_hat` is kept, in ulp of the maximum; largest value set to zero, relative to it."""
    peak = max(abs(value) for value in exact.flat)
    kept = [abs(mp.mpf(float(v)) - e) for v, e in zip(filter_hat.flat, exact.flat, strict=True) if v]
    zeroed = [abs(e) for v, e in zip(filter_hat.flat, exact.flat, strict=True) if not v]
    return float(max(kept) / mp.mpf(float(np.spacing(float(peak))))), float(max(zeroed, default=mp.mpf(0)) / peak)


WAVELETS = [
    (bank.design.wavelets[index], shape)
    for shape, scales, angles, index in [
        ((11, 13), 1, 3, 1),
        ((12, 9), 1, 16, 12),
        ((16, 10), 1, 16, 11),
        ((9, 16), 2, 8, 13),
        ((16, 16), 3, 8, 21),
    ]
    for bank in [morlet_bank(shape, scales, angles)]
]


@pytest.mark.parametrize(("wavelet", "shape"), WAVELETS)
def test_wavelets_are_right_to_4_ulp_where_kept_and_below_the_tail_where_zero(wavelet, shape):
    kept, zeroed = errors(morlet_hat(wavelet, shape), exact_morlet(wavelet, shape))
    assert kept <= ULPS
    assert zeroed <= 1.001e-9


@pytest.mark.parametrize(("shape", "scales"), [((12, 9), 1), ((16, 10), 2), ((9, 20), 3)])
def test_lowpass_is_right_to_4_ulp_where_kept_and_below_the_tail_where_zero(shape, scales):
    bank = morlet_bank(shape, scales, 4)
    exact = exact_gaussian(Morlet(bank.design.lowpass_sigma, 0.0, 0.0, 1.0), shape, 0.0)
    kept, zeroed = errors(bank.lowpass_hat, exact)
    assert kept <= ULPS
    assert zeroed <= 1.001e-9


def test_the_reference_tells_an_error_of_a_few_ulp_and_a_tail_cut_too_early(monkeypatch):
    wavelet, shape = WAVELETS[-1]
    exact, filter_hat = exact_morlet(wavelet, shape), morlet_hat(wavelet, shape)
    moved = np.where(filter_hat == filter_hat.max(), filter_hat + 8 * np.spacing(filter_hat.max()), filter_hat)
    assert errors(moved, exact)[0] > 4
    monkeypatch.setattr(closed_form, "TAIL", 1e-8)
    assert errors(morlet_hat(wavelet, shape), exact)[1] > 1.001e-9


SIZES = (0.0, 1e-308, 3e-160, 1e-9, 0.3, 0.30000001, 1.0, 7.5, 1e9, 3e160, 1e308)
DIRECTIONS = (1, -1, 1j, -1j, 0.6 + 0.8j, -0.8 + 0.6j, 0.28 - 0.96j)
COEFFICIENTS = np.array([size * direction for size in SIZES for direction in DIRECTIONS] + [complex(-0.0, -0.0)])

# The formula of each amplitude; and whether its error is relative to what goes in instead of what comes out.
AMPLITUDES = {
    "phase collapse": (lambda r: r, False),
    "phase collapse beyond": (lambda r: max(r - mp.mpf(0.3), 0), True),
    "soft threshold": (lambda r: max(r - mp.mpf(0.3), 0), True),
    "tanh": (mp.tanh, False),
    "sigmoid": (lambda r: 1 / (1 + mp.exp(-r)) if r else mp.mpf(0), False),
    "unit amplitude": (mp.sign, False),
    "compression": (lambda r: r / (1 + r), False),
}


def exact_value(name, z):
    z = mp.mpc(z)
    amplitude = AMPLITUDES[name][0](abs(z))
    return amplitude if name.startswith("phase collapse") else (amplitude * z / abs(z) if z else mp.mpc(0))


def worst_error(name, z, values):
    """Largest error in units of the spacing of the numbers around the result, or around z."""
    worst = 0.0
    for one, value in zip(z, values, strict=True):
        exact = exact_value(name, one)
        size = abs(mp.mpc(one)) if AMPLITUDES[name][1] else abs(exact)
        worst = max(worst, float(abs(mp.mpc(complex(value)) - exact) / mp.mpf(float(np.spacing(float(size))))))
    return worst


def operation(name):
    return n.named(name, **({"threshold": 0.3} if name in ("soft threshold", "phase collapse beyond") else {}))


@pytest.mark.parametrize("name", AMPLITUDES)
@pytest.mark.parametrize("place", DOUBLE, ids=lambda place: place.name)
def test_operations_are_right_to_4_ulp_from_the_smallest_number_to_the_largest(place, name):
    for z in (COEFFICIENTS, COEFFICIENTS.real.copy()):
        assert worst_error(name, z, to_host(operation(name)(place.lift(z)))) <= 4


@pytest.mark.parametrize("name", AMPLITUDES)
@pytest.mark.parametrize("place", DOUBLE, ids=lambda place: place.name)
def test_zeros_of_either_sign_stay_zero_and_only_a_reduction_keeps_the_sign(place, name):
    values = to_host(operation(name)(place.lift(np.array([0.0, -0.0]))))
    assert np.all(values == 0)
    assert [*np.signbit(values)] == [False, not name.startswith("phase collapse")]


def test_a_modulus_by_squares_would_be_seen():
    with np.errstate(over="ignore", under="ignore"):
        by_squares = np.sqrt(COEFFICIENTS.real**2 + COEFFICIENTS.imag**2)
    assert worst_error("phase collapse", COEFFICIENTS, np.minimum(by_squares, 1e308)) > 4
