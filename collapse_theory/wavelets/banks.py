"""Banks of oriented Morlet wavelets: dyadic scales, and the layers of the paper's networks."""

import math

from ..arguments import check_choice, check_count, check_number
from ..torus import image_shape
from .filterbank import Design, FilterBank, designed_bank
from .morlet import Morlet

__all__ = ["STEPS", "directions", "morlet_bank", "paper_bank"]

STEPS = ("octave", "half octave", "next half octave")


def morlet_bank(
    shape: tuple[int, int] | int, scales: int, angles: int, circle: str = "half", pi: float = math.pi
) -> FilterBank:
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
    Memory: the bank keeps (1 + J L) H W numbers in double precision; to make it takes (7 + J L) H W (measured within
    10 %).

        >>> bank = wavelets.morlet_bank((32, 32), scales=2, angles=4)
        >>> bank, bank.psi_hat.shape
        (<FilterBank: 8 wavelets on 32 x 32, half circle>, (8, 32, 32))
        >>> bank.center()[0].round(2), float(bank.spread()[0].round(2))  # radians per sample
        (array([1.75, 1.75]), 1.21)
    """
    check_count("scales", scales)
    slant = _slant(angles, circle)
    wavelets = [
        Morlet(0.8 * 2**j, 3 * math.pi / 4 / 2**j, t, slant, j)
        for j in range(scales)
        for t in directions(angles, circle)
    ]
    return designed_bank(Design(tuple(wavelets), 0.8 * 2 ** (scales - 1), _norm(pi)), image_shape(shape), circle, None)


def paper_bank(
    shape: tuple[int, int] | int, angles: int, step: str = "octave", circle: str = "half", pi: float = math.pi
) -> FilterBank:
    """The bank of one layer of the paper's networks.

    shape : (H, W) of the padded image
    step : "octave"; or "half octave", then "next half octave", which together make one octave
    angles, circle, pi : as `morlet_bank`

    Returns a FilterBank of L wavelets.
    Raises ValueError if the step is unknown, or has no wavelet with so few angles.
    Source: published code of Guth, Zarka & Mallat (2022).

        >>> wavelets.paper_bank(36, angles=4, step="half octave")
        <FilterBank: 4 wavelets on 36 x 36, half circle>
    """
    check_choice("step", step, STEPS)
    sigma, frequency, slant = 0.8, 3 * math.pi / 4, _slant(angles, circle)
    if step == "next half octave":
        if slant >= 2:
            raise ValueError(f"angles: expected more than 2 per π for {step!r}, got {angles} on the {circle} circle")
        sigma, frequency, slant = 0.8 * math.sqrt(1.5), math.pi / math.sqrt(2), math.sqrt(3 * slant**2 / (4 - slant**2))
    lowpass_sigma = 0.8 if step == "octave" else 0.8 / math.sqrt(2)
    scale = 0.5 if step == "next half octave" else 0.0
    wavelets = tuple(Morlet(sigma, frequency, t, slant, scale) for t in directions(angles, circle))
    return designed_bank(Design(wavelets, lowpass_sigma, _norm(pi)), image_shape(shape), circle, None)


def _slant(angles, circle):
    check_count("angles", angles)
    check_choice("circle", circle, ("half", "full"))
    return 4 / (angles if circle == "half" else angles / 2)


def _norm(pi):
    if check_number("pi", pi) <= 0:
        raise ValueError(f"pi: expected a number above 0, got {pi!r}")
    return float(pi)


def directions(angles, circle="half"):
    """Angles of the wavelets of a bank in its order: (⌊L/2⌋ − 1 − l) π/L, or 2π/L on the full circle.

    angles, circle : as `morlet_bank`

    Returns a list of L numbers, in radians.
    Raises ValueError if an argument is out of range.
    """
    check_count("angles", angles)
    check_choice("circle", circle, ("half", "full"))
    step = (math.pi if circle == "half" else 2 * math.pi) / angles
    return [(angles // 2 - 1 - index) * step for index in range(angles)]
