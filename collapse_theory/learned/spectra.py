"""Filters on spectra, followed by a subsampling: all of them in one pass, without what the fold adds up in memory."""

import torch
from torch.autograd.function import once_differentiable

from ..fourier import fft2, ifft2
from ..torus import crop, fold

__all__ = ["filtered"]

_AT_A_TIME = 2**20  # numbers


def filtered(x_hat, filters_hat, factor):
    """x ∗ ψ_l of spectra of padded maps, every `factor`-th sample, 1 or 2, cropped.

        (B, C, H, W), (F, H, W) real -> (B, C, M, N) of the first filter, (B, C, F − 1, M, N) of the others

    Complex products of real filters are taken part by part, and what is folded is added up as it is made. On the
    processor it cannot be differentiated twice.
    """
    if x_hat.device.type == "cpu" and not torch.compiler.is_compiling():
        return _Filtered.apply(x_hat, filters_hat, factor)
    z = crop(ifft2(fold(x_hat[:, :, None] * filters_hat, factor)), 3 - factor)
    return z[:, :, 0], z[:, :, 1:]


class _Filtered(torch.autograd.Function):
    """Planes travel as (N, f, h, f, 2 w): the f x f blocks of the fold, real and imaginary part of a number in turn."""

    @staticmethod
    def forward(ctx, x_hat, filters_hat, factor):
        *leading, height, width = x_hat.shape
        filters = _in_blocks(filters_hat.repeat_interleave(2, -1) / factor**2, factor)
        blocks, sides = _in_blocks(_numbers(x_hat), factor), (height // factor, width // factor)
        answer = blocks.new_empty((len(blocks), len(filters), sides[0], 2 * sides[1]))
        for some in _pieces(blocks):
            for number, each in enumerate(filters):
                _sum_of_products(blocks[some], each, answer[some, number])
        ctx.save_for_backward(filters)
        ctx.shape, ctx.factor = x_hat.shape, factor
        z = crop(ifft2(torch.view_as_complex(answer.view(*leading, len(filters), *sides, 2))), 3 - factor)
        return z[:, :, 0].contiguous(), z[:, :, 1:].contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx, low, waves):
        (filters,), factor = ctx.saved_tensors, ctx.factor
        sides = [side // factor for side in ctx.shape[-2:]]
        gradient = waves.new_zeros((*ctx.shape[:2], len(filters), *sides))
        inside = crop(gradient, 3 - factor)
        inside[:, :, 0], inside[:, :, 1:] = low, waves
        gradient = fft2(gradient).div_(sides[0] * sides[1])
        numbers = _numbers(gradient).view(-1, len(filters), *filters.shape[2::2])
        answer = numbers.new_empty((len(numbers), *filters.shape[1:]))
        for some in _pieces(answer):
            for row in range(factor):
                for column in range(factor):
                    to = answer[some, row, :, column]
                    torch.mul(numbers[some, 0], filters[0, row, :, column], out=to)
                    for number in range(1, len(filters)):
                        to.addcmul_(numbers[some, number], filters[number, row, :, column])
        return torch.view_as_complex(answer.view(*ctx.shape, 2)), None, None


def _numbers(x_hat):
    """Complex planes (.., H, W) as real ones (N, H, 2 W)."""
    return torch.view_as_real(x_hat.contiguous()).view(-1, x_hat.shape[-2], 2 * x_hat.shape[-1])


def _in_blocks(planes, factor):
    return planes.view(len(planes), factor, planes.shape[1] // factor, factor, planes.shape[2] // factor)


def _pieces(planes):
    """Slices of planes that fit in the cache."""
    step = max(1, _AT_A_TIME // planes[0].numel())
    return [slice(start, start + step) for start in range(0, len(planes), step)]


def _sum_of_products(blocks, each, out):
    """Σ of the products of the blocks (N, f, h, f, 2 w) with those of one filter, (f, h, f, 2 w)."""
    factor = len(each)
    torch.mul(blocks[:, 0, :, 0], each[0, :, 0], out=out)
    for row in range(factor):
        for column in range(row == 0, factor):
            out.addcmul_(blocks[:, row, :, column], each[row, :, column])
