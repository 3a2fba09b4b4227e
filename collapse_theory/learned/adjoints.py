"""The wavelets of a layer on one group of images in parts, and the way back: by axes, by one matrix, by Fourier.

Maps are (P, M, M, b, C), P = 2 if they are complex, else 1. The low-pass is (M', P, M', b, C), the wavelets are
(M', 2 l, M', b, C), real and imaginary part in turn, in one tensor or in several, one after the other.
"""

import torch

from ..torus import padded_shape
from .products import scratch

__all__ = ["adjoint_pair"]

_COLUMNS = 32  # maps that Fourier transforms at a time: 4 MiB of 116 x 116


def adjoint_pair(layer, half):
    """Of a WaveletLayer: `forward` and `backward` on one group, and the `counts` 2 l of its tensors of wavelets.

    half : round what matrices multiply to bfloat16
    """
    way = _Axes if layer.separable else _Matrix if layer.dense else _Fourier
    return way(layer, half)


class _Products:
    """What the products of both ways by matrices have in common."""

    def __init__(self, layer, half):
        self.layer, self.half = layer, half

    def multiplied(self, values):
        """As products take them: by autocast in bfloat16."""
        return values.bfloat16() if self.half else values


class _Axes(_Products):
    """A product along each axis."""

    def __init__(self, layer, half):
        super().__init__(layer, half)
        self.counts = [writes.stop - writes.start for _, writes in layer.groups[1:]]

    def forward(self, x, low, waves):
        """The wavelets of maps, written into `low` and `waves`."""
        layer, x = self.layer, self.multiplied(x)
        planes = self._planes(x, x.shape[3:].numel())
        rows = planes.view(len(layer.first), -1)
        torch.mm(self.multiplied(layer.first), x.reshape(-1, rows.shape[1]), out=rows)
        for (reads, _), matrix, target in zip(layer.groups, layer.second(), (low, *waves), strict=True):
            matrix, read = self.multiplied(matrix), planes[:, reads].flatten(1, 2)
            written = scratch("written", target.shape, x) if self.half else target
            torch.bmm(matrix.expand(layer.after, -1, -1), read, out=written.view(layer.after, len(matrix), -1))
            if self.half:
                target.copy_(written)

    def backward(self, low, waves, out):
        """The adjoint of `forward`, written into `out`."""
        layer, reached, first = self.layer, set(), self.multiplied(self.layer.first)
        planes = self._planes(first, low.shape[3:].numel())
        for (reads, _), matrix, source in zip(layer.groups, layer.second(), (low, *waves), strict=True):
            source = self.multiplied(source.view(layer.after, len(matrix), -1))
            wanted = set(range(reads.start, reads.stop))
            adjoint = self.multiplied(matrix).T.expand(layer.after, -1, -1)
            target = planes[:, reads].flatten(1, 2)
            if wanted & reached:
                for plane in wanted - reached:
                    planes[:, plane].zero_()
                target.baddbmm_(adjoint, source)
            else:
                torch.bmm(adjoint, source, out=target)
            reached |= wanted
        rows = planes.view(len(first), -1)
        if self.half:
            out.view(-1, rows.shape[1]).copy_(first.T @ rows)
        else:
            torch.mm(first.T, rows, out=out.view(-1, rows.shape[1]))

    def _planes(self, like, columns):
        return scratch("planes", (self.layer.after, self.layer.planes, self.layer.side, columns), like)


class _Matrix(_Products):
    """One product, with the low-pass and the wavelets of every unit image."""

    def __init__(self, layer, half):
        super().__init__(layer, half)
        self.counts = [2 * layer.angles]

    def forward(self, x, low, waves):
        """As of `_Axes`."""
        pixels = self.multiplied(x.flatten(1, 2).flatten(2).transpose(0, 1).flatten(0, 1))  # (M² P, b C)
        for target, matrix in ((low, self.layer.lowpass), (*waves, self.layer.waves)):
            answer = self.multiplied(matrix).T @ pixels
            self._by_part(target).copy_(answer.view(self._by_part(target).shape))

    def backward(self, low, waves, out):
        """As of `_Axes`."""
        total = 0.0
        for source, matrix in ((low, self.layer.lowpass), (*waves, self.layer.waves)):
            gradient = self.multiplied(self._by_part(source)).flatten(0, 3).flatten(1)
            total = total + (self.multiplied(matrix) @ gradient).to(out.dtype)
        parts, side = len(out), self.layer.side
        out.copy_(total.view(side, side, parts, *out.shape[3:]).permute(2, 0, 1, 3, 4))

    def _by_part(self, planes):
        """(M', 2 l, M', b, C) or (M', P, M', b, C) as the columns of the matrices have them, (l, M', M', P, b, C)."""
        parts = 2 if planes.shape[1] > 1 else 1
        return planes.unflatten(1, (-1, parts)).permute(1, 0, 3, 2, 4, 5)


