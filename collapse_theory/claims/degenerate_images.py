"""Images that random ones never are: constant along an axis, or zero, with few frequencies or a single sample."""

import numpy as np

__all__ = ["some_degenerate"]


def some_degenerate(rng, x):
    """The images (..., H, W), one in four now zero, constant, a row, columns, one sample, a wave or a chessboard."""
    x, (height, width) = np.array(x), x.shape[-2:]
    rows, columns = np.arange(height)[:, None] * np.ones(width), np.arange(width) * np.ones((height, 1))
    kinds = [
        np.zeros((height, width)),
        np.ones((height, width)),
        (rows == 0) * 1.0,
        (columns % 3 == 0) * 1.0,
        (rows + columns == 0) * 1.0,
        np.cos(2 * np.pi * rows / height),
        (rows + columns) % 2,
    ]
    for place in np.ndindex(x.shape[:-2]):
        if rng.random() < 1 / 4:
            x[place] = kinds[rng.integers(len(kinds))]
    return x
