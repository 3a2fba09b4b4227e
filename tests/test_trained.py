"""Doubts about the pictures of trained networks: are their numbers those of the record, and their names apart?"""

import copy
import json
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from matplotlib import pyplot as plt

from figures import anatomy_of_networks, equal_terms, learning_curve, learning_curves, style, trained
from tests.legible import bars_of
from tests.networks import CLASSES, grown, recorded, row_like

ROWS = recorded()
LEARNED = next(row for row in ROWS if row["setting"]["network"] == "learned scattering")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_a_cell_is_one_network_with_all_its_seeds():
    rows = grown()
    cells = trained.cells([*rows[::2], *rows[1::2]])
    assert sum(len(cell.rows) for cell in cells) == len(rows)
    assert {len(cell.rows) for cell in cells if cell.training.startswith("invented")} == {2}
    assert len({(cell.training, cell.network) for cell in cells}) == len(cells)
    trainings = [cell.training for cell in cells]
    assert len({*trainings}) == 1 + sum(a != b for a, b in pairwise(trainings))


def test_the_accuracy_of_several_seeds_is_their_mean_with_the_outermost_ends():
    rows = [row_like(LEARNED, right=right, seed=seed) for seed, right in enumerate((0.5, 0.56, 0.53))]
    [cell] = trained.cells(rows[::-1])
    assert cell.accuracy == pytest.approx([0.53, 0.49, 0.57])
    assert [row["setting"]["recipe"]["seed"] for row in cell.rows] == [0, 1, 2]
    assert (cell.seeds(), cell.chance()) == ("3 seeds", 1 / CLASSES)


def test_what_differs_is_in_the_names_and_what_is_shared_is_said_of_the_training():
    def rows(**second):
        return [row_like(LEARNED, nonlinearity="tanh"), row_like(LEARNED, nonlinearity="tanh", **second)]

    both = "invented: cifar10, 3,000 images, 3 epochs, width 1/4"
    assert {cell.training for cell in trained.cells(rows(angles=8))} == {both}
    assert [cell.network for cell in trained.cells(rows(angles=8))] == [
        "tanh, skip, angles None",
        "tanh, skip, angles 8",
    ]
    widths = trained.cells(rows(width=0.5))
    assert [cell.network for cell in widths] == ["tanh, skip, width 1/4", "tanh, skip, width 1/2"]
    epochs = [row_like(LEARNED, epochs=count) for count in (3, 4)]
    assert [cell.network for cell in trained.cells(epochs)] == [
        "phase collapse, skip, 3 epochs",
        "phase collapse, skip, 4 epochs",
    ]
    mixed = trained.cells([*ROWS])
    assert {cell.training.split(", ", 2)[2] for cell in mixed} == {"4 epochs, learned with width 1/4"}
    other = rows()
    other[1]["setting"]["recipe"]["rate"] = 0.5
    assert [cell.training.split(", ")[2] for cell in trained.cells(other)] == ["rate 0.01", "rate 0.5"]


def with_rate(row, rate, start):
    row["setting"] |= {"start": start}
    row["setting"]["recipe"] |= {"rate": rate}
    return row


@pytest.mark.parametrize(("preset", "trainings"), [("table 2", 1), ("invented", 2)])
def test_what_trials_chose_for_a_table_does_not_tell_its_trainings_apart(preset, trainings):
    first, second = (row_like(LEARNED, nonlinearity=name, preset=preset) for name in ("phase collapse", "sigmoid"))
    cells = trained.cells([with_rate(first, 0.5, None), with_rate(second, 0.25, 10.0)])
    assert len({cell.training for cell in cells}) == trainings
    assert [cell.network for cell in cells] == ["phase collapse, skip", "sigmoid, skip"]
    assert [cell.table for cell in cells] == ["2" if trainings == 1 else None] * 2


def test_names_of_networks_are_printed_as_they_are_and_no_longer():
    assert trained.printed("phase collapse, skip, width 1/4", 24) == "phase collapse, skip,\nwidth 1/4"
    assert trained.printed("cost$5_$6, one\ntwo") == r"cost\$5_\$6, one?two"


def test_accuracies_and_shares_of_zeros_are_those_of_the_record():
    figure = equal_terms.draw(equal_terms.data(ROWS))
    accuracies, *shares = figure.axes[:3]
    bars = [bar for bars in bars_of(accuracies).values() for bar in bars]
    np.testing.assert_allclose(bars, [[100 * share for share in row["accuracy"]] for row in ROWS])
    assert not any(ax.patch.get_visible() for ax in figure.axes[:3])  # which would hide the headings
    for ax, name in zip(shares, ("zeros_running", "dead_channels_running"), strict=True):
        drawn = [mesh.get_array().ravel() for mesh in ax.collections]
        expected = [100 * np.array([*row[name].values()]) for row in ROWS if row[name]]
        assert len(drawn) == len(expected) > 2
        for strip, numbers in zip(drawn, expected, strict=True):
            np.testing.assert_allclose(strip, numbers)
        assert [text.get_text() for text in ax.texts] == ["none"] * sum(not row[name] for row in ROWS)


