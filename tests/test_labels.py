"""Doubts about labels: are those of any kind told apart, in their order, and never two that differ taken for one?"""

import datetime as dt
import enum
import fractions

import numpy as np
import pytest

pytest.importorskip("sklearn")

from collapse_theory.estimators import ClassSeparation
from collapse_theory.labels import as_array, class_codes
from collapse_theory.separation import ClassMoments, class_means

Color = enum.IntEnum("Color", ["RED", "BLUE"])
STRINGS = np.dtypes.StringDType


class Missing:
    """As the missing value of pandas: whether it equals anything, itself included, is unknown."""

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")

    def __hash__(self):
        return 0

    def __str__(self):
        return "<NA>"


def of_objects(*labels):
    return np.fromiter(labels, object, len(labels))


def integers(dtype):
    """The ends of the range of an integer dtype, and what lies beside them: no two are equal as floats are."""
    info = np.iinfo(dtype)
    return np.array([info.max, info.min, info.max - 1, info.min + 1], dtype)


KEPT = {
    **{np.dtype(d).name: integers(d) for d in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")},
    "swapped bytes": integers(">i8"),
    "booleans": np.array([True, False]),
    "half precision": np.array([1.5, 0.5], np.float16),
    "infinite": [np.inf, -np.inf, 0.0],
    "whole floats": [2.0, 1.0],
    "integers of two signs": [2**63, -1, 2**63 + 1],
    "long integers": [2**80, 2**80 + 1],
    "NumPy's among Python's": [np.int8(2), 1, np.uint64(2**63)],
    "text": ["b", "a"],
    "text of objects": of_objects("b", "a"),
    "text that ends in nothing": ["a\0", "a"],
    "bytes": [b"b", b"a"],
    "NumPy's bytes": np.array([b"b", b"a"]),
    "NumPy's text": np.array(["b", "a"], STRINGS()),
    "text that might be missing": np.array(["b", "a"], STRINGS(na_object=np.nan)),
    "dates": np.array(["2021", "2020"], "M8[ns]"),
    "durations": np.array([2, 1], "m8[s]"),
    "Python's dates": [dt.date(2021, 1, 1), dt.date(2020, 1, 1)],
    "pairs": of_objects((0, 2), (0, 1)),
    "fractions": [fractions.Fraction(1, 2), fractions.Fraction(1, 3)],
    "an enumeration": [Color.BLUE, Color.RED],
    "a mask that hides nothing": np.ma.masked_array([2, 1], [False, False]),
}


@pytest.mark.parametrize("name", KEPT)
def test_labels_of_any_kind_keep_what_they_are(name):
    labels = KEPT[name]
    given = list(labels)
    classes, codes = class_codes(labels, len(labels))
    array = as_array(classes)
    assert classes == sorted(given)
    assert len(classes) == len(given)
    assert [classes[code] for code in codes] == given
    assert array.shape == (len(classes),)
    assert list(array) == classes
    moments = ClassMoments().update(np.arange(float(len(given))), labels)
    moments.update(np.arange(float(len(given))), labels)
    assert list(moments.classes) == classes
    assert moments.class_means.tolist() == [given.index(label) for label in classes]


REFUSED = {
    "an integer and text": ([1, "1"], "int, str"),
    "an integer and a float": ([1, 1.0], "float, int"),
    "an integer and a truth": ([1, True], "bool, int"),
    "a float and a truth": (of_objects(1.0, np.True_), "bool, float"),
    "bytes and text": ([b"a", "a"], "bytes, str"),
    "an enumeration and an integer": ([Color.RED, 1], "Color, int"),
    "a fraction and an integer": ([fractions.Fraction(1), 1], "Fraction, int"),
    "two units of time": ([np.datetime64("2020-01-01"), np.datetime64("2020-01-01", "s")], "datetime64"),
    "complex numbers": ([1j, 2j], "sort together, got complex"),
    "sets": (of_objects(frozenset([1]), frozenset([2])), "sort together, got frozenset"),
    "what does not hash": (of_objects([0], [1]), "told apart"),
    "nothing": ([None, 1], "got None"),
    "nothing alone": ([None, None], "got None"),
    "NaN": ([0, np.nan], "got NaN"),
    "NaN of objects": (of_objects("a", np.nan), "got NaN"),
    "a complex NaN": ([complex(0, np.nan), 1j], "got NaN"),
    "missing text": (np.array(["a", None], STRINGS(na_object=None)), "got None"),
    "text that is NaN": (np.array(["a", np.nan], STRINGS(na_object=np.nan)), "got NaN"),
    "no time": (np.array(["2020", "NaT"], "M8[s]"), "got NaT"),
    "neither equal nor not": (of_objects(Missing(), "a"), "got <NA>"),
    "masked": (np.ma.masked_array([1, 2], [False, True]), "got a masked one"),
    "a column": ([[0], [1]], r"\(2, 1\)"),
    "rows of several lengths": ([[0, 1], [1]], "several lengths"),
    "a word": ("ab", r"got \(\)"),
    "a set": ({0, 1}, r"got \(\)"),
    "none": (None, r"got \(\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_labels_that_are_missing_or_of_several_kinds_are_refused_by_name(name):
    labels, got = REFUSED[name]
    moments = ClassMoments()
    with pytest.raises((TypeError, ValueError), match=f"^labels: expected .*{got}"):
        moments.update(np.zeros((2, 3)), labels)
    with pytest.raises(ValueError, match="no samples yet"):
        _ = moments.counts


KINDS = {
    "integer": np.array([0, 1]),
    "truth": np.array([False, True]),
    "float": np.array([0.0, 1.0]),
    "text": ["0", "1"],
    "bytes": [b"0", b"1"],
    "days": np.array([0, 1], "M8[D]"),
    "nanoseconds": np.array([0, 1], "M8[ns]"),
}


@pytest.mark.parametrize("first", KINDS)
def test_batches_and_merged_moments_have_labels_of_one_kind(first):
    x = np.zeros((2, 3))
    for second, labels in KINDS.items():
        moments = ClassMoments().update(x, KINDS[first])
        other = ClassMoments().update(x, labels)
        if second == first:
            assert moments.update(x, labels).merge(other).counts.tolist() == [3, 3]
            continue
        with pytest.raises(TypeError, match=r"^labels: expected labels of one kind that sort together, got "):
            moments.update(x, labels)
        with pytest.raises(TypeError, match=r"^other: expected labels of one kind"):
            moments.merge(other)
        assert moments.counts.tolist() == [1, 1]


def test_integers_of_two_dtypes_are_one_kind_and_stay_exact():
    moments = ClassMoments().update(np.zeros(2), np.array([-1, 2**62 + 1]))
    moments.update(np.zeros(3), np.array([2**63 + 1, 2**62 + 1, 2**62], np.uint64))
    assert moments.classes.tolist() == [-1, 2**62, 2**62 + 1, 2**63 + 1]
    assert moments.counts.tolist() == [1, 1, 2, 1]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "uint16", "uint32", "uint64", "int64"])
def test_tensors_of_any_integers_are_labels(dtype):
    torch = pytest.importorskip("torch")
    labels = torch.tensor([1, 0, 1]).to(getattr(torch, dtype))
    for x in (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 3.0], requires_grad=True)):
        assert class_means(x, labels, classes=2).tolist() == [2, 2]
        assert ClassMoments().update(x, labels).class_means.tolist() == [2, 2]


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_label_too_large_for_a_signed_integer_does_not_wrap(library):
    xp = pytest.importorskip(library)
    labels = xp.asarray(np.array([0, 1, 2**64 - 1, 2**63 + 1], np.uint64))
    for classes in (2, 20):
        with pytest.raises(ValueError, match=f"^labels: expected every class .*, labels 0 to {2**64 - 1}"):
            class_means(xp.asarray(np.zeros(4)), labels, classes=classes)


