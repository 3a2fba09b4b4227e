"""Images on the discrete torus: frequencies, translations, deformations, convolutions, subsampling, padding."""

import numpy as np

from .arguments import as_floating, as_images, check_count, host_array, host_numbers
from .arrays import array_namespace, dense, place, shape
from .contexts import matmul, uncompiled
from .fourier import fft2, ifft2
from .machine import sizes

__all__ = [
    "at_opposite_frequencies",
    "convolve",
    "crop",
    "deform",
    "fold",
    "frequencies",
    "image_shape",
    "padded_shape",
    "reflect",
    "roll",
    "subsample",
    "translate",
]


def image_shape(value, name="shape"):
    """(H, W) as two positive integers, from a pair or from one side of a square image.  Raises ValueError."""
    pair = tuple(value) if np.iterable(value) else (value, value)
    if len(pair) != 2 or not all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n > 0 for n in pair):
        raise ValueError(f"{name}: expected (H, W), two positive integers, got {value!r}")
    return int(pair[0]), int(pair[1])


def frequencies(shape):
    """Grid of frequencies of an image, in [−π, π)², zero frequency first.

    shape : (H, W), or one side of a square

    Returns (H, W, 2) NumPy array, in rad/sample.
    Raises ValueError if `shape` is not positive integers.
    """
    axes = [2 * np.pi * np.fft.fftfreq(side) for side in image_shape(shape)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


@uncompiled
def translate(x, shift):
    """Move a periodic image by `shift`, exactly, also between samples.

        x_τ(u) = x(u − τ)        x̂_τ(ω) = e^{−iω·τ} x̂(ω),  ω in [−π, π)²

    x : (..., H, W) real or complex; leading axes are carried along
    shift : (2,) host numbers (row, column), in samples; or (..., 2), one per leading index of `x`, broadcast

    Returns (..., H, W), complex, where and as precise as `x`. A real image of even side that is moved between samples
    has an imaginary part at its Nyquist frequency. `roll` moves by whole samples and keeps the dtype.
    Raises ValueError if `x` has fewer than two axes or `shift` does not end in an axis of two finite numbers.
    """
    x = as_images(x)
    shift = _host_vectors(shift, "shift", sides=shape(x)[-2:])
    _check_broadcast("shift", shift.shape[:-1], shape(x)[:-2])
    turn = np.exp(-1j * np.tensordot(shift, frequencies(shape(x)[-2:]), axes=(-1, -1)))
    return ifft2(fft2(x) * place(turn, like=x))


@uncompiled
def roll(x, shift):
    """Move a periodic image by whole samples.

    x : (..., H, W) real or complex
    shift : two integers (row, column), in samples

    Returns (..., H, W), the dtype of `x`.
    Raises ValueError if `shift` is not two integers.
    """
    x = as_images(x)
    shift = host_array("shift", shift)
    if shift.shape != (2,) or shift.dtype.kind not in "iu":
        raise ValueError(f"shift: expected two integers, got {shift.tolist()!r}; `translate` moves between samples")
    shift = tuple(int(step) % side for step, side in zip(shift, shape(x)[-2:], strict=True))
    return array_namespace(x).roll(x, shift, axis=(-2, -1))


@uncompiled
def deform(x, displacement):
    """Deform a periodic image by a displacement field, exactly: values of its trigonometric interpolant.

        x_τ(u) = x(u − τ(u)) = (1/HW) Σ_ω x̂(ω) e^{iω·(u − τ(u))},  ω in [−π, π)²

    x : (..., H, W) real or complex
    displacement : (H, W, 2) host numbers (row, column), in samples

    Returns (..., H, W), complex, where and as precise as `x`.
    Raises ValueError if `displacement` does not have shape (H, W, 2) or is not finite.
    Memory: 64 MiB of temporaries at most, since the points u are taken in chunks. Time: H² W² operations per image.
    """
    x = as_images(x)
    height, width = shape(x)[-2:]
    displacement = _host_vectors(displacement, "displacement", sides=(height, width))
    if displacement.shape != (height, width, 2):
        raise ValueError(f"displacement: expected shape {(height, width, 2)}, got {displacement.shape}")
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1)
    points = (grid - displacement).reshape(-1, 2)
    xp, x_hat = array_namespace(x), fft2(x)
    bytes_per_point = 16 * (height + width + height * int(np.prod(shape(x)[:-2], dtype=int)))
    chunks = np.array_split(points, min(len(points), -(-len(points) * bytes_per_point // sizes.DEFORMATION_BYTES)))
    return xp.reshape(xp.concat([_interpolate(x_hat, chunk) for chunk in chunks], axis=-1), shape(x))


def _interpolate(x_hat, points):
    """Trigonometric interpolant at `points` (P, 2).  (..., H, W) spectrum -> (..., P)."""
    xp = array_namespace(x_hat)
    height, width = shape(x_hat)[-2:]
    rows, columns = (
        place(np.exp(2j * np.pi * np.outer(np.fft.fftfreq(side), points[:, axis])) / side, like=x_hat)
        for axis, side in enumerate((height, width))
    )
    return xp.sum(rows * matmul(x_hat, columns), axis=-2)


@uncompiled
def convolve(x, filter_hat):
    """Periodic convolution with a filter known by its Fourier transform.

    x : (..., H, W) real or complex
    filter_hat : (..., H, W) NumPy array, broadcast against `x`

    Returns (..., H, W) complex, where and as precise as `x`.
    Raises ValueError if the last two axes of `filter_hat` are not those of `x`, or it is not finite numbers.
    """
    x = as_images(x)
    filter_hat, sides = host_numbers("filter_hat", filter_hat), shape(x)[-2:]
    if filter_hat.shape[-2:] != sides:
        raise ValueError(f"filter_hat: expected shape (..., {sides[0]}, {sides[1]}), got {filter_hat.shape}")
    _check_broadcast("filter_hat", filter_hat.shape[:-2], shape(x)[:-2])
    return ifft2(fft2(x) * place(filter_hat, like=x))


def subsample(x, factor=2):
    """Every `factor`-th sample of each axis, from the first.  (..., H, W) -> (..., H / factor, W / factor).

    Raises ValueError if a side is not a multiple of `factor`: the result would not be periodic.
    """
    _check_divides("x", x, factor)
    return x[..., ::factor, ::factor]


def fold(x_hat, factor=2):
    """Spectrum of `subsample(x, factor)` from the spectrum of `x`: the mean over the aliases.

        ŷ(ω) = (1/factor²) Σ_k x̂((ω + 2πk) / factor),  k in {0 .. factor − 1}²

    x_hat : (..., H, W)

    Returns (..., H / factor, W / factor).
    Raises ValueError if a side is not a multiple of `factor`.
    """
    x_hat = as_floating(x_hat, "x_hat")
    _check_divides("x_hat", x_hat, factor)
    xp = array_namespace(x_hat)
    height, width = (side // factor for side in shape(x_hat)[-2:])
    blocks = xp.reshape(x_hat, (*shape(x_hat)[:-2], factor, height, factor, width))
    # Aliases are added one by one: libraries are slow at reducing such short axes of complex numbers.
    rows = sum(blocks[..., alias, :, :, :] for alias in range(factor))
    return sum(rows[..., alias, :] for alias in range(factor)) / factor**2 if factor > 1 else x_hat


@uncompiled
def reflect(x, padded_shape):
    """Grow an image by reflection about its border samples, without repeating them.

    x : (..., H, W)
    padded_shape : (Hp, Wp), at least (H, W); (Hp − H) // 2 rows are added above, the others below, columns likewise

    Returns (..., Hp, Wp). Any pad is legal: the reflection repeats with period 2 (H − 1).
    Raises ValueError if `padded_shape` is smaller than the image, or the image is empty.
    """
    xp = _namespace_of_images("x", x)
    if 0 in x.shape:
        raise ValueError(f"x: expected at least one sample on every axis, got shape {shape(x)}")
    for axis, padded in zip((-2, -1), image_shape(padded_shape, "padded_shape"), strict=True):
        side = shape(x)[axis]
        if padded < side:
            raise ValueError(f"padded_shape: expected at least {shape(x)[-2:]}, got {tuple(padded_shape)}")
        period = max(2 * (side - 1), 1)
        index = (np.arange(padded) - (padded - side) // 2) % period
        x = xp.take(x, place(np.minimum(index, period - index), like=x), axis=axis)
    return x


def padded_shape(shape, scales=1):
    """Sides after the padding of the published codes: multiples of 2^J, with a coarse sample on each side to crop.

        M -> ((M + 2^J) // 2^J + 1) 2^J,   of which (M' − M) // 2 lie before the image

    shape : (H, W), or one side of a square; each at least 2^J, or nothing would be left after `crop`
    scales : J, octaves of the subsampling; 1 is the padding of the paper's networks

    Returns (Hp, Wp).
    Raises ValueError if a side is smaller than 2^J.
    """
    check_count("scales", scales)
    sides, window = image_shape(shape), 2**scales
    if min(sides) < window:
        raise ValueError(f"shape: expected sides of at least {window} samples to pad by reflection, got {sides}")
    return tuple(((side + window) // window + 1) * window for side in sides)


def crop(x, border):
    """Take samples off each side: what `reflect` to a `padded_shape` has added, and the filters have spoiled.

    x : (..., H, W)
    border : samples to take off; 2^J after a padding at J scales, or 2^J over the steps of a subsampling since then

    Returns (..., H − 2 border, W − 2 border), a view of `x` where its library has one.
    Raises ValueError if nothing would be left, or an axis is missing.
    """
    _namespace_of_images("x", x)
    check_count("border", border, least=0)
    height, width = shape(x)[-2:]
    if min(height, width) <= 2 * border:
        expected = f"images (..., H, W) with sides of more than {2 * border} samples"
        raise ValueError(f"x: expected {expected}, got shape {shape(x)}")
    return x[..., border : height - border, border : width - border]


def at_opposite_frequencies(values):
    """values(−ω) on the grid of `frequencies`.

    values : (..., H, W), of any library

    Returns (..., H, W).
    Raises ValueError if an axis is missing.
    """
    xp = _namespace_of_images("values", values)
    return xp.roll(xp.flip(values, axis=(-2, -1)), (1, 1), axis=(-2, -1))


def _namespace_of_images(name, x):
    """The namespace of (..., H, W), once it is known to have two axes: for what is done to arrays of any dtype."""
    xp = dense(x, name)
    if x.ndim < 2:
        raise ValueError(f"{name}: expected images (..., H, W) with at least 2 axes, got shape {shape(x)}")
    return xp


def _check_divides(name, x, factor):
    _namespace_of_images(name, x)
    check_count("factor", factor)
    if any(side % factor for side in shape(x)[-2:]):
        raise ValueError(f"{name}: expected sides that are multiples of {factor}, got shape {shape(x)}")


def _check_broadcast(name, leading, axes):
    try:
        np.broadcast_shapes(leading, tuple(axes))
    except ValueError:
        expected = f"leading axes that broadcast against {tuple(axes)} of the images"
        raise ValueError(f"{name}: expected {expected}, got {leading}") from None


def _host_vectors(value, name, sides):
    """Host numbers with a last axis of two (row, column), in float64: less than a turn of the torus."""
    try:
        vectors = host_array(name, value)
    except ValueError:
        raise ValueError(f"{name}: expected real (row, column) pairs, got {value!r}") from None
    if vectors.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected real (row, column) pairs, got {value!r}")
    vectors = vectors.astype(np.float64)
    if vectors.shape[-1:] != (2,) or not np.all(np.isfinite(vectors)):
        raise ValueError(f"{name}: expected finite (row, column) pairs, got {np.array2string(vectors, threshold=8)}")
    return np.fmod(vectors, sides)
