"""The phase collapse, of wavelets of a group of images as rows of numbers, and the way back for gradients."""

import torch

from .products import scratch
from .rows import Rows

__all__ = ["Moduli"]


class Moduli(Rows):
    """`Rows` with ρ(z) = |z|, one part.  What is kept are the phases ψx / |ψx|."""

    def __init__(self, layer, settings, source):
        super().__init__(layer, settings, source, answers=(1, 1))

    def _write(self, x, number, each):
        first, phases = 0, [p[number] for p in self.kept] or self._spare("phases")
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

    def _phases(self, x, number):
        """ψx / |ψx| of one group, as it was kept, or computed again."""
        if self.kept:
            return [phases[number] for phases in self.kept]
        waves = self._spare("phases")
        self.wavelets.forward(x, self._low(x), waves)
        for z in waves:
            inverse = _moduli(z)[1]
            z[:, ::2].mul_(inverse)
            z[:, 1::2].mul_(inverse)
        return waves


def _moduli(z):
    """|z| and 1 / |z|, finite where z is 0, of real and imaginary parts in turn: (M', 2 l, ..) to (M', l, ..) each."""
    energy, inverse = (scratch(name, z[:, ::2].shape, z) for name in ("moduli", "inverses"))
    torch.mul(z[:, ::2], z[:, ::2], out=energy).addcmul_(z[:, 1::2], z[:, 1::2])
    torch.clamp(energy, min=torch.finfo(z.dtype).tiny, out=inverse).rsqrt_()
    return energy.mul_(inverse), inverse
