"""A tight collapse turns within-class variance into mean energy, layer after layer, exactly.

    V_d + M_d = V_0 + M_0  at every depth d,     V = Σ_y p_y E|X_y − μ_y|²,   M = Σ_y p_y |μ_y|²

for every finite labelled sample, with X_d = P_d |W| .. P_1 |W| X_0, W tight for the maps it meets (|W| keeps the
low-pass and takes the modulus of the rest) and PᴴP = I, real. What variance loses, mean energy gains: at each layer
Σ_p (E|Z_p|)² − |E Z_p|² over the coefficients Z = W X_d, conditionally on the class.

Proof. V + M is the energy E|X|² for any law of X. W keeps it as a tight transform, the modulus and P keep it too.
It holds for the empirical measure as for any other.

Broken: without dividing by the Littlewood-Paley sum, W is not tight and energy changes at every layer.
Source: elementary; energy conservation of scattering, Mallat (2012).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..scattering import Mixing, cascade
from ..separation import mean_energy, within_class_variance
from ..wavelets import morlet_bank

BROKEN = {"tight": False}


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([8, 9, 12], 2))
    bank = morlet_bank(shape, int(rng.integers(1, 3)), 4)
    labels = np.concatenate([np.arange(3), rng.integers(0, 3, int(rng.integers(1, 7)))])
    x = rng.normal(size=(len(labels), 1, *shape)) * rng.exponential(size=(len(labels), 1, 1, 1))
    mixing = Mixing(seed=int(rng.integers(1000))) if rng.integers(2) else None
    return x, {"labels": labels, "bank": bank, "tight": True, "depth": 2, "mixing": mixing}


def hardest():
    x = np.random.default_rng(0).normal(size=(6, 1, 8, 8))
    return x, {"labels": np.arange(6) % 2, "bank": morlet_bank(8, 2, 4), "tight": True, "depth": 2, "mixing": None}


def sides(x, **parameters):
    xp, energies = array_namespace(x), sum(statistics(x, (within_class_variance, mean_energy), **parameters))
    return energies, xp.broadcast_to(energies[:1], energies.shape)


def statistics(x, functions, *, labels, bank, tight, depth, mixing):
    """Each of some statistics of labelled features at depth 0 .. depth, a list of (1 + depth,) arrays."""
    xp, y, classes = array_namespace(x), place(labels, like=x), int(labels.max()) + 1
    bank = bank.tight("real") if tight else bank
    layers = list(cascade(x, bank, "phase collapse", depth=depth, mixing=mixing))
    return [xp.stack([function(layer, y, classes=classes) for layer in layers]) for function in functions]
