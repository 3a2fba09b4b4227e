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
    """Wavelets, then their moduli.  (G, P, M, M, b, C) -> rows (G M' M' b, n C), the mean and variance of each column.

    Columns, C of each:  φx in P parts | with skip: the real parts of ψx, their imaginary parts, |φx| | |ψx|
    The statistics, zeros if `measured` is false, are constants: `Mixed` has their gradients.
    """

    @staticmethod
    def forward(ctx, x, layer, skip, measured):
        count, parts, _, _, images, channels = x.shape
        after, waves = layer.after, layer.angles
        features = x.new_empty((count, after, after, images, parts + waves + skip * (1 + 2 * waves), channels))
        kept = _waves(layer, x) if skip else _waves(layer, x, kept=count)
        statistics = _Statistics(features.view(count, -1, features.shape[4] * channels)) if measured else None
        for number in range(count):
            each, first, z = features[number].permute(3, 0, 1, 2, 4), 0, [w[number % len(w)] for w in kept]
            low = _forward(layer, x[number], z)
            each[:parts] = low
            if skip:
                last = each[parts + 2 * waves]
                torch.abs(low[0], out=last) if parts == 1 else torch.sqrt(low.square_().sum(0), out=last)
            for real, imaginary in map(_pair, z):
                moduli = torch.mul(real, real, out=scratch("moduli", real.shape, x)).addcmul_(imaginary, imaginary)
                to = slice(first, first := first + len(real))
                torch.sqrt(moduli, out=each[-waves:][to])
                if skip:
                    each[parts : parts + waves][to] = real
                    each[parts + waves : parts + 2 * waves][to] = imaginary
            if measured:
                statistics.add(number)
        mean, variance = statistics.read() if measured else (x.new_zeros(()), x.new_zeros(()))
        ctx.save_for_backward(features, *([] if skip else kept))
        ctx.layer, ctx.parts, ctx.skip = layer, parts, skip
        ctx.mark_non_differentiable(mean, variance)
        ctx.set_materialize_grads(False)
        return features.view(-1, features.shape[4] * channels), mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, *_):
        layer, parts, skip, (features, *kept) = ctx.layer, ctx.parts, ctx.skip, ctx.saved_tensors
        count, _, _, images, _, channels = features.shape
        gradient, waves, side = gradient.reshape(features.shape), layer.angles, layer.side
        answer = features.new_empty((count, parts, side, side, images, channels))
        inner = [w[0] for w in _waves(layer, answer)]
        low = scratch("low", (parts, layer.after, layer.after, images, channels), features)
        for number in range(count):
            each, to = (values[number].permute(3, 0, 1, 2, 4) for values in (features, gradient))
            first = 0
            for place, pair in enumerate(map(_pair, inner)):
                at = slice(first, first := first + len(pair[0]))
                slopes = _divide(to[-waves:][at], each[-waves:][at])
                for half, out in enumerate(pair):
                    if skip:
                        block = slice(parts + half * waves, parts + (half + 1) * waves)
                        torch.addcmul(to[block][at], slopes, each[block][at], out=out)
                    else:
                        torch.mul(slopes, _pair(kept[place][number])[half], out=out)
            if skip:
                slope = _divide(to[parts + 2 * waves], each[parts + 2 * waves])
                torch.addcmul(to[:parts], slope, each[:parts], out=low)
            else:
                low.copy_(to[:parts])
            _backward(layer, low, inner, out=answer[number])
        return answer, None, None, None


def _waves(layer, x, *, kept=None):
    """Room for the wavelets of each group: (1, M', 2 l, M', b, C), of this call alone; or of so many, to be kept."""
    images, channels = x.shape[-2:]
    shapes = [
        (kept or 1, layer.after, (writes.stop - writes.start), layer.after, images, channels)
        for _, writes in layer.groups[1:]
    ]
    if kept is None:
        return [scratch(f"waves {number}", shape, x) for number, shape in enumerate(shapes)]
    return [x.new_empty(shape) for shape in shapes]


def _pair(z):
    """Real and imaginary parts, (l, M', M', b, C) each, of the wavelets of a group."""
    return z[:, ::2].movedim(1, 0), z[:, 1::2].movedim(1, 0)


