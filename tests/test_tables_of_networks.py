"""Doubts about Tables 1 to 3: is every number the paper's or recorded here, and is nothing filled in?"""

import re

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from matplotlib import pyplot as plt

from figures import tables_of_networks
from tests.networks import recorded, row_like

LEARNED = next(row for row in recorded() if row["setting"]["network"] == "learned scattering")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def cells_of(rows):
    """{(table, group, line, column): cell as it is printed}."""
    return {
        (number, group["name"], line["name"], column): tables_of_networks.printed(cell)
        for number, table in enumerate(tables_of_networks.data(rows), 1)
        for group in table["groups"]
        for line in group["lines"]
        for column, cell in zip(table["columns"], line["cells"], strict=True)
    }


def test_without_a_run_there_are_the_numbers_of_the_poster_and_no_others():
    cells = cells_of([])
    numbers = {key: cell for key, cell in cells.items() if cell not in ("not run", "not seen")}
    assert {key[0] for key in numbers} == {1, 2}
    assert {key[2] if key[0] == 1 else key[1] for key in numbers} == {"the paper"}
    assert [float(cell) for key, cell in numbers.items() if key[0] == 1] == (
        [27.7, 11.7, 7.7, 8.8, 54.1, 15.2, 11.0, 10.9, 73.0, 35.9, 30.1, 30.2]
    )
    assert {key[2:]: float(cell) for key, cell in numbers.items() if key[0] == 2} == (
        {("phase collapse", "no skip"): 11.7, ("phase collapse", "skip"): 7.7, ("soft threshold", "skip"): 22.5}
    )
    assert {cell for key, cell in cells.items() if "here" in key} == {"not run"}
    assert {cell for key, cell in cells.items() if key[0] == 3} == {"not run", "not seen"}


def test_recorded_networks_are_in_their_cells_and_the_others_were_not_run():
    rows = recorded()
    found = {cell for key, cell in cells_of(rows).items() if "not" not in cell and "[" in cell}
    expected = set()
    for row in rows:
        value, low, high = (100 * (1 - share) for share in row["accuracy"])
        expected.add(f"{value:.1f} [{high:.1f}, {low:.1f}]")
    assert found == expected
    here = "here, invented: cifar10, 3,000 images, 3 epochs, width 1/4"
    cells = cells_of([row_like(LEARNED, right=0.6, skip=False), row_like(LEARNED, right=0.7, nonlinearity="tanh")])
    one, other = "40.0 [39.0, 41.0]", "30.0 [29.0, 31.0]"
    assert cells[1, "CIFAR-10, top 1", here, "learned, no skip"] == one
    assert {key[2:]: cell for key, cell in cells.items() if key[:2] == (2, here) and cell != "not run"} == (
        {("phase collapse", "no skip"): one, ("tanh", "skip"): other}
    )


def test_equal_terms_and_controls_are_lines_of_their_own_and_other_data_are_left_out():
    rows = [row_like(LEARNED, nonlinearity=name, terms="equal") for name in ("soft threshold", "identity")]
    lines = [key[2] for key in cells_of(rows) if key[0] == 2 and key[1].startswith("here") and key[3] == "skip"]
    assert lines == [*tables_of_networks.COMPLEX, "soft threshold, equal terms", "identity, equal terms"]
    assert cells_of([row_like(LEARNED, data="textures")]) == cells_of([])


def test_a_network_that_was_trained_for_a_table_is_in_that_table_alone():
    cells = cells_of([row_like(LEARNED, right=0.6, preset="table 2")])
    assert {key[0] for key, cell in cells.items() if cell == "40.0 [39.0, 41.0]"} == {2}
    cells = cells_of([row_like(LEARNED, right=0.6, preset="table 1")])
    assert {key[0] for key, cell in cells.items() if cell == "40.0 [39.0, 41.0]"} == {1}


def test_residual_networks_without_biases_and_with_learned_thresholds_are_lines_of_their_own():
    like = {"preset": "table 3", "network": "residual", "nonlinearity": "soft threshold", "bias": False}
    rows = [row_like(LEARNED, right=0.6, **like, learns=False), row_like(LEARNED, right=0.7, **like, learns=True)]
    cells = {key[1:3]: cell for key, cell in cells_of(rows).items() if "[" in cell}
    [(group, _), _] = cells
    assert group.startswith("here, ResNet-20 without biases, table 3")
    assert cells == {
        (group, "soft threshold"): "40.0 [39.0, 41.0]",
        (group, "soft threshold, learned"): "30.0 [29.0, 31.0]",
    }


def test_several_seeds_are_said_so():
    cells = cells_of([row_like(LEARNED, right=0.5 + seed / 50, seed=seed) for seed in range(3)])
    assert "48.0 [45.0, 51.0], 3 seeds" in cells.values()


def test_the_texts_hold_the_cells_of_the_tables():
    data = tables_of_networks.data(recorded())
    texts = tables_of_networks.texts(data)
    cells = [
        tables_of_networks.printed(c) for t in data for g in t["groups"] for line in g["lines"] for c in line["cells"]
    ]
    written = re.findall(r"(?<=\| )(?:\d[^|]*?|not \w+)(?= \|)", texts["md"])
    assert written == cells
    lines = [line for line in texts["tex"].splitlines() if " & " in line and not line.startswith(" &")]
    assert [cell for line in lines for cell in line.removesuffix(r" \\").split(" & ")[1:]] == cells
    assert texts["tex"].count(r"\begin{tabular}") == texts["tex"].count(r"\end{tabular}") == 3
    assert len({line.count("|") for line in texts["md"].split("\n\n")[1].splitlines()}) == 1


def test_names_from_a_record_are_neither_rows_nor_commands():
    row = row_like(LEARNED, preset=r"a|b_$\x")
    texts = tables_of_networks.texts(tables_of_networks.data([row]))
    assert r"a\|b_$" in texts["md"]
    assert r"a|b\_\$\textbackslash{}x" in texts["tex"]


def test_the_picture_holds_the_cells_of_the_tables():
    data = tables_of_networks.data(recorded())
    words = [text.get_text() for ax in tables_of_networks.draw(data).axes for text in ax.texts]
    for table in data:
        for line in (line for group in table["groups"] for line in group["lines"]):
            assert all(tables_of_networks.printed(cell) in words for cell in line["cells"])
