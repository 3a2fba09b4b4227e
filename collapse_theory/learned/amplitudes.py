"""What the non-linearities of the networks make of the parts of a number, and the way back for gradients.

Those of `AMPLITUDES` turn z = |z| e^{iα} into h(|z|), or into z h(|z|) / (|z| + 1e-6), so that real numbers are enough.
"""

import torch

from .layers import SOFTENING
from .products import scratch

__all__ = ["COLLAPSES", "answers_of", "gradients_of"]

COLLAPSES = ("phase collapse", "phase collapse beyond")
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


def answers_of(name, parts, numbers, scale=None):
    """The parts of ρ(s z), from those of z, by operations that can be differentiated any number of times.

    name : of ρ
    parts : one real tensor, or two of one shape, the real and the imaginary part
    numbers : the parameters of ρ, which broadcast against them
    scale : s > 0, which does too; None for 1
    """
    if name == "identity":
        return _scaled(parts, scale)
    energy = parts[0].square()
    for part in parts[1:]:
        energy = torch.addcmul(energy, part, part)
    radius = energy.clamp(min=torch.finfo(energy.dtype).tiny).sqrt()
    if name == "phase harmonic":  # z² / |z|
        if len(parts) == 1:
            return _scaled([radius], scale)
        real, imaginary = parts[0].square() - parts[1].square(), 2 * parts[0] * parts[1]
        return _scaled([real / radius, imaginary / radius], scale)
    amplitude = _AMPLITUDES[name](*_scaled([radius], scale), *numbers)
    if name in COLLAPSES:
        return [amplitude]
    quotient = amplitude / (radius + _softening(scale))
    return [part * quotient for part in parts]


def gradients_of(name, parts, numbers, gradients, *, out, scale=None):
    """The gradients of the numbers; those of the parts are written into `out`.

    gradients : of the parts of ρ(s z)
    """
    if name not in _AMPLITUDES:
        inputs = [part.detach().requires_grad_() for part in parts]
        with torch.enable_grad():
            found = torch.autograd.grad(answers_of(name, inputs, numbers, scale), inputs, gradients)
        for part, gradient in zip(out, found, strict=True):
            part.copy_(gradient)
        return []
    # Only h is differentiated by autograd: to have it do the rest takes twice as long.
    spare = {key: scratch(f"{key} of z", parts[0].shape, parts[0]) for key in ("radius", "inverse", "along")}
    energy = torch.mul(parts[0], parts[0], out=spare["radius"])
    for part in parts[1:]:
        energy.addcmul_(part, part)
    radius = energy.clamp_(min=torch.finfo(energy.dtype).tiny).sqrt_()
    inputs = [value.detach().requires_grad_() for value in (radius, *numbers)]
    with torch.enable_grad():
        amplitude = _AMPLITUDES[name](*_scaled(inputs[:1], scale), *inputs[1:])
    if name in COLLAPSES:
        slope, *others = torch.autograd.grad(amplitude, inputs, gradients[0])
        slope = slope / radius
        for part, answer in zip(parts, out, strict=True):
            torch.mul(part, slope, out=answer)
        return others
    inverse = torch.add(radius, _softening(scale), out=spare["inverse"]).reciprocal_()
    along = torch.mul(gradients[0], parts[0], out=spare["along"])
    for gradient, part in zip(gradients[1:], parts[1:], strict=True):
        along.addcmul_(gradient, part)
    slope, *others = torch.autograd.grad(amplitude, inputs, along.mul_(inverse))
    quotient = inverse.mul_(amplitude.detach())
    slope = along.mul_(quotient).sub_(slope).div_(radius)
    for part, gradient, answer in zip(parts, gradients, out, strict=True):
        torch.mul(gradient, quotient, out=answer).addcmul_(part, slope, value=-1)
    return others


def _scaled(parts, scale):
    return parts if scale is None else [part * scale for part in parts]


def _softening(scale):
    """What is added to |z|: s z / (|s z| + ε) is z / (|z| + ε / s)."""
    return SOFTENING if scale is None else SOFTENING / scale
