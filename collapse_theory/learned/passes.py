"""A block of a network, forwards and backwards in few passes over memory.

Maps travel in groups of images that fit in the cache of a processor, and in parts, the real and, where there is one,
the imaginary part: (G, P, M, M, b, C). What is mixed travels as rows, one per pixel of an image, with all numbers that
are mixed side by side.
"""

from dataclasses import dataclass

import torch
from torch.autograd.function import once_differentiable

from . import distributed
from .halves import Halves, Whole
from .layers import RootMeanSquare
from .moduli import Moduli
from .products import chunks, scratch
from .reductions import Reductions

__all__ = ["Passes", "Settings", "over_parts"]

_WORTH_COPYING = 32  # outputs


@dataclass(frozen=True)
class Settings:
    """What `Passes` are to compute.

    parts : ((channels, whether complex), ..) in the order of the columns, of which those of a complex part are first
        the real parts of all its channels, then the imaginary ones
    nonlinearity : name of ρ
    scaled : whether it acts on what was divided by its root mean square
    skip : whether the linear part is mixed too
    measured : whether the statistics are those of these images, of which the output is then also a function; where
        processes are together, of the images of all
    answers : parts of the outputs, real and imaginary
    zeros : whether the matrix is real, of outputs in two parts, so that half of it is zero
    half : whether the product is of bfloat16 numbers
    kept : whether what the way back needs is
    epsilon, least : added to the variance, and to the squared norm
    """

    parts: tuple
    nonlinearity: str
    scaled: bool
    skip: bool
    measured: bool
    answers: int
    zeros: bool
    half: bool
    kept: bool
    epsilon: float
    least: float

    def products(self, outputs):
        """Those with the matrix, without its zeros where the copies that this takes are worth it."""
        return Halves(self.parts, self.half) if self.zeros and outputs >= _WORTH_COPYING else Whole(self.half)


def over_parts(values, parts):
    """Of each channel the sum over its one or two parts, at each of them.  (n,) -> (n,); `parts` as in `Settings`."""
    pieces = values.split([count * (1 + complex) for count, complex in parts])
    return torch.cat(
        [
            piece.view(2, -1).sum(0).repeat(2) if complex else piece
            for piece, (_, complex) in zip(pieces, parts, strict=True)
        ]
    )


