"""How precisely an operator computes, as far as its outputs show it."""

import numpy as np

__all__ = ["LARGE", "SINGLE", "computed_in_single", "disturbed", "shaken"]

LARGE = 32.0  # beyond it, an image may overflow in exponentials and powers
_COARSE, _FINE, _DOUBLE = 2.0**-18, 2.0**-44, float(np.finfo(np.float64).eps)
SINGLE = float(np.finfo(np.float32).eps)


def computed_in_single(function, images):
    """Which outputs are computed in single precision, though the images are in double precision.

    They vary, but have never more digits than single precision; or they respond to changes of the images of 4e-6, but
    not to 6e-14, although double precision could show such a change.

    function : of a NumPy array
    images : list of NumPy arrays; the three with the most different values are used

    Returns two boolean arrays of the shape of an output: which do, and which show nothing, as they are the same for all
    of the images. Both are False where the shapes of the outputs differ.
    """
    images = sorted(images, key=lambda x: -len(np.unique(x)))[:3]
    outputs = [function(x) for x in images]
    if len({y.shape for y in outputs}) > 1 or not all(np.all(np.isfinite(y)) for y in outputs):
        return np.zeros((), bool), np.zeros((), bool)
    coarse, fine = (
        [
            [np.abs(function(turn) - y) for turn in disturbed(x, epsilon, 2)]
            for x, y in zip(images, outputs, strict=True)
        ]
        for epsilon in (_COARSE, _FINE)
    )
    shown = [
        _FINE / _COARSE * np.max(c, axis=0) > 16 * _DOUBLE * np.abs(y) for c, y in zip(coarse, outputs, strict=True)
    ]
    felt, finely = (np.count_nonzero(np.multiply(shown, np.swapaxes(c, 0, 1)), axis=(0, 1)) for c in (coarse, fine))
    with np.errstate(over="ignore"):
        rough = [y.astype(np.complex64 if np.iscomplexobj(y) else np.float32) == y for y in outputs]
    varies = np.any([y != outputs[0] for y in outputs], axis=0)
    return (np.all(rough, axis=0) & varies) | ((felt > 0) & (2 * finely < felt)), ~varies & (felt == 0)


def disturbed(x, epsilon, count):
    """An image with each value changed by a relative error of ε/2 to ε, up or down, `count` times."""
    random = np.random.default_rng(0)
    for _ in range(count):
        yield x * (1 + random.uniform(epsilon / 2, epsilon, x.shape) * random.choice([-1, 1], x.shape))


def shaken(x, epsilon, count):
    """An image with each value changed by up to ε times the largest, `count` times."""
    random = np.random.default_rng(0)
    for _ in range(count):
        errors = random.uniform(-1, 1, x.shape)
        if np.iscomplexobj(x):
            errors = errors + 1j * random.uniform(-1, 1, x.shape)
        yield x + epsilon * np.max(np.abs(x), initial=0.0) * errors
