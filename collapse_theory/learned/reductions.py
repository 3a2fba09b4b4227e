"""Any non-linearity of the networks on wavelets of a group of images, as rows of numbers, and the way back."""

from typing import NamedTuple

import torch

from . import distributed
from .amplitudes import COLLAPSES, answers_of, gradients_of
from .layers import RootMeanSquare
from .products import scratch
from .rows import Rows

__all__ = ["Reductions"]


class _Span(NamedTuple):
    """Where φx, or ψx, goes.

    acted : its place among what ρ acts on
    parts : 2 if it is complex, else 1
    linear, answers : columns of each part, and of each part of ρ; none where they are not mixed
    """

    acted: int
    parts: int
    linear: list
    answers: list

    def split(self, z):
        """The parts (M', l, M', b C) of (M', P l, M', b, C)."""
        return [z[:, part :: self.parts].flatten(3) for part in range(self.parts)]


class Reductions(Rows):
    """`Rows` with any ρ, of what may have been divided by its root mean square.  What is kept are ψx.

    numbers : parameters of ρ on φx, if it acts there, then of ρ on ψx, (planes, C) each
    scales : what φx, if ρ acts there, and ψx are multiplied by before, (planes, C) each; () if by nothing, or if
        `prepare` is to find it

    `differentiate` adds up `of_numbers`, the gradients of the numbers.
    """

    def __init__(self, layer, settings, source, numbers, scales):
        self.name, collapse = settings.nonlinearity, settings.nonlinearity in COLLAPSES
        self.answers = (1, 1) if collapse else (1 + layer.complex, 2)
        super().__init__(layer, settings, source, answers=self.answers)
        self.measures, self.squares, self.spans = settings.measured and settings.scaled, [], self._spans()
        self.numbers, self.of_numbers = [self._spread(n) for n in numbers], [torch.zeros_like(n) for n in numbers]
        self._scale_by(scales)
        self.inner = None

    def prepare(self, x):
        """Find the mean squares of the maps of all groups, and the scales."""
        if not self.measures:
            return
        sums = [self.rows.new_zeros((count, x.shape[-1])) for count in ([1] * self.skip + [self.waves])]
        for number in range(len(x)):
            for z, span in self._acted_on(self._maps(x[number], number, made=False)):
                sums[span.acted] += sum(self._gathered((part * part).sum(0)) for part in span.split(z))
        size = self.rows[..., 0].numel()
        self.squares = [distributed.moments(None, total / size, size)[1] for total in sums]
        self._scale_by([torch.rsqrt(square + RootMeanSquare.EPSILON) for square in self.squares])

    def _write(self, x, number, each):
        for z, span in self._acted_on(self._maps(x, number, made=self.measures)):
            answers = answers_of(self.name, span.split(z), self._numbers(span), self._scale(span))
            for answer, columns in zip(answers, span.answers, strict=True):
                each[:, columns] = self._by_channel(answer)

    def differentiate(self, gradient, x, number, *, out):
        """From the gradient of the rows of one group, whose maps are x, that of these maps, into `out` if there is one.

        If the scales are of these maps, it is `finish` that writes it.
        """
        to, maps = self._by_column(gradient.view(self.features[number].shape)), self._maps(x, number, made=True)
        inner = self._inner(number, maps)
        for z, answer, span in zip(maps, inner, self.spans, strict=True):
            found = span.split(answer)
            if span.answers:
                self._go_back(z, [to[:, columns] for columns in span.answers], span, found)
            for part, columns in zip(found, span.linear, strict=False):
                part, more = self._by_channel(part), to[:, columns]
                part.add_(more) if span.answers else part.copy_(more)
        if out is not None and not self.measures:
            self._transform_back(*inner, out)

    def finish(self, x, out):
        """Write into `out` the gradients of all maps, of which the scales are functions too."""
        if not self.measures:
            return
        size = distributed.total(self.rows[..., 0].numel())
        slopes = [
            self._spread(-(scale**2) * distributed.summed(total) / size)
            for scale, total in zip(self.scales, self.of_scales, strict=True)
        ]
        for number in range(len(x)):
            maps, inner = self._maps(x[number], number, made=True), self._inner(number, ())
            for z, answer, span in zip(maps, inner, self.spans, strict=True):
                if span.answers:
                    for part, from_scale in zip(span.split(answer), span.split(z), strict=True):
                        part.addcmul_(from_scale, slopes[span.acted])
            self._transform_back(*inner, out[number])

    def _go_back(self, z, gradients, span, out):
        """The gradient of the parts of z from those of ρ, into `out`."""
        parts = span.split(z)
        gradients = [scratch(f"to {n}", g.shape, g).copy_(g).flatten(3) for n, g in enumerate(gradients)]
        found = gradients_of(self.name, parts, self._numbers(span), gradients, out=out, scale=self._scale(span))
        for total, value in zip(self._of(self.of_numbers, span), found, strict=True):
            total += self._gathered(value)
        if self.measures:
            product = sum(torch.mul(part, factor) for part, factor in zip(out, parts, strict=True))
            self.of_scales[span.acted] += self._gathered(product.sum(0))

    def _maps(self, x, number, *, made):
        """φx and ψx of one group; `made`: whether its linear columns are, else they are written."""
        each, waves = self._by_column(self.features[number]), self._spare("waves")
        low, waves = self._low(x), waves if self.kept is None else self.kept[number]
        if made and self.kept is not None:
            low.copy_(each[:, : self.parts])
            return low, waves
        self._transform(x, low, waves)
        if not made:
            for z, span in zip((low, waves), self.spans, strict=True):
                for part, columns in zip(span.split(z), span.linear, strict=False):
                    each[:, columns] = self._by_channel(part)
        return low, waves

    def _spans(self):
        """Of φx, and of ψx."""
        low = self._columns(0, 1, self.parts)
        answers = self._columns(self.linear, 1, self.answers[0] if self.skip else 0)
        linear = self._columns(self.parts, self.waves, 2 * self.skip)
        others = self._columns(self.linear + len(answers), self.waves, self.answers[1])
        return _Span(0, self.parts, low, answers), _Span(int(self.skip), 2, linear, others)

    @staticmethod
    def _columns(start, planes, parts):
        return [slice(first, first + planes) for first in range(start, start + parts * planes, planes)]

    def _acted_on(self, maps):
        return [(z, span) for z, span in zip(maps, self.spans, strict=True) if span.answers]

    def _scale(self, span):
        """What the parts are multiplied by, if by anything."""
        return self.spread_scales[span.acted] if self.scales else None

    def _scale_by(self, scales):
        self.scales, self.spread_scales = scales, [self._spread(scale) for scale in scales]
        self.of_scales = [torch.zeros_like(scale) for scale in scales]

    def _inner(self, number, maps):
        """Where the gradients of φx and ψx of a group are written, which stay there until `finish` if it needs them."""
        if not self.measures:
            return [scratch(f"inner {n}", z.shape, z) for n, z in enumerate(maps)]
        self.inner = self.inner or [z.new_empty((len(self.features), *z.shape)) for z in maps]
        return [z[number] for z in self.inner]

    def _numbers(self, span):
        """Parameters of ρ on a tensor."""
        return self._of(self.numbers, span)

    def _of(self, values, span):
        """Of the numbers, or their gradients, those of what a tensor belongs to."""
        count = len(values) // (1 + self.skip)
        return values[span.acted * count :][:count]

    def _spread(self, values):
        """(l, C) values as (l, M', b C), which torch is quicker with than with an axis of C."""
        across = values[:, None, None].expand(-1, 1, self.features.shape[3], -1).flatten(2)
        return across.expand(-1, self.layer.after, -1)

    def _gathered(self, values):
        """The sums (l, C) of (l, M', b C) over all else."""
        return values.sum(1).view(len(values), -1, self.features.shape[-1]).sum(1)

    def _by_channel(self, part):
        return part.unflatten(3, (-1, self.features.shape[-1]))

    @staticmethod
    def _by_column(rows):
        """(M', M', b, n, C) as (M', n, M', b, C)."""
        return rows.permute(0, 3, 1, 2, 4)
