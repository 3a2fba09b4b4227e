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
        low, z = self._low(x), self._spare("waves") if self.kept is None else self.kept[number]
        self._transform(x, low, z)
        each[:, : self.parts] = low
        if self.skip:
            each[:, self.linear] = low[:, 0].abs() if self.parts == 1 else torch.hypot(low[:, 0], low[:, 1])
        moduli, inverse = _moduli(z)
        each[:, -self.waves :] = moduli
        for half, columns in self._halves():
            if self.skip:
                each[:, columns] = z[:, half::2]
            z[:, half::2].mul_(inverse)

    def differentiate(self, gradient, x, number, *, out):
        """From the gradient of the rows of one group, whose maps are x, that of these maps, into `out`."""
        each = self.features[number].permute(0, 3, 1, 2, 4)
        to = gradient.view(self.features[number].shape).permute(0, 3, 1, 2, 4)
        phases, z = self._phases(x, number), self._spare("gradients")
        slopes = scratch("moduli", z[:, ::2].shape, z).copy_(to[:, -self.waves :])
        for half, columns in self._halves():
            if self.skip:
                z[:, half::2] = to[:, columns]
                z[:, half::2].addcmul_(slopes, phases[:, half::2])
            else:
                torch.mul(slopes, phases[:, half::2], out=z[:, half::2])
        low = scratch("low", to[:, : self.parts].shape, gradient).copy_(to[:, : self.parts])
        if self.skip:
            modulus = each[:, self.linear].clamp(min=torch.finfo(low.dtype).tiny ** 0.5)
            low.addcmul_(each[:, : self.parts], (to[:, self.linear] / modulus)[:, None])
        self._transform_back(low, z, out)

    def _halves(self):
        """0 and 1, of the real and the imaginary parts, with their columns if there is a skip."""
        starts = (self.parts, self.parts + self.waves)
        return [(half, slice(start, start + self.waves)) for half, start in enumerate(starts)]

    def _phases(self, x, number):
        """ψx / |ψx| of one group, as it was kept, or computed again."""
        if self.kept is not None:
            return self.kept[number]
        waves = self._spare("waves")
        self._transform(x, self._low(x), waves)
        inverse = _moduli(waves)[1]
        for half in range(2):
            waves[:, half::2].mul_(inverse)
        return waves


def _moduli(z):
    """|z| and 1 / |z|, finite where z is 0, of real and imaginary parts in turn: (M', 2 l, ..) to (M', l, ..) each."""
    energy, inverse = (scratch(name, z[:, ::2].shape, z) for name in ("moduli", "inverses"))
    torch.mul(z[:, ::2], z[:, ::2], out=energy).addcmul_(z[:, 1::2], z[:, 1::2])
    torch.clamp(energy, min=torch.finfo(z.dtype).tiny, out=inverse).rsqrt_()
    return energy.mul_(inverse), inverse
