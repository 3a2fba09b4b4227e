"""What must be refused, of every public function.

A row is a name, a call, the exception it must raise, and what the message must say: first the argument, then what it
got and what it wants.
"""

import array_api_strict as strict
import numpy as np
import pytest

from collapse_theory import arrays, datasets, fourier, nonlinearities, processes, scattering, torus, wavelets
from collapse_theory.arguments import as_images, check_finite
from collapse_theory.nonlinearities import compress, rectify, soft_threshold, squash
from collapse_theory.scattering import Layer, Mixing, apply_layer, cascade, cascade_paths, mix_channels, scatter
from collapse_theory.separation import (
    ClassMoments,
    between_class_variance,
    class_means,
    fisher_full,
    fisher_trace,
    mean_energy,
    within_class_covariance,
    within_class_variance,
)
from collapse_theory.torus import convolve, deform, fold, reflect, roll, subsample, translate
from collapse_theory.wavelets import FilterBank, inverse_transform, morlet_bank, paper_bank, wavelet_transform

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("hypothesis")

import torch

from collapse_theory import estimators, testing

X = np.random.default_rng(0).normal(size=(2, 8, 8))
Y, ROWS, FLAT = np.array([0, 1]), X.reshape(2, 64), np.ones((8, 8))
BANK, TIGHT = morlet_bank(8, 2, 4), morlet_bank(8, 1, 4, "full").tight("complex")
T, V, MISSING = TypeError, ValueError, datasets.DataNotFound
EXTENDED = str(np.dtype(np.longdouble))


def filled(value, dtype=np.float64):
    return np.full((2, 8, 8), value, dtype)


def in_torch(x, **options):
    return torch.tensor(np.array(x), **options)


def on_second_device(x):
    return strict.asarray(x, device=strict.Device("device1"))


def cascaded(x=X, bank=TIGHT, nonlinearity="tanh", depth=1, **options):
    return list(cascade(x, bank, nonlinearity, depth=depth, **options))


def moments(x=X, y=Y, **options):
    return ClassMoments(**options).update(x, y)


def fields(**changes):
    return processes.gaussian_fields(**{"count": 1, "shape": (8, 8), "spectrum": FLAT, "seed": 0} | changes)


def pulses(density):
    return processes.sparse_pulses(1, (8, 8), spectrum=FLAT, density=density, seed=0)


def displacements(shape=(8, 8), amplitude=1, correlation=1):
    return processes.smooth_displacements(1, shape, amplitude=amplitude, correlation=correlation, seed=0)


def deformed(template):
    return processes.deformed(template, 1, amplitude=1, correlation=1, seed=0)


def batches(x=X[:, None], y=Y, **options):
    return datasets.array_batches(x, y, **options)


def split(labels, fraction):
    return datasets.split_by_class(labels, fraction=fraction, seed=0)


def transformer(rows=ROWS, **options):
    return estimators.ScatteringTransformer(**{"image_shape": (8, 8)} | options).fit(rows)


def score(labels=(0, 0, 1, 1), **options):
    rows = np.concatenate([ROWS, ROWS])
    return estimators.ClassSeparation(**options).fit(rows, labels).score(rows, labels)