def _forward(layer, x, waves):
    """The two products of a layer, the second written into `waves`.  Returns the low-pass (P, M', M', b, C)."""
    parts, side, _, images, channels = x.shape
    planes = scratch("planes", (layer.after, layer.planes, side, images * channels), x)
    torch.mm(layer.first, x.reshape(parts * side, -1), out=planes.view(-1, side * images * channels))
    low = scratch("low", (layer.after, parts, layer.after, images, channels), x)
    for (reads, _), matrix, target in zip(layer.groups, layer.second(), (low, *waves), strict=True):
        target = target.view(layer.after, len(matrix), -1)
        torch.bmm(matrix.expand(layer.after, -1, -1), planes[:, reads].flatten(1, 2), out=target)
    return low.movedim(1, 0)


def _backward(layer, low, waves, *, out):
    """The adjoint of `_forward`, of a gradient of the low-pass and of the wavelets."""
    images, channels = low.shape[-2:]
    planes = scratch("planes", (layer.after, layer.planes, layer.side, images * channels), low)
    low, reached = low.movedim(0, 1).reshape(layer.after, -1, images * channels), set()
    for (reads, _), matrix, source in zip(layer.groups, layer.second(), (low, *waves), strict=True):
        wanted, adjoint = set(range(reads.start, reads.stop)), matrix.T.expand(layer.after, -1, -1)
        target, source = planes[:, reads].flatten(1, 2), source.view(layer.after, len(matrix), -1)
        if wanted & reached:
            for plane in wanted - reached:
                planes[:, plane].zero_()
            target.baddbmm_(adjoint, source)
        else:
            torch.bmm(adjoint, source, out=target)
        reached |= wanted
    torch.mm(layer.first.T, planes.view(len(layer.first), -1), out=out.view(layer.first.shape[1], -1))


def _divide(gradient, modulus):
    """gradient / modulus, and something finite where the modulus is 0: no square root of a number is as small."""
    least = 1e-24 if modulus.dtype == torch.float32 else 1e-170
    slopes = torch.clamp(modulus, min=least, out=scratch("moduli", modulus.shape, modulus))
    return torch.div(gradient, slopes, out=slopes)


class _Statistics:
    """Mean and variance of each column, from sums about a value near the mean, so that no digits cancel.

    rows : (G, N, n)
    """

    def __init__(self, rows):
        self.rows, self.count = rows, len(rows) * rows.shape[1]
        self.sums, self.squares = rows.new_zeros(rows.shape[2]), rows.new_zeros(rows.shape[2])

    def add(self, number):
        """The rows of one group of images."""
        rows = self.rows[number]
        if number == 0:
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

    Returns (G, Q, N / G, K), of G groups of rows.
    """

    @staticmethod
    def forward(ctx, rows, matrix, mean, variance, settings):
        scale, groups = torch.rsqrt(variance + settings.epsilon), settings.groups
        folded, each = matrix * scale, len(rows) // groups
        shift, outputs = folded @ mean, len(matrix) // settings.answers
        y = rows.new_empty((groups, settings.answers, each, outputs))
        inverse = rows.new_empty((groups, each, 1))
        for part in chunks(groups, each):
            some = slice(part.start * each, part.stop * each)
            mixed = multiply_rows(rows[some], folded, half=settings.half).sub_(shift)
            energy = torch.mul(mixed, mixed, out=scratch("energy", mixed.shape, mixed)).sum(1).view(-1, each, 1)
            torch.rsqrt(energy.add_(settings.least), out=inverse[part])
            numbers = mixed.view(-1, each, settings.answers, outputs).movedim(2, 1)
            torch.mul(numbers, inverse[part][:, None], out=y[part])
        ctx.save_for_backward(rows, matrix, mean, scale, y, inverse)
        ctx.settings = settings
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        rows, matrix, mean, scale, y, inverse = ctx.saved_tensors
        settings, each = ctx.settings, y.shape[2]
        mixed = scratch("mixed", (len(rows), len(matrix)), rows)
        to = mixed.view(len(y), each, settings.answers, -1).movedim(2, 1)
        for part in chunks(len(y), each):
            product = torch.mul(gradient[part], y[part], out=scratch("energy", y[part].shape, y))
            energy = product.sum((1, 3))[:, None, :, None]
            torch.addcmul(gradient[part], y[part], energy, value=-1, out=to[part]).mul_(inverse[part][:, None])
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
        for part in chunks(len(rows), 1):
            back = multiply_rows(mixed[part], folded.T.contiguous(), half=settings.half)
            if settings.measured:
                torch.addcmul(back, rows[part], slope, out=answer[part])
                answer[part] += shift
            else:
                answer[part] = back
        return answer, of_folded * scale, None, None, None
