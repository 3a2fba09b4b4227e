"""Wavelets, then a non-linearity, iterated: scattering cascades."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..arguments import as_images, check_choice, check_count
from ..arrays import Array, array_namespace, by_numpy, is_complex, shape, to_complex
from ..contexts import uncompiled
from ..fourier import fft2
from ..nonlinearities import named, rectify
from ..torus import crop, padded_shape, reflect
from ..wavelets import FilterBank
from ..wavelets.folded import FoldedFilters
from .mixing import Mixing, mix_channels
from .path_table import one_per_layer

__all__ = ["Layer", "apply_layer", "as_layers", "cascade"]

_BORDER = 2  # samples per side: `padded_shape` adds at least so many, and they are cropped


@dataclass(frozen=True)
class Layer:
    """One layer of a cascade: periodic or padded wavelets, a non-linearity, a subsampling, a mixing of channels.

    bank : FilterBank; it is redesigned for the grid that the layer meets
    nonlinearity : callable on arrays, or a name of `nonlinearities.NONLINEARITIES`
    lowpass : "kept" as it is, or "also" to apply the non-linearity to it
    boundary : "periodic", or "reflect" for the padding and cropping of the paper's networks
    subsample : whether to keep every second sample of each axis
    mixing : None, a `Mixing` or an (outputs, inputs) NumPy matrix, applied after the non-linearity

    Raises TypeError or ValueError, naming the field, if one is none of these.
    """

    bank: FilterBank
    nonlinearity: Callable | str
    lowpass: str = "kept"
    boundary: str = "periodic"
    subsample: bool = False
    mixing: Mixing | np.ndarray | None = None

    def __post_init__(self):
        if not isinstance(self.bank, FilterBank):
            raise TypeError(f"bank: expected a FilterBank, got {type(self.bank).__name__}")
        if not isinstance(self.subsample, bool | np.bool_):
            raise TypeError(f"subsample: expected True or False, got {self.subsample!r}")
        check_choice("lowpass", self.lowpass, ("kept", "also"))
        check_choice("boundary", self.boundary, ("periodic", "reflect"))
        if isinstance(self.nonlinearity, str):
            object.__setattr__(self, "nonlinearity", named(self.nonlinearity))
        elif not callable(self.nonlinearity):
            raise TypeError(f"nonlinearity: expected a callable or a name, got {self.nonlinearity!r}")
        if self.nonlinearity is rectify:
            raise ValueError("nonlinearity: expected one of complex numbers, got 'rectifier', which takes real ones")

    def replaced(self, nonlinearity):
        """The same layer with another non-linearity."""
        return replace(self, nonlinearity=nonlinearity)


@uncompiled
def cascade(
    x: Array,
    bank: FilterBank | list | tuple,
    nonlinearity: Callable | str | list | tuple,
    *,
    depth: int,
    lowpass: str = "kept",
    boundary: str = "periodic",
    subsample: bool | list | tuple = False,
    mixing: Mixing | np.ndarray | list | tuple | None = None,
    allow_loss: bool = False,
) -> Iterator[Array]:
    """Iterate over the representations of `x` at depth 0, 1 .. `depth`.

        x_0 = x,   x_d = P_d (x_{d−1} ∗ φ, ρ(x_{d−1} ∗ ψ_1), .., ρ(x_{d−1} ∗ ψ_K))

    x : (..., C, H, W) real or complex
    bank, nonlinearity, subsample, mixing : as in `Layer`; one value, or a list or tuple with one per layer. A
        non-linearity that is a `Layer`, as of `fitted`, is used whole: bank, low-pass and all else are its own
    depth : how many layers
    lowpass, boundary : as in `Layer`, for all layers
    allow_loss : let a half-circle bank act on complex maps, whose other half of the spectrum it does not see

    Yields at depth d an array (..., C (1 + K)^d, H_d, W_d), parent slowest, low-pass first: channel by channel the rows
    of `cascade_paths`. Real maps have a real low-pass; the channels are real if that and ρ are. After a mixing there
    are `outputs` channels. With a bank tight for the maps it meets, no subsampling and a ρ that keeps the amplitude,
    every depth has the energy of `x`; with a mixing, if and only if it has at least as many outputs as inputs.
    Raises ValueError or TypeError, before anything is computed, for arguments that do not fit.
    Source: Mallat (2012); Guth, Zarka & Mallat (2022).
    Memory: beyond `x` and the filters, a layer that ends with a phase collapse takes
    max(2 a n + 2 m, 4 m − m / (1 + K)) real numbers with NumPy, its result included. Here n are the numbers of its
    input and m those of its result, both real; a is 2 with a subsampling and 1 without (measured within 4 %, without
    padding or mixing). Take images in batches.
    Precision: in single precision, with a tight bank and a non-expansive ρ, a layer loses at most 1.7 · 2^−23 of the
    rms (measured up to 64 x 64 at depth 3: 1.9 for the phase collapse, 3.1 for tanh, 4.3 for a soft threshold of 0.1,
    all from noise of variance 1). The unit amplitude has no Lipschitz constant, and amplifies rounding to 24 there.

        >>> bank = wavelets.morlet_bank((16, 16), scales=1, angles=4)
        >>> [maps.shape for maps in scattering.cascade(np.ones((1, 16, 16)), bank, "phase collapse", depth=2)]
        [(1, 16, 16), (5, 16, 16), (25, 16, 16)]
    """
    x = as_images(x, least_axes=3)
    options = {"lowpass": lowpass, "boundary": boundary, "subsample": subsample, "mixing": mixing}
    layers = as_layers(bank, nonlinearity, depth, **options)
    _check_sides(shape(x)[-2:], layers)
    return _representations(x, layers, allow_loss)


def as_layers(bank, nonlinearity, depth, *, lowpass="kept", boundary="periodic", subsample=False, mixing=None):
    """The list of `Layer`s that the arguments of `cascade` mean.  Raises ValueError or TypeError as there."""
    check_count("depth", depth, least=0)
    named_ones = {"bank": bank, "nonlinearity": nonlinearity, "subsample": subsample, "mixing": mixing}
    columns = [one_per_layer(name, value, depth) for name, value in named_ones.items()]
    return [
        f if isinstance(f, Layer) else Layer(b, f, lowpass, boundary, s, m) for b, f, s, m in zip(*columns, strict=True)
    ]


def _representations(x, layers, allow_loss):
    yield x
    for number, layer in enumerate(layers):
        if is_complex(x) and layer.bank.circle == "half" and not allow_loss:
            raise ValueError(
                f"bank: {layer.bank!r} does not see half of the spectrum of the complex maps at depth {number}; "
                "use circle='full', or accept the loss by allow_loss=True"
            )
        x = _apply(x, layer, number)
        yield x


@uncompiled
def apply_layer(x: Array, layer: Layer, number: int = 0) -> Array:
    """One layer of a cascade.

    x : (..., C, H, W)
    layer : Layer
    number : of the layer in its cascade, from 0: a seeded mixing depends on it

    Returns (..., C (1 + K), H', W'), or as many channels as the mixing has outputs.
    Raises TypeError if `layer` is no Layer; ValueError if it does not fit the images.
    """
    x = as_images(x, least_axes=3)
    if not isinstance(layer, Layer):
        raise TypeError(f"layer: expected a Layer, got {type(layer).__name__}")
    _check_sides(shape(x)[-2:], [layer])
    return _apply(x, layer, number)


@uncompiled  # a generator runs on after `cascade` has returned
def _apply(x, layer, number):
    xp, z = array_namespace(x), by_numpy(partial(_coefficients, layer=layer), x)
    low = z[..., :1, :, :] if is_complex(x) else xp.real(z[..., :1, :, :])
    waves = layer.nonlinearity(z[..., 1:, :, :])
    if layer.lowpass == "also":
        low = getattr(layer.nonlinearity, "on_lowpass", layer.nonlinearity)(low)
    if is_complex(low) != is_complex(waves):
        low, waves = to_complex(low), to_complex(waves)
    channels = xp.concat([low, waves], axis=-3)
    channels = xp.reshape(channels, (*shape(x)[:-3], -1, *shape(channels)[-2:]))
    return channels if layer.mixing is None else mix_channels(channels, _matrix(layer.mixing, channels, number))


def _coefficients(x, layer):
    """x ∗ φ and x ∗ ψ_k on the grid that the layer ends on.  (..., C, H, W) -> (..., C, 1 + K, H', W') complex."""
    grid, step = _grid(shape(x)[-2:], layer), 2 if layer.subsample else 1
    filters = FoldedFilters.of_bank(layer.bank.at(grid), step)
    if layer.boundary == "periodic":
        return filters.apply(fft2(x))
    return crop(filters.apply(fft2(reflect(x, grid))), _BORDER // step)


def _grid(sides, layer):
    """The sides on which a layer convolves."""
    return padded_shape(sides) if layer.boundary == "reflect" else tuple(sides)


def _check_sides(sides, layers):
    """Follow the sides through the layers, and refuse a bank or a subsampling that does not fit."""
    for number, layer in enumerate(layers):
        grid = _grid(sides, layer)
        layer.bank.at(grid)
        if layer.subsample and any(side % 2 for side in grid):
            raise ValueError(
                f"subsample: expected even sides at depth {number}, got {grid}: every second sample of an odd side is "
                "not periodic; crop or pad the images, or use boundary='reflect'"
            )
        border = 0 if layer.boundary == "periodic" else _BORDER
        sides = tuple((side - 2 * border) // (2 if layer.subsample else 1) for side in grid)


def _matrix(mixing, channels, number):
    return mixing.matrix(shape(channels)[-3], number) if isinstance(mixing, Mixing) else mixing