# fmt: off
SHAPES = [
    ("fft2, one axis", lambda: fourier.fft2(np.zeros(3)), V, "x", "(3,)", "at least 2 axes"),
    ("ifft2, no axis", lambda: fourier.ifft2(np.array(1j)), V, "x_hat", "()", "at least 2 axes"),
    ("translate, one axis", lambda: translate(np.zeros(3), (1, 1)), V, "x", "(3,)", "at least 2 axes"),
    ("translate, no axis", lambda: translate(np.array(1.0), (1, 1)), V, "x", "()", "at least 2 axes"),
    ("translate, empty", lambda: translate(np.zeros((0, 4)), (1, 1)), V, "x", "(0, 4)", "at least one sample"),
    ("translate, many shifts", lambda: translate(X, np.zeros((3, 2))), V, "shift", "(3,)", "broadcast against (2,)"),
    ("translate, three axes", lambda: translate(X, (1, 2, 3)), V, "shift", "[1. 2. 3.]", "(row, column)"),
    ("translate, ragged", lambda: translate(X, [[1, 2], [3]]), V, "shift", "[[1, 2], [3]]", "(row, column)"),
    ("roll, one number", lambda: roll(X, 1), V, "shift", "got 1", "two integers"),
    ("deform, field", lambda: deform(X, np.zeros((4, 4, 2))), V, "displacement", "(4, 4, 2)", "(8, 8, 2)"),
    ("convolve, grid", lambda: convolve(X, FLAT[:4]), V, "filter_hat", "(4, 8)", "(..., 8, 8)"),
    ("convolve, leading", lambda: convolve(X, np.zeros((3, 8, 8))), V, "filter_hat", "(3,)", "against (2,)"),
    ("subsample, odd", lambda: subsample(np.zeros((9, 8))), V, "x", "(9, 8)", "multiples of 2"),
    ("subsample, factor 0", lambda: subsample(X, 0), V, "factor", "got 0", "at least 1"),
    ("subsample, one axis", lambda: subsample(np.zeros(8)), V, "x", "(8,)", "at least 2 axes"),
    ("fold, prime", lambda: fold(np.zeros((7, 7))), V, "x_hat", "(7, 7)", "multiples of 2"),
    ("fold, one axis", lambda: fold(np.zeros(8)), V, "x_hat", "(8,)", "at least 2 axes"),
    ("reflect, smaller", lambda: reflect(X, (4, 4)), V, "padded_shape", "(4, 4)", "at least (8, 8)"),
    ("reflect, empty", lambda: reflect(np.zeros((0, 4)), (6, 6)), V, "x", "(0, 4)", "at least one sample"),
    ("frequencies, side 0", lambda: torus.frequencies((0, 3)), V, "shape", "(0, 3)", "two positive integers"),
    ("image_shape, none", lambda: torus.image_shape(None), V, "shape", "None", "two positive integers"),
    ("image_shape, number", lambda: torus.image_shape(8.0), V, "shape", "8.0", "two positive integers"),
    ("morlet_bank, grid", lambda: morlet_bank(8, 4, 4), V, "scales", "(8, 8)", "at least 16"),
    ("morlet_bank, one side", lambda: morlet_bank((8,), 1, 4), V, "shape", "(8,)", "(H, W)"),
    ("padded_shape, side 1", lambda: torus.padded_shape((1, 4)), V, "shape", "(1, 4)", "at least 2"),
    ("crop, small", lambda: torus.crop(np.zeros((4, 9)), 2), V, "x", "(4, 9)", "more than 4"),
    ("wavelets, grid", lambda: wavelet_transform(X[:, :4], BANK), V, "x", "(2, 4, 8)", "grid (8, 8)"),
    ("inverse, channels", lambda: inverse_transform(X, TIGHT), V, "z", "(2, 8, 8)", "(..., 5, H, W)"),
    ("FilterBank, axes", lambda: FilterBank(FLAT, Y, Y), V, "filters_hat", "(8, 8)", "(1 + K, H, W)"),
    ("FilterBank, scale", lambda: FilterBank(X, Y, Y[:1]), V, "scale", "(2,)", "(1,)"),
    ("bank without design", lambda: FilterBank(X, Y[:1], Y[:1]).at(4), V, "shape", "(4, 4)", "(8, 8)"),
    ("cascade, two axes", lambda: cascaded(FLAT), V, "x", "(8, 8)", "(..., C, H, W)"),
    ("cascade, too small", lambda: cascaded(X[:, :2, :2], BANK), V, "scales", "(2, 2)", "at least 4"),
    ("cascade, prime", lambda: cascaded(X[:, :7, :7], subsample=True), V, "subsample", "(7, 7)", "even sides"),
    ("cascade, odd later", lambda: cascaded(X[:, :6, :6], depth=2, subsample=True), V, "subsample", "(3, 3)", "even"),
    ("cascade, rectifier", lambda: cascaded(nonlinearity="rectifier"), V, "nonlinearity", "'rectifier'", "complex"),
    ("cascade, a bank per layer", lambda: cascaded(bank=[TIGHT], depth=2), V, "bank", "got 1", "2 of them"),
    ("apply_layer, two axes", lambda: apply_layer(FLAT, Layer(TIGHT, "tanh")), V, "x", "(8, 8)", "at least 3 axes"),
    ("mix_channels, columns", lambda: mix_channels(X, np.eye(3)), V, "mixing", "(3, 3)", "2 columns"),
    ("scatter, empty", lambda: scatter(X[:0], 1), V, "x", "(0, 8, 8)", "at least one sample"),
    ("scatter, too small", lambda: scatter(X, 4), V, "scales", "(2, 8, 8)", "at least 16"),
    ("moments, later batch", lambda: moments().update(X[:, :4], Y), V, "features", "(4, 8)", "(8, 8)"),
    ("moments, no feature", lambda: moments(X[:, :0]), V, "features", "(2, 0, 8)", "no feature axis empty"),
    ("class_means, none", lambda: class_means(X[:0], Y[:0], classes=1), V, "features", "(0, 8, 8)", "no axis empty"),
    ("phase_randomised, axes", lambda: processes.phase_randomised(X, seed=0), V, "images", "(2, 8, 8)", "(N, C, H, W)"),
    ("moved, two axes", lambda: processes.moved(FLAT, 2, seed=0), V, "template", "(8, 8)", "(C, H, W)"),
    ("deformed, two axes", lambda: deformed(FLAT), V, "template", "(8, 8)", "(C, H, W)"),
    ("gaussian_fields, spectrum", lambda: fields(spectrum=FLAT[:4]), V, "spectrum", "(4, 8)", "(8, 8)"),
    ("displacements, one sample", lambda: displacements((1, 1)), V, "shape", "(1, 1)", "more than one sample"),
    ("labelled, shapes", lambda: processes.labelled(X, X[:, :2]), V, "labelled", "(2, 2, 8)", "one shape"),
    ("array_batches, axes", lambda: batches(X), V, "images", "(2, 8, 8)", "(N, C, H, W)"),
    ("split_by_class, none", lambda: split([], fraction=0.5), V, "labels", "(0,)", "at least 1"),
    ("transformer, image", lambda: transformer(image_shape=(4, 4)), V, "image_shape", "(4, 4)", "n_features=64"),
    ("transformer, number", lambda: transformer(image_shape=8), V, "image_shape", "got 8", "(C, H, W)"),
]
DTYPES = [
    ("images, half", lambda: as_images(filled(0, np.float16)), T, "x", "float16", "single or double"),
    ("images, brain", lambda: as_images(in_torch(X, dtype=torch.bfloat16)), T, "x", "bfloat16", "single"),
    ("images, extended", lambda: as_images(filled(0, np.longdouble)), T, "x", EXTENDED, "single"),
    ("images, text", lambda: as_images(filled("a", "U1")), T, "x", "<U1", "single or double"),
    ("images, objects", lambda: as_images(filled(None, object)), T, "x", "object", "single or double"),
    ("images, dates", lambda: as_images(filled(0, "M8[s]")), T, "x", "datetime64", "single or double"),
    ("images, list", lambda: as_images([[1.0]]), T, "x", "got list", "array-API array"),
    ("images, masked", lambda: as_images(np.ma.masked_array(X, X > 0)), T, "x", "MaskedArray", "without a mask"),
    ("images, sparse", lambda: as_images(torch.eye(8).to_sparse()), T, "x", "sparse_coo", "dense"),
    ("unit_amplitude, list", lambda: nonlinearities.unit_amplitude([1.0]), T, "z", "got list", "array-API array"),
    ("place, text", lambda: arrays.place(np.array("a"), X), T, "host", "<U1", "numbers"),
    ("place, like integers", lambda: arrays.place(X, Y), T, "like", "int64", "floating"),
    ("place_once, writeable", lambda: arrays.place_once(X, X), V, "host", "writeable one of", "read-only"),
    ("real_dtype, integers", lambda: arrays.real_dtype(Y), T, "x", "int64", "floating"),
    ("complex_dtype, integers", lambda: arrays.complex_dtype(Y), T, "x", "int64", "floating"),
    ("to_complex, integers", lambda: arrays.to_complex(Y), T, "x", "int64", "floating"),
    ("translate, complex shift", lambda: translate(X, (1j, 0)), V, "shift", "1j", "real"),
    ("subsample, list", lambda: subsample([[1.0]]), T, "x", "got list", "array-API array"),
    ("convolve, text", lambda: convolve(X, filled("a", "U1")), V, "filter_hat", "<U1", "finite numbers"),
    ("FilterBank, list", lambda: FilterBank([[[1.0]]], Y, Y), T, "filters_hat", "list", "NumPy array of numbers"),
    ("wavelets, bank", lambda: wavelet_transform(X, "morlet"), T, "bank", "str", "FilterBank"),
    ("cascade, bank", lambda: cascaded(bank="morlet"), T, "bank", "str", "FilterBank"),
    ("cascade, non-linearity", lambda: cascaded(nonlinearity=None), T, "nonlinearity", "None", "callable or a name"),
    ("cascade, subsample", lambda: cascaded(subsample=4), T, "subsample", "4", "True or False"),
    ("apply_layer, layer", lambda: apply_layer(X, "tanh"), T, "layer", "str", "Layer"),
    ("scatter, complex", lambda: scatter(X + 0j, 1), T, "x", "complex128", "real images"),
    ("rectify, complex", lambda: rectify(X + 0j), T, "a", "complex128", "real numbers"),
    ("rectify, text", lambda: rectify(X, "a"), T, "bias", "str", "number"),
    ("soft_threshold, text", lambda: soft_threshold(X, "a"), T, "threshold", "str", "number"),
    ("soft_threshold, complex", lambda: soft_threshold(X, X + 0j), T, "threshold", "complex", "real array"),
    ("squash, none", lambda: squash(X, None), T, "gain", "NoneType", "number"),
    ("compress, text", lambda: compress(X, bias="a"), T, "bias", "str", "number"),
    ("fields, complex", lambda: fields(spectrum=FLAT + 0j), T, "spectrum", "complex128", "real numbers"),
    ("moments merged", lambda: moments().merge(3), T, "other", "int", "ClassMoments"),
    ("transformer, complex", lambda: transformer(in_torch(ROWS + 0j)), V, "X", "complex128", "real rows"),
    ("cifar10, folder", lambda: datasets.cifar10(3), T, "folder", "got 3", "path"),
    ("image_folder, none", lambda: datasets.image_folder(None), T, "folder", "None", "path"),
]
VALUES = [
    ("images, NaN", lambda: as_images(filled(np.nan)), V, "x", "128 NaN or infinite", "finite"),
    ("check_finite, infinite", lambda: check_finite(filled(np.inf), "y"), V, "y", "128 NaN", "finite"),
    ("translate, infinite", lambda: translate(X, (np.inf, 0)), V, "shift", "inf", "finite"),
    ("roll, between samples", lambda: roll(X, (0.5, 1)), V, "shift", "[0.5, 1.0]", "two integers"),
    ("convolve, NaN", lambda: convolve(X, filled(np.nan)), V, "filter_hat", "are not", "finite"),
    ("morlet_bank, no scale", lambda: morlet_bank(8, 0, 4), V, "scales", "got 0", "at least 1"),
    ("morlet_bank, pi", lambda: morlet_bank(8, 1, 4, pi=0), V, "pi", "got 0", "above 0"),
    ("morlet_bank, circle", lambda: morlet_bank(8, 1, 4, "both"), V, "circle", "'both'", "'half', 'full'"),
    ("paper_bank, step", lambda: paper_bank(8, 4, "third"), V, "step", "'third'", "'octave'"),
    ("paper_bank, angles", lambda: paper_bank(8, 2, "next half octave"), V, "angles", "got 2", "more than 2"),
    ("directions, none", lambda: wavelets.directions(0), V, "angles", "got 0", "at least 1"),
    ("FilterBank, NaN", lambda: FilterBank(filled(np.nan), Y[:1], Y[:1]), V, "filters_hat", "got 128 NaN", "finite"),
    ("Littlewood-Paley, signals", lambda: BANK.littlewood_paley("both"), V, "signals", "'both'", "'real', 'complex'"),
    ("tight, blind", lambda: BANK.tight("complex"), V, "signals", "4.6e-03", "at least 3e-02"),
    ("inverse, not tight", lambda: inverse_transform(filled(0), BANK), V, "z", "(2, 8, 8)", "(..., 9, H, W)"),
    ("nonlinearity, unknown", lambda: nonlinearities.named("relu"), V, "nonlinearity", "'relu'", "'rectifier'"),
    ("soft_threshold, negative", lambda: soft_threshold(X, -1.0), V, "threshold", "-1.0", "at least 0"),
    ("soft_threshold, softening", lambda: soft_threshold(X, 1.0, -1.0), V, "softening", "-1.0", "at least 0"),
    ("squash, NaN", lambda: squash(X, np.nan), V, "gain", "nan", "finite"),
    ("cascade, depth", lambda: cascaded(depth=1.5), V, "depth", "1.5", "at least 0"),
    ("cascade, boundary", lambda: cascaded(boundary="zero"), V, "boundary", "'zero'", "'periodic', 'reflect'"),
    ("cascade, half circle", lambda: cascaded(X + 0j, BANK), V, "bank", "half circle", "circle='full'"),
    ("cascade_paths, channels", lambda: cascade_paths(BANK, depth=1, channels=0), V, "channels", "got 0", "at least 1"),
    ("mix_channels, NaN", lambda: mix_channels(X, np.full((2, 2), np.nan)), V, "mixing", "are not", "finite"),
    ("mixing, no output", lambda: Mixing(outputs=0).matrix(2), V, "outputs", "got 0", "at least 1"),
    ("semi_unitary, kind", lambda: scattering.semi_unitary(1, 1, seed=0, kind="x"), V, "kind", "'x'", "'complex'"),
    ("scatter, order", lambda: scatter(X, 1, order=3), V, "order", "got 3", "from 0 to 2"),
    ("scatter, chunk", lambda: scatter(X, 1, chunk=0), V, "chunk", "got 0", "at least 1"),
    ("paths, scales", lambda: scattering.paths(True), V, "scales", "True", "integer"),
    ("within-class, chunk", lambda: within_class_variance(X, Y, classes=2, chunk=0), V, "chunk", "got 0", "least 1"),
    ("covariance, chunk", lambda: within_class_covariance(X, Y, classes=2, chunk=0), V, "chunk", "got 0", "least 1"),
    ("fisher_full, ridge", lambda: fisher_full(ROWS, Y, classes=2, ridge=-1), V, "ridge", "-1", "at least 0"),
    ("fisher_full, singular", lambda: fisher_full(ROWS, Y, classes=2, ridge=0), V, "ridge", "singular", "more ridge"),
    ("moments, infinite", lambda: moments(filled(np.inf)), V, "features", "128 NaN or infinite", "finite"),
    ("moments, memory", lambda: moments(memory=100), V, "memory", "2 classes x 64 features", "allowed"),
    ("moments, memory in words", lambda: moments(memory="1G"), V, "memory", "'1G'", "finite number"),
    ("moments, interval", lambda: moments(groups=2).interval("median"), V, "name", "'median'", "'fisher_trace'"),
    ("moments, no groups", lambda: moments().interval("mean_energy"), V, "interval", "groups", "groups=20"),
    ("power_law, exponent", lambda: processes.power_law(8, np.inf), V, "exponent", "inf", "finite"),
    ("fields, count", lambda: fields(count=0), V, "count", "got 0", "at least 1"),
    ("fields, seed", lambda: fields(seed=None), V, "seed", "None", "integer"),
    ("fields, odd spectrum", lambda: fields(spectrum=X[0] ** 2), V, "spectrum", "difference", "even function"),
    ("pulses, density", lambda: pulses(2), V, "density", "got 2", "(0, 1]"),
    ("displacements, correlation", lambda: displacements(correlation=0), V, "correlation", "got 0", "above 0"),
    ("cifar10, split", lambda: datasets.cifar10(split="val"), V, "split", "'val'", "'train', 'test'"),
    ("cifar10, nowhere", lambda: datasets.cifar10("no/where"), MISSING, "CIFAR-10", "no/where", "unpack it"),
    ("cifar100, split", lambda: datasets.cifar100(split="val"), V, "split", "'val'", "'train', 'test'"),
    ("mnist, split", lambda: datasets.mnist(split="val"), V, "split", "'val'", "'train', 'test'"),
    ("fashion_mnist, folder", lambda: datasets.fashion_mnist(3), T, "folder", "got 3", "path"),
    ("kth_tips, nowhere", lambda: datasets.kth_tips("no/where"), MISSING, "KTH-TIPS", "no/where", "unpack it"),
    ("image_batches, side", lambda: datasets.image_batches(".", side=0), V, "side", "got 0", "at least 1"),
    ("textures, side", lambda: datasets.textures(side=257), V, "side", "got 257", "from 1 to 256"),
    ("image_folder, limit", lambda: datasets.image_folder(".", limit=0), V, "limit", "got 0", "at least 1"),
    ("array_batches, size", lambda: batches(size=0), V, "size", "got 0", "at least 1"),
    ("array_batches, number", lambda: batches()[5], IndexError, "number", "got 5", "one of 1"),
    ("split_by_class, fraction", lambda: split(Y, fraction="a"), V, "fraction", "'a'", "finite number"),
    ("transformer, kind", lambda: transformer(kind="Fourier"), V, "kind", "'Fourier'", "'cascade'"),
    ("transformer, batch", lambda: transformer(batch=0), V, "batch", "got 0", "at least 1"),
    ("separation, statistic", lambda: score(statistic="median"), V, "statistic", "'median'", "'fisher_trace'"),
]
LABELS = [
    ("class_means, list", lambda: class_means(X, [0, 1], classes=2), T, "labels", "list", "array-API array"),
    ("class_means, floats", lambda: class_means(X, Y / 1.0, classes=2), T, "labels", "float64", "integers"),
    ("class_means, too few", lambda: class_means(X, Y[:1], classes=2), V, "labels", "(1,)", "(2,)"),
    ("class_means, one missing", lambda: class_means(X, Y, classes=3), V, "labels", "got 2 of them", "class in 0 .. 2"),
    ("class_means, negative", lambda: class_means(X, -Y, classes=2), V, "labels", "labels -1 to 0", "class in 0 .. 1"),
    ("between_class_variance", lambda: between_class_variance(X, Y, classes=1), V, "classes", "got 1", "at least 2"),
    ("fisher_trace, one class", lambda: fisher_trace(X, Y, classes=1), V, "classes", "got 1", "at least 2"),
    ("mean_energy, no class", lambda: mean_energy(X, Y, classes=0), V, "classes", "got 0", "at least 1"),
    ("moments, NaN", lambda: moments(y=[0, np.nan]), V, "labels", "NaN", "equal to themselves"),
    ("moments, unsortable", lambda: moments(y=np.array([0, "a"], object)), T, "labels", "int, str", "sort together"),
    ("moments, one class", lambda: moments(y=[0, 0]).fisher_trace, V, "labels", "[0]", "at least two classes"),
    ("moments, one sample", lambda: moments().unbiased(), V, "labels", "one sample", "at least two"),
    ("array_batches, floats", lambda: batches(y=Y / 1.0), V, "images, labels", "float64", "integers"),
    ("separation, one class", lambda: score(labels=[0] * 4), V, "labels", "[0]", "at least two classes"),
]
PLACES = [
    ("class_means, mixed", lambda: class_means(in_torch(X), Y, classes=2), T, "labels", "numpy", "one library"),
    ("soft_threshold, mixed", lambda: soft_threshold(X, torch.tensor(1.0)), T, "threshold", "Tensor", "library"),
    (
        "class_means, two devices", lambda: class_means(on_second_device(X), strict.asarray(Y), classes=2),
        V, "labels", "CPU_DEVICE", "device of the features",
    ),
    ("translate, no values", lambda: translate(in_torch(X, device="meta"), (1, 1)), V, "x", "meta", "holds values"),
    ("cascade, no values", lambda: cascaded(in_torch(X, device="meta")), V, "x", "meta", "holds values"),
    ("scatter, no values", lambda: scatter(in_torch(X, device="meta"), 1), V, "x", "meta", "holds values"),
    ("moments, no values", lambda: moments(in_torch(X, device="meta")), V, "features", "meta", "holds values"),
    ("transformer, no values", lambda: transformer(in_torch(ROWS, device="meta")), V, "X", "meta", "holds values"),
    ("to_library, unknown", lambda: arrays.to_library(X, "jax"), V, "name", "'jax'", "numpy, torch, cupy"),
]
OPERATORS = [
    ("turn invariance, number", lambda: testing.assert_phase_invariant(3), T, "operator", "got int", "function"),
    ("turn equivariance", lambda: testing.assert_phase_equivariant(abs, examples=0), V, "examples", "got 0", "least 1"),
    ("shift invariance", lambda: testing.assert_translation_invariant(abs, (8,)), V, "shape", "(8,)", "(..., H, W)"),
    ("shift equivariance", lambda: testing.assert_translation_equivariant(np.sum), V, "operator", "shape ()", "H, W)"),
    ("homogeneity, list", lambda: testing.assert_homogeneous([]), T, "operator", "got list", "a torch module"),
    ("Lipschitz, bound", lambda: testing.assert_non_expansive(abs, bound=-1), V, "bound", "got -1", "at least 0"),
    ("stability, NaN", lambda: testing.assert_deformation_stable(abs, bound=np.nan), V, "bound", "nan", "finite"),
    ("drawn images, axes", lambda: testing.images((8,)), V, "shape", "(8,)", "(..., H, W)"),
    ("coefficients, empty", lambda: testing.coefficients((0,)), V, "shape", "(0,)", "positive integers"),
    ("drawn displacements", lambda: testing.displacements((2, 8)), V, "shape", "(2, 8)", "at least 4"),
    ("drawn banks, signals", lambda: testing.filter_banks(signals="any"), V, "signals", "'any'", "'real', 'complex'"),
    ("drawn samples, classes", lambda: testing.labelled_samples(classes=1), V, "classes", "got 1", "at least 2"),
    ("drawn samples, empty", lambda: testing.labelled_samples((0, 8)), V, "shape", "(0, 8)", "positive integers"),
    ("drawn shifts, none", lambda: testing.shifts(1, multiple_of=2), V, "most", "got 1", "at least 2"),
]
# fmt: on
REFUSED = [*SHAPES, *DTYPES, *VALUES, *LABELS, *PLACES, *OPERATORS]
