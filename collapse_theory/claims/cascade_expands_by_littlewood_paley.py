"""A cascade expands distances at most by the product of the square roots of the largest Littlewood-Paley sums.

    ‖Φ(x) − Φ(x')‖  ≤  Π_d √(max LP_d) ‖x − x'‖

for all images x, x' and every depth, if each ρ is non-expansive (modulus, soft threshold, tanh) and P semi-unitary,
with or without subsampling; LP_d is that of complex signals, or of real ones if the maps that layer d meets are real.
The constant is 1 for tight banks, and it is reached at every depth as a soft threshold tends to 0.

Proof. W multiplies a distance by at most √(max LP) (littlewood_paley_bounds_the_energy, for x − x'). On each channel ρ
keeps or lowers it (collapse_and_threshold_do_not_expand), and so do P and leaving samples out. For the soft threshold,
let x be a wave at the maximum of LP and x' = −x: all channels of all layers are that wave, ρ tends to the identity,
and each layer multiplies the distance by √(max LP). After a modulus the maps are no waves, and the product need not
be reached.

Broken: after the unit amplitude or the sigmoid, on small images, there is no such bound; nor is it the real sum if
the maps are complex and the wavelets cover half a circle.
Source: Mallat (2012); Guth, Zarka & Mallat (2022).
"""

import numpy as np

from ..arrays import array_namespace, is_complex
from ..nonlinearities import named
from ..scattering import Mixing, cascade
from ..wavelets import morlet_bank
from .littlewood_paley_bounds_the_energy import extremes

SHARPNESS = 1.0
BROKEN = (
    {"nonlinearity": "unit amplitude", "parameters": {}, "scale": 1e-3},
    {"nonlinearity": "sigmoid", "parameters": {}, "scale": 1e-3},
    {"signals": "real"},
)
BROKEN_BY = "unit amplitude; sigmoid; the real sum for complex maps"


def instance(rng):
    shape = tuple(int(side) for side in rng.choice([8, 12], 2))
    name = str(rng.choice(["phase collapse", "soft threshold", "tanh"]))
    x = rng.normal(size=(1, *shape)) * rng.exponential(size=(1, *shape))
    pair = np.stack([x, x + rng.normal(size=x.shape) * 10 ** rng.uniform(-3, 1)]) * rng.choice([1, 1 + 1j])
    pair = pair if np.any(pair.imag) else pair.real
    return pair, {
        "bank": morlet_bank(shape, 1, 3, str(rng.choice(["half", "full"]))),
        "nonlinearity": name,
        "parameters": {"threshold": rng.exponential()} if name == "soft threshold" else {},
        "signals": "real" if name == "phase collapse" and not is_complex(pair) else "complex",
        "subsample": bool(rng.integers(2)),
        "mixing": Mixing(int(rng.integers(1, 8)), seed=int(rng.integers(1000))) if rng.integers(2) else None,
        "depth": int(rng.integers(1, 3)),
        "scale": 1.0,
    }


def hardest():
    bank = morlet_bank(8, 1, 4)
    wave = extremes(bank, "complex")[1:]
    return np.stack([wave, -wave]), {
        "bank": bank,
        "nonlinearity": "soft threshold",
        "parameters": {"threshold": 1e-5},
        "signals": "complex",
        "subsample": False,
        "mixing": None,
        "depth": 2,
        "scale": 1.0,
    }


def deviation(x, *, bank, nonlinearity, parameters, signals, subsample, mixing, depth, scale):
    rho = named(nonlinearity, **parameters)
    *_, last = cascade(scale * x, bank, rho, depth=depth, subsample=subsample, mixing=mixing, allow_loss=True)
    return array_namespace(x).linalg.vector_norm(last[0, ...] - last[1, ...])


def bound(x, *, bank, signals, subsample, depth, scale, **_):
    grids = [tuple(side // (2**layer if subsample else 1) for side in bank.shape) for layer in range(depth)]
    product = np.prod([np.sqrt(np.max(bank.at(grid).littlewood_paley(signals))) for grid in grids])
    return float(scale * product) * array_namespace(x).linalg.vector_norm(x[0, ...] - x[1, ...])