def test_chance_is_drawn_where_the_number_of_classes_was_recorded():
    figure = equal_terms.draw(equal_terms.data([row_like(LEARNED)]))
    [line] = [line for line in figure.axes[0].lines if line.get_label() == "chance"]
    assert [*line.get_xdata()] == [100 / CLASSES] * 2


def curves_of(ax):
    return [[*line.get_ydata()] for line in ax.lines if len(line.get_ydata()) > 1 and line.get_linestyle() != ":"]


def test_learning_curves_are_those_of_the_record():
    rows = [*ROWS, row_like(LEARNED, epochs=5, seed=0), row_like(LEARNED, epochs=5, seed=1, right=0.6)]
    axes = [ax for ax in learning_curves.draw(learning_curves.data(rows)).axes if ax.axison]
    assert len(axes) == 2
    for ax, here in zip(axes, (ROWS, rows[len(ROWS) :]), strict=True):
        expected = [[100 * share for share in row["test_accuracy_of_epochs"]] for row in here]
        assert curves_of(ax) == expected
        ends = [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "_" and len(line.get_ydata())]
        assert ends == [100 * row["train_accuracy"] for row in here]


def test_the_curve_of_a_run_is_that_of_its_metrics(tmp_path):
    lines = [{"kind": "epoch", "epoch": k, "train_accuracy": k / 9, "test_accuracy": k / 10} for k in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    data = learning_curve.data(run=tmp_path)
    ax = learning_curve.draw(data, width=8.6).axes[0]
    assert ax.get_title() == style.plain(tmp_path.name)
    assert curves_of(ax) == [[100 * line[key] for line in lines] for key in ("train_accuracy", "test_accuracy")]
    (tmp_path / "metrics.jsonl").write_text(json.dumps(lines[0]) + "\n")
    assert learning_curve.data(run=tmp_path)["sha256"] != data["sha256"]
    (tmp_path / "metrics.jsonl").unlink()
    with pytest.raises(ValueError, match=r"expected that of a run, with metrics\.jsonl"):
        learning_curve.draw(learning_curve.data(run=tmp_path))


def test_an_anatomy_shows_the_recorded_layers():
    figure = anatomy_of_networks.draw(anatomy_of_networks.data(ROWS))
    axes = {ax.get_ylabel().split("\n")[0]: ax for ax in figure.axes if ax.axison}
    assert [*axes] == ["energy of class means", "Fisher ratio B / V", "outputs of the layer"]
    measures = (
        lambda block: 100 * block["mean_energy"] / block["energy"],
        lambda block: block["fisher_trace"],
        lambda block: 100 * block["zeros"],
    )
    for ax, measure in zip(axes.values(), measures, strict=True):
        for line, row in zip(ax.lines, ROWS, strict=True):
            np.testing.assert_allclose(line.get_ydata(), [measure(block) for block in row["blocks"]])


AUDIT = [
    {"layer": name, "within_class_variance": 2.0, "between_class_variance": 1.0 + k, "nc1": 3.0 / (1 + k), "cdnv": 1.5}
    | {"accuracy_linear": 0.25 * (1 + k)}
    for k, name in enumerate(("stem", "stage1", "head"))
]


def test_an_anatomy_is_drawn_from_the_rows_of_an_audit():
    data = anatomy_of_networks.audited({"mine": AUDIT, "other": AUDIT[:2]})
    figure = anatomy_of_networks.draw(data, width=8.6)
    axes = {ax.get_ylabel().split("\n")[0]: ax for ax in figure.axes if ax.axison}
    assert [*axes] == ["Fisher ratio B / V", "right by a linear", "NC1", "CDNV"]
    np.testing.assert_allclose(axes["right by a linear"].lines[0].get_ydata(), [25, 50, 75])
    np.testing.assert_allclose(axes["Fisher ratio B / V"].lines[0].get_ydata(), [0.5, 1.0, 1.5])
    np.testing.assert_allclose(axes["NC1"].lines[0].get_ydata(), [3.0, 1.5, 1.0])
    assert [len(line.get_ydata()) for line in axes["CDNV"].lines] == [3, 2]
    assert axes["NC1"].get_yscale() == "log"


def test_a_broken_record_gives_other_pictures():
    rows = copy.deepcopy(ROWS)
    rows[0]["accuracy"][0] = 0.9
    rows[0]["test_accuracy_of_epochs"][0] = 0.9
    rows[0]["blocks"][0]["fisher_trace"] = 0.9
    for module in (equal_terms, learning_curves, anatomy_of_networks):
        assert module.data(rows) != module.data(ROWS)
    assert equal_terms.data(rows)[0]["accuracy"][0] == 0.9
