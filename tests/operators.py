"""Operators to try the users' checks on: which obey their law, and which break it where that is hard to see.

A row is a name and a function of images (..., 16, 16); a Lipschitz constant stands beside its function.
"""

import zlib

import numpy as np

from collapse_theory import nonlinearities as n
from collapse_theory import torus
from collapse_theory.fourier import fft2
from collapse_theory.wavelets import morlet_bank, wavelet_transform

SIDE = 16
BANK = morlet_bank(SIDE, 1, 4)
TIGHT = morlet_bank(SIDE, 2, 8, "full").tight("complex")
RANDOM = np.random.default_rng(5)
SHORT_HAT = np.fft.fft2(np.pad(RANDOM.normal(size=(5, 5)), (0, SIDE - 5)))
LOWPASS = np.linalg.norm(torus.frequencies((SIDE, SIDE)), axis=-1) < np.pi / 2


def filtered(x, filter_hat):
    return np.real(torus.convolve(x, filter_hat))


def with_gain(gain, *places):
    gains = np.ones((SIDE, SIDE))
    for place in places:
        gains[place] = gain
    return gains


ONE_PIXEL, ONE_FREQUENCY = with_gain(1.5, (3, 5)), with_gain(1.5, (2, 3), (-2, -3))
_LEFT, _RIGHT = (np.linalg.qr(RANDOM.normal(size=(SIDE**2, SIDE**2)))[0] for _ in range(2))
DENSE = _LEFT @ np.diag([1.5] + [1.0] * (SIDE**2 - 1)) @ _RIGHT


def dense(x):
    return (x.reshape(*x.shape[:-2], -1) @ DENSE.T).reshape(x.shape)


def means(x):
    return np.mean(n.collapse_phase(wavelet_transform(x, TIGHT)), axis=(-2, -1))


def at_a_pixel(x, change):
    """`x`, with one pixel changed."""
    y = x.copy()
    y[..., 3, 5] = change(x[..., 3, 5])
    return y


def in_batches(size, x, gain):
    return gain * x if len(x) == size else x


def in_single(function):
    def computed(x):
        y = function(x.astype(np.complex64 if np.iscomplexobj(x) else np.float32))
        return y.astype(np.complex128 if np.iscomplexobj(y) else np.float64)

    return computed


