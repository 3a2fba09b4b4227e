"""A tight bank keeps the energy of every image exactly, and is inverted by its adjoint.

    ‖x ∗ φ‖² + Σ_k ‖x ∗ ψ_k‖² = ‖x‖²,     x = W* W x

for the bank divided by √LP, for complex x; for real x and the even part of LP, with the real part of W* W x.

Proof. Its Littlewood-Paley sum is 1, and bounds the energy from both sides. W* W multiplies x̂ by LP. For real x the
real part of an image averages its multiplier with that at −ω: the even part of LP, 1.

Broken: a bank that is tight for real images loses energy of complex ones if its wavelets cover half a circle.
Source: Mallat, A Wavelet Tour of Signal Processing.
"""

import numpy as np

from ..arrays import array_namespace, to_complex
from ..wavelets import inverse_transform, morlet_bank, wavelet_transform
from .degenerate_images import some_degenerate
from .littlewood_paley_bounds_the_energy import energy

BROKEN = {"circle": "half", "signals": "real"}
BROKEN_BY = "complex images, wavelets on half a circle"


def instance(rng):
    x = rng.normal(size=(2, *rng.choice([8, 9, 12], 2))) * rng.exponential(size=(2, 1, 1))
    x = some_degenerate(rng, x)
    signals, scales = str(rng.choice(["real", "complex"])), int(rng.integers(1, 3))
    if signals == "real":
        return x, {"scales": scales, "angles": 4, "circle": "half", "signals": signals}
    return x + 1j * rng.normal(size=x.shape), {"scales": scales, "angles": 8, "circle": "full", "signals": signals}


def hardest():
    x = np.exp(1j * np.random.default_rng(0).uniform(0, 2 * np.pi, (2, 8, 8)))
    return x, {"scales": 2, "angles": 8, "circle": "full", "signals": "complex"}


def sides(x, *, scales, angles, circle, signals):
    xp, bank = array_namespace(x), morlet_bank(x.shape[-2:], scales, angles, circle).tight(signals)
    size = xp.linalg.vector_norm(x)
    x = x / (size if size > 0 else 1.0)
    z = wavelet_transform(x, bank)
    return tuple(
        xp.concat([xp.reshape(to_complex(part), (-1,)) for part in side])
        for side in ((energy(z, axes=3), inverse_transform(z, bank)), (energy(x, axes=2), x))
    )