def test_tensors_that_numpy_cannot_read_are_refused_by_name():
    torch = pytest.importorskip("torch")
    for labels in (torch.zeros(2).bfloat16(), torch.zeros(2, device="meta"), torch.eye(2).to_sparse()):
        with pytest.raises(TypeError, match=r"^labels: expected labels that can be brought to the host"):
            ClassMoments().update(np.zeros(2), labels)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("name", sorted({*KEPT} - {"pairs", "infinite"}))  # scikit-learn refuses those itself
def test_an_estimator_takes_the_same_labels(name, library):
    xp = pytest.importorskip(library)
    labels = KEPT[name] * 2 if isinstance(KEPT[name], list) else np.concatenate([KEPT[name], KEPT[name]])
    rows = xp.asarray(np.random.default_rng(0).normal(size=(len(labels), 2)))
    fitted = ClassSeparation("mean_energy").fit(rows, labels)
    assert list(fitted.classes_) == class_codes(labels)[0]


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("name", ["an integer and text", "an integer and a truth", "bytes and text", "nothing", "NaN"])
def test_an_estimator_refuses_the_same_labels(name, library):
    xp = pytest.importorskip(library)
    labels, _ = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=r"labels: expected|contains NaN"):
        ClassSeparation().fit(xp.asarray(np.ones((2, 2))), labels)
