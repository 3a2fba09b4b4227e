"""Doubts about every picture of results: are all words inside and apart, at both widths, with units and a caption?"""

import importlib
import io
import re

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from matplotlib import pyplot as plt

from analysis import record
from tests.legible import illegible
from tests.networks import grown, recorded

OF_NETWORKS = ("equal_terms", "learning_curves", "anatomy_of_networks", "tables_of_networks")
WITH_WIDTH = (
    *("the_answer", "sharpness_of_the_claims", "few_samples_a_class", "do_real_images_separate"),
    *("separation_across_layers", *OF_NETWORKS),
)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def module(name):
    return importlib.import_module(f"figures.{name}")


@pytest.mark.parametrize(
    ("name", "width"), [*((name, 8.6) for name in WITH_WIDTH), *((name, 17.8) for name in ("the_answer", *OF_NETWORKS))]
)
def test_words_are_inside_and_apart_and_axes_have_units(name, width, monkeypatch):
    figure = module(name).draw(module(name).data(), width=width)
    assert figure.get_figwidth() == pytest.approx(width / 2.54)
    assert not illegible(figure, monkeypatch)


@pytest.mark.parametrize("name", ["the_answer", "equal_terms", "anatomy_of_networks"])
def test_a_record_that_grows_is_as_legible(name, monkeypatch):
    rows = {"rows": [], "passes": [], "networks": grown()} if name == "the_answer" else {"rows": grown()}
    assert not illegible(module(name).draw(module(name).data(**rows), width=8.6), monkeypatch)


@pytest.mark.parametrize("width", [8.6, 17.8])
def test_one_set_of_classes_and_one_network_are_enough(width, monkeypatch):
    rows = [row | {"data": "photos"} for row in record.load("separation_across_layers")["rows"]]
    rows = [row for row in rows if row["setting"] == "deep"][:20]
    answer, network = module("the_answer"), recorded()[:1]
    assert not illegible(answer.draw(answer.data(rows, [], []), width=width), monkeypatch)
    for name in ("equal_terms", "learning_curves", "anatomy_of_networks"):
        assert not illegible(module(name).draw(module(name).data(network), width=width), monkeypatch)


def test_words_that_are_cut_off_or_stand_on_each_other_would_be_seen(monkeypatch):
    figure, ax = plt.subplots()
    ax.text(0.5, 0.5, "one")
    ax.text(0.51, 0.51, "other")
    ax.text(0.9, 0.9, "a long line of words that ends outside")
    ax.set_xlabel("depth")
    said = illegible(figure, monkeypatch)
    assert [line.split(":")[0] for line in said] == ["cut off", "one on the other", "no unit"]


@pytest.mark.parametrize("name", [*WITH_WIDTH, "learning_curve"])
def test_captions_are_a_title_and_three_sentences(name):
    title, empty, body = module(name).__doc__.split("\n", 2)
    assert title.endswith((".", "?"))
    assert empty == ""
    assert len(re.findall(r"[.?](?=\s|$)", body)) == 3, body


@pytest.mark.parametrize("name", ["equal_terms", "few_samples_a_class"])
def test_the_same_record_gives_the_same_bytes(name):
    first, second = (png(module(name).draw(module(name).data(), width=8.6)) for _ in range(2))
    assert first == second


def png(figure):
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    return drawn.getvalue()
