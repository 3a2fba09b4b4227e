"""Another Fourier transform: as right as the library's own, and different in its last bits."""

import functools
import sys
import zlib

import numpy as np

from collapse_theory import fourier
from collapse_theory.arrays import is_numpy_array, place, to_host
from collapse_theory.contexts import is_recorded

ULPS = 2  # of each part of a number, or of the root mean square of its plane: what two libraries differ by
TRANSFORMS = ("fft2", "ifft2", "inverse_sum")
_AT_ONCE = 2**11  # numbers: the noise takes no room to speak of, and peaks of memory stay those of the formulas
_DRAWN = np.random.default_rng(20220425).integers(-ULPS, ULPS + 1, 2**16).astype(np.float32)


def install():
    """Perturb every transform of this process, from here on.  To be called before anything has imported one."""
    plain = {name: getattr(fourier, name) for name in TRANSFORMS}
    for module in [module for module in sys.modules.values() if module is not fourier]:
        if any(getattr(module, name, None) is transform for name, transform in plain.items()):
            raise RuntimeError(f"{module.__name__} has imported a Fourier transform before it was perturbed")
    for name, transform in plain.items():
        setattr(fourier, name, _perturbed(transform))


def _perturbed(transform):
    @functools.wraps(transform)
    def with_noise(x):
        z = transform(x)
        if is_numpy_array(z):
            return perturb(z)
        if is_recorded():  # such a tensor holds no numbers, or others than it seems to
            return z
        try:
            host = to_host(z)
        except RuntimeError:  # torch differentiates forward: such a tensor holds no numbers that one could look at
            return z
        return z + place(perturb(host.copy()) - host, like=z)

    return with_noise


def perturb(z):
    """Add -2 .. 2 ulp to both parts of each number, in place: the same whenever the same planes come.

    z : (..., H, W) complex host array

    Returns `z`. A plane of zeros stays one, as in every library.
    """
    contiguous = np.ascontiguousarray(z)
    parts = contiguous.reshape(-1, z.shape[-2] * z.shape[-1]).view(z.real.dtype)
    planes, width = parts.shape
    at_once = max(1, _AT_ONCE // max(1, width))
    with np.errstate(all="ignore"):  # what is not finite stays so
        rms = np.sqrt(2 * np.einsum("ij,ij->i", parts, parts)[:, None] / max(1, width))
        for start in range(0, planes, at_once):
            for left in range(0, width, _AT_ONCE):
                block = parts[start : start + at_once, left : left + _AT_ONCE]
                block += _noise_of(block, rms[start : start + at_once])
    if contiguous is not z:
        z[...] = contiguous
    return z


def _noise_of(block, rms):
    drawn = np.resize(_DRAWN[zlib.crc32(block) % (len(_DRAWN) - _AT_ONCE) :], block.shape)
    return np.finfo(block.dtype).eps * np.maximum(np.abs(block), np.where(np.isfinite(rms), rms, 0)) * drawn
