"""Doubts about the power of the users' checks: do they find what hides, and do they leave alone what is lawful?"""

import numpy as np
import pytest

from collapse_theory import testing
from collapse_theory.testing.ascent import differences, steepest_direction
from collapse_theory.testing.operators import operator_at
from collapse_theory.wavelets import wavelet_transform
from tests import operators
from tests.operators import BROKEN, CONSTANTS, LAWFUL, SHAKEN, STEADY, with_last_bits

CHECKS = {
    "translation invariance": testing.assert_translation_invariant,
    "translation equivariance": testing.assert_translation_equivariant,
    "phase invariance": testing.assert_phase_invariant,
    "phase equivariance": testing.assert_phase_equivariant,
    "homogeneity": testing.assert_homogeneous,
}


def rows(table):
    return [pytest.param(law, function, id=f"{law}: {name}") for law in table for name, function in table[law].items()]


@pytest.mark.parametrize(("law", "operator"), rows(LAWFUL))
def test_a_lawful_operator_passes(law, operator):
    CHECKS[law](operator, examples=30)


@pytest.mark.parametrize(("law", "operator"), rows(BROKEN))
def test_a_law_that_is_broken_where_it_is_hard_to_see_is_refused(law, operator):
    with pytest.raises(testing.LawBroken, match="the smallest"):
        CHECKS[law](operator)


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_lipschitz_constant_is_reached_to_a_thousandth_and_never_exceeded(name):
    operator, constant = CONSTANTS[name]
    testing.assert_non_expansive(operator, bound=constant, examples=25)
    with pytest.raises(testing.LawBroken) as caught:
        testing.assert_non_expansive(operator, bound=0.999 * constant)
    assert 0.999 * constant < caught.value.ratio < constant * (1 + 1e-6)


@pytest.mark.parametrize(
    ("check", "lawful", "broken", "bounds"),
    [
        (testing.assert_non_expansive, operator, operator, ({"bound": constant}, {"bound": 0.999 * constant}))
        for operator, constant in (
            CONSTANTS[name] for name in ("wavelets", "a dense matrix of one large singular value")
        )
    ]
    + [
        (testing.assert_deformation_stable, STEADY["means"], SHAKEN["one row of Fourier moduli"], [{"bound": 1.2}] * 2),
        (
            testing.assert_translation_invariant,
            LAWFUL["translation invariance"]["means of moduli"],
            BROKEN["translation invariance"]["leaks 1e-6"],
            ({}, {}),
        ),
        (
            testing.assert_phase_equivariant,
            LAWFUL["phase equivariance"]["phases of wavelets"],
            BROKEN["phase equivariance"]["conjugates of 1e-6"],
            ({}, {}),
        ),
    ],
)
def test_the_last_bits_of_an_operator_decide_nothing(check, lawful, broken, bounds):
    check(with_last_bits(lawful), examples=15, **bounds[0])
    with pytest.raises(testing.LawBroken):
        check(with_last_bits(broken), **bounds[1])


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_gradients_and_finite_differences_are_one_derivative_and_its_adjoint(kind, rng):
    torch = pytest.importorskip("torch")
    draw = lambda: rng.normal(size=(16, 16)) + (1j * rng.normal(size=(16, 16)) if kind == "complex" else 0)  # noqa: E731
    x, v = draw(), draw()
    cube = lambda x: wavelet_transform(x, operators.BANK) ** 3  # noqa: E731
    with operator_at(cube, torch.zeros(1, dtype=torch.float64)) as function:
        push, pull = function.derivative(x)
        by_differences = differences(function, x, 1e-6)
        u = push(v)
        expected = 3 * wavelet_transform(x, operators.BANK) ** 2 * wavelet_transform(v, operators.BANK)
        np.testing.assert_allclose(u, expected, atol=1e-10)
        np.testing.assert_allclose(by_differences[0](v), u, atol=1e-4)
        np.testing.assert_allclose(by_differences[1](u), pull(u), atol=1e-3)
        assert np.vdot(u, u).real == pytest.approx(np.vdot(pull(u), v).real)


@pytest.mark.parametrize("values", [[3, 3, 3, 1], [5, 4.9, 1, 0, 0], [2.0], [1e-9, 2e-9], [0.0, 0.0]])
def test_the_steepest_direction_is_the_top_singular_vector(values, rng):
    left, right = (np.linalg.qr(rng.normal(size=(len(values), len(values))))[0] for _ in range(2))
    matrix = left @ np.diag(values) @ right
    found = steepest_direction(lambda v: matrix @ v, lambda u: matrix.T @ u, np.zeros(len(values)))
    assert np.linalg.norm(matrix @ found) == pytest.approx(max(values)) if max(values) else found is None


def test_where_there_is_no_gradient_the_search_takes_differences():
    torch = pytest.importorskip("torch")
    for function in (lambda x: x.detach() * 1.5, lambda x: torch.sign(x) * 0 + 1.5 * x.detach()):
        with operator_at(function, torch.zeros(1)) as operator:
            assert operator.derivative(np.ones((4, 4))) is None
        with pytest.raises(testing.LawBroken):
            testing.assert_non_expansive(function, (1, 1, 4, 4), bound=1.499, like=torch.zeros(1), examples=5)


@pytest.mark.parametrize("like", ["float32", "float64"])
def test_the_search_climbs_by_gradients_of_torch(like):
    torch = pytest.importorskip("torch")
    like = torch.zeros(1, dtype=getattr(torch, like))
    mask = torch.as_tensor(operators.ONE_PIXEL, dtype=like.dtype)
    testing.assert_non_expansive(lambda x: 0.9 * mask * x, bound=1.35, like=like, examples=20)
    with pytest.raises(testing.LawBroken):
        testing.assert_non_expansive(lambda x: 0.9 * mask * x, bound=1.3487, like=like, examples=20)


@pytest.mark.parametrize("name", SHAKEN)
def test_an_operator_that_is_unstable_to_deformations_is_refused(name):
    with pytest.raises(testing.LawBroken):
        testing.assert_deformation_stable(SHAKEN[name], bound=1.2)


@pytest.mark.parametrize("name", STEADY)
def test_an_operator_that_is_stable_to_deformations_passes(name):
    testing.assert_deformation_stable(STEADY[name], bound=1.2, examples=20)
