"""The two halves of a block without skip or with it, each forwards and backwards in few passes over memory.

Maps travel in parts, pixels before images before channels: (P, M, N, B, C), the real and, where there is one, the
imaginary part. What is mixed travels as rows, one a pixel of an image, with all numbers that are mixed side by side.
Neither function can be differentiated twice.
"""

import torch
from torch.autograd.function import once_differentiable

from .products import chunks, gradient_of_matrix, multiply_rows, scratch

__all__ = ["Collapsed", "Mixed", "over_parts"]


class Collapsed(torch.autograd.Function):
    """Wavelets, then their moduli.  (P, M, M, B, C) -> rows (M' M' B, n C), and the mean and variance of each column.

    Columns, C of each:  φx in P parts | with skip: the real parts of ψx, their imaginary parts, |φx| | |ψx|
    The statistics, zeros if `measured` is false, are constants: `Mixed` has their gradients.
    """

    @staticmethod
    def forward(ctx, x, layer, skip, measured):
        parts, side, _, images, channels = x.shape
        after, waves = layer.after, layer.angles
        planes = scratch("first", (after, layer.planes, side, images * channels), x)
        torch.mm(layer.first, x.reshape(parts * side, -1), out=planes.view(-1, side * images * channels))
        shape = (after, after, images)
        features = x.new_empty((*shape, parts + waves + skip * (1 + 2 * waves), channels))
        kept = None if skip else x.new_empty((after, 2 * waves, after, images, channels))
        low = scratch("low", (parts, after, images, channels), x)
        made = scratch("waves", (2 * waves, after, images, channels), x) if skip else None
        moduli = scratch("moduli", (waves, after, images, channels), x)
        statistics = _Statistics(features.view(after, -1, features.shape[3] * channels)) if measured else None
        for row in range(after):
            z = made if skip else kept[row]
            for (reads, writes), matrix in zip(layer.groups, layer.second(), strict=True):
                target = low if writes.start == 0 else z[writes.start - parts : writes.stop - parts]
                torch.mm(matrix, planes[row, reads].flatten(0, 1), out=target.view(len(matrix), -1))
            each = features[row].movedim(2, 0)
            each[:parts] = low
            torch.mul(z[::2], z[::2], out=moduli)
            moduli.addcmul_(z[1::2], z[1::2])
            if skip:
                each[parts : parts + waves], each[parts + waves : parts + 2 * waves] = z[::2], z[1::2]
                each[parts + 2 * waves] = low[0].abs() if parts == 1 else low.square().sum(0).sqrt_()
            torch.sqrt(moduli, out=each[-waves:])
            if measured:
                statistics.add(row)
        rows = features.view(after * after * images, -1)
        mean, variance = statistics.read() if measured else (x.new_zeros(()), x.new_zeros(()))
        ctx.save_for_backward(*((features,) if skip else (features, kept)))
        ctx.layer, ctx.parts, ctx.skip = layer, parts, skip
        ctx.mark_non_differentiable(mean, variance)
        ctx.set_materialize_grads(False)
        return rows, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, *_):
        layer, parts, skip, features = ctx.layer, ctx.parts, ctx.skip, ctx.saved_tensors[0]
        after, _, images, count, channels = features.shape
        side, waves = layer.side, layer.angles
        gradient = gradient.reshape(features.shape)
        back = scratch("first", (after, layer.planes, side, images * channels), features)
        inner = scratch("inner", (parts + 2 * waves, after, images, channels), features)
        slopes = scratch("moduli", (waves, after, images, channels), features)
        for row in range(after):
            each, to = features[row].movedim(2, 0), gradient[row].movedim(2, 0)
            low, z = inner[:parts], inner[parts:]
            _divide(to[-waves:], each[-waves:], out=slopes)
            if skip:
                real, imaginary = each[parts : parts + waves], each[parts + waves : parts + 2 * waves]
                torch.addcmul(to[parts : parts + waves], slopes, real, out=z[::2])
                torch.addcmul(to[parts + waves : parts + 2 * waves], slopes, imaginary, out=z[1::2])
                slope = _divide(to[parts + 2 * waves], each[parts + 2 * waves], out=slopes[0])
                torch.addcmul(to[:parts], slope, each[:parts], out=low)
            else:
                low.copy_(to[:parts])
                torch.mul(slopes, ctx.saved_tensors[1][row][::2], out=z[::2])
                torch.mul(slopes, ctx.saved_tensors[1][row][1::2], out=z[1::2])
            _add_back(back[row], inner, layer)
        x = layer.first.T @ back.view(len(layer.first), -1)
        return x.view(parts, side, side, images, channels), None, None, None


def _divide(gradient, modulus, *, out):
    """gradient / modulus, and something finite where the modulus is 0: no square root of a number is as small."""
    least = 1e-24 if modulus.dtype == torch.float32 else 1e-170
    torch.clamp(modulus, min=least, out=out)
    return torch.div(gradient, out, out=out)


