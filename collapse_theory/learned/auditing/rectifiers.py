"""What an activation does: how much is 0, how much of it is even and how much odd, and which part tells classes apart.

    ρ = e + o,   e(a) = (ρ(a) + ρ(−a)) / 2,   o(a) = (ρ(a) − ρ(−a)) / 2

The even part forgets the sign of its input, which is its phase: a phase collapse. The odd part keeps it and changes
the amplitude: a reduction. Of a rectifier, e = |a| / 2 and o = a / 2, so that each has a quarter of the energy of the
input; what they do to class means differs. Source: Guth, Zarka & Mallat (2022).
"""

import torch

from ...separation import ClassMoments
from .layouts import numbers_of
from .sketch import sketch

__all__ = ["PARTS", "Parts", "Zeros", "parts_bytes", "parts_of"]

PARTS = 256  # numbers of the sketch that the class moments of a part are of


def parts_bytes(numbers, classes):
    """What the moments of both parts take."""
    return 2 * ClassMoments.bytes_for(classes, min(numbers, PARTS))


def parts_of(function, a, output=None):
    """(even part, odd part) of an activation at its input."""
    there, opposite = function(a) if output is None else output, function(-a)
    return (there + opposite) / 2, (there - opposite) / 2


class Parts:
    """The even and the odd part of an activation, over a stream of batches."""

    def __init__(self):
        self.energies = {"input": 0.0, "even": 0.0, "odd": 0.0}
        self.moments = {"even": ClassMoments(), "odd": ClassMoments()}

    def add(self, call, axis, labels):
        """One batch of a call; nothing where the input is complex, or has another shape than the output."""
        a = call.inputs[0] if call.inputs and isinstance(call.inputs[0], torch.Tensor) else None
        if a is None or a.shape != call.output.shape or a.is_complex() or call.output.is_complex():
            return
        even, odd = parts_of(call.function, a.detach(), call.output.detach())
        self.energies["input"] += _energy(numbers_of(a, axis))
        for name, part in (("even", even), ("odd", odd)):
            rows = numbers_of(part, axis)
            self.energies[name] += _energy(rows)
            self.moments[name].update(sketch(rows, PARTS), labels)

    def merge(self, other):
        """Add what another has seen."""
        for name, energy in other.energies.items():
            self.energies[name] += energy
        for name, moments in other.moments.items():
            self.moments[name].merge(moments)

    def numbers(self):
        """Plain numbers, or None for each where nothing was seen or no class has two images.

        even_energy, odd_energy : of each part, relative to the energy of the input
        even_fisher, odd_fisher : B / V of each part, without finite-sample bias, of a sketch of 256 numbers
        """
        total = self.energies["input"]
        if not total:
            return dict.fromkeys(("even_energy", "odd_energy", "even_fisher", "odd_fisher"))
        found = {f"{name}_energy": self.energies[name] / total for name in ("even", "odd")}
        for name, moments in self.moments.items():
            few = min(moments.counts) < 2 or not moments.within_class_variance > 0
            found[f"{name}_fisher"] = None if few else moments.unbiased().fisher_trace
        return found


def _energy(rows):
    return float(rows.double().square().sum())


class Zeros:
    """How often each unit is 0, or not above 0, over a stream of outputs."""

    def __init__(self):
        self._zeros = self._low = 0
        self._total = 0

    def add(self, output, units):
        """One batch; `units` is the axis along which they lie."""
        output = output.movedim(units, 0).flatten(1)
        zeros = (output == 0).sum(1).cpu()
        self._zeros, self._total = self._zeros + zeros, self._total + output.shape[1]
        self._low = self._low + (zeros if output.is_complex() else (output <= 0).sum(1).cpu())

    def merge(self, other):
        """Add what another has seen."""
        self._zeros, self._low = self._zeros + other._zeros, self._low + other._low
        self._total += other._total

    @property
    def sparsity(self):
        """(units,) the share of outputs that are not above 0."""
        return self._low.double() / self._total

    def shares(self):
        """{"zeros", "dead_channels"}: of all numbers; of units that are 0 at every place of every image."""
        shares = self._zeros.double() / self._total
        return {"zeros": float(shares.mean()), "dead_channels": float((self._zeros == self._total).double().mean())}
