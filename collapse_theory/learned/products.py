"""Products of real matrices by the quickest of torch's libraries, and memory for what does not outlive a call."""

import threading

import torch
from torch.nn import functional

__all__ = ["chunks", "gradient_of_matrix", "multiply_rows", "scratch"]

_AT_A_TIME = 2**22  # numbers; memory for more is given back to the system, and fetched again, at each call
_SPARE = threading.local()


def multiply_rows(x, matrix, *, half=False):
    """x matrixᵀ: (N, n), (k, n) -> (N, k).

    On the processor as a convolution with one pixel a row: it goes to oneDNN, which on some processors has twice the
    speed of the library that matrix products go to.
    half : round both to bfloat16 before
    """
    if half:
        x, matrix = x.bfloat16(), matrix.bfloat16()
    if not _by_convolution(x):
        return (x @ matrix.T).to(torch.float32 if half else x.dtype)
    mixed = functional.conv2d(_as_image(x), matrix[:, :, None, None])
    mixed = mixed.permute(0, 2, 3, 1).reshape(len(x), len(matrix))
    return mixed.float() if half else mixed


def gradient_of_matrix(gradient, x, *, half=False):
    """gradientᵀ x: (N, k), (N, n) -> (k, n): the gradient of the matrix of `multiply_rows`.

    oneDNN has it at the full speed where vectors have 512 bits, and at a third of it where they have 256.
    """
    if half:
        return (gradient.bfloat16().T @ x.bfloat16()).float()
    if not (_by_convolution(x) and torch.backends.cpu.get_cpu_capability() == "AVX512"):
        return gradient.T @ x
    shape = (gradient.shape[1], x.shape[1], 1, 1)
    options = ([1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, False])
    backward = torch.ops.aten.convolution_backward
    return backward(_as_image(gradient), _as_image(x), x.new_empty(shape), None, *options)[1].flatten(1)


def _by_convolution(x):
    """Whether oneDNN takes the product: from 16 images on, torch hands a convolution to it whatever the threads."""
    known = (
        x.dtype in (torch.float32, torch.bfloat16) and x.device.type == "cpu" and torch.backends.mkldnn.is_available()
    )
    return known and len(x) % 16 == 0 and len(x) >= 256


def _as_image(x):
    return x.reshape(16, -1, 1, x.shape[1]).permute(0, 3, 1, 2)


def chunks(groups, rows, width):
    """Slices of so many groups of so many rows of so many numbers: of 16 MiB, if one group is not more."""
    step = max(1, _AT_A_TIME // (rows * width))
    return [slice(start, min(start + step, groups)) for start in range(0, groups, step)]


def scratch(name, shape, like):
    """Memory for one call, the same at each call of this name and thread, whatever is in it.

    Memory that is given back and fetched again costs a page fault every 4 KiB, which is as much as the arithmetic. More
    than 16 MiB would be missing where a step needs the most, and is not kept.
    """
    count = torch.Size(shape).numel()
    if like.device.type != "cpu" or count > _AT_A_TIME:
        return like.new_empty(shape)
    spare = _SPARE.__dict__.setdefault((name, like.dtype), like.new_empty(0))
    if spare.numel() < count:
        spare = _SPARE.__dict__[name, like.dtype] = torch.empty(count, dtype=like.dtype)
    return spare[:count].view(shape)
