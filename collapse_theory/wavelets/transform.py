"""The wavelet transform, its inverse, amplitude and local phase."""

import math

import numpy as np

from ..arguments import as_floating, as_images
from ..arrays import Array, array_namespace, is_complex, place, shape
from ..contexts import uncompiled
from ..fourier import fft2, ifft2
from .filterbank import FilterBank

__all__ = ["amplitude_and_phase", "inverse_transform", "wavelet_transform"]


@uncompiled
def wavelet_transform(x: Array, bank: FilterBank) -> Array:
    """Wavelet coefficients at full resolution.

        z_0 = x ∗ φ,   z_{1+k} = x ∗ ψ_k

    x : (..., H, W) real or complex
    bank : FilterBank on the same H x W

    Returns (..., 1 + K, H, W) complex, where and as precise as `x`.
    Raises ValueError if the bank lives on another grid.
    Memory: twice the result.

        >>> bank = wavelets.morlet_bank((32, 32), scales=2, angles=4)
        >>> wavelets.wavelet_transform(np.zeros((5, 32, 32)), bank).shape  # low-pass first
        (5, 9, 32, 32)
    """
    x = as_images(x)
    _check_grid("x", x, bank)
    return ifft2(fft2(x)[..., None, :, :] * place(bank.filters_hat, like=x))


@uncompiled
def inverse_transform(z: Array, bank: FilterBank) -> Array:
    """The image whose wavelet coefficients are `z`: the adjoint of a tight transform.

        x = Σ_k z_k ∗ ψ̃_k,   ψ̃_k(u) = conj ψ_k(−u), the low-pass included

    z : (..., 1 + K, H, W) complex
    bank : FilterBank, tight for "complex" signals; or for "real" ones, and then x must have been real

    Returns (..., H, W): complex, or real for a bank tight for "real".
    Raises ValueError if the bank is not tight or `z` has another shape.

        >>> bank = wavelets.morlet_bank((32, 32), scales=2, angles=4).tight("real")
        >>> x = np.random.default_rng(0).normal(size=(32, 32))
        >>> bool(np.allclose(wavelets.inverse_transform(wavelets.wavelet_transform(x, bank), bank), x))
        True
    """
    z = as_images(z, "z", least_axes=3)
    _check_grid("z", z, bank)
    if shape(z)[-3] != 1 + len(bank):
        raise ValueError(f"z: expected shape (..., {1 + len(bank)}, H, W) for {bank!r}, got {shape(z)}")
    if bank.tight_for is None:
        raise ValueError(f"bank: expected a tight bank, whose adjoint is its inverse, got {bank!r}; use bank.tight()")
    xp = array_namespace(z)
    x = ifft2(xp.sum(fft2(z) * place(np.conj(bank.filters_hat), like=z), axis=-3))
    return xp.real(x) if bank.tight_for == "real" else x


def amplitude_and_phase(z: Array) -> tuple[Array, Array]:
    """Polar form of wavelet coefficients, z = |z| e^{i arg z}.

    z : (...) complex or real

    Returns |z| and arg z in (−π, π] radians, both (...) real; the phase of 0 is 0.
    Raises TypeError as `as_floating`.
    """
    z = as_floating(z, "z")
    xp = array_namespace(z)
    if is_complex(z):
        return xp.abs(z), xp.atan2(xp.imag(z), xp.real(z))
    return xp.abs(z), xp.where(z < 0, math.pi + xp.zeros_like(z), xp.zeros_like(z))


def _check_grid(name, x, bank):
    if not isinstance(bank, FilterBank):
        raise TypeError(f"bank: expected a FilterBank, got {type(bank).__name__}")
    if shape(x)[-2:] != bank.shape:
        raise ValueError(
            f"{name}: expected the grid {bank.shape} of the bank, got shape {shape(x)}; "
            f"bank.at({shape(x)[-2:]}) is the bank for it"
        )
