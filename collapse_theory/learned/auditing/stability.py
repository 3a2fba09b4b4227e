"""How far the outputs of each layer move when images are moved or deformed, and what first-layer kernels predict.

    change = E|Φ(x_τ) − Φ(x)|² / (2 V),   V = E|Φ(x) − E Φ(x)|²,

which is 1 where a moved image is as far from the image as another image is. Images are moved by one sample along the
rows and along the columns, periodically, and the two are averaged; they are deformed by smooth random fields of half a
sample. A convolution commutes with translations, so that its maps move along: a change is no fault there.

A kernel k on images of spectrum S passes P(ω) = |k̂(ω)|² S(ω), of which the centre ξ and the covariance C are taken
over the half plane of its peak. A translation by τ turns the phase of what it passes by ξ·τ, up to the spread:

    predicted change = 1 − cos(ξ·τ) e^{−τᵀ C τ / 2}

Source: Mallat (2012) for stability; Guth, Zarka & Mallat (2022) for the phase.
"""

import numpy as np
import torch
from torch.nn import functional

from ... import processes, torus
from .calls import watching
from .data import each, forward, rows_of
from .layouts import numbers_of

__all__ = ["AMPLITUDE", "kernels", "stability"]

AMPLITUDE = 0.5  # root mean square displacement, in samples
_SHIFTS = ((0, 1), (1, 0))
_EXACT = 64  # side of images that are deformed exactly; larger ones by cubic interpolation, which is quicker
_AT_ONCE = 16  # images


def stability(network, inputs, layers, among):
    """How far layers move, on some images.

    network : in evaluation
    inputs : images; tensors of four axes are moved, others stay
    layers : {name: Layer}
    among : {name: module} that are watched

    Returns {name: {"translation_change", "deformation_change"}} of squared distances per image, to be divided by 2 V;
    and what the first convolution gives for `kernels`, or None.
    """
    sums, first = {}, _First()

    def see(call):
        layer = layers.get(call.name)
        first.see(call, count)
        if layer is None or layer.reason or call.output.shape[layer.layout.axis] != 4 * count:
            return
        here, down, right, bent = numbers_of(call.output, layer.layout.axis).chunk(4)
        moved = (_distance(down, here) + _distance(right, here)) / 2
        before = sums.get(call.name, (0.0, 0.0, 0))
        sums[call.name] = (before[0] + moved, before[1] + _distance(bent, here), before[2] + count)

    images = len(next(iter(inputs.values() if isinstance(inputs, dict) else inputs)))
    count = 0
    with watching(network, see, among) as begin:
        for start in range(0, images, _AT_ONCE):
            part = rows_of(inputs, slice(start, start + _AT_ONCE))
            count = min(_AT_ONCE, images - start)
            begin()
            first.images(part)
            forward(network, each(part, lambda x, seed=start: _moved(x, seed)))
    names = ("translation_change", "deformation_change")
    found = {name: dict(zip(names, (a / n, b / n), strict=True)) for name, (a, b, n) in sums.items()}
    return found, first


def _moved(x, seed):
    """Images, moved along each axis, and deformed, one after the other."""
    if x.ndim != 4 or not x.is_floating_point() or min(x.shape[-2:]) < 2:
        return torch.cat([x] * 4)
    return torch.cat([x, *(torch.roll(x, shift, (-2, -1)) for shift in _SHIFTS), _deformed(x, seed)])


def _deformed(x, seed):
    height, width = x.shape[-2:]
    options = {"amplitude": AMPLITUDE, "correlation": max(2.0, min(height, width) / 8), "seed": seed}
    (field,) = processes.smooth_displacements(1, (height, width), **options)
    if max(height, width) <= _EXACT:
        numbers = x if x.dtype in (torch.float32, torch.float64) else x.float()
        return torus.deform(numbers, field).real.to(x.dtype)
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    grid = np.stack([columns - field[..., 1], rows - field[..., 0]], -1) / [width - 1, height - 1] * 2 - 1
    grid = torch.as_tensor(grid, dtype=x.dtype, device=x.device).expand(len(x), -1, -1, -1)
    return functional.grid_sample(x, grid, mode="bicubic", padding_mode="reflection", align_corners=True)


