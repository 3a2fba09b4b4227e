"""Doubts about the answer in one picture: are its bars those of the records, and its words no more than its bars?"""

import copy
from base64 import b64encode

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from matplotlib import pyplot as plt

from analysis import record
from figures import the_answer
from tests.legible import bars_of, words_of
from tests.networks import recorded, row_like

ROWS = record.load("separation_across_layers")["rows"]
PASSES = record.load("do_real_images_separate")["rows"]
SETTINGS = list(dict.fromkeys((row["setting"], row["data"]) for row in ROWS))
FACTORS = {"between_over_energy": 100, "fisher_trace": 1, "accuracy_linear": 100}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def least(setting, data, measure, role):
    """The recorded difference to the operation of a role that comes nearest, at the deepest layer."""
    found = [row for row in ROWS if (row["setting"], row["data"], row["role"]) == (setting, data, role)]
    found = [row for row in found if row["evidence"] and row["difference"][measure]]
    row = min(found, key=lambda row: row["difference"][measure][0])
    return row["operation"], tuple(FACTORS[measure] * number for number in row["difference"][measure])


@pytest.mark.parametrize("number", range(3))
def test_bars_are_the_recorded_differences_to_the_nearest_reduction_and_to_the_control(number):
    measure, factor = [*FACTORS.items()][number]
    drawn = bars_of(the_answer.draw(the_answer.data(ROWS, [], [])).axes[number])
    expected = {}
    for setting, data in SETTINGS:
        for role in ("reduction", "control"):
            operation, triple = least(setting, data, measure, role)
            expected.setdefault(f"minus {operation}", []).append(triple)
    assert drawn.keys() == expected.keys()
    for label, triples in expected.items():
        np.testing.assert_allclose(sorted(drawn[label]), sorted(triples), atol=1e-9 * factor)


def test_verdicts_are_those_of_the_record():
    words = {(line["group"], line["name"]): line["word"] for line in the_answer.data(ROWS, [], [])}
    assert words == {(f"setting {row['setting']}, paired", row["data"]): row["verdict"] for row in ROWS}


def test_every_bar_that_contains_zero_is_called_undecided_and_no_other(monkeypatch):
    figure = the_answer.draw(the_answer.data(ROWS, PASSES, []))
    triples = [t for ax in figure.axes for bars in bars_of(ax).values() for t in bars]
    said = [text for text, _ in words_of(figure, monkeypatch) if text in ("undecided", "both undecided")]
    verdicts = [line["word"] for line in the_answer.data(ROWS, PASSES, [])].count("undecided")
    undecided = len(said) + said.count("both undecided") - verdicts
    assert undecided == sum(low <= 0 <= high for _, low, high in triples) > 5


def broken(**interval):
    """The recorded rows with another interval of the collapse minus the threshold on one set of classes."""
    rows = copy.deepcopy([row for row in ROWS if (row["setting"], row["data"]) == ("deep", "pulses")])
    (row,) = [row for row in rows if row["evidence"] and row["operation"] == "soft threshold"]
    row["difference"] |= interval
    return the_answer.data(rows, [], [])


def test_a_broken_record_gives_another_picture_and_never_more_than_its_bars_say():
    [line], [other] = broken(), broken(between_over_energy=[0.01, -0.001, 0.02])
    assert (line["word"], other["word"]) == ("more", "undecided")
    first, second = (bars_of(the_answer.draw([each]).axes[0]) for each in (line, other))
    assert first != second
    assert second["minus soft threshold"] == [pytest.approx((1.0, -0.1, 2.0))]


def test_a_pass_has_the_ends_of_two_intervals_subtracted():
    lines = {line["name"]: line for line in the_answer.data([], PASSES, [])}
    here = {r["operation"]: r["fisher_trace"] for r in PASSES if r["data"] == "cifar10" and r["depth"] == 3}
    operation, _, triple = lines["cifar10"]["differences"]["fisher_trace"]["reduction"]
    (value, low, high), other = here["phase collapse"], here[operation]
    assert triple == [value - other[0], low - other[2], high - other[1]]
    assert operation == max((name for name in here if name not in ("phase collapse", "identity")), key=here.get)
    assert lines["cifar10"]["word"] == ("more" if min(triple) > 0 else "undecided")


def networks(*rights, **options):
    """Rows of a phase collapse and of a tanh network, and of more, with these shares of right answers."""
    names = ("phase collapse", "tanh", "identity", "rectifier")
    like = recorded()[0]
    return [
        row_like(like, right=right, nonlinearity=name, **options) for name, right in zip(names, rights, strict=False)
    ]


@pytest.mark.parametrize(
    ("rights", "word"),
    [
        ((0.6, 0.5), "more"),
        ((0.6, 0.59), "undecided"),
        ((0.5, 0.6), "less"),
        ((0.6, 0.5, 0.59), "undecided"),  # the control is as good
        ((0.6, 0.5, 0.5, 0.9), "more"),  # a rectifier is no reduction
    ],
)
def test_networks_are_compared_by_the_ends_of_their_intervals(rights, word):
    [line] = the_answer.data([], [], networks(*rights))
    assert line["word"] == word
    _, name, triple = line["differences"]["accuracy"]["reduction"]
    assert name == "tanh"
    difference = rights[0] - rights[1]
    assert triple == pytest.approx([difference, difference - 0.02, difference + 0.02])


def with_right(rows, *rights):
    """The rows, with which of 100 test images each got right."""
    split = {"test": {"one": 100}}
    bits = [b64encode(np.packbits(np.arange(100) < right)).decode() for right in rights]
    return [row | {"right": text, "split": split} for row, text in zip(rows, bits, strict=True)]


def test_networks_whose_right_images_were_recorded_are_compared_by_pairs():
    [line] = the_answer.data([], [], with_right(networks(0.6, 0.59), 60, 59))
    half = 1.96 * np.sqrt(0.01 * 0.99 / 100)
    assert line["differences"]["accuracy"]["reduction"][2] == pytest.approx([0.01, 0.01 - half, 0.01 + half])
    assert line["word"] == "undecided"


def test_only_networks_of_one_training_are_compared():
    rows = [*networks(0.6, epochs=3), *networks(0.9, 0.5, epochs=4)]
    [line] = the_answer.data([], [], rows)
    assert line["differences"]["accuracy"]["reduction"][2][0] == pytest.approx(0.4)


def test_a_reduction_that_was_not_measured_leaves_no_more():
    rows = copy.deepcopy([row for row in PASSES if row["data"] == "moved kth tips"])
    [line] = the_answer.data([], rows, [])
    for row in rows:
        row["fisher_trace"] = row["fisher_trace"] if row["operation"] != "tanh" else None
    [other] = the_answer.data([], rows, [])
    assert (line["word"], other["word"]) == ("more", "undecided")
