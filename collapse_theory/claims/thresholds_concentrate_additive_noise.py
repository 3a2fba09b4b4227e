"""A soft threshold concentrates additive noise, almost as well as if it were known which coefficients stand out.

    Σ_i E|ρ(x_i + s g_i) − x_i|²  ≤  (2 ln d + 1) (s² + Σ_i min(x_i², s²)),    i = 1 .. d

for every x and real white Gaussian noise s g in an orthonormal basis, ρ the soft threshold at s √(2 ln d). The sum of
minima is what an oracle pays, who knows which |x_i| exceed s; without a threshold one pays d s².

Proof. For s = 1 let r(x) be the risk of one coefficient, λ² = 2 ln d. Its closed form gives r'(x) = 2x P, P the
probability that the coefficient becomes zero: r rises with |x|, from r(0) to its limit 1 + λ², and r(x) ≤ r(0) + x².
So r(x) ≤ r(0) + (1 + λ²) min(x², 1). And r(0) = 2 (1 + λ²) P(g > λ) − 2 λ φ(λ) ≤ (1 + λ²) e^{−λ²/2} = (1 + λ²) / d, as
P(g > λ) ≤ e^{−λ²/2} / 2. Sum over i. Sharpness: with all |x_i| far above the threshold the risk is d (1 + λ²), and the
bound (1 + λ²) (d + 1). (For d = 1, where the threshold is zero, x = 0 gives equality.)

Broken: a threshold twice as high takes too much from the coefficients that stand out.
Source: Donoho & Johnstone (1994), Theorem 1.
"""

import math

import numpy as np

from ..arrays import array_namespace
from .soft_threshold_risk_has_a_closed_form import risk

SHARPNESS = 256 / 257
BROKEN = {"factor": 2.0}
BROKEN_BY = "a threshold twice as high"


def instance(rng):
    x = rng.normal(size=int(rng.integers(1, 300))) * 10 ** rng.uniform(-2, 2)
    return x * (rng.random(x.shape) < rng.random()), {"noise": float(rng.exponential()) + 0.1, "factor": 1.0}


def hardest():
    return np.full(256, 100.0), {"noise": 1.0, "factor": 1.0}


def deviation(x, *, noise, factor):
    threshold = factor * noise * math.sqrt(2 * math.log(math.prod(x.shape)))
    return array_namespace(x).sum(risk(x, noise, threshold))


def bound(x, *, noise, factor):
    xp = array_namespace(x)
    oracle = noise**2 + xp.sum(xp.clip(x**2, max=noise**2))
    return (2 * math.log(math.prod(x.shape)) + 1) * oracle
