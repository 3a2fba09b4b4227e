"""A tight collapse turns within-class variance into mean energy, layer after layer, by an amount known exactly.

    V_{d+1} = V_d − G_d,   M_{d+1} = M_d + G_d,   G_d = Σ_y p_y Σ_p (E|Z_p|)² − |E Z_p|²  ≥  0
    V = Σ_y p_y E|X_y − μ_y|²,   M = Σ_y p_y |μ_y|²,   Z = X_d ∗ ψ_k,  p over maps, wavelets and samples

for every finite labelled sample, with X_{d+1} = P |W| X_d, W tight for the maps it meets (|W| keeps the low-pass and
takes the modulus of the rest) and PᴴP = I, P real or W tight for complex maps. So V never rises and M never falls, and
the gain is zero only where the phase of each coefficient is the same for all images of a class. With PPᴴ = I alone, a
projection, V_{d+1} ≤ V_d − G_d and M_{d+1} ≤ M_d + G_d. Nothing is said of the distance between the class means.

Proof. V + M is the energy E|X|² for any law of X, that of a finite sample too. W keeps it as a tight transform, the
modulus and P keep it too: V + M is constant. W is linear, so |W μ_y|² = |μ_y|²: before the modulus the mean energy is
M_d, after it the part |E Z_p|² of each wavelet coefficient has become (E|Z_p|)², which is no less by the triangle
inequality, with equality where the phases agree. P keeps M. A projection lowers the energy of each class mean, and of
each deviation from it.

Broken: without dividing by the Littlewood-Paley sum, W is not tight and energy changes at every layer; a mixing with
fewer outputs than inputs loses some.
Source: elementary; energy conservation of scattering, Mallat (2012).
"""

import numpy as np

from ..arrays import array_namespace, place
from ..scattering import Mixing, cascade
from ..separation import class_means, mean_energy, within_class_variance
from ..wavelets import morlet_bank, wavelet_transform

BROKEN = ({"tight": False}, {"mixing": Mixing(outputs=3)})
BROKEN_BY = "a bank that is not tight; fewer outputs than inputs"
DEGREE = 2


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([5, 6, 8], 2))
    labels = np.concatenate([np.arange(2), rng.integers(0, 2, int(rng.integers(1, 4)))])
    x = rng.normal(size=(len(labels), 1, *shape)) * rng.exponential(size=(len(labels), 1, 1, 1))
    x[: int(rng.integers(3)), ...] = rng.normal()  # some images may be constant
    signals, depth = str(rng.choice(["real", "complex"])), int(rng.integers(1, 3))
    kind = "real" if signals == "real" else str(rng.choice(["real", "complex"]))
    mixing = Mixing(30 if depth == 1 else None, seed=int(rng.integers(2)), kind=kind)
    parameters = {"labels": labels, "signals": signals, "tight": True, "depth": depth}
    return x, parameters | {"mixing": mixing if rng.integers(2) else None}


def hardest():
    x = np.random.default_rng(0).normal(size=(4, 1, 9, 8))
    return x, {"labels": np.arange(4) % 2, "signals": "complex", "tight": True, "depth": 2, "mixing": None}


def sides(x, *, labels, signals, tight, depth, mixing):
    xp, y, classes = array_namespace(x), place(labels, like=x), int(labels.max()) + 1
    bank = tight_bank(x.shape[-2:], signals, tight)
    # A loss is allowed so that a wrong collapse, whose maps are complex, shows as a number and not as a refusal.
    layers = list(cascade(x, bank, "phase collapse", depth=depth, mixing=mixing, allow_loss=True))
    variances, energies = (
        [function(layer, y, classes=classes) for layer in layers] for function in (within_class_variance, mean_energy)
    )
    gains = [gain(layer, labels, bank) for layer in layers[:-1]]
    left = [*variances[1:], *energies[1:]]
    right = [v - g for v, g in zip(variances, gains, strict=False)]
    right += [m + g for m, g in zip(energies, gains, strict=False)]
    return xp.stack(left), xp.stack(right)


def tight_bank(shape, signals, tight=True):
    """One octave, four angles on half a circle for real signals, eight on the full one for complex ones."""
    bank = morlet_bank(shape, 1, 4) if signals == "real" else morlet_bank(shape, 1, 8, "full")
    return bank.tight(signals) if tight else bank


def gain(x, labels, bank):
    """Σ_y p_y Σ_p (E|Z_p|)² − |E Z_p|² of labelled maps (N, C, H, W)."""
    xp, y, classes = array_namespace(x), place(labels, like=x), int(labels.max()) + 1
    shares = place(np.bincount(labels) / len(labels), like=x)
    z = wavelet_transform(x, bank)[..., 1:, :, :]
    after = class_means(amplitude(z), y, classes=classes) ** 2
    before = amplitude(class_means(z, y, classes=classes)) ** 2
    return xp.sum(shares * xp.sum(after - before, axis=(1, 2, 3, 4)))


def amplitude(z):
    """|z| of complex numbers, of their parts: not by the phase collapse that the claim is about.  (...) -> (...)."""
    xp = array_namespace(z)
    return xp.hypot(xp.real(z), xp.imag(z))
