"""Random order, mirror images and crops as tensor code: each a pure function of (seed, epoch, index of the image).

Random numbers are counted, not drawn: number n of the stream of key k is mix(k + n γ) in 64-bit integers, the generator
SplitMix64, of which every number can be had without the ones before. So a run that is stopped and taken up again, and a
run on another device or with other batches, sees the same images in the same order.
Source: Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators.
"""

import numpy as np
import torch

from ..arguments import check_count

__all__ = ["cropped", "order_of_samples", "random_integers"]

_GAMMA = 0x9E3779B97F4A7C15
_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SHIFTS = (30, 27, 31)
_ORDER, _MIRROR, _ROW, _COLUMN = range(4)


def random_integers(index, *, seed, epoch, stream):
    """64 random bits for each index: a pure function of (seed, epoch, stream, index), the same on every device.

    index : (N,) int64 tensor, at least 0
    seed, epoch : integers, at least 0
    stream : 0 .. 3, which of four independent numbers

    Returns (N,) int64, all different: for one (seed, epoch, stream) the map from index is one-to-one.
    """
    check_count("seed", seed, least=0)
    key = int(np.random.SeedSequence([seed, epoch, stream]).generate_state(1, np.uint64)[0])
    return _mixed(index * _signed(_GAMMA) + _signed(key))


def order_of_samples(count, *, seed, epoch, device="cpu"):
    """The order in which an epoch visits `count` samples: a permutation (count,) int64 on the device."""
    index = torch.arange(count, device=device)
    return torch.argsort(random_integers(index, seed=seed, epoch=epoch, stream=_ORDER))


def cropped(images, index, *, seed, epoch, padding=4):
    """Each image mirrored with probability 1/2, then cut out at random from itself padded with zeros.

        y(u, v) = x̃(u + a − padding, v + b − padding)     a, b uniform in 0 .. 2 padding

    where x̃ is x, or x mirrored left to right, and 0 outside.

    images : (N, C, H, W) of any dtype
    index : (N,) int64, which sample each one is: it decides a, b and the mirror, together with seed and epoch

    Returns (N, C, H, W), same dtype and device.
    """
    height, width = images.shape[-2:]
    draws = [random_integers(index, seed=seed, epoch=epoch, stream=stream) for stream in (_MIRROR, _ROW, _COLUMN)]
    down, right = (_below(2 * padding + 1, bits) - padding for bits in draws[1:])
    rows = down[:, None] + torch.arange(height, device=images.device)
    columns = right[:, None] + torch.arange(width, device=images.device)
    inside = _within(rows, height)[:, None, :, None] & _within(columns, width)[:, None, None, :]
    columns = torch.where((draws[0] < 0)[:, None], width - 1 - columns, columns)
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    each = torch.arange(len(images), device=images.device)[:, None, None]
    picked = images[each, :, rows[:, :, None], columns[:, None, :]]  # (N, H, W, C)
    return picked.permute(0, 3, 1, 2) * inside.to(images.dtype)


def _within(positions, side):
    return (positions >= 0) & (positions < side)


def _below(bound, bits):
    """Random bits as integers 0 .. bound − 1, uniform to 2^-31 bound."""
    return _shifted(bits, 33) % bound


def _mixed(x):
    """The finaliser of SplitMix64, one-to-one on 64-bit integers; products wrap around."""
    for shift, multiplier in zip(_SHIFTS[:2], _MULTIPLIERS, strict=True):
        x = (x ^ _shifted(x, shift)) * _signed(multiplier)
    return x ^ _shifted(x, _SHIFTS[2])


def _shifted(x, bits):
    """x >> bits of the unsigned number: torch's shift repeats the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _signed(number):
    """A number below 2^64 as the signed integer of the same bits."""
    return number - (1 << 64) if number >> 63 else number
