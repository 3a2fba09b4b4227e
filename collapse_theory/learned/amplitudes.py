"""What the non-linearities of the networks make of the amplitude of a number, and what follows for its parts.

Each but the identity and the phase harmonic turns z = |z| e^{iα} into h(|z|), or into z h(|z|) / (|z| + 1e-6), so that
real numbers are enough for all of them.
"""

import torch

from .layers import SOFTENING

__all__ = ["COLLAPSES", "answers_of"]

_AMPLITUDES = {
    "phase collapse": lambda r: r,
    "phase collapse beyond": lambda r, threshold: torch.relu(r - threshold),
    "soft threshold": lambda r, threshold: torch.relu(r + SOFTENING - threshold),
    "tanh": torch.tanh,
    "sigmoid": lambda r, gain, bias: torch.sigmoid(gain * r + bias),
    "unit amplitude": torch.sign,
    "compression": lambda r, gain, bias: torch.sigmoid(gain * r.log() + bias),  # e^b r^g / (1 + e^b r^g)
}
"""h of r > 0, with the parameters of the layer in their order."""

COLLAPSES = ("phase collapse", "phase collapse beyond")


def answers_of(name, parts, numbers):
    """The parts of ρ(z), from those of z, by operations that can be differentiated any number of times.

    name : of ρ
    parts : one real tensor, or two of one shape, the real and the imaginary part
    numbers : the parameters of ρ, which broadcast against them
    """
    if name == "identity":
        return parts
    radius = _radius(parts)
    if name == "phase harmonic":  # z² / |z|
        if len(parts) == 1:
            return [radius]
        return [(parts[0].square() - parts[1].square()) / radius, 2 * parts[0] * parts[1] / radius]
    amplitude = _AMPLITUDES[name](radius, *numbers)
    if name in COLLAPSES:
        return [amplitude]
    quotient = amplitude / (radius + SOFTENING)
    return [part * quotient for part in parts]


def _radius(parts):
    """|z| of one or two parts; at 0 the least number whose square is a normal one, so that it has an inverse."""
    energy = sum(part.square() for part in parts)
    return energy.clamp(min=torch.finfo(energy.dtype).tiny).sqrt()
