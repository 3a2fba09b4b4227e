"""Doubts about how the users' checks are asked: what they refuse, what they say, and whose images they take."""

import contextlib
import inspect

import numpy as np
import pytest
from hypothesis import strategies as st

from collapse_theory import nonlinearities as n
from collapse_theory import testing

CHECKS = [getattr(testing, name) for name in testing.__all__ if name.startswith("assert_")]


def needs_three(x):
    if x.shape[-3] != 3:
        raise RuntimeError("expected 3 channels")
    return x


def needs_five(x):
    return x.reshape(x.shape[0], 5, -1)


@pytest.mark.parametrize("check", CHECKS)
def test_everything_comes_from_the_images_that_are_given(check):
    seen = set()

    def square_of_six(x):
        seen.add(x.shape)
        return x[..., :6, :6]

    arguments = {"bound": 9.0} if check is testing.assert_deformation_stable else {}
    given = testing.images((3, 6, 6), kind="complex" if "phase" in check.__name__ else "real")
    with contextlib.suppress(testing.LawBroken):
        check(square_of_six, inputs=given, examples=10, **arguments)
    assert seen == {(3, 6, 6)}


@pytest.mark.parametrize("check", CHECKS)
def test_of_black_images_nothing_is_asked_but_that_they_are_all_alike(check):
    arguments = {"bound": 1.0} if check is testing.assert_deformation_stable else {}
    check(lambda x: 0 * x, inputs=st.just(np.zeros((1, 1, 8, 8))), examples=10, **arguments)


@pytest.mark.parametrize("check", CHECKS)
def test_help_spells_the_arguments(check):
    spelled = inspect.signature(check).parameters
    assert not any(p.kind is p.VAR_KEYWORD for p in spelled.values())
    text = inspect.getdoc(check)
    assert all(f"{name} : " in text for name in spelled), check


def test_a_tolerance_is_relative_to_what_an_output_varies_by():
    leak = lambda x: np.mean(x, axis=(-2, -1)) + 1e-5 * x[..., 0, 0]  # noqa: E731
    testing.assert_translation_invariant(leak, tolerance=1e-2, examples=10)
    with pytest.raises(testing.LawBroken, match=r"allowed 1e-06"):
        testing.assert_translation_invariant(leak, tolerance=1e-6, examples=10)


@pytest.mark.parametrize("check", CHECKS)
def test_outputs_of_any_kind_of_number_are_compared(check):
    arguments = {"bound": 1e9} if check is testing.assert_deformation_stable else {}
    for kind in (bool, np.int8, np.float16):
        check(lambda x, kind=kind: np.zeros(x.shape, kind), examples=3, **arguments)
    with contextlib.suppress(testing.LawBroken):
        check(lambda x: np.abs(x) > 1, examples=3, **arguments)


