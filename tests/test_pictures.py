"""Doubts about pictures: the same bytes each time, in every format and width; a figure that takes an option gets it."""

import json
import shutil
import sys
from collections import defaultdict
from types import ModuleType

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from matplotlib import pyplot as plt
from PIL import Image

from analysis import record
from figures import __main__ as command
from figures import contents, pictures, report, style

REAL = "do_real_images_separate"


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


def plain(**given):
    """A figure of the data it was given."""
    figure, axes = style.panels(1, 1, height_cm=3)
    axes[0, 0].set(title=r"a \$ and  b", xlabel="time (s)", ylabel="length (m)")
    axes[0, 0].plot(range(len(given)), label="curve")
    style.legend(figure, axes[0, 0])
    return figure


@pytest.fixture
def made(monkeypatch):
    """Makes a figure `made` of two functions, which the command knows, and gives it what it draws from."""

    def make(data, draw=lambda data: plain(**data), results=None, option=None):
        module = ModuleType("figures.made", "A made figure.\n\nIt says what it was given.")
        module.data, module.draw = data, draw
        monkeypatch.setitem(sys.modules, "figures.made", module)
        monkeypatch.setitem(contents.RESULT_OF, "made", results)
        monkeypatch.setitem(contents.CHAPTERS, "Made", {"made": results})
        monkeypatch.setattr(command, "NAMES", ("made",))
        monkeypatch.setattr(contents, "NAMES", ("made",))
        monkeypatch.setattr(contents, "OPTION_OF", {"made": option} if option else {})
        return module

    return make


def test_the_same_results_give_the_same_bytes_in_every_format(made, tmp_path):
    made(lambda rows: {row["operation"]: row for row in rows}, results=REAL)
    written = []
    for name in ("one", "two"):
        words = ["made", "--recorded", "--format", "pdf,png,svg", "--out", str(tmp_path / name)]
        assert command.main(words) == 0
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    first, second = written
    assert first == second
    assert {*first} == {".lock", "report.html", *(f"made.{suffix}" for suffix in pictures.FORMATS)}
    page = first["report.html"].decode()
    assert str(tmp_path) not in page
    assert page.count("<img") == 1
    assert 'id="numbers-do_real_images_separate"' in page
    assert "numbers-separation_across_layers" not in page


def test_another_result_gives_another_page(tmp_path):
    pages = []
    for shift in (0, 1):
        found = record.load("few_samples_a_class")
        found["rows"][0]["accuracy"][0] += shift / 1000
        pages.append(report.page(results={"few_samples_a_class": found}))
    assert pages[0] != pages[1]


def test_text_in_pdf_is_truetype_and_pictures_carry_no_date_and_no_version():
    figure = plain(curve=1)
    png, pdf, svg = (pictures.encoded(figure, suffix) for suffix in pictures.FORMATS)
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"Date" not in pdf
    assert b"<dc:date>" not in svg
    assert not [content for content in (png, pdf, svg) if b"Matplotlib v" in content or b"matplotlib.org" in content]


@pytest.mark.parametrize(("width", "cm"), [("8.6cm", 8.6), ("120mm", 12.0), ("7in", 17.78), ("17.8", 17.8)])
def test_a_picture_is_as_wide_as_asked_for(made, tmp_path, width, cm):
    made(dict)
    assert command.main(["made", "--width", width, "--out", str(tmp_path)]) == 0
    with Image.open(tmp_path / "made.png") as picture:
        assert picture.width == pytest.approx(cm / 2.54 * 160, abs=1)


def test_a_figure_that_takes_the_width_is_given_it(made, tmp_path):
    widths = []
    made(dict, lambda data, width=0: widths.append(width) or plain())
    assert command.main(["made", "--width", "9cm", "--out", str(tmp_path)]) == 0
    assert command.main(["made", "--out", str(tmp_path)]) == 0
    assert widths == [9, style.PAGE]


