"""What a soft threshold leaves of additive noise, in closed form: no sampling is needed to know it.

    E|ρ(x + s g) − x|² / s²  =  1 + λ² + (m² − λ² − 1) P − (λ − m) φ(λ + m) − (λ + m) φ(λ − m)

for a real coefficient x = s m and real Gaussian noise g of variance one, ρ the soft threshold at s λ, φ the density of
g, and P = P(|m + g| < λ) the probability that the coefficient becomes zero.

Proof. ρ(x + s g) − x is s (g − λ) for g > λ − m, s (g + λ) for g < −λ − m, and −s m between. Integrate the squares by
parts, with φ' = −g φ. The right-hand side is the closed form, the left-hand side the integral of the `soft_threshold`
of this house over the three intervals; both integrate by Gauss-Legendre, exact to rounding on intervals up to 18 long.

Broken: a dead zone that forgets the sign, max(|z| − λ, 0), is another function, although it zeroes the same noise.
Source: Donoho & Johnstone (1994); Stein (1981).
"""

import math
from functools import cache
from itertools import pairwise

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import NONLINEARITIES

BROKEN = {"function": "phase collapse beyond"}
BROKEN_BY = "a dead zone that forgets the sign"
DEGREE = 2
_FARTHEST = 9.0  # the noise beyond has a probability under 1e-18


def instance(rng):
    noise, threshold = float(rng.exponential()) + 0.1, float(3 * rng.random())
    # One coefficient stands out: the risk of it gives the scale, next to which the risk of zeros may cancel to nothing.
    x = np.concatenate([[4.0], rng.normal(size=int(rng.integers(0, 50))) * rng.choice([0, 1, 5])])
    return noise * x, {"noise": noise, "threshold": noise * threshold, "function": "soft threshold"}


def hardest():
    return np.linspace(-5, 5, 41), {"noise": 1.0, "threshold": 1.5, "function": "soft threshold"}


def sides(x, *, noise, threshold, function):
    xp, (low, high) = array_namespace(x), (sign * threshold / noise - x / noise for sign in (-1, 1))
    ends = [xp.clip(end, min=-_FARTHEST, max=_FARTHEST) for end in (low, high)]
    ends = [xp.full_like(x, -_FARTHEST), *ends, xp.full_like(x, _FARTHEST)]

    def error(g):
        return density(g) * (NONLINEARITIES[function](x[..., None] + noise * g, threshold) - x[..., None]) ** 2

    return sum(integral(error, a, b) for a, b in pairwise(ends)), risk(x, noise, threshold)


def risk(x, noise, threshold):
    """E|ρ(x + noise · g) − x|² of a soft threshold, in closed form.  (...) real -> (...)."""
    m, cut = x / noise, threshold / noise
    zeroed = integral(density, -cut - m, cut - m)
    tails = (cut - m) * density(cut + m) + (cut + m) * density(cut - m)
    return noise**2 * (1 + cut**2 + (m**2 - cut**2 - 1) * zeroed - tails)


def density(g):
    """Density of a Gaussian variable of variance one.  (...) -> (...)."""
    return array_namespace(g).exp(-(g**2) / 2) / math.sqrt(2 * math.pi)


def integral(function, low, high):
    """Integral of a smooth function from `low` to `high`, arrays (...): Gauss-Legendre with 64 nodes.  (...)."""
    nodes, weights = (place(values, like=low) for values in _legendre(64))
    half = (high - low) / 2
    points = ((high + low) / 2)[..., None] + half[..., None] * nodes
    return half * array_namespace(low).sum(weights * function(points), axis=-1)


@cache
def _legendre(count):
    # Not at import: it would load all kinds of polynomials.
    return np.polynomial.legendre.leggauss(count)
