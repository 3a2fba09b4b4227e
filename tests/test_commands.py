"""Doubts about the commands: does each work where Python keeps no docstrings and checks no `assert`?"""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.__main__ import QUESTIONS
from collapse_theory import __version__
from collapse_theory.claims import CLAIMS
from figures.__main__ import NAMES

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "collapse_theory --help",
    "collapse_theory --examples 1",
    "analysis",
    "analysis --help",
    *(f"analysis {name} --help" for name in QUESTIONS),
    "figures --help",
    "figures.gallery --help",
    "figures.pages --help",
    "tests.benchmarks --help",
)
# Each command in one process, which is quicker than one each; what comes after a command's name is its exit code.
RUN_ALL = """
import contextlib, io, runpy, sys
for command in sys.argv[1].split(";"):
    sys.argv = command.split()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as end:
            code = end.code or 0
    print(f"{command}: {code}, {'something' if out.getvalue().strip() else 'nothing'}")
"""


def without_docstrings(*arguments):
    return subprocess.run([sys.executable, "-OO", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)


def test_every_command_answers_without_docstrings():
    for module in ("sklearn", "torch", "safetensors", "matplotlib", "skimage"):
        pytest.importorskip(module)
    done = without_docstrings("-W", "ignore", "-c", RUN_ALL, ";".join(COMMANDS)).stdout.splitlines()
    assert done == [f"{command}: 0, something" for command in COMMANDS]


def test_statements_and_captions_are_names_in_words_without_docstrings():
    pytest.importorskip("sklearn")
    code = """
from collapse_theory import claims, ledger
from figures import pictures, two_rings
print(ledger.statement_of(claims.CLAIMS[0]), pictures.caption_of(two_rings), sep="\\n")
"""
    said = without_docstrings("-c", code).stdout.splitlines()
    assert said == [CLAIMS[0].__name__.rsplit(".", 1)[-1].replace("_", " "), "two rings", ""]
    assert "two_rings" in NAMES


def parsers():
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    from analysis import __main__ as questions
    from collapse_theory import __main__ as ledger
    from figures import __main__ as figures
    from figures import gallery, pages
    from tests.benchmarks import __main__ as benchmarks

    found = [questions.parser_of(importlib.import_module(f"analysis.{name}")) for name in QUESTIONS]
    return [*found, *(command._parser() for command in (ledger, figures, gallery, pages, benchmarks))]


def test_every_option_is_explained_with_its_default_in_lines_of_80_columns():
    for parser in parsers():
        said = " ".join(parser.format_help().split())
        for line in parser.format_help().partition("options:")[2].splitlines():
            assert len(line) <= 80, (parser.prog, line)
        for action in parser._actions:
            assert action.help, (parser.prog, action.dest)
            assert action.help.split()[0] not in ("of", "by", "a", "the", "default:"), (parser.prog, action.help)
            if action.default not in (None, False, "==SUPPRESS=="):
                shown = " ".join(map(str, action.default)) if isinstance(action.default, list) else action.default
                assert f"(default: {shown})" in said or "(default: all)" in said, (parser.prog, action.dest)


def test_every_command_says_its_version(capsys):
    from analysis import __main__ as questions

    for parser in parsers():
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(["--version"])
        assert ended.value.code == 0
        assert capsys.readouterr().out == f"collapse_theory {__version__}\n"
    assert questions.main(["--version"]) == 0
    assert capsys.readouterr().out == f"collapse_theory {__version__}\n"


@pytest.mark.parametrize("folder", ["collapse_theory", "analysis", "figures"])
def test_nothing_but_tests_relies_on_assert(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        assert not [node.lineno for node in nodes if isinstance(node, ast.Assert)], path
        assert "__debug__" not in {node.id for node in nodes if isinstance(node, ast.Name)}, path
