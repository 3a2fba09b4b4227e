"""Doubts about data by name: do two folders stay two, is one folder one, and is what cannot be measured said so?"""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
pytest.importorskip("PIL")

from PIL import Image

from analysis import __main__ as command
from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments import sources, streams
from analysis.instruments.sources import Sampling
from collapse_theory.datasets import SEARCH_PATH

SMALLEST = measurement.Setting(scales=1, angles=4, depth=1, subsample=True, sampling=Sampling(8, 8))


def images(folder, draw, count=6):
    """A folder of two classes, of images that `draw(number of the class)` gives."""
    for number, name in enumerate("ab"):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            Image.fromarray(draw(number)).save(folder / name / f"{index}.png")
    return str(folder)


@pytest.fixture
def noise():
    rng = np.random.default_rng(0)
    return lambda number: rng.integers(0, 255, (32, 32), dtype=np.uint8) // (1 + number)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["A/photos", "B/photos"], ["A/photos", "B/photos"]),
        (["A/photos", "B/others"], ["photos", "others"]),
        (["A/photos", "A/pulses", "pulses"], ["photos", "A/pulses", "pulses"]),
        (["A/photos/", "A/C/photos", "B/C/photos"], ["A/photos", "A/C/photos", "B/C/photos"]),
        (["A/../A/photos"], ["photos"]),
        (["on the path"], ["on the path"]),
    ],
)
def test_titles_are_the_shortest_ends_of_paths_that_tell_them_apart(tmp_path, monkeypatch, names, expected):
    for name in ("A/photos", "B/photos", "B/others", "A/pulses", "A/C/photos", "B/C/photos", "data/on the path"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SEARCH_PATH, str(tmp_path / "data"))
    assert list(sources.titles(names).values()) == expected


@pytest.mark.parametrize("again", ["photos/", "./photos", "link", "other/../photos"])
def test_a_folder_that_is_given_twice_is_refused(tmp_path, monkeypatch, again):
    for name in ("photos", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"data: 'photos' and '.*' are the same folder"):
        sources.titles(["photos", again])


def test_names_that_are_no_unicode_can_be_written_anywhere(tmp_path):
    (tmp_path / "caf\udce9").mkdir()
    (title,) = sources.titles([str(tmp_path / "caf\udce9")]).values()
    assert title == "caf\\xe9"


def test_names_are_one_line_that_no_terminal_obeys_and_no_two_are_one(tmp_path):
    names = {"a\nb": "a\\nb", "a\\nb": "a\\\\nb", "a\x1b[31m": "a\\x1b[31m", "d\u00e9ja vu": "d\u00e9ja vu"}
    for name in names:
        (tmp_path / name).mkdir()
    assert list(sources.titles([str(tmp_path / name) for name in names]).values()) == list(names.values())


def test_two_folders_of_one_last_name_are_measured_as_two_and_identified(tmp_path, capsys, monkeypatch, noise):
    names = [images(tmp_path / where / "photos", noise) for where in "AB"]
    monkeypatch.setattr(measurement, "SETTINGS", {"deep": SMALLEST})
    monkeypatch.setattr(measurement, "cores", lambda: 1)
    assert command.main([measurement.NAME, "--data", *names, "--out", str(tmp_path / "out")]) == 0
    assert "B/photos, deep" in capsys.readouterr().out
    found = record.load(measurement.NAME, tmp_path / "out")
    for name, title in zip(names, ("A/photos", "B/photos"), strict=True):
        alone = measurement.measure_one(sources.draw(name, SMALLEST.sampling), SMALLEST)["rows"]
        rows = [row for row in found["rows"] if row["data"] == title]
        ratios = [[row["fisher_trace"][0] for row in some] for some in (rows, alone)]
        assert ratios[0] == pytest.approx(ratios[1], rel=1e-4)
        assert found["data_identity"][title]["path"] == name
        assert found["data_identity"][title]["images"] == 12
        assert found["data_identity"][title]["verified"] is False
    assert len({identity["sha256"] for identity in found["data_identity"].values()}) == 2


def black(number):
    return np.zeros((32, 32), np.uint8)


def flat(number):
    return np.full((32, 32), 100 * number, np.uint8)


def same(number):
    return np.random.default_rng(number).integers(0, 255, (32, 32), dtype=np.uint8)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (black, "data: the 12 images of {} are constant, and all the same"),
        (flat, "data: in each class of {}, the images are all the same"),
        (same, "data: in each class of {}, the images are all the same"),
    ],
)
def test_images_that_do_not_vary_are_refused_by_the_name_of_the_data(tmp_path, capsys, draw, message):
    name = images(tmp_path / draw.__name__, draw)
    assert command.main([measurement.NAME, "--data", name, "--setting", "deep", "--out", str(tmp_path)]) == 2
    assert message.format(name) in capsys.readouterr().err


def test_a_constant_photograph_has_no_deviation_to_divide_by(monkeypatch):
    photographs = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)
    photographs[1] = 0.1
    with pytest.raises(ValueError, match="data: of KTH-TIPS, image 1 is constant"):
        sources.standardise(photographs, "KTH-TIPS")
    monkeypatch.setattr(streams.datasets, "kth_tips", lambda side: (photographs, np.zeros(3, int)))
    with pytest.raises(ValueError, match="data: of KTH-TIPS, image 1 is constant"):
        streams.moved_kth_tips(Sampling(1, 1), 1)


def test_paths_are_recorded_as_they_were_given(tmp_path, monkeypatch, noise):
    images(tmp_path / "data" / "mine", noise)
    monkeypatch.setenv(SEARCH_PATH, str(tmp_path / "data"))
    identity = sources.identities_of(["mine", "pulses"])
    assert list(identity) == ["mine"]
    assert identity["mine"]["path"] == "mine"


def test_data_that_change_while_they_are_measured_are_not_recorded(tmp_path, capsys, monkeypatch, noise):
    name, measure_all = images(tmp_path / "photos", noise), measurement.measure_all

    def measure_and_touch(*arguments, **options):
        rows = measure_all(*arguments, **options)
        with next(Path(name).rglob("*.png")).open("ab") as file:
            file.write(b".")
        return rows

    monkeypatch.setattr(measurement, "SETTINGS", {"deep": SMALLEST})
    monkeypatch.setattr(measurement, "cores", lambda: 1)
    monkeypatch.setattr(measurement, "measure_all", measure_and_touch)
    assert command.main([measurement.NAME, "--data", name, "--out", str(tmp_path / "out")]) == 2
    assert "photos changed while it was measured" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]
