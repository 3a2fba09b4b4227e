"""Doubts about streamed moments: do batches, order or merging change them, and are they unbiased?"""

import itertools
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from collapse_theory.separation import ClassMoments, batches
from tests.places import NUMPY, assert_close
from tests.test_separation import LABELS, SCALARS, slow

NIST = sorted((Path(scipy.stats.__file__).parent / "tests/data/nist_anova").glob("*.dat"))
DIGITS = {"Atm": 10.1, "SiR": 12.9, **dict.fromkeys(("SmLs01", "SmLs02", "SmLs03"), 15.0)}
DIGITS |= dict.fromkeys(("SmLs04", "SmLs05", "SmLs06"), 10.1) | dict.fromkeys(("SmLs07", "SmLs08", "SmLs09"), 4.1)
TOTALS = SCALARS[:-1]


def sample(rng, kind="real", shape=(3,), count=60):
    labels = rng.permutation(np.resize(LABELS, count))
    x = rng.normal(size=(count, *shape)) + labels.reshape(-1, *(1,) * len(shape))
    return (x + 1j * rng.normal(size=x.shape) if kind == "complex" else x), labels


def number(moments, name):
    value = getattr(moments, name)
    return value() if name == "fisher_full" else value


def anova(path):
    """Certified F, responses and treatments of a NIST file."""
    lines = path.read_text().splitlines()
    certified = next(float(line.split()[-1]) for line in lines if line.startswith("Between"))
    data = np.array([line.split() for line in lines[60:] if line.strip()], float)
    return certified, data[:, 1], data[:, 0].astype(int)


def digits(within, between, data):
    certified, x, labels = data
    n, classes = len(x), len(np.unique(labels))
    f = (n * between / (classes - 1)) / (n * within / (n - classes))
    return min(16, -np.log10(max(abs(f / certified - 1), 1e-16)))


def streamed(x, labels):
    moments = ClassMoments()
    for start in range(0, len(x), 7):
        moments.update(x[start : start + 7], labels[start : start + 7])
    return moments


def merged(x, labels):
    moments = ClassMoments()
    for start in range(5):
        moments.merge(streamed(x[start::5], labels[start::5]))
    return moments


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_numbers_are_those_of_the_slow_formula(place, rng, kind, shape):
    x, labels = sample(rng, kind, shape)
    moments = ClassMoments(covariance=True).update(place.lift(x), place.lift(labels))
    for name, expected in slow(x, labels).items():
        assert_close(np.asarray(number(moments, name)), expected, place)
    assert_close(moments.class_means, np.stack([x[labels == y].mean(axis=0) for y in range(3)]), place)
    assert moments.counts.tolist() == [np.sum(labels == y) for y in range(3)]


@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    pieces=st.integers(1, 4),
    offset=st.sampled_from([0.0, 1e6]),
    covariance=st.booleans(),
)
def test_batches_order_and_merging_change_nothing(seed, cuts, pieces, offset, covariance):
    rng = np.random.default_rng(seed)
    x, labels = sample(rng, rng.choice(["real", "complex"]))
    x = x + offset
    parts = [ClassMoments(covariance) for _ in range(pieces)]
    for k, rows in enumerate(np.split(rng.permutation(60), sorted(cuts))):
        assert parts[k % pieces].update(x[rows], labels[rows]) is parts[k % pieces]
    total = ClassMoments(covariance)
    for part in parts:
        assert total.merge(part) is total
    exact = slow(x - offset, labels)
    for name in ("within_class_variance", "between_class_variance", "fisher_trace", *SCALARS[4 : 4 + covariance]):
        assert number(total, name) == pytest.approx(exact[name], rel=1e-8 if offset else 1e-12)
    assert total.mean_energy == pytest.approx(slow(x, labels)["mean_energy"], rel=1e-13)


