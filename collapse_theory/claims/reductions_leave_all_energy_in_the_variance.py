"""Reductions leave all energy of a class in its variance, at every depth: there is none in its mean.

    V_d = E_d,    V = Σ_y p_y E|X_y − μ_y|²,   E = Σ_y p_y E|X_y|²

for classes that with x hold e^{2iπk/m} x, k = 0 .. m − 1, m ≥ 2, and layers X_d = P_d (X_{d−1} ∗ φ, ρ(X_{d−1} ∗ ψ_k)),
with an amplitude reduction ρ, any bank, any P; V falls where the claim above applies. So a threshold concentrates each
class, but around zero, where all classes are: the ratio of mean energy to variance stays zero. On classes that are only
invariant by translations the wavelet channels have variance / energy = 1 before a reduction, and after it 1 less the
share of the mean that translation invariance leaves.

Proof. The class means vanish at every depth, by the claim on zero means; E = V + Σ_y p_y |μ_y|².

Broken: a phase collapse moves energy from the variance into the means. Nor do they vanish if one phase is missing.
Source: Guth, Zarka & Mallat (2022), for a circular class.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import nonlinearity
from ..scattering import Mixing, cascade
from ..separation import within_class_variance
from ..wavelets import morlet_bank

BROKEN = ({"reduction": "phase collapse", "threshold": None}, {"missing": 1})


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([5, 8, 9], 2))
    x = rng.normal(size=(int(rng.integers(2, 4)), 1, *shape)) + 1j * rng.normal(size=(1, *shape))
    parameters = {"roots": int(rng.integers(2, 5)), "missing": 0, "depth": int(rng.integers(1, 3))}
    mixing = Mixing(outputs=6, seed=int(rng.integers(1000)), kind="complex") if rng.integers(2) else None
    threshold = float(rng.random()) if rng.integers(2) else None
    reduction = "soft threshold" if threshold is not None else str(rng.choice(["tanh", "sigmoid", "compression"]))
    return x, parameters | {"mixing": mixing, "reduction": reduction, "threshold": threshold}


def hardest():
    x = np.random.default_rng(0).normal(size=(2, 1, 8, 8)) + 0j
    parameters = {"roots": 2, "missing": 0, "depth": 2, "mixing": None}
    return x, parameters | {"reduction": "soft threshold", "threshold": 0.1}


def sides(x, *, roots, missing, depth, mixing, reduction, threshold):
    """Variance and energy at depth 0 .. depth; image number n of `x` is of class n % 2."""
    xp, parameters = array_namespace(x), {} if threshold is None else {"threshold": threshold}
    turns = np.exp(2j * np.pi * np.arange(roots - missing) / roots)
    y = place(np.tile(np.arange(x.shape[0]) % 2, len(turns)), like=x)
    x = xp.concat([place(turn, like=x) * x for turn in turns], axis=0)
    bank, rho = morlet_bank(x.shape[-2:], 1, 4, "full"), nonlinearity(reduction, **parameters)
    layers = list(cascade(x, bank, rho, depth=depth, mixing=mixing))
    variances = xp.stack([within_class_variance(layer, y, classes=2) for layer in layers])
    return variances, xp.stack([xp.sum(xp.abs(layer) ** 2) / layer.shape[0] for layer in layers])
