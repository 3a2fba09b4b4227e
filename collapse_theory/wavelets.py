"""Banks of oriented wavelets; the wavelet transform, its inverse, amplitude and local phase."""

import math

import numpy as np

from .arguments import check_choice, check_count
from .arrays import array_namespace, fft2, floating, ifft2, images, is_complex, place, shape
from .filterbank import Design, FilterBank, designed_bank
from .morlet import Morlet
from .torus import image_shape

__all__ = [
    "STEPS",
    "FilterBank",
    "amplitude_and_phase",
    "crop",
    "inverse_transform",
    "morlet_bank",
    "padded_shape",
    "paper_bank",
    "wavelet_transform",
]

STEPS = ("octave", "half octave", "next half octave")
_PADDING = 2


def morlet_bank(shape, scales, angles, circle="half", pi=math.pi):
    """Morlet wavelets at `scales` octaves and `angles` directions.

        sigma_j = 0.8 · 2^j,  ξ_j = (3π/4) 2^−j,  j = 0 .. J − 1;   slant = 4 / (angles per π)
        low-pass: Gaussian of sigma 0.8 · 2^(J−1)

    shape : (H, W) or one side
    scales : J; 2^J is at most the shorter side
    angles : L, over the half circle or in total over the full one; angle_l = (⌊L/2⌋ − 1 − l) π/L, or 2π/L if full
    circle : "half" or "full"
    pi : the π of the norm

    Returns a FilterBank of J L wavelets, scale slowest.
    Raises ValueError if an argument is out of range.
    Source: Bruna & Mallat (2013); parameters of the published code of Guth, Zarka & Mallat (2022).
    """
    check_count("scales", scales)
    slant = _slant(angles, circle)
    wavelets = [
        Morlet(0.8 * 2**j, 3 * math.pi / 4 / 2**j, t, slant, j) for j in range(scales) for t in _angles(angles, circle)
    ]
    return designed_bank(Design(tuple(wavelets), 0.8 * 2 ** (scales - 1), float(pi)), image_shape(shape), circle, None)


def paper_bank(shape, angles, step="octave", circle="half", pi=math.pi):
    """The bank of one layer of the paper's networks.

    shape : (H, W) of the padded image
    step : "octave"; or "half octave", then "next half octave", which together make one octave
    angles, circle, pi : as `morlet_bank`

    Returns a FilterBank of L wavelets.
    Raises ValueError if the step is unknown, or has no wavelet with so few angles.
    Source: published code of Guth, Zarka & Mallat (2022).
    """
    check_choice("step", step, STEPS)
    sigma, frequency, slant = 0.8, 3 * math.pi / 4, _slant(angles, circle)
    if step == "next half octave":
        if slant >= 2:
            raise ValueError(f"angles: expected more than 2 per π for {step!r}, got {angles} on the {circle} circle")
        sigma, frequency, slant = 0.8 * math.sqrt(1.5), math.pi / math.sqrt(2), math.sqrt(3 * slant**2 / (4 - slant**2))
    lowpass_sigma = 0.8 if step == "octave" else 0.8 / math.sqrt(2)
    scale = 0.5 if step == "next half octave" else 0.0
    wavelets = tuple(Morlet(sigma, frequency, t, slant, scale) for t in _angles(angles, circle))
    return designed_bank(Design(wavelets, lowpass_sigma, float(pi)), image_shape(shape), circle, None)


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
    return x[..., border : x.shape[-2] - border, border : x.shape[-1] - border]


def wavelet_transform(x, bank):
    """Wavelet coefficients at full resolution.

        z_0 = x ∗ φ,   z_{1+k} = x ∗ ψ_k

    x : (..., H, W) real or complex
    bank : FilterBank on the same H x W

    Returns (..., 1 + K, H, W) complex, where and as precise as `x`; at the peak, twice that memory is in use.
    Raises ValueError if the bank lives on another grid.
    """
    x = images(x)
    _check_grid("x", x, bank)
    return ifft2(fft2(x)[..., None, :, :] * place(bank.filters_hat, like=x))


def inverse_transform(z, bank):
    """The image whose wavelet coefficients are `z`: the adjoint of a tight transform.

        x = Σ_k z_k ∗ ψ̃_k,   ψ̃_k(u) = conj ψ_k(−u), the low-pass included

    z : (..., 1 + K, H, W) complex
    bank : FilterBank, tight for "complex" signals; or for "real" ones, and then x must have been real

    Returns (..., H, W): complex, or real for a bank tight for "real".
    Raises ValueError if the bank is not tight or `z` has another shape.
    """
    z = images(z, "z", least_axes=3)
    _check_grid("z", z, bank)
    if z.shape[-3] != 1 + len(bank):
        raise ValueError(f"z: expected shape (..., {1 + len(bank)}, H, W) for {bank!r}, got {shape(z)}")
    if bank.tight_for is None:
        raise ValueError(f"bank: expected a tight bank, whose adjoint is its inverse, got {bank!r}; use bank.tight()")
    xp = array_namespace(z)
    x = ifft2(xp.sum(fft2(z) * place(np.conj(bank.filters_hat), like=z), axis=-3))
    return xp.real(x) if bank.tight_for == "real" else x


def amplitude_and_phase(z):
    """Polar form of wavelet coefficients, z = |z| e^{i arg z}.

    z : (...) complex or real

    Returns |z| and arg z in (−π, π] radians, both (...) real; the phase of 0 is 0.
    """
    z = floating(z, "z")
    xp = array_namespace(z)
    if is_complex(z):
        return xp.abs(z), xp.atan2(xp.imag(z), xp.real(z))
    return xp.abs(z), xp.where(z < 0, math.pi + xp.zeros_like(z), xp.zeros_like(z))


def _slant(angles, circle):
    check_count("angles", angles)
    check_choice("circle", circle, ("half", "full"))
    return 4 / (angles if circle == "half" else angles / 2)


def _angles(angles, circle):
    step = (math.pi if circle == "half" else 2 * math.pi) / angles
    return [(angles // 2 - 1 - index) * step for index in range(angles)]


def _check_grid(name, x, bank):
    if tuple(x.shape[-2:]) != bank.shape:
        raise ValueError(
            f"{name}: expected the grid {bank.shape} of the bank, got shape {shape(x)}; "
            f"bank.at(({x.shape[-2]}, {x.shape[-1]})) is the bank for it"
        )
