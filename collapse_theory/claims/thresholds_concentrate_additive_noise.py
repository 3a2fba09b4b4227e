"""A soft threshold concentrates additive noise, almost as well as if it were known which coefficients stand out.

    Σ_i E|ρ(x_i + s g_i) − x_i|²  ≤  (2 ln d + 1) (s² + Σ_i min(x_i², s²)),    i = 1 .. d

for every x and real white Gaussian noise s g in an orthonormal basis, ρ the soft threshold at s √(2 ln d). The sum of
minima is what an oracle pays, who knows which |x_i| exceed s; without a threshold one pays d s².

Proof. For s = 1 let r(x) be the risk of one coefficient, λ² = 2 ln d. Its closed form gives r'(x) = 2x P, P the
probability that the coefficient becomes zero: r rises with |x|, from r(0) to its limit 1 + λ², and r(x) ≤ r(0) + x².
So r(x) ≤ r(0) + (1 + λ²) min(x², 1). And r(0) = 2 (1 + λ²) P(g > λ) − 2 λ φ(λ) ≤ (1 + λ²) e^{−λ²/2} = (1 + λ²) / d, as
P(g > λ) ≤ e^{−λ²/2} / 2. Sum over i. Sharpness: with k of the |x_i| far above the threshold and the others zero, the
risk is k (1 + λ²) + (d − k) r(0), and the bound (1 + λ²) (k + 1). Where few stand out, 16 of 4096, the quotient is
0.94, and the bound a 14th of the noise; where all do, it is d/(d + 1).

Broken: a threshold twice as high takes too much from the coefficients that stand out; no threshold leaves all the noise
where few of them do.
Source: Donoho & Johnstone (1994), Theorem 1.
"""

import math

import numpy as np

from ..arrays import array_namespace
from .soft_threshold_risk_has_a_closed_form import risk

SIZE, FEW = 4096, 16
CUT = 2 * math.log(SIZE)
ALONE = (1 + CUT) * math.erfc(math.sqrt(CUT / 2)) - math.sqrt(2 * CUT) * math.exp(-CUT / 2) / math.sqrt(math.pi)
# Where all coefficients stand out, and where few do.
SHARPNESS = [SIZE / (SIZE + 1), (FEW + (SIZE - FEW) * ALONE / (1 + CUT)) / (FEW + 1)]
BROKEN = ({"factor": 2.0}, {"factor": 0.0})
BROKEN_BY = "a threshold twice as high; none"
DEGREE = 2


def instance(rng):
    x = rng.normal(size=(1, int(rng.integers(1, 300)))) * 10 ** rng.uniform(-2, 2)
    return x * (rng.random(x.shape) < rng.random()), {"noise": float(rng.exponential()) + 0.1, "factor": 1.0}


def hardest():
    x = 100.0 * np.stack([np.ones(SIZE), np.arange(SIZE) < FEW])
    return x, {"noise": 1.0, "factor": 1.0}


def deviation(x, *, noise, factor):
    """Of each row of coefficients."""
    threshold = factor * noise * math.sqrt(2 * math.log(x.shape[-1]))
    return array_namespace(x).sum(risk(x, noise, threshold), axis=-1)


def bound(x, *, noise, factor):
    xp = array_namespace(x)
    oracle = noise**2 + xp.sum(xp.clip(x**2, max=noise**2), axis=-1)
    return (2 * math.log(x.shape[-1]) + 1) * oracle
