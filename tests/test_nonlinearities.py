"""Doubts about the non-linearities: the formulas, the declared laws, and that no other law holds."""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from collapse_theory import nonlinearities as n
from collapse_theory.arrays import array_namespace, device, to_host
from collapse_theory.scattering import cascade
from collapse_theory.wavelets import morlet_bank
from tests.places import NUMPY, assert_close

PARAMETERS = {"soft threshold": {"threshold": 0.3}, "phase collapse beyond": {"threshold": 0.3}}
OPERATIONS = {name: n.named(name, **PARAMETERS.get(name, {})) for name in n.NONLINEARITIES}
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


def array_in(place, x):
    """`x` in the library and on the device of `place`, in its own precision."""
    like = place.lift(np.zeros(1))
    return array_namespace(like).asarray(np.array(x), device=device(like))


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
    assert_close((relu(a) + relu(-a)) / 2, n.collapse_beyond(a, bias) / 2, NUMPY)
    assert_close((relu(a) - relu(-a)) / 2, n.soft_threshold(a, bias) / 2, NUMPY)


@pytest.mark.parametrize("name", [name for name in n.NONLINEARITIES if name != "rectifier"])
def test_gradient_is_right_away_from_zero_and_finite_at_it(name, rng):
    torch = pytest.importorskip("torch")
    away = coefficients(rng, 12)[1:]
    assert torch.autograd.gradcheck(OPERATIONS[name], torch.asarray(away).requires_grad_())
    z = torch.zeros(3, dtype=torch.complex128, requires_grad=True)
    torch.sum(torch.abs(OPERATIONS[name](z)) + torch.real(OPERATIONS[name](z))).backward()
    assert torch.isfinite(z.grad).all()


WITH_A_SLOPE_AT_ZERO = {
    "tanh": (n.saturate, 1),
    "soft threshold of 0": (lambda z: n.soft_threshold(z, 0), 1),
    "soft threshold of 0.3": (lambda z: n.soft_threshold(z, 0.3), 0),
    "compression": (n.compress, 1),
    "biased compression": (lambda z: n.compress(z, bias=0.5), np.exp(0.5)),
    "squared compression": (lambda z: n.compress(z, gain=2.0), 0),
    "first harmonic": (lambda z: n.turn_phase(z, 1), 1),
    "opposite harmonic": (lambda z: n.turn_phase(z, -1), 1),
}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", WITH_A_SLOPE_AT_ZERO)
def test_gradients_at_zero_are_those_of_the_function(name, dtype):
    torch = pytest.importorskip("torch")
    function, slope = WITH_A_SLOPE_AT_ZERO[name]
    z = torch.zeros(2, dtype=getattr(torch, dtype), requires_grad=True)
    np.testing.assert_allclose(torch.autograd.grad(function(z).real.sum(), z)[0], slope, rtol=1e-15)
    assert torch.autograd.gradcheck(function, z)
    if "compression" not in name or "squared" in name:  # which have second derivatives there
        assert torch.autograd.gradgradcheck(function, z)


def test_every_entry_of_a_threshold_has_its_own_slope_at_zero():
    torch = pytest.importorskip("torch")
    z, threshold = torch.zeros(3, requires_grad=True), torch.tensor([0.0, 0.2, 0.0])
    np.testing.assert_array_equal(torch.autograd.grad(n.soft_threshold(z, threshold).sum(), z)[0], [1, 0, 1])


def test_gradients_on_a_kink_are_those_of_torch():
    torch = pytest.importorskip("torch")
    a = torch.tensor([0.0, 0.3, -0.3], requires_grad=True)
    np.testing.assert_array_equal(torch.autograd.grad(n.rectify(a).sum(), a)[0], [0, 1, 0])
    np.testing.assert_array_equal(torch.autograd.grad(n.collapse_beyond(a, a.detach()[1]).sum(), a)[0], [0, 0, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "rectifier"])
def test_numbers_below_the_normal_ones_are_finite_and_small(place, name, dtype):
    tiny = np.finfo(dtype).smallest_normal
    z = (tiny / 2 ** np.arange(5.0)).astype(dtype)
    z = z * np.exp(0.5j).astype(dtype) if "complex" in dtype else z
    values = to_host(OPERATIONS[name](array_in(place, z)))
    assert np.all(np.isfinite(values))
    if name in ("sigmoid", "unit amplitude"):
        exact = z * 2.0**64 / np.abs(z * 2.0**64)
        np.testing.assert_allclose(values, exact / (2 if name == "sigmoid" else 1), rtol=1e-6)
    else:
        assert np.all(np.abs(values[1:]) < 1e-30)
    if name in ("tanh", "compression", "identity"):
        np.testing.assert_array_equal(values, z)


def test_gradients_below_the_normal_numbers_are_finite():
    torch = pytest.importorskip("torch")
    for function in (n.saturate, n.compress, n.squash, n.unit_amplitude, lambda z: n.soft_threshold(z, 0)):
        a = torch.tensor([1e-310, -3e-320], dtype=torch.float64, requires_grad=True)
        assert torch.isfinite(torch.autograd.grad(function(a).sum(), a)[0]).all()


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


WITH_PARAMETERS = {
    "soft threshold": lambda z, t: n.soft_threshold(z, t),
    "softened threshold": lambda z, t: n.soft_threshold(z, t, 1e-6),
    "phase collapse beyond": n.collapse_beyond,
    "rectifier": lambda z, t: n.rectify(array_namespace(z).abs(z), t),
    "sigmoid": lambda z, t: n.squash(z, t, -t),
    "compression": lambda z, t: n.compress(z, t, -t),
}


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float32"])
@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_parameters_take_the_precision_of_the_coefficients(place, rng, name, dtype):
    z = array_in(
        place, (rng.normal(size=(2, 6)) + 1j).astype(dtype) if "c" in dtype else rng.normal(size=(2, 6)).astype(dtype)
    )
    xp, f = array_namespace(z), WITH_PARAMETERS[name]
    expected = f(z, 0.5)
    for kind in ("float64", "float32", "int64"):
        for shape in ((), (6,), (2, 1)):
            number = 1 if kind == "int64" else 0.5
            given = f(z, xp.full(shape, number, dtype=getattr(xp, kind), device=device(z)))
            assert given.dtype == expected.dtype
            assert_close(given, to_host(f(z, number)), place, rounding=1e-6)


def test_a_cascade_with_thresholds_in_double_stays_in_single(rng):
    x, bank = rng.normal(size=(1, 8, 8)).astype(np.float32), morlet_bank(8, 1, 4, "full")
    threshold = np.full(8, 0.1)
    *_, deepest = cascade(x, bank, lambda z: n.soft_threshold(z, threshold), depth=2)
    assert deepest.dtype == np.complex64


def test_a_learned_threshold_keeps_its_graph_and_may_have_any_value():
    torch = pytest.importorskip("torch")
    z = torch.tensor([1.0 + 1j, 0.1, -2.0], dtype=torch.complex64)
    threshold = torch.tensor([0.2, 0.2, 0.2], dtype=torch.float64, requires_grad=True)
    slope = torch.autograd.grad(n.collapse_beyond(z, threshold).sum(), threshold)[0]
    np.testing.assert_array_equal(slope, [-1, 0, -1])
    assert slope.dtype == torch.float64
    np.testing.assert_allclose(
        n.collapse_beyond(z, -threshold, checked=False).detach(), np.abs(z.numpy()) + 0.2, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: n.named("sign"), ValueError, "nonlinearity: unknown 'sign'; known: 'identity', 'phase coll"),
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