def test_real_and_complex_batches_follow_each_other_in_any_order(rng):
    (z, labels), (x, _) = sample(rng, "complex"), sample(rng)
    expected = slow(np.concatenate([z, x]), np.concatenate([labels, labels]))
    for first, second in ((z, x), (x, z)):
        streamed = ClassMoments(covariance=True).update(first, labels).update(second, labels)
        joined = ClassMoments(covariance=True).update(first, labels)
        joined.merge(ClassMoments(covariance=True).update(second, labels))
        for name, moments in itertools.product(SCALARS, (streamed, joined)):
            assert number(moments, name) == pytest.approx(expected[name], rel=1e-12)


def test_mean_energy_and_within_class_variance_add_up_to_the_energy(rng):
    x, labels = sample(rng, "complex", (2, 5))
    moments = ClassMoments().update(x, labels)
    energy = np.sum(np.abs(x) ** 2) / len(x)
    assert moments.mean_energy + moments.within_class_variance == pytest.approx(energy, rel=1e-14)


@pytest.mark.parametrize("path", NIST, ids=lambda path: path.stem)
@pytest.mark.parametrize("stream", [lambda x, y: ClassMoments().update(x, y), streamed, merged])
def test_the_certified_digits_of_the_variance_ratio_are_reached(path, stream):
    data = anova(path)
    moments = stream(*data[1:])
    least = next(least for name, least in DIGITS.items() if path.stem.startswith(name))
    assert digits(moments.within_class_variance, moments.between_class_variance, data) >= least


def test_all_files_are_there_and_sums_of_squares_would_fail_the_hard_ones():
    assert len(NIST) == 11
    for path in NIST[-3:]:
        data = certified, x, labels = anova(path)
        assert certified == pytest.approx({"SmLs07": 21, "SmLs08": 201, "SmLs09": 2001}[path.stem])
        means, counts = (np.array([f(x[labels == y]) for y in np.unique(labels)]) for f in (np.mean, len))
        within = np.mean(x**2) - np.average(means**2, weights=counts)
        between = np.average(means**2, weights=counts) - np.mean(x) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            assert not digits(within, between, data) >= 2


def test_chunks_of_rows_change_nothing(monkeypatch, rng):
    x, labels = sample(rng)
    monkeypatch.setattr(batches, "CHUNK_ROWS", 4)
    moments = ClassMoments(covariance=True).update(x, labels)
    for name, expected in slow(x, labels).items():
        assert number(moments, name) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", [np.array, list, tuple, lambda y: np.array(y, dtype=object)])
def test_labels_of_any_kind_are_sorted(rng, kind):
    names = ["pear", "apple", "fig", "apple", "pear", "fig"]
    x = rng.normal(size=(6, 2))
    moments = ClassMoments().update(x[:2], kind(names[:2])).update(x[2:], kind(names[2:]))
    assert moments.classes.tolist() == ["apple", "fig", "pear"]
    assert moments.counts.tolist() == [2, 2, 2]
    assert_close(moments.class_means, np.stack([x[[1, 3]], x[[2, 5]], x[[0, 4]]]).mean(axis=1), NUMPY)
    assert moments.unbiased().classes.tolist() == moments.classes.tolist()
    assert_close(moments.unbiased().class_means, moments.class_means, NUMPY)


def test_moments_leave_the_graph_and_survive_a_pickle(rng):
    torch = pytest.importorskip("torch")
    x, labels = sample(rng)
    moments = ClassMoments(groups=5).update(torch.asarray(x).requires_grad_(), torch.asarray(labels))
    assert type(moments.within_class_variance) is float
    assert pickle.loads(pickle.dumps(moments)).interval("fisher_trace") == moments.interval("fisher_trace")


def test_an_empty_batch_changes_nothing(rng):
    x, labels = sample(rng)
    moments = ClassMoments().update(x[:0], []).update(x, labels).update(x[:0], labels[:0])
    assert moments.within_class_variance == pytest.approx(slow(x, labels)["within_class_variance"], rel=1e-12)


def test_per_feature_numbers_are_those_of_each_feature_alone(place, rng):
    x, labels = sample(rng, "complex", (2, 3))
    for unbiased in (False, True):
        whole = ClassMoments().update(place.lift(x), labels)
        each = (whole.unbiased() if unbiased else whole).per_feature()
        for name in TOTALS:
            values = getattr(each, name)
            assert values.shape == (2, 3)
            for at in np.ndindex(2, 3):
                alone = ClassMoments().update(x[(slice(None), *at)], labels)
                expected = getattr(alone.unbiased() if unbiased else alone, name)
                assert values[at] == pytest.approx(expected, rel=100 * place.rounding, abs=100 * place.rounding)


