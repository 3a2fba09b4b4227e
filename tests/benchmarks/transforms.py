"""Ways to scatter images, to make the filters, and to do nothing but the Fourier transforms that it takes."""

import math
from functools import partial

import numpy as np

from collapse_theory.arrays import is_numpy_array, numpy_view, to_library
from collapse_theory.fourier import fft2, inverse_sum
from collapse_theory.machine.cores import cores, on_cores
from collapse_theory.scattering import scatter
from collapse_theory.scattering.scatter_filters import scatter_filters
from collapse_theory.torus import padded_shape
from collapse_theory.wavelets import morlet_bank
from collapse_theory.wavelets.filterbank import designed_bank
from tests.peers import kymatio_front_end

__all__ = ["filters", "kymatio", "kymatio_filters", "scattering", "scipy_chunks", "transforms_alone"]

PI = 3.1415  # theirs
ANGLES = 8
_AT_ONCE = 64  # planes of a transform


def images(sizes):
    """White noise in single precision."""
    return np.random.default_rng(0).normal(size=sizes).astype(np.float32)


def scattering(on, sizes, scales, order):
    x = to_library(images(sizes), on)
    return lambda: scatter(x, scales, order=order, pi=PI)


def kymatio(on, sizes, scales, order):
    transform = kymatio_front_end(on)(J=scales, shape=sizes[-2:], L=ANGLES, max_order=order)
    x = to_library(images(sizes), on)
    transform = transform.to(x.device) if hasattr(transform, "to") else transform
    return lambda: transform(x)


def scipy_chunks(on, sizes, scales, order):
    """A careful plain program: chunks that fit in a cache, all filters at once, aliases folded before the inverse."""
    import scipy.fft

    fft2, ifft2 = (partial(function, workers=cores()) for function in (scipy.fft.fft2, scipy.fft.ifft2))
    padded = padded_shape(sizes[-2:], scales)
    bank = morlet_bank(padded, scales, ANGLES, pi=PI)
    psi_hat = bank.psi_hat.reshape(scales, ANGLES, *padded).astype(np.float32)
    low_hat, window = bank.lowpass_hat.astype(np.float32), 2**scales
    before = [(p - side) // 2 for p, side in zip(padded, sizes[-2:], strict=True)]
    widths = [(0, 0), *((b, p - s - b) for b, p, s in zip(before, padded, sizes[-2:], strict=True))]
    x = images(sizes)

    def average(z_hat, step):
        height, width = (side // step for side in padded)
        rows, columns = (np.rint(np.fft.fftfreq(side) * side).astype(int) for side in (height, width))
        s = ifft2(folded(z_hat * low_hat[rows[:, None], columns], window // step)).real
        return s[..., 1:-1, 1:-1]

    def chunk(x):
        x_hat = fft2(np.pad(x, widths, mode="reflect"))
        channels = [average(x_hat[:, None], 1)]
        for scale in range(scales):
            u = np.abs(ifft2(folded(x_hat[:, None] * psi_hat[scale], 2**scale)))
            channels.append(average(fft2(u), 2**scale))
        return np.concatenate(channels, axis=1)

    return lambda: np.concatenate([chunk(x[start : start + 4]) for start in range(0, len(x), 4)])


def folded(z_hat, factor):
    """Mean over the aliases."""
    if factor == 1:
        return z_hat
    height, width = (side // factor for side in z_hat.shape[-2:])
    return z_hat.reshape(*z_hat.shape[:-2], factor, height, factor, width).mean(axis=(-4, -2))


def transforms_alone(on, sizes, scales, order):
    """The Fourier transforms of a scattering transform and nothing else, on arrays that exist already.

    Of NumPy arrays each core takes its share of them, as `scatter` does.
    """
    padded, planes = padded_shape(sizes[-2:], scales), math.prod(sizes[:-2])
    forward, inverse = {0: 1}, {}  # transforms of one image by scale of the grid
    for scale in range(scales):
        inverse[scale] = ANGLES + (scale * ANGLES**2 if order == 2 else 0)
        if order == 2 and scale < scales - 1:
            forward[scale] = forward.get(scale, 0) + ANGLES
    shapes = {scale: (_AT_ONCE, *(side // 2**scale for side in padded)) for scale in range(scales)}
    like = _quickest(to_library(np.zeros(1, np.float32), on))
    workers = cores() if is_numpy_array(like) else 1
    grids = [_zeros(shapes, on) for _ in range(workers)]

    def share(worker):
        real, spectra = grids[worker]
        for function, counts, arrays in ((fft2, forward, real), (inverse_sum, inverse, spectra)):
            for scale, count in counts.items():
                for start in range(worker * _AT_ONCE, count * planes, workers * _AT_ONCE):
                    z = function(arrays[scale][: min(_AT_ONCE, count * planes - start)])
        return z

    return lambda: on_cores(share, range(workers), like)[0]


def _zeros(shapes, on):
    """Real planes by scale, and their spectra: zeros, which a sum in place does not let grow."""
    real = {scale: _quickest(to_library(np.zeros(sizes, np.float32), on)) for scale, sizes in shapes.items()}
    return real, {scale: fft2(planes) for scale, planes in real.items()}


def _quickest(x):
    """The array that transforms of `x` are taken of."""
    view = numpy_view(x)
    return x if view is None else view


def filters(side=224, scales=3, angles=ANGLES):
    """All filters of the transform on all its grids; the output is the wavelets on the finest one."""
    sides = (side, side)

    def run():
        scatter_filters.cache_clear()
        designed_bank.cache_clear()
        scatter_filters(sides, scales, angles, PI)
        return morlet_bank(padded_shape(sides, scales), scales, angles, pi=PI).psi_hat

    return run


def kymatio_filters():
    front_end = kymatio_front_end("numpy")
    return lambda: np.stack([psi["levels"][0] for psi in front_end(J=3, shape=(224, 224), L=ANGLES).psi])
