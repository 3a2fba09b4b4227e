"""The windowed scattering transform of real images: averaged moduli of wavelets, and of wavelets of these moduli."""

import math

from ..arguments import as_images, check_count, check_number
from ..arrays import Array, array_namespace, by_numpy, is_complex, is_numpy_array, place_once, shape
from ..contexts import matmul, uncompiled
from ..fourier import fft2
from ..machine.cores import cores_for, on_cores
from ..machine.sizes import numbers_at_once
from ..torus import reflect
from .path_table import check_path_counts
from .scatter_filters import scatter_filters

__all__ = ["scatter"]


@uncompiled
def scatter(
    x: Array,
    scales: int,
    angles: int = 8,
    order: int = 2,
    pi: float = math.pi,
    *,
    chunk: int | None = None,
) -> Array:
    """The classical scattering transform of real images, averaged over windows of 2^J samples.

        S_0 = x ∗ φ,   S_1 = |x ∗ ψ_1| ∗ φ,   S_2 = ||x ∗ ψ_1| ∗ ψ_2| ∗ φ,   scale of ψ_2 > scale of ψ_1

    x : (..., H, W) real; every leading axis is carried along
    scales : J; 2^J is at most the shorter side
    angles : L, over the half circle
    order : the largest, 0, 1 or 2
    pi : the π of the norms of the filters; other codes write 3.1415
    chunk : images to work on at a time; default None: as many as fit in a processor's cache or in 1 GiB of a GPU, fewer
        if that would leave cores idle

    The filters are those of `morlet_bank` on the image padded by reflection to ((H + 2^J) // 2^J + 1) 2^J rows, columns
    likewise. A modulus of scale j is known at every 2^j-th sample, aliased; S at every 2^J-th, of which the first and
    the last are dropped.

    Returns (..., P, H // 2^J, W // 2^J) real, where and as precise as `x`, differentiable under torch; channel by
    channel the rows of `paths`. A torch tensor on a CPU, out of a graph, is transformed as the NumPy array on its
    memory.
    Raises ValueError if an argument is out of range or `x` is not finite; TypeError if `x` is complex: wavelets over
    the half circle do not see half of its spectrum. A `cascade` over the full circle does.
    Source: Mallat (2012); Bruna & Mallat (2013).
    Memory: beyond `x`, the filters and the result, at most chunk (3 + 3 L + L²/2 + max(2 L, L²/4)) Hp Wp real numbers
    at order 2, Hp x Wp being the padded image (measured with NumPy for J = 2 and 3: within 10 % where all moduli fit in
    a cache, less where they do not, and are taken a few at a time); as many again for each further core, since the
    cores share NumPy arrays chunk by chunk; and more where a graph of gradients is kept.

        >>> scattering.scatter(np.zeros((5, 3, 32, 32)), scales=2, angles=8).shape
        (5, 3, 81, 8, 8)
    """
    x = as_images(x)
    _check(x, scales, angles, order)
    if chunk is not None:
        check_count("chunk", chunk)
    filters = scatter_filters(shape(x)[-2:], int(scales), int(angles), check_number("pi", pi, least=1))
    return by_numpy(lambda x: _transform(x, filters, order, chunk or _images_at_once(x, filters, angles)), x)


def _check(x, scales, angles, order):
    check_path_counts(scales, angles, order)
    if is_complex(x):
        raise TypeError(
            f"x: expected real images, got {x.dtype}: wavelets over the half circle do not see half of a complex "
            "spectrum; transform its real and imaginary parts, or use cascade with circle='full'"
        )
    if 2**scales > min(shape(x)[-2:]):
        raise ValueError(
            f"scales: too many for these images: {scales} need sides of at least {2**scales} samples, got {shape(x)}"
        )


def _images_at_once(x, filters, angles):
    """Images per chunk: as many as fit; NumPy arrays get no more than leave some for every core."""
    numbers, count = 3 * (1 + angles) * math.prod(filters.padded), math.prod(shape(x)[:-2])
    fit = max(1, numbers_at_once(x) // numbers)
    return min(fit, -(-count // cores_for(count * numbers))) if is_numpy_array(x) else fit


def _transform(x, filters, order, at_once):
    """All images, a chunk at a time: (..., H, W) -> (..., P, H // 2^J, W // 2^J)."""
    xp, planes = array_namespace(x), array_namespace(x).reshape(x, (-1, *shape(x)[-2:]))
    count = shape(planes)[0]
    starts = range(0, count, at_once)
    chunks = [planes[start : min(start + at_once, count), ...] for start in starts] if at_once < count else [planes]
    s = xp.concat(on_cores(lambda chunk: _coefficients(chunk, filters, order), chunks, like=x), axis=0)
    return xp.reshape(s, (*shape(x)[:-2], *shape(s)[1:]))


def _coefficients(x, filters, order):
    """A chunk of images (N, H, W) -> (N, P, H // 2^J, W // 2^J)."""
    xp, scales = array_namespace(x), len(filters.averages)
    x = reflect(x, filters.padded)
    zeroth, first, second = _average(x[:, None, :, :], filters.averages[0]), [], []
    x_hat = fft2(x) if order > 0 else None
    for scale in range(scales if order > 0 else 0):
        u = xp.abs(filters.wavelets[0, scale].apply(x_hat))
        first.append(_average(u, filters.averages[scale]))
        if order > 1 and scale < scales - 1:
            second.append(_second(u, filters, scale))
    return xp.concat([zeroth, *first, *second], axis=1)


def _second(u, filters, scale):
    """All of order 2 behind the moduli of one scale, some maps at a time: (N, L, h, w) -> (N, paths, H', W')."""
    xp, (_, angles, height, width) = array_namespace(u), shape(u)
    maps = xp.reshape(u, (-1, height, width))
    at_once = max(1, numbers_at_once(u) // (4 * angles * height * width))
    count, coarser = shape(maps)[0], range(scale + 1, len(filters.averages))
    s = []
    for start in range(0, count, at_once):
        u_hat = fft2(maps[start : min(start + at_once, count), ...] if at_once < count else maps)
        moduli = ((xp.abs(filters.wavelets[scale, n].apply(u_hat)), filters.averages[n]) for n in coarser)
        s.append(xp.concat([_average(*each) for each in moduli], axis=1))
    s = xp.concat(s, axis=0)
    return xp.reshape(s, (shape(u)[0], -1, *shape(s)[-2:]))


def _average(u, matrices):
    """u ∗ φ, subsampled and cropped.  (..., h, w) -> (..., H // 2^J, W // 2^J)."""
    xp, (rows, columns) = array_namespace(u), (place_once(matrix, like=u) for matrix in matrices)
    columns_done = matmul(xp.reshape(u, (-1, shape(u)[-1])), columns)  # one product for all maps
    return matmul(rows, xp.reshape(columns_done, (*shape(u)[:-1], shape(columns)[1])))
