"""What must be refused of arrays, wherever they are handed in: of their library, device, precision, layout and values.

Rows are those of `bad_input`.
"""

import array_api_strict as strict
import numpy as np
import torch

from collapse_theory import arguments, arrays, fourier, processes, torus
from collapse_theory.arguments import as_floating, as_images
from collapse_theory.nonlinearities import collapse_beyond, compress, rectify, soft_threshold, squash
from collapse_theory.scattering import Layer, apply_layer, mix_channels, scatter
from collapse_theory.torus import convolve, deform, fold, reflect, roll, translate
from tests.bad_input import EXTENDED, FLAT, TIGHT, T, V, X, Y, filled, in_torch, on_second_device


def shared(x, name):
    return arrays.to_library(x, name, copy=False)


def learned(*shape):
    return torch.zeros(shape, requires_grad=True)


def masked(x):
    return np.ma.masked_array(x, x > 0)


def nested():
    return torch.nested.nested_tensor([torch.zeros(8, 8)], layout=torch.jagged)


def where_half_is_the_default(x):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        return as_images(x)
    finally:
        torch.set_default_dtype(before)


HALF, SMALL = filled(1, np.float16), np.zeros(1, np.float32)
# fmt: off
KINDS = [
    ("images, nested", lambda: as_images(nested()), T, "x", "nested", "dense"),
    ("images, default", lambda: where_half_is_the_default(in_torch(Y)), T, "x", "default is torch.float16", "cast it"),
    ("dense, masked", lambda: arrays.dense(masked(X)), T, "x", "MaskedArray", "without a mask"),
    ("reflect, sparse", lambda: reflect(torch.eye(8).to_sparse(), (9, 9)), T, "x", "sparse_coo", "dense"),
    ("floating, half", lambda: as_floating(filled(0, np.float16), "y"), T, "y", "float16", "single or double"),
    ("fold, half", lambda: fold(HALF), T, "x_hat", "float16", "single or double"),
    ("fft2, text", lambda: fourier.fft2(filled("a", "U1")), T, "x", "<U1", "single or double"),
    ("fft2, no row", lambda: fourier.fft2(np.zeros((2, 0, 8))), V, "x", "(2, 0, 8)", "no side 0"),
    ("crop, list", lambda: torus.crop([[1.0]], 2), T, "x", "got list", "array-API array"),
    ("padded_shape, scales", lambda: torus.padded_shape((8, 8), 0), V, "scales", "0", "at least 1"),
    ("opposite, one axis", lambda: torus.at_opposite_frequencies(Y), V, "values", "(2,)", "least 2"),
    ("crop, one axis", lambda: torus.crop(np.zeros(9), 2), V, "x", "(9,)", "(..., H, W)"),
    ("apply_layer, empty", lambda: apply_layer(X[:0], Layer(TIGHT, "tanh")), V, "x", "(0, 8, 8)", "one sample"),
    ("mix_channels, two axes", lambda: mix_channels(FLAT, np.eye(8)), V, "x", "(8, 8)", "at least 3 axes"),
    ("place, like half", lambda: arrays.place(X, HALF), T, "like", "float16", "single or double"),
    ("place, like brain", lambda: arrays.place(X, in_torch(X).bfloat16()), T, "like", "bfloat16", "single or double"),
    ("place, like extended", lambda: arrays.place(X, filled(0, "g")), T, "like", EXTENDED, "single or double"),
    ("place, like a list", lambda: arrays.place(X, [1.0]), T, "like", "list", "array-API array"),
    ("place, too large", lambda: arrays.place(filled(1e300), SMALL), V, "host", "1e+300", "fit into float32"),
    ("place, large integer", lambda: arrays.place(filled(2**64 - 1, "Q"), X), V, "host", str(2**64 - 1), "int64"),
    ("place, masked", lambda: arrays.place(masked(X), X), T, "host", "masked array", "without a mask"),
    ("real_dtype, half", lambda: arrays.real_dtype(HALF), T, "x", "float16", "single or double"),
    ("complex_dtype, half", lambda: arrays.complex_dtype(in_torch(X).half()), T, "x", "float16", "single or double"),
    ("to_complex, extended", lambda: arrays.to_complex(filled(0, "G")), T, "x", "complex", "single or double"),
    ("power_law, no bound", lambda: processes.power_law(8, 1e4), V, "exponent", "10000", "double precision"),
]
PARAMETERS = [
    ("threshold, objects", lambda: soft_threshold(X, filled(None, object)), T, "threshold", "object", "single"),
    ("threshold, words", lambda: soft_threshold(X, filled("a", "U1")), T, "threshold", "<U1", "single"),
    ("threshold, boolean", lambda: soft_threshold(X, X > 0), T, "threshold", "bool", "real array"),
    ("threshold, shape", lambda: soft_threshold(X, np.ones(3)), V, "threshold", "(3,)", "against (2, 8, 8)"),
    ("threshold, one negative", lambda: soft_threshold(X, X), V, "threshold", "got -", "at least 0"),
    ("threshold, no axis", lambda: soft_threshold(X, np.array(-2.0)), V, "threshold", "got -2", "at least 0"),
    ("threshold, NaN", lambda: collapse_beyond(X, filled(np.nan)), V, "threshold", "128 NaN", "finite"),
    ("threshold, torch", lambda: collapse_beyond(in_torch(X), in_torch(X)), V, "threshold", "got -", "at least 0"),
    (
        "threshold, device", lambda: soft_threshold(on_second_device(X), strict.asarray(1.0)),
        V, "threshold", "CPU", "device of the coefficients",
    ),
    ("bias, truth", lambda: rectify(X, True), V, "bias", "True", "finite number"),
    ("bias, infinite", lambda: compress(in_torch(X), bias=in_torch(filled(np.inf))), V, "bias", "128 NaN", "finite"),
    ("bias, beyond all bounds", lambda: compress(X, bias=1e4), V, "bias", "got 10000", "exponential"),
    ("bias, beyond single", lambda: compress(SMALL, bias=100.0), V, "bias", "got 100.0", "exponential"),
    ("biases, beyond single", lambda: compress(SMALL, bias=100 + SMALL), V, "bias", "up to 100.0", "exponentials"),
    ("biases, torch", lambda: compress(in_torch(X), bias=in_torch(1e3 + X)), V, "bias", "up to 100", "exponentials"),
    ("gain, half", lambda: compress(X, HALF), T, "gain", "float16", "single or double"),
    ("gain, complex", lambda: squash(X, X + 0j), T, "gain", "complex128", "real array"),
]
HOST = [
    ("to_library, list", lambda: shared([1.0], "torch"), T, "x", "builtins.list", "memory torch can share"),
    ("to_library, reversed", lambda: shared(X[:, ::-1], "torch"), T, "x", "runs backwards", "can share"),
    ("to_library, step", lambda: shared(X[..., ::-2], "torch"), T, "x", "runs backwards", "can share"),
    (
        "to_library, not NumPy's", lambda: shared(strict.asarray(X)[::-1, ...], "torch"),
        T, "x", "runs backwards", "torch can share",
    ),
    ("to_library, masked", lambda: shared(masked(X), "torch"), T, "x", "mask", "torch can share"),
    ("to_library, negated", lambda: shared(in_torch(X + 0j).conj().imag, "numpy"), T, "x", "negated", "share"),
    ("host_array, ragged", lambda: arguments.host_array("y", [[1], [2, 3]]), V, "y", "several shapes", "one array"),
    ("host_numbers, text", lambda: arguments.host_numbers("y", "a"), V, "y", "<U1", "finite numbers"),
    ("translate, learned", lambda: translate(X, learned(2)), T, "shift", "gradients", "plain numbers on the host"),
    ("translate, learned parts", lambda: translate(X, list(learned(2))), T, "shift", "gradients", "on the host"),
    ("roll, learned", lambda: roll(X, learned(2)), T, "shift", "gradients", "plain numbers on the host"),
    ("deform, learned", lambda: deform(X, learned(8, 8, 2)), T, "displacement", "gradients", "on the host"),
    ("convolve, learned", lambda: convolve(X, learned(8, 8)), T, "filter_hat", "gradients", "on the host"),
    ("convolve, masked", lambda: convolve(X, masked(FLAT)), T, "filter_hat", "mask", "plain numbers"),
    ("convolve, elsewhere", lambda: convolve(X, on_second_device(FLAT)), T, "filter_hat", "Array", "on the host"),
    ("convolve, meta", lambda: convolve(X, in_torch(FLAT, device="meta")), T, "filter_hat", "Tensor", "on the host"),
    ("mix_channels, learned", lambda: mix_channels(X, learned(2, 2)), T, "mixing", "gradients", "on the host"),
    ("power_law, learned", lambda: processes.power_law(8, learned(1)[0]), T, "exponent", "gradients", "on the host"),
    ("moved, learned", lambda: processes.moved(learned(1, 8, 8), 2, seed=0), T, "template", "gradients", "on the host"),
    ("scatter, learned", lambda: scatter(X, 1, pi=learned(1)[0] + 3), T, "pi", "gradients", "on the host"),
]
# fmt: on
REFUSED = [*KINDS, *PARAMETERS, *HOST]