def test_a_module_is_evaluated_in_evaluation_mode_and_left_as_it_was():
    torch = pytest.importorskip("torch")
    norm = torch.nn.BatchNorm2d(2)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), norm.eval(), torch.nn.Dropout(0.5))
    running = norm.running_mean.clone()
    testing.assert_translation_equivariant(module, examples=10)
    with pytest.raises(testing.LawBroken):
        testing.assert_homogeneous(module)
    assert [m.training for m in module.modules()] == [True, True, False, True]
    assert torch.equal(norm.running_mean, running)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: testing.assert_homogeneous("relu"), TypeError, "operator: expected a function .* got str"),
        (lambda: testing.assert_homogeneous(lambda x: [x]), TypeError, "operator: <lambda> returned no array: .* list"),
        (
            lambda: testing.assert_translation_equivariant(lambda x: x[0, 0, 0]),
            ValueError,
            r"operator: expected images .* got shape \(16,\); did you mean invariant",
        ),
        (lambda: testing.assert_phase_invariant(np.abs, kind="quaternion"), ValueError, "kind: unknown 'quaternion'"),
        (lambda: testing.assert_non_expansive(np.abs, bound=-1), ValueError, "bound: expected a finite number of at"),
        (lambda: testing.assert_homogeneous(abs, like=np.zeros(1, int)), TypeError, "like: .* got an array of int64"),
        (
            lambda: testing.assert_homogeneous(abs, like=np.zeros(1, "f2")),
            TypeError,
            "like: .* got an array of float16",
        ),
        (lambda: testing.assert_homogeneous(abs, like=3), TypeError, "like: expected a NumPy.* array, got int"),
        (lambda: testing.assert_homogeneous(abs, inputs=np.ones((8, 8))), TypeError, "inputs: .* strategy .* ndarray"),
        (
            lambda: testing.assert_homogeneous(abs, inputs=testing.images().filter(lambda x: False)),
            ValueError,
            "inputs: expected a strategy that draws images, got none",
        ),
        (lambda: testing.assert_homogeneous(needs_three), ValueError, r"operator: .* pass shape=\(1, 3, H, W\)"),
        (lambda: testing.assert_homogeneous(needs_five), ValueError, r"operator: .* pass shape=\(1, C, H, W\)"),
        (
            lambda: testing.assert_homogeneous(needs_three, inputs=testing.images((2, 8, 8))),
            ValueError,
            r"operator: needs_three does not take a numpy.ndarray of shape \(2, 8, 8\) .*; pass inputs=",
        ),
        (
            lambda: testing.assert_homogeneous(abs, inputs=st.just([[1.0]])),
            TypeError,
            "inputs: expected NumPy arrays to be drawn, got list",
        ),
        (lambda: testing.images(decades=-1), ValueError, "decades: expected a finite number of at least 0, got -1"),
        (lambda: testing.images((8,)), ValueError, r"shape: expected \(..., H, W\), .* got \(8,\)"),
        (lambda: testing.shifts(1, multiple_of=2), ValueError, "most: expected an integer of at least 2, got 1"),
        (
            lambda: testing.displacements((2, 8)),
            ValueError,
            r"shape: .* at least 4 samples per side, got \(2, 8\)",
        ),
        (lambda: testing.displacements(8, 1.0), ValueError, r"steepest: expected a number in \(0, 1\), got 1.0"),
        (lambda: testing.filter_banks(signals="any"), ValueError, "signals: unknown 'any'"),
        (lambda: testing.labelled_samples(classes=1), ValueError, "classes: expected an integer of at least 2, got 1"),
    ],
)
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_module_without_parameters_needs_to_be_told_where_it_lives():
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="like: ReLU has no parameters"):
        testing.assert_homogeneous(torch.nn.ReLU())
    testing.assert_homogeneous(torch.nn.ReLU(), like=torch.zeros(1), examples=5)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_modules_and_places_of_half_precision_are_refused_by_name(precision):
    torch = pytest.importorskip("torch")
    half = getattr(torch, precision)
    mixed = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.Conv2d(1, 1, 1).to(half))
    for module in (torch.nn.Conv2d(1, 1, 1).to(half), mixed):
        with pytest.raises(
            TypeError, match=f"operator: .* got {type(module).__name__} with parameters of torch.{precision}"
        ):
            testing.assert_homogeneous(module)
    with pytest.raises(TypeError, match=f"like: .* got an array of torch.{precision}"):
        testing.assert_homogeneous(n.rectify, like=torch.zeros(1, dtype=half))


def test_a_layer_that_does_not_take_the_shape_is_told_which_to_pass():
    torch = pytest.importorskip("torch")
    layer = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Conv2d(3, 4, 3, padding="same", padding_mode="circular"))
    with pytest.raises(ValueError, match=r"operator: .* \(1, 1, 16, 16\) \(RuntimeError: .*pass shape=\(1, 3, H, W\)"):
        testing.assert_translation_equivariant(layer)
    testing.assert_translation_equivariant(layer, (1, 3, 8, 8), examples=5)
    with pytest.raises(ValueError, match=r"operator: relu does not take a numpy.ndarray .* or like=, an array"):
        testing.assert_homogeneous(torch.relu)
