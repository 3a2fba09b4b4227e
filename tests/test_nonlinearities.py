"""Doubts about the non-linearities: the formulas, the declared laws, and that no other law holds."""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from collapse_theory import nonlinearities as n
from collapse_theory.arrays import to_host
from tests.places import NUMPY, assert_close

PARAMETERS = {"soft threshold": {"threshold": 0.3}, "phase collapse beyond": {"threshold": 0.3}}
OPERATIONS = {name: n.nonlinearity(name, **PARAMETERS.get(name, {})) for name in n.NONLINEARITIES}
ALL_LAWS = ("phase-invariant", "phase-equivariant", "homogeneous", "non-expansive", "amplitude-keeping")

reals = st.floats(-4, 4, allow_subnormal=False)
complexes = st.builds(complex, reals, reals)
FORMULAS = {
    "identity": lambda z: z,
    "phase collapse": np.abs,
    "phase collapse beyond": lambda z: np.maximum(np.abs(z) - 0.3, 0),
    "soft threshold": lambda z: np.maximum(np.abs(z) - 0.3, 0) * np.exp(1j * np.angle(z)),
    "tanh": lambda z: np.tanh(np.abs(z)) * np.exp(1j * np.angle(z)),
    "sigmoid": lambda z: np.where(z == 0, 0, 1 / (1 + np.exp(-np.abs(z))) * np.exp(1j * np.angle(z))),
    "unit amplitude": lambda z: np.where(z == 0, 0, np.exp(1j * np.angle(z))),
    "compression": lambda z: np.abs(z) / (1 + np.abs(z)) * np.exp(1j * np.angle(z)),
    "phase harmonic": lambda z: np.abs(z) * np.exp(2j * np.angle(z)),
}


def coefficients(rng, size=200):
    z = rng.normal(size=size) + 1j * rng.normal(size=size)
    z[0] = 0
    return z


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(place, rng, name):
    z = coefficients(rng)
    lifted = place.lift(z)
    assert_close(OPERATIONS[name](lifted), FORMULAS[name](z), place, like=lifted)
    real = place.lift(z.real)
    assert_close(OPERATIONS[name](real), np.real(FORMULAS[name](z.real)), place, like=real)


@pytest.mark.parametrize("order", range(-3, 4))
def test_phase_harmonic_turns_as_often_as_its_order(place, rng, order):
    z, turn = coefficients(rng), np.exp(0.7j)
    assert_close(
        n.turn_phase(place.lift(z), order), np.abs(z) * (np.exp(1j * order * np.angle(z)) if order else 1), place
    )
    assert_close(n.turn_phase(place.lift(turn * z), order), turn**order * to_host(n.turn_phase(z + 0j, order)), place)
    assert_close(n.turn_phase(place.lift(z.real), order), z.real if order % 2 else np.abs(z.real), place)


@pytest.mark.parametrize("order", [1.5, 2.0, True, "2"])
def test_phase_harmonic_refuses_an_order_that_is_no_integer(order):
    with pytest.raises(TypeError, match=r"^order: expected an integer, got"):
        n.turn_phase(np.ones(2), order)


