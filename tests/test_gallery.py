"""Doubts about the gallery: is every figure in it, as its file draws and says it now?"""

import shutil

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from figures import gallery
from figures.__main__ import NAMES

HOW = "draw it again: python -m figures.gallery"


def test_the_table_is_that_of_the_figures():
    text = (gallery.FOLDER / "README.md").read_text(encoding="utf-8")
    assert gallery.with_table(text) == text, HOW
    assert [line.split("`")[1] for line in gallery.table()[2:]] == list(NAMES)


@pytest.mark.parametrize("name", gallery.pictured())
def test_a_picture_is_of_the_figure_as_it_is(name):
    assert gallery.is_current(name), HOW
    assert (gallery.PICTURES / f"{name}.png").stat().st_size < 150_000


def test_no_picture_is_of_a_figure_that_is_gone():
    assert {path.stem for path in gallery.PICTURES.iterdir()} == {*gallery.pictured()}


def test_the_graphics_of_the_paper_are_marked():
    marked = {line.split("`")[1]: line.rsplit("|", 2)[1].strip() for line in gallery.table()[2:]}
    paper = {name: str(number) for name, number in gallery.PAPER.items()}
    assert {name: number for name, number in marked.items() if number} == paper
    assert sorted(gallery.PAPER.values()) == [1, 2, 3, 4, 5]


def test_a_figure_that_changed_is_drawn_again_and_no_other(monkeypatch, tmp_path, capsys):
    pytest.importorskip("PIL")
    folder = tmp_path / "figures"
    shutil.copytree(gallery.FOLDER, folder, ignore=shutil.ignore_patterns("drawn", "__pycache__"))
    monkeypatch.setattr(gallery, "FOLDER", folder)
    monkeypatch.setattr(gallery, "PICTURES", folder / "shown" / "gallery")
    (folder / "two_rings.py").write_text('"""Other rings."""\n', encoding="utf-8")
    (folder / "README.md").write_text("Before.\n\n| old |\n|---|\n\nAfter.\n", encoding="utf-8")
    assert not gallery.is_current("two_rings")
    assert gallery.main([]) == 0
    drawn = [str(gallery.PICTURES / "two_rings.png"), str(folder / "README.md")]
    assert capsys.readouterr().out.splitlines() == drawn
    assert gallery.is_current("two_rings")
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines == ["Before.", "", *gallery.table(), "", "After."]


def test_a_figure_that_is_unknown_or_not_drawn_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gallery, "PICTURES", tmp_path)
    assert gallery.main(["three_rings"]) == 2
    assert "unknown figure 'three_rings'" in capsys.readouterr().err
    monkeypatch.setattr(gallery.command, "main", lambda words: 2)
    assert gallery.main(["two_rings"]) == 2
    assert "two_rings: it was not drawn" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_caption_keeps_its_bars_and_angles_in_its_cell(monkeypatch):
    monkeypatch.setattr(gallery, "NAMES", ("two_rings",))
    monkeypatch.setattr("figures.two_rings.__doc__", "Rings | of <b>.\n\nOne\ntwo.\n")
    assert r"| **Rings \| of &lt;b>.** One two. |" in gallery.table()[2]
