"""Doubts about rows by class: does it matter how many classes there are, or where rows are cut into pieces?"""

import numpy as np
import pytest

from collapse_theory import separation
from collapse_theory.separation import by_class
from tests.places import assert_close
from tests.test_separation import SCALARS, slow


def sample(rng, classes, kind):
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(0, classes, 30), [0] * 9]))
    x = rng.normal(size=(len(labels), 3)) + labels[:, None] % 3
    return (x + 1j * rng.normal(size=x.shape) if kind == "complex" else x), labels


@pytest.fixture(params=[1, 7, 4096])
def few_rows(request, monkeypatch):
    monkeypatch.setattr(by_class, "MOST_ROWS", request.param)


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("classes", [1, 2, 16, 17, 60])
def test_classes_are_summed_right_wherever_rows_are_cut(place, rng, classes, kind):
    x, labels = sample(rng, classes, kind)
    lifted, places = place.lift(x), place.lift(labels)
    expected = np.stack([x[labels == y].mean(axis=0) for y in range(classes)])
    assert_close(separation.class_means(lifted, places, classes=classes), expected, place, like=lifted)
    for name in SCALARS if classes > 1 else ("within_class_variance", "mean_energy"):
        value = getattr(separation, name)(lifted, places, classes=classes)
        assert_close(value, slow(x, labels)[name], place, like=lifted)


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", ["class_means", "within_class_covariance", *SCALARS])
def test_gradients_of_many_classes_are_those_of_the_numbers(rng, name, kind):
    torch = pytest.importorskip("torch")
    x, labels = sample(rng, 17, kind)
    x, labels = torch.asarray(x[:, :2]).requires_grad_(), torch.asarray(labels)
    assert torch.autograd.gradcheck(lambda x: getattr(separation, name)(x, labels, classes=17), x, fast_mode=True)


def test_a_gradient_of_a_gradient_and_one_forward_are_right_too(rng):
    torch = pytest.importorskip("torch")
    x, labels = sample(rng, 2, "real")
    x, labels = torch.asarray(x[:12]).requires_grad_(), torch.arange(12) % 2

    def ratio(x):
        return separation.fisher_trace(x, labels, classes=2)

    assert torch.autograd.gradgradcheck(ratio, x)
    torch.testing.assert_close(torch.func.jacrev(ratio)(x.detach()), torch.autograd.grad(ratio(x), x)[0])


def test_the_order_of_rows_changes_nothing_beyond_rounding(rng):
    x, labels = sample(rng, 40, "real")
    order = rng.permutation(len(labels))
    for name in SCALARS:
        values = [getattr(separation, name)(x[o], labels[o], classes=40) for o in (slice(None), order)]
        assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_more_classes_than_samples_are_refused_before_they_take_memory():
    with pytest.raises(ValueError, match=r"labels: expected every class in 0 .. 999999999999, .* got 2 of them"):
        separation.class_means(np.zeros((2, 2)), np.arange(2), classes=10**12)


def test_booleans_are_two_classes(place):
    x, labels = place.lift(np.array([1.0, 2.0, 3.0])), place.lift(np.array([True, False, True]))
    assert_close(separation.class_means(x, labels, classes=2), [2.0, 2.0], place, like=x)