def test_a_figure_of_several_results_gets_their_rows_and_none_of_one_that_is_not_there(made, tmp_path):
    given = []
    made(lambda *rows: given.append(rows) or {}, results=(REAL, "few_samples_a_class", "what_the_phase_knew"))
    for name in (REAL, "few_samples_a_class"):
        shutil.copy(record.RESULTS / f"{name}.json", tmp_path)
    assert command.main(["made", "--from", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert given == [(record.load(REAL)["rows"], record.load("few_samples_a_class")["rows"], [])]
    (tmp_path / f"{REAL}.json").unlink()
    assert command.main(["made", "--from", str(tmp_path), "--out", str(tmp_path / "out")]) == 2


def test_an_option_reaches_its_figure_and_no_other(made, tmp_path, capsys):
    given = []
    made(lambda **options: given.append(options) or {}, option="run")
    assert command.main(["made", "--run", "FOLDER", "--out", str(tmp_path)]) == 0
    assert given == [{"run": "FOLDER"}]
    assert command.main(["made", "--out", str(tmp_path)]) == 2
    assert "error: run: made needs --run FOLDER" in capsys.readouterr().err
    assert command.main(["--recorded", "--run", "FOLDER", "--out", str(tmp_path)]) == 2
    assert "error: run: only made takes it, which is not named" in capsys.readouterr().err
    assert "made" not in contents.by_default()


def test_the_learning_curve_of_a_folder_is_drawn(tmp_path, capsys):
    epochs = [{"kind": "epoch", "epoch": n, "train_accuracy": n / 9, "test_accuracy": n / 10} for n in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, epochs)))
    assert command.main(["learning-curve", "--run", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "learning_curve.png").is_file()
    assert 'id="learning_curve"' in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert command.main(["learning-curve", "--run", str(tmp_path / "out"), "--out", str(tmp_path / "out")]) == 2
    assert "error: folder: expected that of a run, with metrics.jsonl" in capsys.readouterr().err


def test_a_table_is_written_as_text_too(made, tmp_path, capsys):
    made(dict).texts = lambda data: {"md": f"| {data} |\n", "tex": "a & b"}
    assert command.main(["made", "--out", str(tmp_path)]) == 0
    assert ((tmp_path / "made.md").read_text(), (tmp_path / "made.tex").read_text()) == ("| {} |\n", "a & b")
    assert capsys.readouterr().out.splitlines()[:3] == [str(tmp_path / f"made.{end}") for end in ("png", "md", "tex")]


def test_without_torch_a_figure_that_needs_it_is_left_out_unless_it_is_named(made, tmp_path, capsys):
    def missing():
        raise ImportError("torch is not installed", name="torch")

    made(missing)
    assert command.main(["--recorded", "--out", str(tmp_path)]) == 0
    line = "made is left out: it is computed with torch, which is not installed."
    assert line in capsys.readouterr().out
    assert line in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert command.main(["made", "--out", str(tmp_path)]) == 2
    assert "torch is not installed" in capsys.readouterr().err


def test_another_package_that_is_missing_is_no_reason_to_leave_a_figure_out(made, tmp_path):
    def missing():
        raise ImportError("skimage is not installed", name="skimage")

    made(missing)
    with pytest.raises(ImportError, match="skimage"):
        pictures.draw(["made"], tmp_path, defaultdict(lambda: record.RESULTS), named=False)


def test_words_for_a_picture_are_those_on_its_axes():
    said = "Panels: a $ and b. Horizontal axes: time (s). Vertical axes: length (m). Legend: curve."
    assert pictures.in_words(plain()) == said


def test_every_figure_has_one_chapter_and_the_first_answer_is_one_of_them():
    every = [name for figures in contents.CHAPTERS.values() for name in figures]
    assert len(every) == len({*every})
    assert {*contents.ON_REQUEST, *contents.OPTION_OF} <= {*every}
    assert any(answer in every for answer in contents.ANSWERS)
