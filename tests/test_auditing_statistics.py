"""Doubts about the statistics of an audit: without bias where it is said, and right on average from a sketch."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from collapse_theory.learned.auditing.budget import LARGEST, ways_to_keep
from collapse_theory.learned.auditing.folds import Folds, folds_of
from collapse_theory.learned.auditing.law import separation_law
from collapse_theory.learned.auditing.layer import Keeping, Layer, layer_bytes
from collapse_theory.learned.auditing.layouts import Layout
from collapse_theory.learned.auditing.probes import held_out
from collapse_theory.learned.auditing.sketch import collisions, sketch, sketch_error
from collapse_theory.learned.auditing.statistics import effective_rank, fisher_full, nc1
from collapse_theory.separation import ClassMoments


def folds_with(rows, labels, batch=64):
    """Folds of rows that come in batches."""
    folds, before = Folds(rows.shape[1]), {}
    for start in range(0, len(rows), batch):
        here = slice(start, start + batch)
        folds.update(rows[here], labels[here], folds_of(labels[here], before))
    return folds


def test_folds_do_not_depend_on_batches_and_merge_as_if_there_had_been_one():
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(90, 5)) + 1e4, rng.integers(0, 3, 90)
    whole, parts = folds_with(rows, labels, 90).pooled(), folds_with(rows, labels, 7)
    two = folds_with(rows[:40], labels[:40]).merge(folds_with(rows[40:], labels[40:]))
    moments = ClassMoments(covariance=True).update(rows, labels)
    for found in (whole, parts.pooled(), two.pooled()):
        np.testing.assert_allclose(found.means, moments.class_means)
        np.testing.assert_allclose(found.squares.sum() / 90, moments.within_class_variance, rtol=1e-10)
        np.testing.assert_allclose(np.trace(found.scatter) / 90, moments.within_class_variance, rtol=1e-10)
        np.testing.assert_allclose(np.sum(found.centred**2), moments.between_class_variance, rtol=1e-6)


def test_the_full_fisher_ratio_has_no_bias_at_three_images_per_number_and_is_refused_below_two():
    rng = np.random.default_rng(0)
    features, per_class, means = 20, 15, np.zeros((4, 20))
    means[1:, 0], labels = [1, 2, 3], np.arange(60) % 4
    expected = np.mean((means[:, 0] - 1.5) ** 2) / 4
    found, raw = [], []
    for _ in range(400):
        pooled = folds_with(rng.normal(size=(60, features)) + means[labels], labels).pooled()
        found.append(fisher_full(pooled))
        raw.append(np.trace(np.linalg.solve(pooled.scatter / 60, pooled.centred.T @ pooled.centred)) / 4)
    error = np.std(found) / 20
    assert abs(np.mean(found) - expected) < 5 * error
    assert np.mean(raw) > 1.8 * expected
    few = folds_with(rng.normal(size=(2 * features + 5, features)), np.arange(2 * features + 5) % 4).pooled()
    assert fisher_full(few) is None
    assert per_class * 4 == 60


def test_a_sketch_keeps_inner_products_on_average_and_its_error_is_the_one_that_is_said():
    rng = np.random.default_rng(0)
    rows = torch.as_tensor(rng.normal(size=(2000, 512)))
    small = sketch(rows, 64)
    lengths = (small.square().sum(1) / rows.square().sum(1)).numpy()
    assert small.shape == (2000, 64)
    assert abs(lengths.mean() - 1) < 5 * lengths.std() / 2000**0.5
    assert lengths.std() == pytest.approx(sketch_error(512, 64), rel=0.1)
    assert sketch(rows, 512) is rows
    assert sketch_error(512, 512) == collisions(64, 512) == 0


def test_what_a_sketch_adds_is_taken_off():
    rng = np.random.default_rng(0)
    labels, every, few = np.arange(300) % 4, 2000, 128
    rows = rng.normal(size=(300, every)) * np.linspace(1, 0.1, every) + 0.3 * rng.normal(size=(4, every))[labels]
    moments = ClassMoments().update(rows, labels)
    exact = folds_with(np.linalg.qr((rows - rows.mean(0)).T, mode="r").T, labels).pooled()
    root = exact.centred
    known = root @ root.T, collisions(every, few) * moments.within_class_variance
    found, raw, ranks = [], [], []
    for _ in range(10):
        mixed = rows[:, rng.permutation(every)] * rng.choice([-1, 1], every)
        pooled = folds_with(sketch(torch.as_tensor(mixed), few).numpy(), labels).pooled()
        found.append(nc1(pooled, exact=known))
        raw.append(nc1(pooled))
        ranks.append(effective_rank(pooled, chance=collisions(every, few)))
    assert np.mean(raw) > 3 * nc1(exact)
    assert abs(np.mean(found) - nc1(exact)) < 3 * sketch_error(every, few) * np.mean(raw) / 10**0.5
    assert np.std(found) < sketch_error(every, few) * np.mean(raw)
    assert np.mean(ranks) == pytest.approx(effective_rank(exact), rel=0.1)


def test_held_out_images_are_not_those_that_were_fitted_on():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    rows = rng.normal(size=(200, 150))  # which a classifier fits in part by heart
    folds, of = folds_with(rows, labels), folds_of(labels, {})
    shares = held_out(folds, {fold: (rows[of == fold], labels[of == fold]) for fold in range(10)})
    for share, low, high in shares.values():
        assert low <= share <= high
        assert share < 0.65
    apart = rows + 4 * np.eye(150)[labels]
    folds = folds_with(apart, labels)
    shares = held_out(folds, {0: (apart[of == 0], labels[of == 0])})
    assert min(share for share, _, _ in shares.values()) > 0.9


def layouts(*numbers):
    return {str(n): Layout(str(n), "Conv2d", (count,), 0, 0) for n, count in enumerate(numbers)}


def test_the_memory_of_all_layers_together_is_kept_to():
    found = layouts(10, 1000, 1500, 60_000, 60_000)
    for memory, images in ((2**30, 500), (2**30, None), (2**28, 500), (2**26, None), (2**22, 10**6)):
        ways = ways_to_keep(found, 10, memory=memory, images=images)
        sizes = [layer_bytes(found[name].numbers, 10, way, images=images) for name, way in ways.items()]
        assert sum(sizes) <= memory
        assert ways["0"].rows or ways["0"].numbers >= 10
    assert ways_to_keep(layouts(30_000), 10, memory=2**27, images=300)["0"] == Keeping(True, 30_000)
    assert ways_to_keep(layouts(30_000), 10, memory=2**30)["0"].numbers == LARGEST
    assert not ways_to_keep(layouts(10**6), 100, memory=2**28)["0"].means
    with pytest.raises(ValueError, match=r"memory: expected [\d,]+ bytes at least for 1 layers and 10 classes, got 9"):
        ways_to_keep(layouts(10), 10, memory=9)


def test_what_is_kept_is_no_more_than_was_planned():
    rng = np.random.default_rng(0)
    for keeping in (Keeping(False, 64), Keeping(True, 500), Keeping(False, 64, False)):
        layer, before = Layer(layouts(500)["0"], keeping, 60), {}
        for _ in range(3):
            labels = np.arange(20) % 4
            call = type("Call", (), {"output": torch.as_tensor(rng.normal(size=(20, 500)).astype(np.float32))})
            layer.add(call, labels, folds_of(labels, before))
        arrays = [*vars(layer._folds).values()] if layer._folds else [layer._room]
        moments = layer._moments._cells
        arrays += [moments.means, moments.squares, *([] if keeping.rows else layer._rows)]
        kept = sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
        assert kept <= layer_bytes(500, 4, keeping, images=60)
        row = layer.row()
        assert row["numbers_of_folds"] == keeping.numbers
        assert (row["sketch_error"] > 0) == (not keeping.rows)


def test_the_law_is_the_line_through_the_activations():
    rows = [
        {"layer": str(n), "is_activation": n % 2 == 1, "fisher_trace_unbiased": np.exp(0.3 * n) if n % 2 else 9.0}
        for n in range(8)
    ]
    law = separation_law(rows)
    assert (law["over"], law["layers"]) == ("activations", list("1357"))
    assert law["rate"] == pytest.approx(0.6)
    assert law["correlation"] == pytest.approx(1)
    assert law["rate_low"] == pytest.approx(0.6)
    assert separation_law(rows[:5])["over"] == "layers"
    assert separation_law(rows[:2]) is None
