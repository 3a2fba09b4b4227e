"""Doubts about what a user runs: is nothing committed overwritten, is all of it recorded, drawn whole and explained?"""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
pytest.importorskip("matplotlib")

from PIL import Image

from analysis import __main__ as questions
from analysis import few_samples_a_class, record
from analysis import separation_across_layers as measurement
from analysis.instruments import sources
from analysis.instruments.options import name_of, slug
from analysis.instruments.sources import Sampling
from analysis.instruments.stopping import answered
from collapse_theory import datasets
from figures import __main__ as drawing
from figures import pictures
from figures import separation_across_layers as figure
from tests.benchmarks import __main__ as benchmarks
from tests.reading import Page

ROOT = Path(__file__).parents[1]
SMALLEST = measurement.Setting(scales=1, angles=4, depth=1, subsample=True, sampling=Sampling(40, 40))


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder of nine classes of images, the first of which has too few; the working folder is its parent."""
    rng = np.random.default_rng(0)
    for label in range(9):
        (tmp_path / "mine" / f"class{label}").mkdir(parents=True)
        for number in range(6 if label else 2):
            values = rng.integers(0, 255 // (1 + label), (32, 32), dtype=np.uint8)
            Image.fromarray(values).save(tmp_path / "mine" / f"class{label}" / f"{number}.png")
    measurement._draw.cache_clear()  # of the folder of this name in another test
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(datasets.SEARCH_PATH, str(tmp_path))
    monkeypatch.setattr(measurement, "cores", lambda: 1)
    monkeypatch.setattr(measurement, "SETTINGS", {"deep": SMALLEST})
    return "mine"


def measure(*options):
    return questions.main([measurement.NAME, "--setting", "deep", *options])


def test_a_result_of_ones_own_says_what_was_run_and_is_not_committed(mine, capsys):
    before = (record.RESULTS / f"{measurement.NAME}.json").read_bytes()
    assert measure("--data", mine) == 0
    said = capsys.readouterr().out
    assert "mine: class class0: left out. It has 1 image to fit on and 1 to measure, expected 1 and 3 or" in said
    assert f"mine: {sources.PREPARED}; half of each class to fit on" in said
    assert "recorded in runs/results/separation_across_layers.json" in said
    assert said.endswith("To draw it: python -m figures separation_across_layers --from runs/results\n")
    assert max(map(len, said.split("Does a phase", 1)[1].splitlines())) <= 80
    found = record.load(measurement.NAME, Path("runs/results"))
    options = ["--data", "mine", "--setting", "deep", "--on", "numpy", "--seed", "0"]
    assert found["command"] == ["python", "-m", "analysis", measurement.NAME, *options]
    each = {f"class{label}": 3 for label in range(1, 9)}
    assert found["split"] == {"mine, deep": {"train": each, "test": each}}
    assert found["data_identity"]["mine"]["images"] == 50
    assert found["prepared"]["mine"].startswith(sources.PREPARED)
    assert {row["classes"] for row in found["rows"]} == {8}
    assert found["reproducible"] is True
    assert (record.RESULTS / f"{measurement.NAME}.json").read_bytes() == before


def test_the_picture_of_ones_own_result_is_whole_and_the_page_says_how_it_was_made(mine, capsys):
    assert measure("--data", mine, "--quiet") == 0
    assert drawing.main(["--from", "runs/results", "--out", "drawn"]) == 0
    assert sorted(path.name for path in Path("drawn").glob("*.*")) == [
        ".lock",
        "report.html",
        "separation_across_layers_deep.png",
        "the_answer.png",
    ]
    command = "python -m analysis separation_across_layers --data mine --setting deep --on numpy --seed 0"
    said = Page(Path("drawn/report.html").read_text(encoding="utf-8")).text
    assert command in said
    assert "On mine " in said
    assert "24 (3 per class)" in said
    assert "python -m figures separation_across_layers --from FOLDER" in said
    drawn = figure.draw(figure.data("deep", record.load(measurement.NAME, "runs/results")["rows"]))
    drawn.canvas.draw()
    legend, whole = drawn.legends[0].get_window_extent(), drawn.bbox
    assert whole.x0 <= legend.x0 < legend.x1 <= whole.x1
    assert [line.get_ydata()[0] for line in drawn.axes[2].lines if line.get_label() == "chance"] == [100 / 8]
    assert "chance" in [text.get_text() for text in drawn.legends[0].get_texts()]


def test_without_a_result_figures_say_how_to_make_one(mine, capsys):
    assert drawing.main(["--from", "nowhere", "--out", "drawn"]) == 2
    assert "no result that can be drawn in the folder nowhere; make one with: python -m" in capsys.readouterr().err
    assert drawing.main(["what-the-phase-knew", "--from", "nowhere", "--out", "drawn"]) == 2
    assert "no recorded result nowhere/what_the_phase_knew.json; make it with:" in capsys.readouterr().err


def test_what_is_needed_is_measured_and_said_so(mine, capsys, monkeypatch):
    monkeypatch.setattr(measurement, "DATA", ("pulses",))
    assert drawing.main([measurement.NAME, "--out", "drawn"]) == 0
    assert "measuring separation_across_layers; --recorded draws the committed result" in capsys.readouterr().err
    assert {row["data"] for row in record.load(measurement.NAME, "drawn")["rows"]} == set(measurement.DATA)


@pytest.mark.parametrize(("command", "name"), [(questions, few_samples_a_class.NAME), (benchmarks, "benchmarks")])
def test_committed_results_are_written_when_asked_for_and_never_by_their_path(
    command, name, capsys, monkeypatch, tmp_path
):
    words = [name] if command is questions else []
    assert command.main([*words, "--out", str(record.RESULTS)]) == 2
    assert capsys.readouterr().err.endswith("holds the committed results, which --record writes\n")
    assert command.main([*words, "--record", "--out", "there"]) == 2
    assert "out: not allowed with argument --record" in capsys.readouterr().err
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    assert record.folder_to_write(parsed(command, words, "--record")) == tmp_path / "results"
    monkeypatch.chdir(tmp_path)
    assert record.folder_to_write(parsed(command, words)) == record.OWN


def parsed(command, words, *options):
    parser = questions.parser_of(few_samples_a_class) if words else command._parser()
    return parser.parse_args(options)


def test_results_of_ones_own_are_ignored_by_git():
    assert "runs/" in (ROOT / ".gitignore").read_text().splitlines()
    assert record.OWN.parts[0] == "runs"


def test_a_setting_that_does_not_fit_is_left_out_and_the_others_are_measured(mine, capsys, monkeypatch):
    monkeypatch.setattr(measurement, "SETTINGS", {"deep": SMALLEST, "wide": measurement.replace(SMALLEST, memory=1)})
    assert questions.main([measurement.NAME, "--data", mine]) == 0
    assert "mine, wide: left out. memory: expected more, or smaller images. depth 1" in capsys.readouterr().out
    assert questions.main([measurement.NAME, "--data", mine, "--setting", "wide"]) == 2
    assert "error: data: nothing can be compared. mine, wide: left out. memory: expected" in capsys.readouterr().err


def test_two_classes_must_have_enough_images(mine, capsys):
    for label in range(2, 9):
        for path in Path(f"mine/class{label}").glob("[1-5].png"):
            path.unlink()
    assert measure("--data", mine) == 2
    said = capsys.readouterr().err
    assert "error: data: nothing can be compared. mine, deep: left out. labels: expected at least two classes" in said
    assert "class class8: left out. It has 1 image to fit on and 0 to measure" in said


@pytest.mark.parametrize(("classes", "each", "left_out"), [(2, 6, 0), (2, 4, 1), (300, 4, 0)])
def test_few_images_and_many_classes_end_in_a_verdict(tmp_path, monkeypatch, capsys, classes, each, left_out):
    """The folder, of so many classes of so many images, and one class more that has too few."""
    rng = np.random.default_rng(0)
    for label in range(classes + left_out):
        folder = tmp_path / "mine" / f"c{label:03}"
        folder.mkdir(parents=True)
        for number in range(each if label < classes else 2):
            Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(folder / f"{number}.png")
    monkeypatch.setattr(measurement, "SETTINGS", {"deep": measurement.replace(SMALLEST, sampling=Sampling())})
    assert measure("--data", str(tmp_path / "mine"), "--out", str(tmp_path / "out")) == 0
    said = capsys.readouterr().out
    assert said.count(": left out. It has") == left_out
    found = record.load(measurement.NAME, tmp_path / "out")["rows"]
    assert {row["verdict"] for row in found} <= {"undecided", "no difference"}
    assert {row["classes"] for row in found} == {classes}
    assert {row["accuracy_linear"] is None for row in found} == {each < 5}


@pytest.mark.parametrize(
    ("text", "known", "name"),
    [
        ("moved-either-sign", sources.SOURCES, "moved, either sign"),
        ("moved, either sign", sources.SOURCES, "moved, either sign"),
        ("kth-tips", few_samples_a_class.SOURCES, "kth tips"),
        ("phase-collapse", measurement.OPERATIONS, "phase collapse"),
        ("my photos", sources.SOURCES, "my photos"),
    ],
)
def test_names_may_be_written_without_spaces_and_commas(text, known, name):
    assert name_of(known)(text) == name
    assert len({slug(each) for each in known}) == len(known)


@pytest.mark.parametrize("package", ["torch", "sklearn", "matplotlib"])
def test_a_package_that_is_missing_names_the_extra_that_brings_it(package, capsys):
    def missing():
        raise ModuleNotFoundError(f"No module named {package!r}", name=f"{package}.part")

    assert answered(missing) == 2
    extra = {"torch": "torch"}.get(package, "figures")
    assert capsys.readouterr().err == f"error: No module named '{package}'; pip install -e \".[{extra}]\" brings it\n"


@pytest.mark.parametrize("path", sorted((ROOT / "figures" / "shown").glob("*.png")), ids=lambda path: path.stem)
def test_pictures_that_are_shown_are_those_of_the_committed_result(path):
    setting = path.stem.removeprefix(f"{measurement.NAME}_")
    data = figure.data(setting, record.load(measurement.NAME)["rows"])
    drawn, shown = figure.draw(data), Image.open(path)
    assert shown.text == pictures.described(drawn, data)
    wanted = np.round(drawn.get_size_inches() * drawn.dpi)
    assert struct.unpack(">II", path.read_bytes()[16:24]) == pytest.approx(tuple(wanted), abs=1)
    axes, labels = json.loads(shown.text["Description"])
    assert [title for title, _, _ in axes if title][-1].startswith("cifar10\ndepth ")
    assert labels == [*measurement.OPERATIONS, "chance"]