def test_unbiased_numbers_average_to_those_of_the_population_exactly():
    populations = np.array([[1, 2j], [0.5 - 1j, 3]]), np.array([[4, 0.0], [-2, 1j], [0.5j, 1]])
    counts, labels = (2, 3), np.repeat([0, 1], (2, 3))
    choices = [itertools.product(population, repeat=n) for population, n in zip(populations, counts, strict=True)]
    draws = [np.array([*first, *second]) for first, second in itertools.product(*choices)]
    assert len(draws) == 2**2 * 3**3
    whole = [np.repeat(p, 6 * n // len(p), axis=0) for p, n in zip(populations, counts, strict=True)]  # p_y = n_y / n
    expected = slow(np.concatenate(whole), np.repeat([0, 1], [len(rows) for rows in whole]))
    for name in ("within_class_variance", "between_class_variance", "mean_energy"):
        values = [ClassMoments().update(draw, labels) for draw in draws]
        assert np.mean([getattr(m.unbiased(), name) for m in values]) == pytest.approx(expected[name], rel=1e-12)
        assert abs(np.mean([getattr(m, name) for m in values]) / expected[name] - 1) > 0.01  # the bias is seen
    assert min(m.unbiased().between_class_variance for m in values) < 0  # and nothing is clipped


def test_unbiased_full_ratio_corrects_the_matrices(rng):
    x, labels = sample(rng, "complex", (3,), 30)
    n, counts = len(x), [np.sum(labels == y) for y in range(3)]
    spreads = [np.cov(x[labels == y].T) for y in range(3)]  # divides by n_y − 1
    within = sum(c * s for c, s in zip(counts, spreads, strict=True)) / n
    means = np.stack([x[labels == y].mean(axis=0) for y in range(3)])[labels]
    between = np.cov(means.T, bias=True) - (sum(spreads) - within) / n
    for ridge, added in ((None, 1e-3 * np.trace(within).real / 3), (0.25, 0.25), (0, 0)):
        expected = np.trace(np.linalg.solve(within + added * np.eye(3), between)).real / 3
        value = ClassMoments(covariance=True).update(x, labels).unbiased().fisher_full(ridge)
        assert value == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(
    ("features", "labels", "error", "message"),
    [
        (np.ones((4, 2)), [0, 1, 1], ValueError, r"labels: expected shape \(4,\), one per sample, got \(3,\)"),
        (np.ones((4, 2)), np.zeros((4, 1)), ValueError, r"labels: expected shape \(4,\), one per sample, got \(4, 1\)"),
        (np.ones((4, 2)), [0, 1, np.nan, 1], ValueError, "labels: expected labels that are equal to themselves"),
        (np.ones((4, 2)), [0, 1, None, 1], ValueError, "labels: .* none missing, got None"),
        (np.array([[1, np.nan], [np.inf, 1]]), [0, 2], ValueError, "features: .* got 2 NaN or infinite"),
        (np.ones((4, 2), np.float16), [0, 1, 0, 1], TypeError, "features: .* got float16"),
        (np.ones((4, 3)), [0, 1, 0, 1], ValueError, r"features: expected samples of shape \(2,\), got \(3,\)"),
        (np.ones((4, 0)), [0, 1, 0, 1], ValueError, r"no feature axis empty, got \(4, 0\)"),
        (np.ones(()), [], ValueError, r"features: expected shape \(N, ...\)"),
        (np.ones((4, 2)), list("abab"), TypeError, "labels: .* sort together, got int, str"),
    ],
)
def test_a_wrong_batch_is_named_and_changes_nothing(rng, features, labels, error, message):
    moments = ClassMoments().update(rng.normal(size=(6, 2)), [0, 1] * 3)
    before = pickle.dumps(moments)
    with pytest.raises(error, match=message):
        moments.update(features, labels)
    assert pickle.dumps(moments) == before


@pytest.mark.parametrize(
    ("settings", "shape", "size"),
    [
        ({}, (4, 2**16), "2 classes x 65536 features x 1 groups take 2 MiB"),
        ({"groups": 20}, (4, 2**12), "2 classes x 4096 features x 20 groups take 2 MiB"),
        ({"covariance": True}, (4, 2**9), "2 classes x 512 features x 1 groups with covariance take 4 MiB"),
        ({"covariance": True, "groups": 9}, (4, 10**6), "with covariance take 137329376 MiB"),
    ],
)
def test_moments_too_large_are_refused_with_their_size_before_they_are_allocated(settings, shape, size):
    with pytest.raises(ValueError, match=f"memory: {size}, more than the 1 MiB" if "x" in size else size):
        ClassMoments(**settings, memory=2**20).update(np.broadcast_to(0.0, shape), [0, 1, 0, 1])


def test_room_for_a_new_class_is_counted_too():
    moments = ClassMoments(memory=2**20).update(np.zeros((1, 2**15)), [0])
    with pytest.raises(ValueError, match=r"memory: 3 classes x 32768 features x 1 groups take 2 MiB"):
        moments.merge(ClassMoments().update(np.zeros((2, 2**15)), [1, 2]))
    with pytest.raises(ValueError, match=r"memory: 2 classes x 32768 features x 1 groups take 2 MiB"):
        moments.update(np.zeros((2, 2**15), complex), [0, 1])
    assert moments.classes.tolist() == [0]
    assert moments.update(np.zeros((2, 2**15)), [0, 1]).counts.tolist() == [2, 1]  # 1 MiB exactly


@pytest.mark.parametrize("name", [*TOTALS, "counts", "class_means"])
def test_numbers_without_samples_are_refused(name):
    for empty in (ClassMoments(groups=20), ClassMoments().merge(ClassMoments())):
        with pytest.raises(ValueError, match="no samples yet: expected at least one update"):
            getattr(empty, name)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.update(np.ones((2, 2)), [7, 7]).merge(3), "other: expected ClassMoments, got int"),
        (lambda m: m.merge(ClassMoments(groups=3)), "other: expected covariance=True and groups=20, got covariance=F"),
        (lambda m: m.update(np.ones((1, 2)), [7]).unbiased(), "class 7 has one sample, expected at least two"),
        (lambda m: m.interval("spread"), "name: unknown 'spread'; known: 'within_class_variance', .*'fisher_full'"),
        (lambda m: m.interval("fisher_trace", 95), "confidence: expected a share between 0 and 1, got 95"),
        (lambda m: m.update(np.ones((19, 2)), [7] * 19).interval("fisher_trace"), "class 7 has 19 samples, none in"),
        (lambda m: ClassMoments().interval("fisher_trace"), r"needs groups of samples: make ClassMoments\(groups=20\)"),
        (lambda m: ClassMoments(groups=20).interval("fisher_trace"), "no samples yet"),
        (lambda m: ClassMoments().unbiased(), "no samples yet"),
        (lambda m: ClassMoments(groups=-1), "groups: expected an integer of at least 0, got -1"),
        (lambda m: m.fisher_full(-1), "ridge: expected a finite number of at least 0, got -1"),
    ],
)
def test_wrong_questions_are_named(rng, ask, message):
    moments = ClassMoments(covariance=True, groups=20).update(rng.normal(size=(40, 2)), [0, 1] * 20)
    with pytest.raises((ValueError, TypeError), match=message):
        ask(moments)


def test_one_class_cannot_be_compared_and_covariances_must_be_asked_for(rng):
    one = ClassMoments(covariance=True).update(rng.normal(size=(4, 2)), ["sand"] * 4)
    assert one.unbiased().within_class_variance > 0
    for name in ("between_class_variance", "fisher_trace", "fisher_full"):
        with pytest.raises(ValueError, match=r"expected at least two classes to compare, got \['sand'\]"):
            number(one, name)
    with pytest.raises(ValueError, match=r"make ClassMoments\(covariance=True\)"):
        ClassMoments().update(np.eye(4), [0, 0, 1, 1]).fisher_full()
