"""The risk of a complex soft threshold is bounded by that at 0, which has a closed form, and never exceeds 1 + λ².

    E|ρ(x + g) − x|²  ≤  (√r(0) + |x|)²   and   ≤  1 + λ²,      r(0) = E|ρ(g)|² = e^{−λ²} − λ √π erfc(λ)

for every complex coefficient x and complex Gaussian noise g, E|g|² = 1, E g² = 0, ρ the soft threshold at λ. The real
coefficients of soft_threshold_risk_has_a_closed_form have another r(0): the paper's are complex.

Proof. |g|² has the density e^{−t}: r(0) = ∫ (s − λ)² 2s e^{−s²} ds from λ on, by parts ∫ 2 (s − λ) e^{−s²} ds, the
closed form. Let c(z) = z − ρ(z) = min(|z|, λ) e^{iα}; it is non-expansive, a projection on a disc. ρ(x + g) − x is
ρ(g) + c(g) − c(x + g), whose second part is at most |x|: the triangle inequality gives the first bound. As it is also
g − c(z), z = x + g, the risk is 1 − 2 Re E[g* c] + E|c|², and E[g* c] = E[∂c/∂z] (Stein), the mean of 1 where |z| < λ
and of λ/(2|z|) elsewhere, which is not negative; |c| ≤ λ gives the second one.
Sharpness: the first is an equality at x = 0. At |x| = 6 above a threshold of 1 the risk is 1 + λ² − λ E[1/|x + g|] up
to P(|x + g| < λ) < 1e−10, E[1/|x + g|] = √π e^{−|x|²/2} I₀(|x|²/2).

Broken: noise of which the threshold takes more, twice as strong as assumed.
Source: Stein (1981); Donoho & Johnstone (1994) for real coefficients.
"""

import math
from itertools import pairwise

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import soft_threshold

FAR, THRESHOLD = 6.0, 1.0
SHARPNESS = [
    1.0,
    1 - THRESHOLD * math.sqrt(math.pi) * math.exp(-(FAR**2) / 2) * float(np.i0(FAR**2 / 2)) / (1 + THRESHOLD**2),
]
BROKEN = {"noise": 2.0}
BROKEN_BY = "stronger noise"
ANGLES = 72


def instance(rng):
    x = (rng.normal(size=4) + 1j * rng.normal(size=4)) * rng.choice([0, 0.1, 1, 2], size=4)
    return x * FAR / np.maximum(np.abs(x), FAR), {"threshold": float(3 * rng.random()), "noise": 1.0}


def hardest():
    return np.array([0.0, FAR * np.exp(1j)]), {"threshold": THRESHOLD, "noise": 1.0}


def deviation(x, *, threshold, noise):
    """Twice the risk, for two bounds: an integral in polar coordinates of z = x + g around 0.  (2, N)."""
    xp, (radius, weight) = array_namespace(x), radii(threshold, FAR + 7.0 * noise)
    z = place(np.exp(2j * np.pi * np.arange(ANGLES) / ANGLES) * radius[:, None], like=x)
    weight = place(2 * radius * weight / noise**2, like=x)
    density = xp.exp(-(xp.abs(z - x[:, None, None]) ** 2) / noise**2)
    error = xp.abs(soft_threshold(z, threshold) - x[:, None, None]) ** 2
    risk = xp.mean(error * density, axis=-1) @ weight
    return xp.stack([risk, risk])


def radii(threshold, farthest):
    """Nodes and weights from 0 to the threshold, where the integrand bends, and from there to the farthest radius."""
    nodes, weights = np.polynomial.legendre.leggauss(48)
    middle = (threshold + farthest) / 2
    pieces = pairwise([0.0, threshold, middle, farthest])
    ends = np.array([((b + a) / 2 + (b - a) / 2 * nodes, (b - a) / 2 * weights) for a, b in pieces])
    return ends[:, 0].reshape(-1), ends[:, 1].reshape(-1)


def bound(x, *, threshold, noise):
    xp = array_namespace(x)
    alone = math.exp(-(threshold**2)) - threshold * math.sqrt(math.pi) * math.erfc(threshold)
    size = xp.abs(x)
    return xp.stack([(math.sqrt(alone) + size) ** 2, xp.full_like(size, 1 + threshold**2)])
