"""A bank of filters on a grid: centre and spread of each, their Littlewood-Paley sum, the tight bank."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ..arguments import check_choice
from ..torus import at_opposite_frequencies, frequencies, image_shape
from .morlet import Morlet, gaussian_hat, morlet_hat, without_tail

__all__ = ["Design", "FilterBank", "designed_bank", "frozen"]

_SMALLEST_SUM = 3e-2  # of the maximum of the Littlewood-Paley sum: the inverse then amplifies noise by 6 at most


@dataclass(frozen=True)
class Design:
    """What a bank is made of, so that it can be made again on another grid."""

    wavelets: tuple[Morlet, ...]
    lowpass_sigma: float
    pi: float


@dataclass(frozen=True, eq=False)
class FilterBank:
    """Band-pass filters and one low-pass, known by their Fourier transforms on an H x W torus.

    filters_hat : (1 + K, H, W) NumPy array, real or complex: the low-pass φ̂, then the wavelets ψ̂_k
    scale : (K,) octave of each wavelet
    angle : (K,) direction of each wavelet, in radians
    circle : "half" if the wavelets cover one of ω and −ω (enough for real images), "full" if both
    tight_for : None, "real" or "complex": the signals whose energy the transform keeps
    design : a `Design`, of which the bank can be made on another grid, or None

    Its arrays are read-only, so that what is derived from a bank is computed once. An array that is writable, or a view
    of another, is copied.
    Raises TypeError if one is not a NumPy array of numbers, ValueError if shapes do not fit or a value is not finite.
    """

    filters_hat: np.ndarray
    scale: np.ndarray
    angle: np.ndarray
    circle: str = "full"
    tight_for: str | None = None
    design: Design | None = None

    def __post_init__(self):
        check_choice("circle", self.circle, ("half", "full"))
        for name in ("filters_hat", "scale", "angle"):
            values = getattr(self, name)
            if not isinstance(values, np.ndarray) or values.dtype.kind not in "iufc":
                got = getattr(values, "dtype", type(values).__name__)
                raise TypeError(f"{name}: expected a NumPy array of numbers, got {got}")
        if self.filters_hat.ndim != 3 or len(self) < 1 or 0 in self.shape:
            raise ValueError(f"filters_hat: expected shape (1 + K, H, W), K at least 1, got {self.filters_hat.shape}")
        for name in ("scale", "angle"):
            if getattr(self, name).shape != (len(self),):
                raise ValueError(f"{name}: expected shape {(len(self),)}, got {getattr(self, name).shape}")
        if wrong := np.sum(~np.isfinite(self.filters_hat)):
            raise ValueError(f"filters_hat: expected finite values, got {wrong} NaN or infinite ones")
        for name in ("filters_hat", "scale", "angle"):
            values = getattr(self, name)
            if values.flags.writeable or values.base is not None:
                object.__setattr__(self, name, frozen(values.copy()))

    def __setstate__(self, state):
        """A bank that was copied or unpickled is as read-only as the first."""
        for name, value in state.items():
            object.__setattr__(self, name, frozen(value) if isinstance(value, np.ndarray) else value)

    def __len__(self):
        return self.filters_hat.shape[0] - 1

    def __repr__(self):
        height, width = self.shape
        tight = f", tight for {self.tight_for} signals" if self.tight_for else ""
        return f"<FilterBank: {len(self)} wavelets on {height} x {width}, {self.circle} circle{tight}>"

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.filters_hat.shape[1:]

    @property
    def psi_hat(self) -> np.ndarray:
        """(K, H, W): the wavelets."""
        return self.filters_hat[1:]

    @property
    def lowpass_hat(self) -> np.ndarray:
        """(H, W)."""
        return self.filters_hat[0]

    def at(self, shape: tuple[int, int] | int) -> "FilterBank":
        """The same bank on another grid, tight if this one is.  Raises ValueError if it has no design."""
        shape = image_shape(shape)
        if shape == self.shape:
            return self
        if self.design is None:
            raise ValueError(
                f"shape: {self!r} was given by its values and cannot be redesigned on {shape}, expected {self.shape}; "
                "`cascade` takes a list of banks, one per layer"
            )
        return designed_bank(self.design, shape, self.circle, self.tight_for)

    def center(self, unwrapped: bool = True) -> np.ndarray:
        """Mean frequency ξ of each wavelet under |ψ̂|², (K, 2) in rad/sample.

        unwrapped : measure frequencies modulo 2π around the spectral peak, right for shifts by whole samples;
            False: on [−π, π)², what shifts between samples need
        """
        return self._moments(unwrapped)[0]

    def covariance(self, unwrapped: bool = True) -> np.ndarray:
        """Covariance S of the frequency under |ψ̂|², (K, 2, 2) in (rad/sample)². Arguments as `center`."""
        return self._moments(unwrapped)[1]

    def spread(self, unwrapped: bool = True) -> np.ndarray:
        """Spread σ = √(Tr S) of each wavelet around its centre, (K,) in rad/sample. Arguments as `center`."""
        return np.sqrt(np.trace(self.covariance(unwrapped), axis1=1, axis2=2))

    def _moments(self, unwrapped):
        density = np.abs(self.psi_hat.reshape(len(self), -1)) ** 2
        density /= density.sum(axis=1, keepdims=True)
        w = np.broadcast_to(frequencies(self.shape).reshape(-1, 2), (*density.shape, 2))
        if unwrapped:
            peak = w[0][np.argmax(density, axis=1)][:, None]
            w = peak + (w - peak + np.pi) % (2 * np.pi) - np.pi
        center = np.sum(density[..., None] * w, axis=1)
        offset = w - center[:, None]
        return center, np.matmul((density[..., None] * offset).transpose(0, 2, 1), offset)

    def littlewood_paley(self, signals: str = "real") -> np.ndarray:
        """Littlewood-Paley sum, (H, W): the factor by which the transform multiplies the energy at each frequency.

        complex signals   LP(ω) = |φ̂(ω)|² + Σ_k |ψ̂_k(ω)|²
        real signals      the mean of LP(ω) and LP(−ω)

        signals : "real" or "complex"

        Raises ValueError for any other.
        """
        check_choice("signals", signals, ("real", "complex"))
        energy = np.sum(np.abs(self.filters_hat) ** 2, axis=0)
        return energy if signals == "complex" else (energy + at_opposite_frequencies(energy)) / 2

    def tight(self, signals: str = "real") -> "FilterBank":
        """The bank divided by √LP: its transform keeps the energy of every `signals` image, and can be inverted.

        signals : "real" or "complex"

        Returns a FilterBank, the same at every call.
        Raises ValueError, naming the frequency, where the sum is under 3e-2 of its maximum: the division would amplify
        what the bank does not see.
        """
        return _tight(self, signals)


@lru_cache(maxsize=64)
def _tight(bank, signals):
    energy = bank.littlewood_paley(signals)
    if energy.min() < _SMALLEST_SUM * energy.max():
        w = frequencies(bank.shape)[np.unravel_index(np.argmin(energy), energy.shape)]
        raise ValueError(
            f"signals: {bank!r} cannot be made tight for {signals} signals: at frequency ({w[0]:.3f}, {w[1]:.3f}) "
            f"rad/sample its Littlewood-Paley sum is {energy.min() / energy.max():.1e} of the maximum, "
            f"expected at least {_SMALLEST_SUM:.0e}"
        )
    return replace(bank, filters_hat=frozen(bank.filters_hat / np.sqrt(energy)), tight_for=signals)


@lru_cache(maxsize=64)
def designed_bank(design, shape, circle, tight_for):
    """The bank of a design on a grid, made once and shared by everyone who asks for it.

    Raises ValueError if the low-pass is wider than the grid: at J scales, if 2^J exceeds the shorter side.
    """
    least = design.lowpass_sigma / 0.4
    if min(shape) < least * (1 - 1e-9):
        raise ValueError(
            f"scales: too many for this grid: a low-pass of {design.lowpass_sigma:g} samples needs sides of at least "
            f"{least:g} samples, got {tuple(shape)}"
        )
    if tight_for:
        return designed_bank(design, shape, circle, None).tight(tight_for)
    filters_hat = np.empty((1 + len(design.wavelets), *shape))
    filters_hat[0] = without_tail(gaussian_hat(Morlet(design.lowpass_sigma, 0.0, 0.0, 1.0), shape, design.pi))
    made = {}
    for filter_hat, wavelet in zip(filters_hat[1:], design.wavelets, strict=True):
        mirror = made.get(replace(wavelet, angle=-wavelet.angle))
        filter_hat[...] = morlet_hat(wavelet, shape, design.pi) if mirror is None else _mirrored(mirror)
        made[wavelet] = filter_hat
    scale, angle = (np.array([getattr(w, name) for w in design.wavelets]) for name in ("scale", "angle"))
    return FilterBank(frozen(filters_hat), scale, angle, circle, design=design)


def frozen(values):
    """A NumPy array, read-only from now on."""
    values.flags.writeable = False
    return values


def _mirrored(values):
    """values(ω_1, −ω_2) on the grid of the FFT: the wavelet of angle −t from that of t.  (H, W) -> (H, W)."""
    return np.roll(values[:, ::-1], 1, axis=1)
