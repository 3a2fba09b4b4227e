"""Doubts about separation: is every number that of the slow formula, in every library, and does it have a gradient?"""

import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_theory import separation
from collapse_theory.arrays import device
from tests.places import NUMPY, assert_close

SCALARS = ("within_class_variance", "between_class_variance", "mean_energy", "fisher_trace", "fisher_full")
LABELS = np.array([0, 2, 1, 1, 0, 2, 2, 2, 0, 1, 2])
SHAPES = [(), (3,), (2, 2)]


def sample(rng, shape=(3,), kind="real"):
    x = rng.normal(size=(len(LABELS), *shape)) + LABELS.reshape(-1, *(1,) * len(shape))
    return x + 1j * rng.normal(size=x.shape) if kind == "complex" else x


def slow(x, labels):
    """Every statistic by loops over classes and samples."""
    x, shares, means, within = x.reshape(len(x), -1), [], [], 0
    for y in np.unique(labels):
        rows = x[labels == y]
        shares.append(len(rows) / len(x))
        means.append(sum(rows) / len(rows))
        within = within + sum(np.outer(r - means[-1], np.conj(r - means[-1])) for r in rows) / len(x)
    grand = sum(p * m for p, m in zip(shares, means, strict=True))
    between = sum(p * np.outer(m - grand, np.conj(m - grand)) for p, m in zip(shares, means, strict=True))
    w, b = np.trace(within).real, np.trace(between).real
    ridge = 1e-3 * w / x.shape[1]
    return {
        "within_class_variance": w,
        "between_class_variance": b,
        "mean_energy": sum(p * np.sum(np.abs(m) ** 2) for p, m in zip(shares, means, strict=True)),
        "fisher_trace": b / w,
        "fisher_full": np.trace(np.linalg.inv(within + ridge * np.eye(len(within))) @ between).real / len(means),
    }


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("shape", SHAPES)
def test_class_means_are_the_means_of_the_rows(place, rng, shape, kind):
    x = sample(rng, shape, kind)
    lifted, labels = place.lift(x), place.lift(LABELS)
    expected = np.stack([x[y == LABELS].mean(axis=0) for y in range(3)])
    assert_close(separation.class_means(lifted, labels, classes=3), expected, place, like=lifted)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", SCALARS)
def test_numbers_are_those_of_the_slow_formula(place, rng, name, shape, kind):
    x = sample(rng, shape, kind)
    lifted = place.lift(x)
    value = getattr(separation, name)(lifted, place.lift(LABELS), classes=3)
    assert_close(value, slow(x, LABELS)[name], place, like=lifted)


@pytest.mark.parametrize("chunk", [1, 4, 11, 100])
@pytest.mark.parametrize("name", ["within_class_variance", "fisher_trace", "fisher_full"])
def test_chunks_change_nothing(place, rng, name, chunk):
    lifted, labels = place.lift(sample(rng)), place.lift(LABELS)
    value = getattr(separation, name)(lifted, labels, classes=3, chunk=chunk)
    assert_close(value, slow(sample(np.random.default_rng(20220425)), LABELS)[name], place)


@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 5), scale=st.floats(1e-3, 1e3))
def test_mean_energy_and_within_class_variance_add_up_to_the_energy(seed, classes, scale):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.r_[np.arange(classes), rng.integers(0, classes, 20)])
    x = scale * (rng.normal(size=(len(labels), 3)) + 1j)
    parts = [f(x, labels, classes=classes) for f in (separation.mean_energy, separation.within_class_variance)]
    assert_close(np.asarray(sum(parts)), np.sum(np.abs(x) ** 2) / len(x), NUMPY, rounding=1e-13)


