"""Wavelets of a group of images and their moduli as rows of numbers, and the way back for gradients."""

import torch

from .adjoints import adjoint_pair
from .products import scratch

__all__ = ["Moduli"]

# Numbers of the phases of a block; of more, memory is worth more than to compute the wavelets again on the way back,
# which takes a twelfth of the time of a wide block.
_WORTH_KEEPING = 2**23


class Moduli:
    """Wavelets, then their moduli: maps (G, P, M, M, b, C) to rows (G, M' M' b, n C), a group at a time.

    Columns, C of each:  φx in P parts | with skip: the real parts of ψx, their imaginary parts, |φx| | |ψx|

    layer : WaveletLayer
    settings : `passes.Settings`; if `kept` the phases ψx / |ψx| are, unless they are too many, for the way back
    source : the maps, or (features, phases) of a Moduli that was made before
    """

    def __init__(self, layer, settings, source):
        skip = settings.skip
        self.layer, self.skip, self.statistics = layer, skip, None
        self.wavelets = adjoint_pair(layer, settings.half)
        self.parts, self.waves = 1 + layer.complex, layer.angles
        self.linear = self.parts + skip * 2 * self.waves  # columns before |φx| and |ψx|
        if isinstance(source, tuple):
            self.features, self.phases = source
        else:
            groups, images, channels = len(source), *source.shape[-2:]
            pixels = (groups, layer.after, layer.after, images)
            self.features = source.new_empty((*pixels, self.linear + skip + self.waves, channels))
            kept = settings.kept and 2 * self.waves * self.features[..., 0, :].numel() <= _WORTH_KEEPING
            self.phases = [source.new_empty(shape) for shape in self._shapes(groups)] if kept else []
        self.rows = self.features.flatten(4).flatten(1, 3)

    def room_for_maps(self):
        """An empty tensor for the gradient of the maps."""
        groups, _, _, images, _, channels = self.features.shape
        return self.features.new_empty((groups, self.parts, self.layer.side, self.layer.side, images, channels))

    def make(self, x, number, *, measured):
        """The rows of one group, (P, M, M, b, C); if `measured`, their statistics are taken up."""
        each, first = self.features[number].permute(0, 3, 1, 2, 4), 0
        phases = [p[number] for p in self.phases] or self._spare("phases")
        low = self._low(x)
        self.wavelets.forward(x, low, phases)
        each[:, : self.parts] = low
        if self.skip:
            each[:, self.linear] = low[:, 0].abs() if self.parts == 1 else torch.hypot(low[:, 0], low[:, 1])
        for z in phases:
            at, halves = slice(first, first := first + z.shape[1] // 2), (z[:, ::2], z[:, 1::2])
            moduli, inverse = _moduli(z)
            each[:, -self.waves :][:, at] = moduli
            for start, half in zip((self.parts, self.parts + self.waves), halves, strict=True):
                if self.skip:
                    each[:, start : start + self.waves][:, at] = half
                half.mul_(inverse)
        if measured:
            self.statistics = self.statistics or _Statistics(self.rows)
            self.statistics.add(self.rows[number])

    def differentiate(self, gradient, x, number, *, out):
        """From the gradient of the rows of one group, whose maps are x, that of these maps, into `out`."""
        each = self.features[number].permute(0, 3, 1, 2, 4)
        to = gradient.view(self.features[number].shape).permute(0, 3, 1, 2, 4)
        first, inner = 0, self._spare("waves")
        for phases, z in zip(self._phases(x, number), inner, strict=True):
            at = slice(first, first := first + z.shape[1] // 2)
            slopes = scratch("moduli", z[:, ::2].shape, z).copy_(to[:, -self.waves :][:, at])
            for half, start in enumerate((self.parts, self.parts + self.waves)):
                if self.skip:
                    z[:, half::2] = to[:, start : start + self.waves][:, at]
                    z[:, half::2].addcmul_(slopes, phases[:, half::2])
                else:
                    torch.mul(slopes, phases[:, half::2], out=z[:, half::2])
        low = scratch("low", to[:, : self.parts].shape, gradient).copy_(to[:, : self.parts])
        if self.skip:
            modulus = each[:, self.linear].clamp(min=torch.finfo(low.dtype).tiny ** 0.5)
            low.addcmul_(each[:, : self.parts], (to[:, self.linear] / modulus)[:, None])
        self.wavelets.backward(low, inner, out)

    def _shapes(self, groups):
        """Of the wavelets that each product makes: (G, M', 2 l, M', b, C), real and imaginary part in turn."""
        _, after, _, images, _, channels = self.features.shape
        return [(groups, after, count, after, images, channels) for count in self.wavelets.counts]

    def _phases(self, x, number):
        """ψx / |ψx| of one group, as it was kept, or computed again."""
        if self.phases:
            return [phases[number] for phases in self.phases]
        waves = self._spare("phases")
        self.wavelets.forward(x, self._low(x), waves)
        for z in waves:
            inverse = _moduli(z)[1]
            z[:, ::2].mul_(inverse)
            z[:, 1::2].mul_(inverse)
        return waves

    def _spare(self, name):
        return [scratch(f"{name} {n}", shape[1:], self.features) for n, shape in enumerate(self._shapes(1))]

    def _low(self, x):
        after = self.layer.after
        return scratch("low", (after, self.parts, after, *x.shape[-2:]), x)


def _moduli(z):
    """|z| and 1 / |z|, finite where z is 0, of real and imaginary parts in turn: (M', 2 l, ..) to (M', l, ..) each."""
    energy, inverse = (scratch(name, z[:, ::2].shape, z) for name in ("moduli", "inverses"))
    torch.mul(z[:, ::2], z[:, ::2], out=energy).addcmul_(z[:, 1::2], z[:, 1::2])
    torch.clamp(energy, min=torch.finfo(z.dtype).tiny, out=inverse).rsqrt_()
    return energy.mul_(inverse), inverse


class _Statistics:
    """Mean and variance of each column, from sums about a value near the mean, so that no digits cancel.

    rows : (G, N, n), of which `add` gets one group after the other
    """

    def __init__(self, rows):
        self.count = len(rows) * rows.shape[1]
        self.sums, self.squares = rows.new_zeros(rows.shape[2]), rows.new_zeros(rows.shape[2])
        self.near = None

    def add(self, rows):
        """The rows of one group of images, (N, n)."""
        self.near = rows.mean(0) if self.near is None else self.near
        difference = torch.sub(rows, self.near, out=scratch("difference", rows.shape, rows))
        self.sums += difference.sum(0)
        self.squares += torch.mul(difference, difference, out=difference).sum(0)

    def read(self):
        """(mean, variance)."""
        offset = self.sums / self.count
        return self.near + offset, (self.squares / self.count - offset.square()).clamp_(min=0)