class Passes(torch.autograd.Function):
    """Wavelets, a non-linearity, standardisation, mixing, normalisation.  It cannot be differentiated twice.

        u = W (f − m) / √(v + ε),    y = u / √(|u|² + ε')

    x : (G, P, M, M, b, C), from which `Moduli` or `Reductions` makes f
    matrix : W, real, (Q K, n), the K real parts of the outputs first, if Q = 2 then their imaginary ones
    mean, variance : m and v, (n,) each; None for those of these images
    squares : mean squares of what ρ acts on, (planes, C) each, if it is scaled; None for those of these images
    numbers : parameters of ρ, as of `Reductions`

    Returns y, (G, Q, M', M', b, K); m, v and the squares, of which y carries the gradients.
    """

    @staticmethod
    def forward(ctx, x, matrix, mean, variance, squares, layer, settings, *numbers):
        scales = [torch.rsqrt(square + RootMeanSquare.EPSILON) for square in squares or ()]
        made = _rows(layer, settings, x, numbers, scales)
        made.prepare(x)
        for number in range(len(x)):
            made.make(x[number], number, measured=settings.measured)
        if settings.measured:
            mean, variance, ctx.size = distributed.moments(*made.statistics.read(), made.statistics.count)
            variance = over_parts(variance, settings.parts)
        scale, outputs = torch.rsqrt(variance + settings.epsilon), len(matrix) // settings.answers
        folded, rows, products = matrix * scale, made.rows, settings.products(outputs)
        each, shift = rows.shape[1], folded @ mean
        y, inverse = x.new_empty((len(x), settings.answers, each, outputs)), x.new_empty((len(x), each, 1))
        for part in chunks(len(x), each, rows.shape[2]):
            mixed = products.multiply(rows[part].flatten(0, 1), folded).sub_(shift)
            energy = torch.mul(mixed, mixed, out=scratch("energy", mixed.shape, mixed)).sum(1).view(-1, each, 1)
            torch.rsqrt(energy.add_(settings.least), out=inverse[part])
            parts = mixed.view(-1, each, settings.answers, outputs).movedim(2, 1)
            torch.mul(parts, inverse[part][:, None], out=y[part])
        ctx.layer, ctx.settings, ctx.images = layer, settings, x.shape[4]
        ctx.save_for_backward(x, matrix, mean, scale, y, inverse, made.features, made.kept, *numbers, *made.scales)
        ctx.count = len(numbers)
        ctx.mark_non_differentiable(mean, variance, *made.squares)
        ctx.set_materialize_grads(False)
        return y.view(len(x), settings.answers, layer.after, layer.after, -1, outputs), mean, variance, *made.squares

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, *_):
        if gradient is None:
            return (None,) * (7 + ctx.count)
        x, matrix, mean, scale, y, inverse, features, kept, *others = ctx.saved_tensors
        settings, count = ctx.settings, ctx.count
        made = _rows(ctx.layer, settings, (features, kept), others[:count], others[count:])
        mixed, rows = _before_the_norm(gradient.reshape(y.shape), y, inverse), made.rows.flatten(0, 1)
        total, folded, products = mixed.sum(0), matrix * scale, settings.products(y.shape[3])
        of_folded = products.gradient(mixed, rows).addr_(total, mean, alpha=-1)
        answer = made.room_for_maps() if ctx.needs_input_grad[0] else None
        if any(ctx.needs_input_grad[:1] + ctx.needs_input_grad[7:]):
            slope = shift = None
            if settings.measured:
                of_scale, of_mean = distributed.summed(torch.stack([(of_folded * matrix).sum(0), folded.T @ total]))
                slope = -over_parts(of_scale, settings.parts) * scale**3 / ctx.size
                shift = -of_mean / ctx.size - slope * mean
            each = y.shape[2]
            for part in chunks(len(y), each, rows.shape[1]):
                some = slice(part.start * each, part.stop * each)
                back = products.go_back(mixed[some], folded)
                if settings.measured:
                    back.addcmul_(rows[some], slope).add_(shift)
                for number in range(part.start, part.stop):
                    start = (number - part.start) * each
                    out = None if answer is None else answer[number]
                    made.differentiate(back[start : start + each], x[number], number, out=out)
            if answer is not None:
                made.finish(x, answer)
        return answer, of_folded * scale, *(None,) * 5, *made.of_numbers


def _rows(layer, settings, source, numbers, scales):
    """By hand for the phase collapse, which is most used and has the least to compute."""
    if settings.nonlinearity == "phase collapse" and not settings.scaled:
        return Moduli(layer, settings, source)
    return Reductions(layer, settings, source, numbers, scales)


def _before_the_norm(gradient, y, inverse):
    """The gradient of u, as rows (N, Q K), from that of y = u · inverse."""
    groups, answers, each, outputs = y.shape
    mixed = scratch("mixed", (groups * each, answers * outputs), y)
    to = mixed.view(groups, each, answers, outputs).movedim(2, 1)
    for part in chunks(groups, each, answers * outputs):
        product = torch.mul(gradient[part], y[part], out=scratch("energy", y[part].shape, y))
        energy = product.sum(3).sum(1)[..., None]
        for answer in range(answers):  # one at a time: torch is slow where the order of axes differs
            along = torch.mul(y[part, answer], energy, out=product[:, answer])
            torch.sub(gradient[part, answer], along, out=along)
            torch.mul(along, inverse[part], out=to[part, answer])
    return mixed