def _distance(a, b):
    return float((a.double() - b.double()).square().sum())


class _First:
    """The first convolution that sees the images: its kernels, the images' spectrum, how far each channel moves."""

    def __init__(self):
        self.call = self._spectrum = None
        self.shape, self._images, self._sums = None, None, 0.0
        self.products = self.count = 0

    def images(self, inputs):
        """The next images, before they are moved."""
        self._images = next(iter(inputs.values() if isinstance(inputs, dict) else inputs))

    def see(self, call, count):
        """A call of the network, on the images four times over."""
        fits = isinstance(call.module, torch.nn.Conv2d) and call.module.groups == 1 and call.output.ndim == 4
        if not fits or (self.call is not None and call.name != self.call) or len(call.output) != 4 * count:
            return
        if self._images.ndim != 4 or call.module.in_channels != self._images.shape[1]:
            return
        self.call, self.weight, self.shape = (
            call.name,
            call.module.weight.detach().double().cpu(),
            self._images.shape[-2:],
        )
        here, *moved = call.output.detach().double().chunk(4)
        spectrum = torch.fft.fft2(self._images.double()).cpu()
        self._sums = self._sums + torch.einsum("nchw,ndhw->cdhw", spectrum, spectrum.conj())
        here = here - here.mean((0, 2, 3), keepdim=True)
        moved = [part - part.mean((0, 2, 3), keepdim=True) for part in moved[:2]]
        parts = [(here * part).sum((0, 2, 3)) for part in moved]
        norms = [((here**2).sum((0, 2, 3)) * (part**2).sum((0, 2, 3))).sqrt() for part in moved]
        self.products = self.products + torch.stack([*parts, *norms]).cpu()

    @property
    def spectrum(self):
        """(C, C, H, W) products of the spectra of the colours, over the images."""
        return self._sums


def kernels(first):
    """Rows, one per kernel of the first convolution, or none.

    Each is {"layer", "channel", "center_row", "center_column", "spread", "predicted_change", "measured_change"}: the
    centre in radians per sample, the spread √(Tr C) likewise, both changes averaged over the two shifts.
    """
    if first.call is None:
        return []
    passed, (height, width) = _passed(first), first.shape
    omega = torus.frequencies((height, width))
    correlations = (first.products[:2] / first.products[2:].clamp(min=1e-300)).mean(0).tolist()
    rows = []
    for channel, (power, correlation) in enumerate(zip(passed, correlations, strict=True)):
        if not power.sum() > 0:
            continue
        center, covariance = _center(power, omega)
        turns = [np.cos(center @ tau) * np.exp(-(tau @ covariance @ tau) / 2) for tau in map(np.array, _SHIFTS)]
        rows.append(
            {
                "layer": first.call,
                "channel": channel,
                "center_row": float(center[0]),
                "center_column": float(center[1]),
                "spread": float(np.sqrt(np.trace(covariance))),
                "predicted_change": float(1 - np.mean(turns)),
                "measured_change": 1 - correlation,
            }
        )
    return rows


def _passed(first):
    """(K, H, W) what each kernel passes of the images, without their means."""
    shape, weight = tuple(first.shape), first.weight
    folded = torch.zeros((*weight.shape[:2], *shape), dtype=weight.dtype)
    for row in range(weight.shape[2]):
        for column in range(weight.shape[3]):
            folded[..., row % shape[0], column % shape[1]] += weight[..., row, column]
    hats = torch.fft.fft2(folded).conj()  # a convolution of torch is a correlation
    power = torch.einsum("kchw,cdhw,kdhw->khw", hats, first.spectrum, hats.conj()).real.clamp(min=0)
    power[:, 0, 0] = 0
    return power.numpy()


def _center(power, omega):
    """Mean and covariance of the frequency over the half plane of the peak."""
    flat, omega = power.ravel(), omega.reshape(-1, 2)
    half = flat * np.where(np.abs(omega @ omega[np.argmax(flat)]) < 1e-9, 0.5, omega @ omega[np.argmax(flat)] > 0)
    center = half @ omega / half.sum()
    offsets = omega - center
    return center, (offsets.T * half) @ offsets / half.sum()