class _Fourier:
    """Products with the filters of spectra, a few maps and one filter at a time."""

    def __init__(self, layer, half):
        self.layer, self.counts = layer, [2 * layer.angles]
        self.padded, self.factor = padded_shape((layer.side, layer.side))[0], 1 + layer.subsample
        before, last = (self.padded - layer.side) // 2, layer.side - 1
        self.inside = slice(before, before + layer.side)
        # Where each padded sample comes from, by reflection without repeating the edge.
        self.source = [last - abs(last - abs(sample - before)) for sample in range(self.padded)]

    def forward(self, x, low, waves):
        """As of `_Axes`."""
        x, (waves,), folded = x.flatten(3), waves, self.padded // self.factor
        targets = [low.flatten(3), *waves.flatten(3).split(2, 1)]
        index = torch.tensor(self.source, device=x.device)
        for some in self._pieces(x):
            maps = x[..., some].index_select(1, index).index_select(2, index)
            spectra = self._blocks(torch.fft.fft2(torch.complex(maps[0], _imaginary(maps)), dim=(0, 1)))
            for target, filter_hat in zip(targets, self._filters(), strict=True):
                z = torch.mul(spectra[0], filter_hat[0], out=scratch("spectrum", spectra[0].shape, x))
                for block, values in zip(spectra[1:], filter_hat[1:], strict=True):
                    z.addcmul_(block, values)
                z = torch.view_as_complex(z.view(folded, folded, -1, 2))
                z = torch.view_as_real(self._kept(torch.fft.ifft2(z, dim=(0, 1))))
                for part in range(target.shape[1]):
                    target[:, part, :, some] = z[..., part]

    def backward(self, low, waves, out):
        """As of `_Axes`."""
        (waves,), out, folded = waves, out.flatten(3), self.padded // self.factor
        sources = [low.flatten(3), *waves.flatten(3).split(2, 1)]
        for some in self._pieces(out):
            columns = out[0, ..., some].shape[-1]
            z = scratch("spectrum", (folded, folded, columns, 2), out).zero_()
            total = scratch("spectra", (self.padded, self.padded, 2 * columns), out)
            blocks = self._blocks(torch.view_as_complex(total.view(self.padded, self.padded, -1, 2)))
            for number, (source, filter_hat) in enumerate(zip(sources, self._filters(), strict=True)):
                inside = self._kept(z)
                for part in range(source.shape[1]):
                    inside[..., part] = source[:, part, :, some]
                gradient = torch.fft.fft2(torch.view_as_complex(z), dim=(0, 1), norm="forward")
                gradient = torch.view_as_real(gradient).flatten(2)
                for block, values in zip(blocks, filter_hat, strict=True):
                    block.addcmul_(gradient, values) if number else torch.mul(gradient, values, out=block)
            maps = torch.fft.ifft2(
                torch.view_as_complex(total.view(*total.shape[:2], -1, 2)), dim=(0, 1), norm="forward"
            )
            maps = self._unreflect(self._unreflect(torch.view_as_real(maps)).transpose(0, 1)).transpose(0, 1)
            for part in range(len(out)):
                out[part, ..., some] = maps[..., part]

    def _filters(self):
        """The low-pass and each wavelet in blocks, each with the share that it has of the fold."""
        layer = self.layer
        for filter_hat in (layer.lowpass, *layer.waves):
            yield self._split(filter_hat[..., None] / self.factor**2)

    def _blocks(self, spectra):
        """Views of the blocks (N / f, N / f, 2 c) of complex spectra (N, N, c), which a subsampling adds up."""
        return self._split(torch.view_as_real(spectra).flatten(2))

    def _split(self, planes):
        return [block for rows in planes.chunk(self.factor) for block in rows.chunk(self.factor, 1)]

    def _kept(self, z):
        """Without the border that the padding has after subsampling."""
        border = 2 // self.factor
        return z[border:-border, border:-border]

    def _pieces(self, maps):
        count = maps.shape[-1]
        return [slice(start, min(start + _COLUMNS, count)) for start in range(0, count, _COLUMNS)]

    def _unreflect(self, maps):
        """The adjoint of the reflection, of the first axis."""
        answer = maps[self.inside]
        for sample, source in enumerate(self.source):
            if not self.inside.start <= sample < self.inside.stop:
                answer[source] += maps[sample]
        return answer


def _imaginary(maps):
    return maps[1] if len(maps) == 2 else torch.zeros_like(maps[0])