def test_rectifier_is_the_positive_part(place, rng):
    a = rng.normal(size=50)
    assert_close(n.rectify(place.lift(a), bias=0.2), np.maximum(a - 0.2, 0), place)


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (lambda z, e: n.soft_threshold(z, 0.1, softening=e), lambda z, r: np.maximum(1 - 0.1 / r, 0) * z),
        (lambda z, e: n.squash(z, 1.5, 0.2, softening=e), lambda z, r: z / r / (1 + np.exp(-1.5 * np.abs(z) - 0.2))),
        (lambda z, e: n.unit_amplitude(z, softening=e), lambda z, r: z / r),
        (lambda z, e: n.saturate(z, softening=e), lambda z, r: np.tanh(np.abs(z)) * z / r),
        (lambda z, e: n.compress(z, 2, 0.5, softening=e),
         lambda z, r: z / r * np.exp(0.5) * np.abs(z) ** 2 / (1 + np.exp(0.5) * np.abs(z) ** 2)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("softening", [1e-6, 0.1])
def test_softened_formulas_are_the_published_ones(place, rng, function, formula, softening):
    z = coefficients(rng)
    assert_close(function(place.lift(z), softening), formula(z, np.abs(z) + softening), place)


def obeys(law, name, z, w, angle, factor):
    """Whether one instance of a law holds; on real numbers the phase is a sign."""
    f, real = OPERATIONS[name], name == "rectifier"
    z, w, turn = (z.real, w.real, -1.0) if real else (z, w, np.exp(1j * angle))
    at = lambda value: f(np.asarray([value]))[0]  # noqa: E731
    left, right = {
        "phase-invariant": lambda: (at(turn * z), at(z)),
        "phase-equivariant": lambda: (at(turn * z), turn * at(z)),
        "homogeneous": lambda: (at(factor * z), factor * at(z)),
        "amplitude-keeping": lambda: (abs(at(z)), abs(z)),
        "non-expansive": lambda: (max(abs(at(z) - at(w)), abs(z - w)), abs(z - w)),
    }[law]()
    return abs(left - right) <= 1e-12 * (1 + abs(z) + abs(w)) * (1 + factor)


instances = st.tuples(complexes, complexes, st.floats(0.1, 3), st.floats(0, 4))
DECLARED = [(name, law) for name, laws in n.LAWS.items() for law in ALL_LAWS if law in laws]
UNDECLARED = [(name, law) for name, laws in n.LAWS.items() for law in ALL_LAWS if law not in laws]


@pytest.mark.parametrize(("name", "law"), DECLARED)
@given(instance=instances)
def test_declared_law_holds(name, law, instance):
    if law == "phase-equivariant" and name in ("sigmoid", "unit amplitude") and abs(instance[0]) < 1e-9:
        return  # the phase of a number that rounding may have created is not a law's business
    assert obeys(law, name, *instance)


@pytest.mark.parametrize(("name", "law"), UNDECLARED)
def test_undeclared_law_has_a_counterexample(name, law):
    quick = settings(max_examples=2000, database=None, phases=[Phase.generate])  # the smallest one is not asked for
    assert find(instances, lambda instance: not obeys(law, name, *instance), settings=quick) is not None


def test_every_operation_declares_its_laws():
    assert set(n.LAWS) == set(n.NONLINEARITIES) == {*FORMULAS, "rectifier"}
    assert all(laws <= set(ALL_LAWS) for laws in n.LAWS.values())


@given(a=st.lists(reals, min_size=1), bias=st.floats(0, 2))
def test_biased_rectifier_is_half_a_dead_zone_modulus_plus_half_a_soft_threshold(a, bias):
    a, relu = np.array(a), lambda a: n.rectify(a, bias)
    assert_close(n.even_part(relu)(a), n.collapse_beyond(a, bias) / 2, NUMPY)
    assert_close(n.odd_part(relu)(a), n.soft_threshold(a, bias) / 2, NUMPY)


@pytest.mark.parametrize("name", [name for name in n.NONLINEARITIES if name != "rectifier"])
def test_gradient_is_right_away_from_zero_and_finite_at_it(name, rng):
    torch = pytest.importorskip("torch")
    away = coefficients(rng, 12)[1:]
    assert torch.autograd.gradcheck(OPERATIONS[name], torch.asarray(away).requires_grad_())
    z = torch.zeros(3, dtype=torch.complex128, requires_grad=True)
    torch.sum(torch.abs(OPERATIONS[name](z)) + torch.real(OPERATIONS[name](z))).backward()
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("name", ["soft threshold", "tanh", "sigmoid", "unit amplitude", "phase collapse"])
def test_extreme_amplitudes_stay_finite(place, name):
    tiny, huge = np.finfo(place.lift(np.zeros(1)).dtype.name if place.name.startswith("numpy") else "f8").tiny, 1e150
    z = np.array([tiny, -tiny * 1j, tiny * (3 + 4j), huge if "single" not in place.name else 1e30, -0.0])
    values = to_host(OPERATIONS[name](place.lift(z)))
    assert np.all(np.isfinite(values))
    assert np.all(np.abs(values) <= np.maximum(1.001 * np.abs(z), 1))


def test_thresholds_may_differ_from_channel_to_channel(place, rng):
    z, t = coefficients(rng, 6).reshape(2, 3), np.array([[0.1], [5.0]])
    expected = np.maximum(np.abs(z) - t, 0) * np.exp(1j * np.angle(z))
    assert_close(n.soft_threshold(place.lift(z), place.lift(t)), expected, place)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: n.nonlinearity("sign"), ValueError, "nonlinearity: unknown 'sign'; known: 'identity', 'phase coll"),
        (
            lambda: n.soft_threshold(np.ones(2), -1),
            ValueError,
            "threshold: expected a finite number of at least 0, got",
        ),
        (lambda: n.collapse_beyond(np.ones(2), np.inf), ValueError, "threshold: expected a finite number"),
        (lambda: n.rectify(np.ones(2) * 1j), TypeError, "a: expected real numbers, got complex128"),
        (lambda: n.collapse_phase([1.0]), TypeError, "z: expected a NumPy, CuPy, torch .* got list"),
        (
            lambda: n.saturate(np.ones(2, np.float16)),
            TypeError,
            "z: expected single or double precision .* got float16",
        ),
    ],
)
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