@pytest.mark.parametrize("ridge", [0, 0.5])
def test_the_ridge_is_added_to_the_within_class_covariance(place, rng, ridge):
    x = sample(rng)
    means = np.stack([x[y == LABELS].mean(axis=0) for y in range(3)])[LABELS]
    within, between = np.cov((x - means).T, bias=True), np.cov(means.T, bias=True)
    expected = np.trace(np.linalg.solve(within + ridge * np.eye(3), between)) / 3
    value = separation.fisher_full(place.lift(x), place.lift(LABELS), classes=3, ridge=ridge)
    assert_close(value, expected, place)


def test_without_ridge_the_full_ratio_is_that_of_discriminant_analysis(rng):
    analysis = pytest.importorskip("sklearn.discriminant_analysis").LinearDiscriminantAnalysis
    labels = np.repeat([0, 1, 2], 200)
    x = rng.normal(size=(600, 3)) @ rng.normal(size=(3, 3)) + rng.normal(size=(3, 3))[labels]
    fitted = analysis(solver="eigen").fit(x, labels)
    # Each direction is scaled to unit within-class variance, so projected class means vary by the eigenvalues.
    projected = fitted.transform(x)
    value = separation.between_class_variance(projected, labels, classes=3)
    assert_close(separation.fisher_full(x, labels, classes=3, ridge=0), value / 3, NUMPY, rounding=1e-9)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", ["class_means", *SCALARS])
def test_gradients_are_those_of_the_numbers(rng, name, kind):
    torch = pytest.importorskip("torch")
    x, labels = torch.asarray(sample(rng, (2,), kind)).requires_grad_(), torch.asarray(LABELS)
    assert torch.autograd.gradcheck(lambda x: getattr(separation, name)(x, labels, classes=3), x)


def test_the_gradient_of_the_within_class_variance_is_finite_where_nothing_varies():
    torch = pytest.importorskip("torch")
    x = torch.ones((4, 2), dtype=torch.complex128, requires_grad=True)
    separation.within_class_variance(x, torch.asarray([0, 0, 1, 1]), classes=2).backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


def test_labels_of_any_integer_dtype_serve():
    x, labels = np.arange(300.0), np.arange(300)
    expected = separation.mean_energy(x, labels, classes=300)
    assert separation.mean_energy(x, labels.astype(np.uint16), classes=300) == expected
    assert separation.mean_energy(x[:90], labels[:90].astype(np.int8), classes=90) == np.mean(x[:90] ** 2)


def test_more_samples_than_single_precision_counts_are_accepted():
    x = np.ones(2**24 + 1, np.float32)
    assert separation.class_means(x, np.zeros(len(x), np.int8), classes=1) == pytest.approx(1)


@pytest.mark.parametrize("name", ["class_means", *SCALARS])
@pytest.mark.parametrize(
    ("features", "labels", "error", "message"),
    [
        (
            np.ones((4, 2)),
            np.array([0, 1, 1]),
            ValueError,
            r"labels: .* shape \(4,\), one per sample, got \(3,\)",
        ),
        (np.ones((4, 2)), np.zeros((4, 1), int), ValueError, r"labels: expected shape \(4,\).* got \(4, 1\)"),
        (np.ones((4, 2)), np.array([0, 1, 1, 2]), ValueError, r"every class in 0 .. 1, and no other"),
        (np.ones((4, 2)), np.array([0, 0, 0, 0]), ValueError, r"every class in 0 .. 1, and no other"),
        (np.ones((4, 2)), np.array([0.0, 0, 1, 1]), TypeError, r"labels: expected integers, .* float64"),
        (np.array([1, np.nan, 2, np.inf]), np.array([0, 0, 1, 1]), ValueError, r"features: .* got 2 NaN or infinite"),
        (np.ones((4, 2), np.float16), np.array([0, 0, 1, 1]), TypeError, r"features: .* got float16"),
        (np.ones((4, 0)), np.array([0, 0, 1, 1]), ValueError, r"no axis empty, got \(4, 0\)"),
        ([1.0, 2.0], np.array([0, 1]), TypeError, r"features: .* got list"),
        (np.ones((4, 2)), np.ma.masked_array([0, 0, 1, 1]), TypeError, r"labels: expected integers, and no mask, got"),
    ],
)
def test_wrong_arguments_are_named(name, features, labels, error, message):
    with pytest.raises(error, match=message):
        getattr(separation, name)(features, labels, classes=2)


