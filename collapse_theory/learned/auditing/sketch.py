"""A random sketch of a layer that has too many numbers: signs, then sums of as many numbers as there are to spare."""

from functools import lru_cache

import numpy as np
import torch

__all__ = ["collisions", "sketch", "sketch_error"]


def sketch(features, numbers):
    """Fewer numbers of which inner products are, on average over the signs, those of all.

        s_k(x) = Σ_{j in part k} ε_j x_j,   ε_j = ±1 and the parts drawn at random,   E⟨s(x), s(y)⟩ = ⟨x, y⟩

    features : (N, D) tensor; numbers : d. The draw depends on D and d alone

    Returns (N, d); the features themselves if D is not above d.
    Memory: one copy of the features.
    Source: Charikar, Chen & Farach-Colton (2004); here parts have one size.
    """
    every = features.shape[1]
    if every <= numbers:
        return features
    order, signs = _draw(every, numbers)
    index = torch.as_tensor(order, device=features.device)
    signs = torch.as_tensor(signs, device=features.device, dtype=features.dtype)
    missing = -every % numbers
    rows = torch.nn.functional.pad(features, (0, missing)).index_select(1, index) * signs
    return rows.reshape(len(rows), -1, numbers).sum(1)


def collisions(every, numbers):
    """c, the chance that two numbers come into one sum: about 1 / d; 0 if all numbers are there.

        E⟨s(x), s(y)⟩² = ⟨x, y⟩² + c (|x|² |y|² + ⟨x, y⟩² − 2 Σ_j x_j² y_j²)

    The last sum is left out in what is made of it here: it is small where no few numbers have all the energy.
    """
    size = -(-every // numbers)
    return (size - 1) / (size * numbers - 1) if size > 1 else 0.0


def sketch_error(every, numbers):
    """√(2 c): the standard error of a squared length relative to it, at most."""
    return (2 * collisions(every, numbers)) ** 0.5


@lru_cache(maxsize=64)
def _draw(every, numbers):
    size = every + -every % numbers
    rng = np.random.default_rng((every, numbers))
    return rng.permutation(size), rng.choice(np.array([-1.0, 1.0], np.float32), size)
