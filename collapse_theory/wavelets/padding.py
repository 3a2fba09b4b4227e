"""The padding of the paper's networks: two samples or more by reflection, cropped again after the convolutions."""

from ..arrays import dense, shape
from ..torus import image_shape

__all__ = ["crop", "padded_shape"]

_PADDING = 2


def padded_shape(shape):
    """Side lengths after the paper's padding: the next even number that leaves two samples or more on each side.

    (H, W), each at least 2 -> (Hp, Wp);  M -> ((M + 2) // 2 + 1) · 2,  of which (M' − M) // 2 lie before the image.
    Raises ValueError if a side is 1: nothing would be left after `crop`.
    """
    if min(image_shape(shape)) < 2:
        raise ValueError(f"shape: expected sides of at least 2 samples to pad by reflection, got {tuple(shape)}")
    return tuple(((side + 2) // 2 + 1) * 2 for side in image_shape(shape))


def crop(x, subsampled=False):
    """Undo `padded_shape`: two samples off each side, or one if the grid was subsampled by two.  (..., Hp, Wp)."""
    border = _PADDING // 2 if subsampled else _PADDING
    dense(x)
    height, width = (0, 0) if x.ndim < 2 else shape(x)[-2:]
    if min(height, width) <= 2 * border:
        expected = f"images (..., Hp, Wp) with sides of more than {2 * border} samples"
        raise ValueError(f"x: expected {expected}, got {shape(x)}")
    return x[..., border : height - border, border : width - border]
