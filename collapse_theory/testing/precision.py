"""How precisely an operator computes, as far as its answers show it."""

import numpy as np

__all__ = ["LARGE", "SINGLE", "computed_in_single", "disturbed"]

LARGE = 32.0  # beyond it, an image may overflow in exponentials and powers
SINGLE = float(np.finfo(np.float32).eps)


def computed_in_single(function, images):
    """Which outputs feel changes of the images of 1e-6, but none of 1e-13: they come out of single precision.

    function : of a NumPy array
    images : list of NumPy arrays, of which the three of most different values are used

    Returns a boolean array of the shape of an output; False where the shapes of the outputs differ.
    """
    images = sorted(images, key=lambda x: -len(np.unique(x)))[:3]
    coarse, fine = (
        sum(_differ(function(x), function(turn)) for x in images for turn in disturbed(x, 2.0**power, 2))
        for power in (-20, -44)
    )
    return np.asarray((coarse > 0) & (2 * fine < coarse))


def disturbed(x, epsilon, count):
    """An image with each value changed by a relative error of up to ε, `count` times."""
    random = np.random.default_rng(0)
    return [x * (1 + epsilon * random.uniform(-1, 1, size=x.shape)) for _ in range(count)]


def _differ(left, right):
    return (left != right).astype(int) if left.shape == right.shape else 0