def _add_back(planes, inner, layer):
    """The adjoint of the second product, of one row of pixels."""
    reached = set()
    for (reads, writes), matrix in zip(layer.groups, layer.second(), strict=True):
        target, wanted = planes[reads].flatten(0, 1), set(range(reads.start, reads.stop))
        source = inner[writes].view(len(matrix), -1)
        if wanted & reached:
            for plane in wanted - reached:
                planes[plane].zero_()
            target.addmm_(matrix.T, source)
        else:
            torch.mm(matrix.T, source, out=target)
        reached |= wanted


class _Statistics:
    """Mean and variance of each column, from sums about a value near the mean, so that no digits cancel."""

    def __init__(self, rows):
        self.rows, self.count = rows, len(rows) * rows.shape[1]
        self.sums, self.squares = rows.new_zeros(rows.shape[2]), rows.new_zeros(rows.shape[2])

    def add(self, row):
        """One row of pixels."""
        rows = self.rows[row]
        if row == 0:
            self.near = rows.mean(0)
        difference = torch.sub(rows, self.near, out=scratch("difference", rows.shape, rows))
        self.sums += difference.sum(0)
        self.squares += difference.square_().sum(0)

    def read(self):
        """(mean, variance)."""
        offset = self.sums / self.count
        return self.near + offset, (self.squares / self.count - offset.square()).clamp_(min=0)


def over_parts(values, parts):
    """Of each channel the sum over its one or two parts, at each of them.  (n,) -> (n,).

    parts : ((channels, whether complex), ..) in the order of the columns: real parts of all channels, then imaginary
    """
    pieces = values.split([count * (1 + complex) for count, complex in parts])
    return torch.cat(
        [
            piece.view(2, -1).sum(0).repeat(2) if complex else piece
            for piece, (_, complex) in zip(pieces, parts, strict=True)
        ]
    )


class Mixed(torch.autograd.Function):
    """Rows standardised, mixed, and divided by their norm.

        u = W (x − m) / √(v + ε),    y = u / √(|u|² + ε')

    rows : (N, n)
    matrix : W, real, (Q K, n), the K real parts of the answers first, if Q = 2 then their imaginary ones
    mean, variance : m and v, (n,); those of these rows if `measured`, of which y is then also a function
    parts : as `over_parts`

    Returns (Q, N, K).
    """

    @staticmethod
    def forward(ctx, rows, matrix, mean, variance, settings):
        scale = torch.rsqrt(variance + settings.epsilon)
        folded = matrix * scale
        shift, count, outputs = folded @ mean, settings.answers, len(matrix) // settings.answers
        y, inverse = rows.new_empty((count, len(rows), outputs)), rows.new_empty((len(rows), 1))
        for part in chunks(len(rows)):
            mixed = multiply_rows(rows[part], folded, half=settings.half).sub_(shift)
            energy = torch.mul(mixed, mixed, out=scratch("energy", mixed.shape, mixed)).sum(1, keepdim=True)
            torch.rsqrt(energy.add_(settings.least), out=inverse[part])
            for each, numbers in zip(y, mixed.split(outputs, 1), strict=True):
                torch.mul(numbers, inverse[part], out=each[part])
        ctx.save_for_backward(rows, matrix, mean, scale, y, inverse)
        ctx.settings = settings
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        rows, matrix, mean, scale, y, inverse = ctx.saved_tensors
        settings, outputs = ctx.settings, y.shape[2]
        mixed = scratch("mixed", (len(rows), len(matrix)), rows)
        for part in chunks(len(rows)):
            energy = 0
            for to, each in zip(gradient[:, part], y[:, part], strict=True):
                product = torch.mul(to, each, out=scratch("energy", each.shape, each))
                energy = product.sum(1, keepdim=True) + energy
            for to, each, out in zip(gradient[:, part], y[:, part], mixed[part].split(outputs, 1), strict=True):
                torch.addcmul(to, each, energy, value=-1, out=out)
            mixed[part] *= inverse[part]
        total, folded = mixed.sum(0), matrix * scale
        of_folded = gradient_of_matrix(mixed, rows, half=settings.half).addr_(total, mean, alpha=-1)
        if not ctx.needs_input_grad[0]:
            return None, of_folded * scale, None, None, None
        slope = shift = None
        if settings.measured:
            of_scale = over_parts((of_folded * matrix).sum(0), settings.parts)
            slope = -of_scale * scale**3 / len(rows)
            shift = -(folded.T @ total) / len(rows) - slope * mean
        answer = torch.empty_like(rows)
        for part in chunks(len(rows)):
            back = multiply_rows(mixed[part], folded.T.contiguous(), half=settings.half)
            if settings.measured:
                torch.addcmul(back, rows[part], slope, out=answer[part])
                answer[part] += shift
            else:
                answer[part] = back
        return answer, of_folded * scale, None, None, None
