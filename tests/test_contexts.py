"""Doubts about what the caller has told torch or NumPy meanwhile: same numbers, same precision, nothing left behind?"""

import warnings

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch.func import functionalize
from torch.fx.experimental.proxy_tensor import make_fx

from collapse_theory import arrays, contexts
from collapse_theory.nonlinearities import NONLINEARITIES, collapse_beyond, compress, soft_threshold
from collapse_theory.processes import power_law, smooth_displacements
from collapse_theory.scattering import Layer, apply_layer, cascade, mix_channels, mixing, scatter, scatter_filters
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
from collapse_theory.torus import convolve, crop, deform, fold, reflect, roll, subsample, translate
from collapse_theory.wavelets import (
    amplitude_and_phase,
    filterbank,
    folded,
    inverse_transform,
    morlet_bank,
    wavelet_transform,
)
from tests import test_bad_input

X = np.random.default_rng(0).normal(size=(4, 1, 8, 8)).astype(np.float32)
FIELD, MATRIX = np.random.default_rng(1).normal(size=(8, 8, 2)), np.array([[1.0], [2.0j]])
FULL = morlet_bank(8, 1, 4, "full")
TIGHT, THRESHOLDS = FULL.tight("complex"), np.linspace(0, 1, 8)


def statistic(function):
    """Of sixteen samples of four numbers, as two classes."""

    def measured(x):
        rows = arrays.array_namespace(x).reshape(x, (16, 16))[:, :4]
        return function(rows, arrays.place(np.arange(16) % 2, like=x), classes=2)

    return measured


def coefficients(x):
    return x[..., None, :, :] * arrays.place(np.ones((5, 1, 1)), like=x)


FUNCTIONS = {
    "translate": lambda x: translate(x, (0.5, 1)),
    "roll": lambda x: roll(x, (1, 2)),
    "deform": lambda x: deform(x, FIELD),
    "convolve": lambda x: convolve(x, FIELD[..., 0]),
    "subsample": subsample,
    "fold": fold,
    "reflect": lambda x: reflect(x, (11, 12)),
    "crop": lambda x: crop(x, 2),
    "wavelet_transform": lambda x: wavelet_transform(x, TIGHT),
    "inverse_transform": lambda x: inverse_transform(coefficients(x), TIGHT),
    "amplitude_and_phase": lambda x: amplitude_and_phase(x)[0],
    "scatter": lambda x: scatter(x, 2, angles=1),
    "cascade": lambda x: list(cascade(x, TIGHT, "phase collapse", depth=2, subsample=True))[-1],
    "reflecting cascade": lambda x: list(cascade(x, FULL, "tanh", depth=1, boundary="reflect"))[-1],
    "apply_layer": lambda x: apply_layer(x, Layer(TIGHT, "identity", mixing=mixing.Mixing(3))),
    "mix_channels": lambda x: mix_channels(x, MATRIX),
    "real mix_channels": lambda x: mix_channels(x, MATRIX.real),
    **{name: f for name, f in NONLINEARITIES.items() if name not in ("soft threshold", "phase collapse beyond")},
    "soft threshold": lambda x: soft_threshold(x, arrays.place(THRESHOLDS, like=x)),
    "phase collapse beyond": lambda x: collapse_beyond(x, 0.3),
    "gained compression": lambda x: compress(x, arrays.place(1 + THRESHOLDS, like=x), bias=0.5),
    "class_means": statistic(class_means),
    "within_class_variance": statistic(within_class_variance),
    "within_class_covariance": statistic(within_class_covariance),
    "between_class_variance": statistic(between_class_variance),
    "mean_energy": statistic(mean_energy),
    "fisher_trace": statistic(fisher_trace),
    "fisher_full": statistic(fisher_full),
}
SOME = ("translate", "scatter", "cascade", "real mix_channels", "tanh", "soft threshold", "within_class_covariance")


