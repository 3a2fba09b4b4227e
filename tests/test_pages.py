"""Doubts about the pages of the library: is each public docstring on them, whole, with its formulas as they stand?"""

import html
import inspect
import re

import pytest

import collapse_theory
from figures import pages


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of the pages."""
    for package in ("pdoc", "torch", "safetensors", "sklearn", "hypothesis", "matplotlib"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("pages")
    pages.write(folder)
    return folder


def page_of(folder, module):
    return (folder / "collapse_theory" / f"{module}.html").read_text(encoding="utf-8")


def shown(page):
    """The text of the docstrings of a page, without spaces and the marks of Markdown."""
    docstrings = re.findall(r'<div class="docstring">(.*?)</div>\n', page, re.DOTALL)
    return squeezed(html.unescape(re.sub(r"</?[a-z][^>]*>", "", "\n".join(docstrings))))


def squeezed(text):
    return re.sub(r"[\s`]+|^- ", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", collapse_theory.MODULES)
def test_a_page_holds_every_docstring_of_its_module(written, name):
    module = getattr(collapse_theory, name)
    text, documented = shown(page_of(written, name)), [module]
    documented += [getattr(module, public) for public in getattr(module, "__all__", ())]
    ours = [each for each in documented if getattr(each, "__module__", "collapse_theory").startswith("collapse_theory")]
    said = [inspect.getdoc(each) for each in ours if inspect.isroutine(each) or inspect.ismodule(each)]
    assert [docstring for docstring in said if docstring and squeezed(docstring) not in text] == []


def test_a_claim_has_a_page_with_its_statement_and_its_proof(written):
    names = [claim.__name__.rsplit(".", 1)[-1] for claim in collapse_theory.claims.CLAIMS]
    for name, claim in zip(names, collapse_theory.claims.CLAIMS, strict=True):
        assert squeezed(claim.__doc__) in shown(page_of(written, f"claims/{name}"))
        assert f'href="claims/{name}.html"' in page_of(written, "claims")


def test_formulas_and_examples_keep_their_lines_and_entries_begin_theirs(written):
    code = "\n".join(re.findall(r"<pre>(.*?)</pre>", page_of(written, "wavelets"), re.DOTALL))
    text = html.unescape(re.sub(r"</?[a-z][^>]*>", "", code))
    assert "z_0 = x ∗ φ,   z_{1+k} = x ∗ ψ_k\n" in text
    assert ">>> bank = wavelets.morlet_bank((32, 32), scales=2, angles=4)\n>>> bank, bank.psi_hat.shape\n" in text
    assert re.search(r"real or complex\s*<br */?>\s*bank : FilterBank on", page_of(written, "wavelets"))


def test_links_between_pages_lead_somewhere(written):
    for page in written.rglob("*.html"):
        links = {link.split("#")[0] for link in re.findall(r'href="([^"]*)"', page.read_text(encoding="utf-8"))}
        assert [link for link in links if re.match(r"[\w./]+$", link) and not (page.parent / link).is_file()] == []


def test_an_entry_begins_a_line_and_prose_does_not():
    docstring = "Say.\n\nx : one\n    of two\ny : three\n\nReturns a\nb.\nRaises c.\nF          d\n"
    assert [line for line in pages.with_entries(docstring).split("\n") if line.endswith("  ")] == [
        *("    of two  ", "b.  ", "Raises c.  "),
    ]


def test_without_pdoc_the_command_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(pages.sys.modules, "pdoc", None)
    assert pages.main(["--out", str(tmp_path)]) == 2
    assert 'pip install -e ".[docs]"' in capsys.readouterr().err
