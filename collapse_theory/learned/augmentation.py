"""Random order, mirror images and crops: each a pure function of (seed, epoch, index of the image).

Random numbers are counted, not drawn: those of sample n in an epoch are the four words of 64 bits that block n + 1 of
the generator Philox has, under a key made of seed and epoch. So a run that is stopped and resumed, on another device or
in other batches, sees the same images in the same order. They are taken raw: NumPy promises to keep them, but not what
a `Generator` makes of them.
Source: Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3.
"""

from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional

from ..arguments import check_count

__all__ = ["RANDOM_NUMBERS", "cropped", "order_of_samples", "random_words", "words_of_sample"]

RANDOM_NUMBERS = "Philox 4x64, one block per image"  # a run that began with others is another run


def random_words(count, *, seed, epoch):
    """Four random words of 64 bits for each of `count` samples, on the host: for the order, the mirror, rows, columns.

    seed, epoch : integers, at least 0

    Returns (count, 4) uint64; row n depends on seed, epoch and n alone.
    Raises ValueError if `seed` or `epoch` is out of range.
    """
    check_count("seed", seed, least=0)
    check_count("epoch", epoch, least=0)
    key = np.random.SeedSequence([seed, epoch]).generate_state(2, np.uint64)
    return np.random.Philox(key=key).random_raw((count, 4))


def words_of_sample(index, *, seed, epoch, count):
    """So many more random words of 64 bits for one sample, (count,) uint64: a function of index, seed and epoch alone.

    Raises ValueError as `random_words`.
    """
    check_count("seed", seed, least=0)
    check_count("epoch", epoch, least=0)
    key = np.random.SeedSequence([seed, epoch, 1]).generate_state(2, np.uint64)
    return np.random.Philox(key=key, counter=[0, index, 0, 0]).random_raw(count)


def order_of_samples(count, *, seed, epoch, device="cpu"):
    """The order in which an epoch visits `count` samples: a permutation (count,) int64 on the device.

    Raises ValueError as `random_words`.
    """
    order = np.argsort(random_words(count, seed=seed, epoch=epoch)[:, 0], kind="stable")
    return torch.from_numpy(order).to(device)


def cropped(images, index, *, count, seed, epoch, padding=4, flips="random"):
    """Each image mirrored with probability 1/2, then cut out at random from itself padded with zeros.

        y(u, v) = x̃(u + a − padding, v + b − padding)     a, b uniform in 0 .. 2 padding

    where x̃ is x, or x mirrored left to right, and 0 outside.

    images : (N, C, H, W) of any dtype
    index : (N,) int64 on their device, or a slice: which of `count` samples each one is. It decides a, b and the
        mirror, together with seed and epoch
    padding : samples, on each side
    flips : "random"; "alternating": mirrored in every second epoch, by chance the even or the odd ones; "none"

    Returns (N, C, H, W), same dtype and device.
    Raises ValueError as `random_words`.
    """
    height, width = images.shape[-2:]
    down, right, mirrored = (values[index] for values in _moves(count, seed, epoch, padding, flips, images.device))
    padded = functional.pad(images, (padding,) * 4)
    # All windows of both, which are views: each image is picked, and copied, once.
    windows = torch.stack([padded, padded.flip(-1)]).unfold(3, height, 1).unfold(4, width, 1)
    each = torch.arange(len(images), device=images.device)
    return windows[mirrored, each, :, down, right]


@lru_cache(maxsize=2)  # an epoch takes it once per batch
def _moves(count, seed, epoch, padding, flips, device):
    """For each sample, int64: a and b, 0 .. 2 padding; 1 if it is mirrored, else 0."""
    _, mirrors, *places = random_words(count, seed=seed, epoch=epoch).T
    down, right = (words % np.uint64(2 * padding + 1) for words in places)
    if flips == "alternating":
        mirrors = random_words(count, seed=seed, epoch=0)[:, 1]
    mirrored = (mirrors >= 2**63) ^ (flips == "alternating" and epoch % 2 == 1)
    moves = (down, right, mirrored & (flips != "none"))
    return tuple(torch.from_numpy(values.astype(np.int64)).to(device) for values in moves)