@pytest.mark.parametrize("name", ["between_class_variance", "fisher_trace", "fisher_full"])
def test_one_class_cannot_be_compared(name):
    with pytest.raises(ValueError, match="classes: expected an integer of at least 2, got 1"):
        getattr(separation, name)(np.ones((2, 2)), np.zeros(2, int), classes=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ridge": -1}, "ridge: expected a finite number of at least 0, got -1"),
        ({"chunk": 0}, "chunk: expected an int"),
    ],
)
def test_wrong_settings_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        separation.fisher_full(np.eye(4), np.array([0, 0, 1, 1]), classes=2, **arguments)


def test_tensors_that_hold_no_values_or_no_finite_ones_are_named():
    torch = pytest.importorskip("torch")
    x, labels = torch.ones((4, 2)), torch.arange(4) % 2
    with pytest.raises(ValueError, match=r"features: .* device meta"):
        separation.fisher_trace(x.to("meta"), labels.to("meta"), classes=2)
    with pytest.raises(ValueError, match=r"features: expected finite values, got 8 NaN or infinite of 8 in shape"):
        separation.fisher_trace((x * np.nan).requires_grad_(), labels, classes=2)


def test_libraries_and_devices_are_not_mixed():
    strict = pytest.importorskip("array_api_strict")
    x, labels = strict.asarray(np.ones((2, 2)), device=strict.Device("device1")), strict.asarray(np.arange(2))
    with pytest.raises(ValueError, match=f"device of the features, .*device1.*, got {re.escape(str(device(labels)))}"):
        separation.class_means(x, labels, classes=2)
    with pytest.raises(TypeError, match="expected arrays of one library"):
        separation.class_means(x, np.arange(2), classes=2)


def peak_of(call):
    call()  # what is imported, and kept, at the first call
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize(
    ("samples", "features", "classes"),
    [(50_000, 1, 10), (50_000, 1, 5000), (3000, 1, 3000), (4000, 64, 4000), (5000, 256, 10), (20, 50_000, 3)],
)
def test_peak_memory_is_within_that_of_the_formula(rng, samples, features, classes, dtype):
    x, labels = rng.normal(size=(samples, features)).astype(dtype), np.arange(samples) % classes
    rows = max(1, min(4096, 2**18 // features, max(256, 2**18 // classes)))
    parts = 48 * classes * features + 20 * rows * (features + min(classes, rows))
    most = 40 * samples + parts * (1 + (dtype is np.complex128))
    for name in ("class_means", "mean_energy", "between_class_variance", "within_class_variance", "fisher_trace"):
        assert peak_of(lambda name=name: getattr(separation, name)(x, labels, classes=classes)) < most


@pytest.mark.parametrize(("samples", "features", "chunk"), [(4000, 300, 2000), (3000, 700, None), (20_000, 64, 1000)])
def test_peak_memory_of_a_covariance_is_that_of_the_formula(rng, samples, features, chunk):
    x, labels = rng.normal(size=(samples, features)).astype(np.float32), np.arange(samples) % 10
    rows = min(chunk or 4096, max(256, 2**18 // features))
    others = 40 * samples + 480 * features + 20 * rows * (features + 10)
    for function, matrices in ((separation.within_class_covariance, 2), (separation.fisher_full, 8)):
        peak = peak_of(lambda function=function: function(x, labels, classes=10, chunk=chunk))
        assert peak < others + matrices * x.itemsize * features**2


def test_few_rows_at_a_time_take_less(rng):
    x, labels = rng.normal(size=(20_000, 64)), np.arange(20_000) % 10
    ask = separation.within_class_variance
    whole, parts = (peak_of(lambda c=c: ask(x, labels, classes=10, chunk=c)) for c in (None, 100))
    assert parts < whole - 2**20
