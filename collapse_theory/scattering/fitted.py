"""Layers whose thresholds and gains are chosen from images: one number for each channel of each layer."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from ..arguments import as_images, check_count, check_number
from ..arrays import Array, array_namespace, dense, is_kind, place, place_once, shape, to_host
from ..nonlinearities import LAWS, NONLINEARITIES, identity, named
from ..wavelets import FilterBank
from .cascades import Layer, apply_layer, as_layers
from .mixing import Mixing

__all__ = ["FittedNonlinearity", "fitted", "in_single"]

_THRESHOLDS = ("soft threshold", "phase collapse beyond")


class FittedNonlinearity:
    """A non-linearity on the scale a of each channel: it has the threshold a, or is  a ρ(z / a)  if it has none.

    name : of `nonlinearities.NONLINEARITIES`
    scales : (C, 1 + K) host numbers of at least 0: of the low-pass of each channel, then of its K wavelets; a channel
        of scale 0, which has no value that is not 0, has the scale 1 in a quotient
    """

    def __init__(self, name, scales):
        self.name, self.scales = name, np.array(scales, np.float64)

    def __repr__(self):
        return f"<{self.name}, fitted to {self.scales.shape[0]} channels>"

    def __call__(self, z):
        """(..., C, K, H, W) -> the same shape: the coefficients of the wavelets."""
        return self._on(z, self._parts[1])

    def on_lowpass(self, low):
        """(..., C, 1, H, W) -> the same shape."""
        return self._on(low, self._parts[0])

    def _on(self, z, scale):
        function, scale = NONLINEARITIES[self.name], place_once(scale, z)
        return function(z, scale) if self.name in _THRESHOLDS else scale * function(z / scale)

    @cached_property
    def _parts(self):
        """(low-pass, wavelets), each (C, .., 1, 1) and read-only, to be placed once."""
        scales = self.scales if self.name in _THRESHOLDS else np.where(self.scales > 0, self.scales, 1.0)
        parts = [scales[:, :1, None, None].copy(), scales[:, 1:, None, None].copy()]
        for part in parts:
            part.flags.writeable = False
        return parts


def fitted(
    images: Array,
    bank: FilterBank | list | tuple,
    nonlinearity: Callable | str,
    *,
    depth: int,
    quantile: float = 0.5,
    count: int = 48,
    lowpass: str = "kept",
    boundary: str = "periodic",
    subsample: bool | list | tuple = False,
    mixing: Mixing | np.ndarray | list | tuple | None = None,
    memory: int = 2**28,
) -> list[Layer]:
    """Layers whose thresholds and gains are a quantile of the amplitudes of each channel, on these images only.

        a_{d,k} = quantile of |x_{d−1} ∗ ψ_k(u)| over images and places u
        soft threshold, phase collapse beyond:   ρ of the threshold a_{d,k}
        any other that is not homogeneous:       a_{d,k} ρ(z / a_{d,k}),   and so for tanh, sigmoid, unit amplitude

    so that the representation of t x is t times that of x, whatever the non-linearity. Layer by layer: x_d is what the
    layers fitted so far make of the images.

    images : (N, C, H, W) real or complex, of any library, or `datasets.Batches`
    bank, lowpass, boundary, subsample, mixing : as in `cascade`
    nonlinearity : a name of `nonlinearities.NONLINEARITIES`; one that is homogeneous has nothing to fit, and a callable
        is used as it is
    depth : number of layers
    quantile : in [0, 1]
    count : images at most, evenly spread over all; fewer where their coefficients would take more than `memory` bytes,
        at least one

    Returns a list of `depth` layers: cascade(x, bank, layers, depth=depth), or `apply_layer`, of images of any library.
    Memory: about three times the coefficients of the last layer of these images.
    Raises ValueError or TypeError, naming the argument, for what does not fit.

        >>> bank = wavelets.morlet_bank((16, 16), scales=1, angles=4, circle="full")
        >>> images = np.random.default_rng(0).normal(size=(10, 1, 16, 16))
        >>> layers = scattering.fitted(images, bank, "soft threshold", depth=2)
        >>> [layer.nonlinearity for layer in layers]
        [<soft threshold, fitted to 1 channels>, <soft threshold, fitted to 5 channels>]
        >>> [maps.shape for maps in scattering.cascade(images, bank, layers, depth=2)]
        [(10, 1, 16, 16), (10, 5, 16, 16), (10, 25, 16, 16)]
    """
    check_count("depth", depth)
    check_count("count", count)
    if not 0 <= check_number("quantile", quantile) <= 1:
        raise ValueError(f"quantile: expected a number from 0 to 1, got {quantile!r}")
    check_number("memory", memory, least=0)
    scaled = isinstance(nonlinearity, str) and not _is_homogeneous(nonlinearity)
    rho = identity if scaled else nonlinearity
    layers = as_layers(bank, rho, depth, lowpass=lowpass, boundary=boundary, subsample=subsample, mixing=mixing)
    if not scaled:
        return layers
    x, done = _some(images, layers, count, memory), []
    for number, layer in enumerate(layers):
        options = {"boundary": layer.boundary, "subsample": layer.subsample}
        scales = _scales(x, Layer(layer.bank, identity, **options), quantile)
        done.append(layer.replaced(FittedNonlinearity(nonlinearity, scales)))
        if number < depth - 1:
            x = apply_layer(x, done[-1], number)
    return done


def _is_homogeneous(name):
    if name in _THRESHOLDS:
        return False
    named(name)  # which refuses what is unknown
    return "homogeneous" in LAWS[name]


def _scales(x, layer, quantile):
    """(C, 1 + K) quantiles of the amplitudes; where a quantile is 0, the mean of the channel's amplitudes."""
    z = np.abs(to_host(apply_layer(x, layer)))
    z = np.moveaxis(z.reshape(len(z), x.shape[-3], -1, *z.shape[-2:]), 0, -1).reshape(
        x.shape[-3], 1 + len(layer.bank), -1
    )
    scales = np.quantile(z, quantile, axis=-1)
    return np.where((scales > 0) | (quantile == 0), scales, z.mean(axis=-1))


def _some(images, layers, count, memory):
    """Some of the images, evenly spread, as many as fit in memory; integers become single precision."""
    batches = hasattr(images, "labels") and hasattr(images, "read")
    if not batches:
        dense(images, "images")
    total = len(images.labels) if batches else images.shape[0] if images.ndim else 0
    if not batches and (images.ndim != 4 or 0 in images.shape):
        raise ValueError(f"images: expected shape (N, C, H, W), got {shape(images)}")
    first = next(iter(images.read([np.array([0])])))[0] if batches else images
    channels = first.shape[1] * np.prod([1 + len(layer.bank) for layer in layers])
    shrink = 4 ** sum(bool(layer.subsample) for layer in layers[:-1])
    each = 16 * channels * first.shape[-2] * first.shape[-1] / shrink
    kept = max(1, min(count, total, int(memory // each)))
    index = np.linspace(0, total - 1, kept).round().astype(np.int64) if kept > 1 else np.array([0])
    if batches:
        return as_images(in_single(next(iter(images.read([index])))[0]), "images", 3)
    xp = array_namespace(images)
    return as_images(in_single(xp.take(images, place(index, like=images), axis=0)), "images", 3)


def in_single(x):
    """Images of integers in single precision, which holds bytes exactly; others as they are."""
    xp = array_namespace(x)
    return xp.astype(x, xp.float32) if is_kind(x, ("bool", "integral")) else x