def disjoint_maxima(x, size=2):
    blocks = x.reshape(*x.shape[:-2], x.shape[-2] // size, size, x.shape[-1] // size, size)
    return blocks.max(axis=(-3, -1))


def sliding_maxima(x):
    return np.max([np.roll(x, (i, j), axis=(-2, -1)) for i in range(-1, 2) for j in range(-1, 2)], axis=0)


def softened(z, size=0.5):
    return size * z / (np.abs(z) + size)


def with_last_bits(function):
    """The function as another processor might compute it: each number off by up to two units in the last place."""

    def computed(x):
        y = function(x)
        random = np.random.default_rng(zlib.crc32(np.ascontiguousarray(x)))
        return y * (1 + 2.0**-52 * random.integers(-2, 3, size=y.shape))

    return computed


def turns(z):
    return np.angle(z) / (2 * np.pi)


# Lipschitz constants, all of them to be reached.
CONSTANTS = {
    "wavelets": (lambda x: wavelet_transform(x, BANK), np.sqrt(BANK.littlewood_paley("real").max())),
    "a short convolution": (lambda x: filtered(x, SHORT_HAT), np.abs(SHORT_HAT).max()),
    "a rectifier": (lambda x: 1.05 * n.rectify(x), 1.05),
    "moduli of a tight bank": (lambda x: n.collapse_phase(wavelet_transform(x, TIGHT)), 1.0),
    "a dense matrix of one large singular value": (dense, 1.5),
    "one frequency": (lambda x: filtered(x, ONE_FREQUENCY), 1.5),
    "one pixel": (lambda x: x * ONE_PIXEL, 1.5),
    "small values": (lambda x: x + 0.5 * np.clip(x, -0.05, 0.05), 1.5),
    "large values": (lambda x: x + 0.5 * np.maximum(np.abs(x) - 8, 0), 1.5),
    "one frequency beside a contraction": (lambda x: 0.9 * filtered(x, ONE_FREQUENCY), 1.35),
    "one pixel beside a contraction": (lambda x: 0.9 * x * ONE_PIXEL, 1.35),
    "one direction beside a contraction": (lambda x: 0.9 * dense(x), 1.35),
    "values beyond 8 beside a contraction": (lambda x: 0.9 * x + 0.3 * np.maximum(np.abs(x) - 8, 0), 1.2),
    "values under 1e-4 beside a contraction": (lambda x: 0.9 * x + 0.3 * np.clip(x, -1e-4, 1e-4), 1.2),
    "values from 2 to 2.01 beside a contraction": (lambda x: 0.9 * x + 0.3 * np.clip(x, 2, 2.01), 1.2),
    "batches of four": (lambda x: in_batches(4, 0.9 * x, 4 / 3), 1.2),
    "maxima of disjoint blocks": (disjoint_maxima, 1.0),
    "maxima of sliding blocks": (sliding_maxima, 3.0),
    "a softened phase": (lambda x: softened(x), 1.0),
    "a softened phase in single precision": (in_single(softened), 1.0),
    "moduli in single precision": (in_single(lambda x: n.collapse_phase(wavelet_transform(x, TIGHT))), 1.0),
}

LAWFUL = {
    "translation invariance": {
        "means of moduli": means,
        "in single precision": in_single(means),
        "beside a large constant": lambda x: 1e9 + np.mean(x, axis=(-2, -1)),
        "exponentials": lambda x: np.mean(np.exp(x), axis=(-2, -1)),
        "moduli of Fourier coefficients after a lowpass": lambda x: np.abs(fft2(torus.convolve(x, LOWPASS))),
    },
    "translation equivariance": {
        "in single precision": in_single(lambda x: n.collapse_phase(wavelet_transform(x, TIGHT))),
        "phases alone": lambda x: n.unit_amplitude(wavelet_transform(x, TIGHT)),
        "maxima of sliding blocks": sliding_maxima,
        "a lowpass, then every second sample": lambda x: torus.subsample(filtered(x, LOWPASS)),
        "exponentials": np.exp,
        "squares": np.square,
        "a large constant": lambda x: 1e9 + x,
    },
    "phase invariance": {
        "moduli": np.abs,
        "in single precision": in_single(np.abs),
        "mostly 0, in single precision": in_single(lambda z: n.collapse_beyond(z, 1.0)),
        "saturated moduli": lambda z: np.tanh(np.abs(z)),
    },
    "phase equivariance": {
        "a softened phase": softened,
        "in single precision": in_single(softened),
        "mostly 0, in single precision": in_single(lambda z: n.soft_threshold(z, 1.0)),
        "a hard threshold": lambda z: np.where(np.abs(z) >= 1, z, 0),
        "phases alone": n.unit_amplitude,
        "phases of wavelets": lambda z: n.unit_amplitude(wavelet_transform(z, TIGHT)),
    },
    "homogeneity": {
        "a rectifier": n.rectify,
        "a rectifier in single precision": in_single(n.rectify),
        "single precision beside double": lambda x: np.stack([in_single(n.rectify)(x), x]),
        "in single precision": in_single(lambda x: n.collapse_phase(wavelet_transform(x, TIGHT))),
        "maxima of sliding blocks": sliding_maxima,
        "norms": lambda x: np.linalg.norm(x, axis=(-2, -1)),
    },
}

BROKEN = {
    "translation invariance": {
        "leaks 1e-6": lambda x: means(x) + 1e-6 * x[..., :1, 0],
        "even samples only": lambda x: np.mean(x[..., ::2, ::2], axis=(-2, -1)),
        "padded by zeros": lambda x: np.mean(np.abs(x[..., 1:, :] - x[..., :-1, :]), axis=(-2, -1)),
        "the border counts 1e-4 more": lambda x: np.mean(x, axis=(-2, -1)) + 1e-4 * np.mean(x[..., 0], axis=-1),
        "maxima of blocks": lambda x: np.mean(disjoint_maxima(x), axis=(-2, -1)),
        "the last pixel": lambda x: x[..., -1, -1],
        "beyond 6": lambda x: np.mean(np.abs(x), axis=(-2, -1)) + np.maximum(x[..., 0, 0] - 6, 0),
        "one pixel beyond 3": lambda x: np.mean(at_a_pixel(x, lambda v: np.where(np.abs(v) > 3, 0, v)), axis=(-2, -1)),
        "beside a large constant": lambda x: 1e9 + x[..., 0, 0],
        "beside a large output": lambda x: np.stack([1e9 + 0 * x[..., 0, 0], x[..., 0, 0]]),
        "by chance": lambda x: np.mean(x, axis=(-2, -1)) + RANDOM.normal(),
        "NaN": lambda x: x[..., 0, 0] * np.nan,
        "another shape": lambda x: x[x != 0],
    },
    "translation equivariance": {
        "maxima of blocks": disjoint_maxima,
        "every second sample of a Gaussian": lambda x: torus.subsample(
            filtered(x, np.exp(-np.sum(torus.frequencies((SIDE, SIDE)) ** 2, -1) / 4))
        ),
        "a lowpass that leaks 1e-6": lambda x: torus.subsample(filtered(x, LOWPASS + 1e-6)),
        "a border of 1e-6": lambda x: x * (1 + 1e-6 * (np.arange(SIDE) == 0)),
        "a bias of 1e-3 at a pixel": lambda x: x + 1e-3 * (ONE_PIXEL - 1),
        "odd shifts": lambda x: x * (-1) ** np.arange(SIDE),
        "period 3": lambda x: x * (1 + 0.1 * (np.arange(SIDE) % 3 == 0)),
        "a mask of 1e-7": lambda x: x * (1 + 2e-7 * (ONE_PIXEL - 1)),
        "one pixel beyond 3": lambda x: at_a_pixel(x, lambda v: np.where(np.abs(v) > 3, 0, v)),
        "one pixel beyond 4.5": lambda x: at_a_pixel(x, lambda v: np.where(np.abs(v) > 4.5, 0, v)),
        "one pixel under 1e-5": lambda x: at_a_pixel(x, lambda v: np.where(np.abs(v) < 1e-5, 0, v)),
        "in batches of four": lambda x: x * ONE_PIXEL if len(x) == 4 else x,
    },
    "phase invariance": {
        "real parts": np.real,
        "bins of 1°": lambda z: np.abs(z) * (1 + 0.1 * (np.floor(360 * turns(z)) % 2)),
        "position in a bin of 1°": lambda z: np.abs(z) * (1 + 0.1 * (360 * turns(z) % 1)),
        "a wave of 1°": lambda z: (1 + 0.1 * np.cos(2 * np.pi * 360 * turns(z))) * np.abs(z),
        "beyond 5": lambda z: np.where(np.abs(z) > 5, np.real(z), np.abs(z)),
        "under 1e-6": lambda z: np.where(np.abs(z) < 1e-6, np.real(z), np.abs(z)),
        "on the real axis": lambda z: np.where(np.imag(z) == 0, 2 * np.abs(z), np.abs(z)),
        "on the negative real axis": lambda z: np.where((np.imag(z) == 0) & (np.real(z) < 0), 0, np.abs(z)),
        "on the imaginary axis": lambda z: np.where(np.real(z) == 0, 2 * np.abs(z), np.abs(z)),
    },
    "phase equivariance": {
        "a bias of 1e-3": lambda z: z + 1e-3,
        "tanh of both parts": lambda z: np.tanh(np.real(z)) + 1j * np.tanh(np.imag(z)),
        "conjugates of 1e-6": lambda z: z + 1e-6 * np.conj(z),
        "zero becomes 1e-3": lambda z: np.where(z == 0, 1e-3, z),
        "both parts cut at 4": lambda z: np.clip(np.real(z), -4, 4) + 1j * np.clip(np.imag(z), -4, 4),
        "beyond 5": lambda z: np.where(np.abs(z) > 5, np.conj(z), z),
        "under 1e-6": lambda z: np.where(np.abs(z) < 1e-6, np.conj(z), z),
        "on the real axis": lambda z: np.where(np.imag(z) == 0, 0, z),
        "phases in bins of 1°": lambda z: np.abs(z) * np.exp(2j * np.pi * np.round(360 * turns(z)) / 360),
    },
    "homogeneity": {
        "a bias of 1e-3": lambda x: x + 1e-3,
        "a softening of 1e-3": lambda x: np.sqrt(x**2 + 1e-6),
        "cut at 6": lambda x: np.clip(x, 0, 6),
        "cut at 12": lambda x: np.clip(x, -12, 12),
        "cut at 20": lambda x: np.clip(x, -20, 20),
        "a norm and 1e-6": lambda x: x / (np.linalg.norm(x) + 1e-6) * np.linalg.norm(x),
        "a threshold of 1e-7": lambda x: n.soft_threshold(x, 1e-7),
        "a dead zone of 1e-5": lambda x: np.where(np.abs(x) < 1e-5, 0, x),
        "in half precision": lambda x: x.astype(np.float16),
        "by powers of 2 alone": lambda x: np.ldexp(np.round(np.frexp(x)[0] * 1024) / 1024, np.frexp(x)[1]),
    },
}

# Deformation: what breaks a constant of 1.2, and what does not.
SHAKEN = {
    "moduli of Fourier coefficients beside means": lambda x: np.concatenate(
        [means(x).ravel(), 0.3 * np.abs(fft2(x)).ravel() / SIDE]
    ),
    "moduli of high frequencies": lambda x: np.abs(fft2(x)) * ~LOWPASS / SIDE,
    "one row of Fourier moduli": lambda x: np.abs(fft2(x))[..., 8, :] / SIDE,
    "a third of the image": lambda x: x / 3,
}
STEADY = {"means": means, "zero": lambda x: 0 * x, "means in single precision": in_single(means)}
