"""On a class that is only invariant by translations, a thresholded coefficient may have a mean that is not zero.

    |E ρ(Z)|² / E|ρ(Z)|²  =  1/3,  although E Z = 0,    Z = (X ∗ ψ)(u)

for the class of all shifts of positive pulses, one bright row in three, less their mean, and a high soft threshold: its
variance is all of the energy before, and two thirds of it after. With the negative of each image the class is closed
under x -> −x, of the same mean and spectrum, and E ρ(Z) = 0: a reduction can separate the means of stationary classes.

Proof. Along the rows X ∗ ψ = a e^{2iπu/3} + b e^{−2iπu/3}, a, b > 0 being a third of ψ̂(±2π/3, 0). Its modulus is a + b
in one row of three, and √(a² + b² − ab) in the others. A threshold between the two keeps one coefficient in three, all
of the same phase: then |E ρ(Z)|² is a third of E|ρ(Z)|².

Broken: with images of both signs the mean vanishes.
Source: none; that translation invariance gives circular coefficients only approximately is in Guth, Zarka & Mallat
(2022).
"""

import math

import numpy as np

from ..arrays import array_namespace
from ..nonlinearities import soft_threshold
from ..torus import convolve
from ..wavelets import morlet_bank

REQUIRED = {"share of the mean before": (0.0, 0.0), "share of the mean after": (1 / 3, 1 / 3)}
BROKEN = {"signs": (1.0, -1.0)}
BROKEN_BY = "images of both signs"


def witness():
    rows = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]) - 1 / 3
    return rows[:, None] * np.ones(6), {"signs": (1.0,)}


def certificate(x, *, signs):
    xp, psi_hat = array_namespace(x), morlet_bank((6, 6), 1, 4).psi_hat[1]
    a, b = (float(psi_hat[row, 0]) / 3 for row in (2, -2))
    threshold = (a + b + math.sqrt(a**2 + b**2 - a * b)) / 2
    z = convolve(xp.stack([sign * x for sign in signs]), psi_hat)
    shares = (xp.abs(xp.mean(y)) ** 2 / xp.mean(xp.abs(y) ** 2) for y in (z, soft_threshold(z, threshold)))
    return dict(zip(REQUIRED, shares, strict=True))