class Module(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def compiled(f, x):
    torch.compiler.reset()
    return torch.compile(f, backend="eager")(x)


def with_default(dtype):
    def run(f, x):
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            return f(x)
        finally:
            torch.set_default_dtype(before)

    return run


def under(context, *arguments, **options):
    def run(f, x):
        with context(*arguments, **options):
            return f(x)

    return run


def traced(f, example):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and says that shapes are constants
        return torch.jit.trace(f, example, check_trace=False)


def other(x):
    """The graph is recorded on an example, and evaluated on another input."""
    return torch.flip(x, (0, 3)) + 1


def size(y):
    """A real number, for transforms that take nothing else."""
    return torch.sum(torch.abs(y) ** 2)


CONTEXTS = {
    "autocast": under(torch.autocast, "cpu", torch.bfloat16),
    "inference_mode": under(torch.inference_mode),
    "no_grad": under(torch.no_grad),
    "default device": under(torch.device, "meta"),
    "default double": with_default(torch.float64),
    "default half": with_default(torch.float16),
    "jit.trace": lambda f, x: traced(f, other(x))(x),
    "make_fx": lambda f, x: make_fx(lambda x: f(x))(other(x))(x),
    "functionalize": lambda f, x: functionalize(f)(x),
    "vmap": lambda f, x: torch.func.vmap(f)(torch.stack([other(x), x]))[1],
    "jvp": lambda f, x: torch.func.jvp(f, (x,), (x,))[0],
    "vjp": lambda f, x: torch.func.vjp(f, x)[0],
    "grad": lambda f, x: (torch.func.grad(lambda x: size(f(x)))(x), f(x))[1],
    "export": lambda f, x: torch.export.export(Module(f), (other(x),)).module()(x),
    "compile": compiled,
}
CASES = [(c, f) for c in CONTEXTS for f in FUNCTIONS if f in SOME or c not in ("make_fx", "export", "compile")]


def forget():
    """Empties what is made once per process: whatever is made next is made where the next call is."""
    of_bank = folded.FoldedFilters.__dict__["of_bank"].__func__
    for cached in (scatter_filters.scatter_filters, of_bank, filterbank.designed_bank, filterbank._tight):
        cached.cache_clear()


@pytest.mark.filterwarnings("ignore:There is a performance drop", "ignore:`torch.jit.script` is deprecated")
@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")  # of array-api-compat
@pytest.mark.parametrize(("context", "name"), CASES)
def test_numbers_are_the_same_and_nothing_is_left_behind(context, name):
    f, x = FUNCTIONS[name], torch.asarray(X.copy())
    forget()
    expected = f(x)
    forget()
    inside = CONTEXTS[context](f, x)
    assert inside.dtype == expected.dtype
    torch.testing.assert_close(inside, expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(f(x), expected)
    graph = x.clone().requires_grad_()
    size(f(graph)).backward()
    assert torch.isfinite(graph.grad).all()
    np.testing.assert_allclose(f(X), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_what_is_placed_under_a_context_is_of_use_after_it():
    host, x = np.arange(3.0), torch.ones(3, requires_grad=True)
    host.flags.writeable = False
    with torch.inference_mode(), torch.device("meta"):
        placed = arrays.place_once(host, x)
    assert placed is arrays.place_once(host, x)
    torch.sum(placed * x).backward()
    np.testing.assert_array_equal(x.grad, host)


def test_a_trace_refuses_another_number_of_images():
    recorded = traced(lambda x: scatter(x, 1, angles=1), torch.asarray(X[:2]))
    with pytest.raises(RuntimeError, match="is invalid for input of size"):
        recorded(torch.asarray(X))


@pytest.mark.parametrize("run", [traced, lambda f, x: torch.func.vmap(f)(x[None]), lambda f, x: functionalize(f)(x)])
def test_moments_refuse_what_is_recorded(run):
    def measured(x):
        return torch.asarray(ClassMoments().update(x, [0, 1, 0, 1]).mean_energy)

    with pytest.raises(TypeError, match=r"^features: expected numbers that are there, got a tensor that torch records"):
        run(measured, torch.asarray(X))


def test_what_a_recording_places_is_not_kept():
    host = np.arange(3.0)
    host.flags.writeable = False
    recorded = traced(lambda x: x * arrays.place_once(host, x), torch.ones(3))
    np.testing.assert_array_equal(recorded(torch.full((3,), 2.0)), 2 * host)
    assert id(host) not in arrays._PLACED


def test_a_compiled_region_may_not_be_whole_and_says_why():
    torch.compiler.reset()
    with pytest.raises(Exception, match="NumPy makes filters: no fullgraph, no strict export"):
        torch.compile(FUNCTIONS["translate"], backend="eager", fullgraph=True)(torch.asarray(X))
    assert torch.compile(FUNCTIONS["tanh"], backend="eager", fullgraph=True)(torch.asarray(X)).shape == X.shape


def test_a_host_argument_is_not_recorded_as_a_constant():
    x = torch.asarray(X)
    with pytest.raises(TypeError, match=r"shift: expected plain numbers on the host, .* which would become constants"):
        traced(translate, (x, torch.ones(2)))
    with pytest.raises(TypeError, match="shift: expected plain numbers on the host, got Tensor"):
        torch.func.vmap(lambda shift: translate(x, shift))(torch.ones(3, 2))
    np.testing.assert_array_equal(translate(x, torch.ones(2)), translate(x, (1, 1)))


def test_values_that_cannot_be_looked_at_pass():
    nan = torch.full((2, 8, 8), torch.nan)
    assert torch.isnan(torch.func.vmap(subsample)(nan)).all()
    assert torch.isnan(torch.func.vmap(lambda threshold: soft_threshold(nan, threshold))(torch.tensor([-1.0]))).all()
    assert contexts.holds(torch.tensor(True))
    assert not contexts.holds(np.False_)


def test_products_are_as_precise_as_their_factors_forwards_and_backwards():
    a, b = (torch.randn(5, 5, generator=torch.Generator().manual_seed(0)).requires_grad_() for _ in range(2))
    with torch.autocast("cpu", torch.bfloat16):
        product = contexts.matmul(a, b)
        assert (a @ b).dtype == torch.bfloat16
    assert torch.equal(product, a @ b)


MADE_ON_THE_HOST = {
    "power_law": lambda x: power_law((64, 64), 40),
    "smooth_displacements": lambda x: smooth_displacements(1, (64, 64), amplitude=1, correlation=30, seed=0),
    "endless displacements": lambda x: smooth_displacements(1, (8, 8), amplitude=1, correlation=1e200, seed=0),
    "placed in single": lambda x: arrays.place(np.array([1e-300, 1e-42]), x.astype(np.float32)),
    "translated far": lambda x: translate(x, (1e300, -1e308)),
    "deformed far": lambda x: deform(x, np.full((8, 8, 2), 1e308)),
    "scattered": lambda x: scatter(x * (x > 0), 2, angles=3),
}


@pytest.mark.parametrize("name", [*test_bad_input.FUNCTIONS, *MADE_ON_THE_HOST])
def test_nothing_of_ours_leaves_the_range_of_its_numbers(name):
    f = (test_bad_input.FUNCTIONS | MADE_ON_THE_HOST)[name]
    forget()
    expected = np.asarray(f(test_bad_input.X.copy()))
    forget()
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(f(test_bad_input.X.copy()), expected)


def test_shifts_and_displacements_count_modulo_the_sides(rng):
    x = rng.normal(size=(1, 8, 6))
    np.testing.assert_allclose(translate(x, (8e6 + 0.5, -6e6)), translate(x, (0.5, 0)), atol=1e-12)
    np.testing.assert_allclose(deform(x, FIELD[:, :6] + (800, -600)), deform(x, FIELD[:, :6]), atol=1e-10)
    np.testing.assert_array_equal(roll(x, (8 * 10**17 + 1, -6 * 10**17)), roll(x, (1, 0)))
