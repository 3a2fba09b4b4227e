"""Doubts about the report: is it one page that needs nothing else, is its text text, is it whole in a browser?"""

import base64
import contextlib
import csv
import io
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from analysis import record
from figures import __main__ as command
from figures import contents, numbers, report
from figures.pictures import Picture
from tests import browser
from tests.reading import Page

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What `python -m figures --recorded` writes: its folder, its page as text, what it says."""
    out, said = tmp_path_factory.mktemp("drawn"), io.StringIO()
    with contextlib.redirect_stdout(said):
        assert command.main(["--recorded", "--out", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    return SimpleNamespace(out=out, page=page, said=said.getvalue())


def test_recorded_report_is_one_page_that_needs_nothing_else(recorded):
    assert "://" not in recorded.page  # the letters of http may come in a picture, which is written in letters
    found = Page(recorded.page)
    assert not found.named("script", "link", "iframe", "object", "form")
    assert [tag for tag, given in found.elements if {"srcset", "style", "onclick", "onload"} & {*given}] == []
    assert {given["src"].split(",")[0] for given in found.named("img")} == {"data:image/png;base64"}
    assert recorded.said.endswith(f"Report: {recorded.out / 'report.html'}\n")


def test_every_picture_that_is_written_is_in_the_report_with_words_for_it(recorded):
    shown = {given["src"].split(",")[1]: given["alt"] for given in Page(recorded.page).named("img")}
    written = [base64.b64encode(path.read_bytes()).decode() for path in recorded.out.glob("*.png")]
    assert sorted(shown) == sorted(written)
    drawn = {
        name for name in contents.NAMES if [*recorded.out.glob(f"{name}.png"), *recorded.out.glob(f"{name}_*.png")]
    }
    assert drawn == {*contents.NAMES} - {*contents.ON_REQUEST, *contents.OPTION_OF}
    assert all("axes: " in words or "Words: " in words for words in shown.values())
    assert "how_cost_grows" not in recorded.page


def test_every_link_of_the_page_leads_to_a_part_of_it(recorded):
    found = Page(recorded.page)
    ids, links = found.ids(), [given["href"] for given in found.named("a")]
    assert len(ids) == len({*ids})
    inside = [link[1:] for link in links if link.startswith("#")]
    assert {*inside} <= {*ids}
    assert {"answer", "numbers", "made", *(f"made-{name}" for name in ("do_real_images_separate",))} <= {*inside}
    assert all(link.startswith(("#", "data:text/csv;charset=utf-8;base64,")) for link in links)


def test_the_answer_comes_first_with_its_number_and_the_picture_of_it(recorded):
    before = recorded.page.split("<img", 1)[0]
    assert "In 12 of 15 comparisons a phase collapse separates class means more than" in before
    assert "in 3, on cifar10, that is undecided: at worst its lead is <strong>−0.0029 [−0.0065, +0.0007]<" in before
    figures = [given["id"] for given in Page(recorded.page).named("figure")]
    assert any(answer == figures[0] for answer in contents.ANSWERS)


def test_all_numbers_can_be_opened_and_saved(recorded):
    found = Page(recorded.page)
    links = {given["download"]: given["href"] for given in found.named("a") if "download" in given}
    assert [*links] == [f"{name}.csv" for name in numbers.COLUMNS]
    for name in numbers.COLUMNS:
        rows = record.load(name)["rows"]
        table = recorded.page.split(f'id="numbers-{name}"')[1].split("</details>")[0]
        assert table.count("<tr>") == 1 + len(rows)
        saved = base64.b64decode(links[f"{name}.csv"].split(",")[1]).decode()
        assert len([*csv.DictReader(io.StringIO(saved))]) == len(rows)


def test_each_part_says_how_it_was_made(recorded):
    said = Page(recorded.page).text
    found = record.load("separation_across_layers")
    assert "python -m analysis separation_across_layers --data pulses textures moved 'moved, either sign'" in said
    assert "640 (64 per class)" in said
    assert found["machine"] in said
    assert f"numpy {found['versions']['numpy']}" in said
    assert found["left_out"][0] in said
    assert found["data_identity"]["cifar10, test"]["sha256"][:16] in said
    for name in contents.by_default():
        assert f"python -m figures {name}" in said


def test_a_page_of_hostile_names_shows_them_as_text():
    found, plain = (
        Page(report.page(pictures=[_picture(name)], results=_results(name), left_out=[name]))
        for name in (HOSTILE, "harmless")
    )
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in plain.elements]
    assert found.text.count(HOSTILE) == plain.text.count("harmless") - ALTERED > 20
    assert [given["alt"] for given in found.named("img")] == [HOSTILE]


ALTERED = 6  # of these names: two in commands, which are quoted, and four in sums, which are cut


def _picture(name=HOSTILE):
    return Picture("two_rings", f"{name}: shown `{name}`\n\n{name}. {name}", _PNG, words=name)


_PNG_LETTERS = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_PNG = base64.b64decode(_PNG_LETTERS)


def _results(name):
    """Recorded results in which every text that may come from outside is this name."""
    found = record.load("separation_across_layers")
    rows = [row | {"data": name} for row in found["rows"] if (row["data"], row["setting"]) == ("pulses", "deep")]
    identity = {name: {"path": name, "images": 3, "sha256": name * 16, "verified": None}}
    about = {"machine": name, "on": name, "versions": {name: name}, "threads": name, "reproducible": name}
    about |= {"command": [name], "prepared": {name: name}, "left_out": [name], "data_identity": identity}
    about |= {"split": {name: {"train": {name: 2}, "test": {name: 2}}}, "settings": {name: {name: name}}}
    networks = record.load("accuracy_of_learned_networks")
    one = networks["rows"][0]
    one |= {"network": name, "preset": name, "device": name, "machine": name}
    one["setting"] |= {"data": name}
    return {
        "separation_across_layers": found | about | {"rows": rows},
        "accuracy_of_learned_networks": networks | about | {"rows": [one]},
    }


def test_without_results_the_page_has_its_pictures_and_no_answer():
    found = Page(report.page(pictures=[_picture("rings")]))
    assert {"chapter-1", "chapter-2", "answer", "numbers"} & {*found.ids()} <= {"chapter-2"}
    assert "rings: shown rings" in found.text
    assert "Does a phase collapse separate classes?" in Page(report.page()).text


def test_a_picture_of_a_result_without_a_table_says_how_it_was_made():
    picture, found = Picture("how_cost_grows", "Cost.", _PNG), {"benchmarks": record.load("benchmarks")}
    page = Page(report.page(pictures=[picture], results=found))
    assert {"how_cost_grows", "made-benchmarks"} <= {*page.ids()}
    assert "#made-benchmarks" in [given["href"] for given in page.named("a")]
    assert "python -m tests.benchmarks asks this question" in page.text
    alone = Page(report.page(pictures=[picture]))
    assert [given["href"] for given in alone.named("a") if "made-" in given["href"]] == []


def test_captions_are_cut_between_sentences():
    long = "One sentence of some length, of which there are many. " * 9
    short, rest = report.shortened(f"{long}\n\nAnother `paragraph` < 2.")
    assert short == f"<p>{' '.join([long.strip().split('. ')[0] + '.'] * 3)}</p>"
    assert rest.count("<p>") == 2
    assert rest.endswith("<p>Another <code>paragraph</code> &lt; 2.</p>")
    assert report.shortened("") == ("", "")


@pytest.mark.parametrize("hostile", [False, True])
def test_in_a_browser_the_page_is_whole_at_two_widths_and_in_both_schemes(recorded, tmp_path, hostile):
    """No errors, nothing from elsewhere, nothing wider than the window, every picture shown, every link works."""
    if browser.program() is None:
        pytest.skip(browser.INSTALL)
    address = (recorded.out / "report.html").as_uri()
    if hostile:
        (tmp_path / "report.html").write_text(
            report.page(pictures=[_picture()], results=_results(HOSTILE * 9)), encoding="utf-8"
        )
        address = (tmp_path / "report.html").as_uri()
    grounds = set()
    with browser.opened() as tab:
        for width in (1280, 390):
            for dark in (False, True):
                tab.open(address, width=width, dark=dark)
                _check_page(tab, address, width)
                grounds.add(tab.value("getComputedStyle(document.body).backgroundColor"))
        tab.open(address, width=800, media="print")
        assert tab.value("getComputedStyle(document.querySelector('nav')).display") == "none"
        assert len(grounds) == 2
        if not hostile:
            _check_links(tab, address, tmp_path)


FAULTS = {
    "wide": "<p style='width:2000px'>wide</p>",
    "no picture": "<img alt='' src='data:image/png;base64,AAAA'>",
    "elsewhere": "<img alt='' src='http://127.0.0.1:9/x.png'>",
    "error": "<script>undefined_name</script>",
}


def test_a_fault_of_a_page_would_be_seen_in_a_browser(tmp_path):
    if browser.program() is None:
        pytest.skip(browser.INSTALL)
    whole = f"<!doctype html><title>page</title><img alt='' src='data:image/png;base64,{_PNG_LETTERS}' width=9>"
    with browser.opened() as tab:
        for name, fault in {"nothing": "", **FAULTS}.items():
            (tmp_path / f"{name}.html").write_text(whole + fault)
            address = (tmp_path / f"{name}.html").as_uri()
            tab.open(address, width=1280)
            with pytest.raises(AssertionError) if fault else contextlib.nullcontext():
                _check_page(tab, address, 1280)


def _check_page(tab, address, width):
    tab.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.value("document.documentElement.scrollWidth") == width
    wider = """[...document.querySelectorAll('body *')].filter(each => !each.closest('.wide, .picture')
        && each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 200))"""
    assert tab.value(wider) == []
    pictures = "[...document.images].map(each => each.complete && each.naturalWidth > 0 && each.clientWidth > 0)"
    shown = tab.value(pictures)
    assert shown
    assert all(shown)
    assert tab.complaints() == []
    assert tab.loaded() == [address]


def _check_links(tab, address, room):
    tab.open(address, width=390)
    places = tab.value("[...document.querySelectorAll('a[href^=\"#\"]')].map(each => each.hash)")
    for place in dict.fromkeys(places):
        tab.value(f"document.querySelector('a[href=\"{place}\"]').click()")
        top, bottom = tab.value(
            f"(({{top, bottom}}) => [top, bottom])(document.querySelector('{place}').getBoundingClientRect())"
        )
        assert top < 800, place
        assert bottom > 0, place
        assert tab.value("document.documentElement.scrollWidth") == 390
    larger = "(each => each.clientWidth)(document.querySelector('figure:target img'))"
    tab.value("document.querySelector('figure a.picture').click()")
    assert tab.value(larger) > 390
    tab.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(room))
    for name in numbers.COLUMNS:
        tab.value(f"document.querySelector('a[download=\"{name}.csv\"]').click()")
        rows = record.load(name)["rows"]
        saved = _appeared(room / f"{name}.csv")
        assert saved == numbers.as_csv(rows).encode()


def _appeared(path, seconds=20):
    end = time.monotonic() + seconds
    while not path.is_file() or not path.stat().st_size:
        assert time.monotonic() < end, path
        time.sleep(0.02)
    return path.read_bytes()
