"""Write the docstrings of the library as pages of HTML, a module a page, formulas as they stand in the file.

python -m figures.pages                  into figures/drawn/pages
python -m figures.pages --out FOLDER     into another folder
"""

import re
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

from analysis import record
from analysis.instruments.options import Parser
from analysis.instruments.stopping import answered
from collapse_theory import __version__, claims, learned

DRAWN = Path(__file__).parent / "drawn" / "pages"
# A docstring is Markdown, but that a line which begins an entry, as `x : ...` and Returns do, stays a line.
ENTRY = re.compile(r"(Returns|Yields|Raises|Source|Memory|Precision|Time)\b|[\w, ]+ : |\S+( \S+)* {3,}\S")
TEMPLATES = {
    "custom.css": """
.pdoc .docstring pre { font-size: 0.72rem; }
main.pdoc { width: calc(60rem + var(--sidebar-width)); }
""",
    "module.html.jinja2": """
{% extends "default/module.html.jinja2" %}
{% macro docstring(var) %}
<div class="docstring">{{ var.docstring | entries | to_markdown | to_html | linkify(namespace=var.qualname) }}</div>
{% endmacro %}
""",
}
_SAYS = (
    "Writes the docstrings of collapse_theory as pages of HTML, a module a page, with a search.",
    "Needs pdoc, of the extra `docs`, and what the extra `all` brings, since a module is imported to be shown.",
)


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code."""
    return answered(lambda: _run(_parser().parse_args(arguments)), "the same command writes all pages again")


def _run(options):
    out = record.check_writable(options.out or DRAWN)
    write(out)
    print(out / "index.html")
    return 0


def write(out):
    """Write the pages into the folder `out`.

    Raises ImportError without pdoc, ValueError if a name of the library cannot be shown, as without its extra.
    """
    import pdoc

    with tempfile.TemporaryDirectory() as templates, warnings.catch_warnings():
        warnings.filterwarnings("error", module=r"pdoc\.")
        # array-api-compat annotates its functions with types of CuPy, which need not be there.
        warnings.filterwarnings("ignore", "(Failed|Error) .*type annotation")
        for name, content in TEMPLATES.items():
            (Path(templates) / name).write_text(content, encoding="utf-8")
        footer = f"collapse_theory {__version__}"
        pdoc.render.configure(docformat="markdown", footer_text=footer, template_directory=Path(templates))
        pdoc.render.env.filters["entries"] = with_entries
        try:
            with _everything_listed():
                pdoc.pdoc("collapse_theory", "!collapse_theory.__main__", output_directory=Path(out))
        except UserWarning as error:
            raise ValueError(str(error)) from error


def with_entries(docstring):
    """Markdown in which each entry of a docstring begins a line: the line before it ends with two spaces."""
    lines = docstring.split("\n")
    return "\n".join(
        f"{line}  " if line and ENTRY.match(following) else line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
    )


@contextmanager
def _everything_listed():
    """While inside, `learned` holds what it otherwise imports when it is used, and `claims` lists its modules.

    pdoc shows what a module holds, and of a package the modules that `__all__` names.
    """
    vars(learned).update({name: getattr(learned, name) for name in learned.__all__})
    names = claims.__all__
    claims.__all__ = [*names, *(claim.__name__.rsplit(".", 1)[-1] for claim in claims.CLAIMS)]
    try:
        yield
    finally:
        claims.__all__ = names


def _parser():
    parser = Parser("python -m figures.pages", _SAYS, ("python -m figures.pages --out FOLDER",))
    parser.add_argument("--out", metavar="FOLDER", help="folder to write into (default: figures/drawn/pages)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
