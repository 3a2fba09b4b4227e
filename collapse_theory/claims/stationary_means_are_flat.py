"""The means of a stationary class are flat, and those of its wavelet coefficients are zero, whatever the class.

    E[X ∗ φ](u) = φ̂(0) m,    E[X ∗ ψ](u) = 0,    E|X ∗ ψ|(u) = avg_v E|X ∗ ψ|(v)    at every u,  m = avg_v E X(v)

for every X with a law invariant to the shifts of the torus, and every ψ with ψ̂(0) = 0. What looks at class means alone,
as B, F and linear discriminant analysis do, knows of the coefficients of such a class nothing but the mean intensity;
of their moduli, a number > 0 for each ψ that the class excites. A linear classifier that is fitted to single samples
may know more: a point less its mean, c times an image that is 1 on half of the samples and −1 on the others, c > 1/HW,
both under all shifts, have equal means; but one sample with an intercept is right in 75 %, as no sample of the point is
under −1/HW.

Proof. Convolutions and moduli commute with the shifts, which keep the law of X: all means are flat, hence equal to
their average over the torus. That of X ∗ ψ is ψ̂(0) times the average of X. On the discrete torus each such law is a
mixture of orbits, a template under all H W shifts, over which expectations are finite sums: no sampling.

Broken: for the shifts along one axis alone; for a ψ whose mean was not removed.
Source: Guth, Zarka & Mallat (2022); elementary.
"""

from dataclasses import replace

import numpy as np

from ..arrays import array_namespace, place, to_complex
from ..nonlinearities import collapse_phase
from ..torus import roll
from ..wavelets import morlet_bank, wavelet_transform
from .degenerate_images import some_degenerate

BROKEN = ({"axes": (0,)}, {"zero_mean": False})
BROKEN_BY = "shifts along one axis; a wavelet with a mean"


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([4, 5, 8], 2))
    x = rng.normal(size=(int(rng.integers(1, 4)), *shape)) * rng.exponential(size=shape) + rng.normal()
    bank = morlet_bank(shape, int(rng.integers(1, 3)), 3)
    return some_degenerate(rng, x), {
        "weights": rng.dirichlet(np.ones(len(x))),
        "bank": bank,
        "axes": (0, 1),
        "zero_mean": True,
    }


def hardest():
    x = np.random.default_rng(0).exponential(size=(2, 6, 6))
    return x, {"weights": np.array([0.25, 0.75]), "bank": morlet_bank(6, 1, 4), "axes": (0, 1), "zero_mean": True}


def sides(x, *, weights, bank, axes, zero_mean):
    xp, p = array_namespace(x), place(weights[:, None, None, None], like=x)
    if not zero_mean:
        bank = replace(bank, filters_hat=bank.filters_hat + bank.lowpass_hat)
    shifts = np.ndindex(*(side if axis in axes else 1 for axis, side in enumerate(bank.shape)))
    z = wavelet_transform(xp.stack([roll(x, shift) for shift in shifts]), bank)
    means = xp.stack([xp.sum(p * xp.mean(f, axis=0), axis=0) for f in (z, to_complex(collapse_phase(z)))])
    intensity = xp.sum(p[:, 0, 0, 0] * xp.mean(x, axis=(-2, -1))) * float(bank.lowpass_hat[0, 0])
    moduli = xp.sum(p * xp.mean(collapse_phase(wavelet_transform(x, bank)), axis=(-2, -1), keepdims=True), axis=0)
    linear = xp.concat([xp.reshape(intensity, (1, 1, 1)), xp.zeros_like(moduli[1:, ...])])
    return means, xp.broadcast_to(to_complex(xp.stack([linear, moduli])), means.shape)
