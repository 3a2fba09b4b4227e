"""List the questions, or answer one.

python -m analysis                 list the questions, with the time each takes
python -m analysis NAME --help     show the options of one
python -m analysis NAME ...        answer it

Results go to runs/results/, which git ignores; --record writes the ones that are committed.
"""

import importlib
import sys
import textwrap
from functools import partial

import numpy as np

from collapse_theory import __version__
from collapse_theory.arrays import LIBRARIES, to_library

from . import record
from .instruments.measuring import measuring
from .instruments.memory import keep_freed_memory
from .instruments.options import SEED, Parser, name_of, spelled_out, whole
from .instruments.stopping import UNFINISHED, answered

QUESTIONS = (
    "separation_across_layers",
    "what_the_phase_knew",
    "few_samples_a_class",
    "do_real_images_separate",
    "tuning_of_learned_networks",
    "accuracy_of_learned_networks",
    "anatomy_of_a_network",
)
DRAWN = ("separation_across_layers", "what_the_phase_knew", "do_real_images_separate")  # by `python -m figures`


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return answered(lambda: _obey(list(words)))


def _obey(words):
    if not words or words[0] in ("-h", "--help"):
        print(*_list(), sep="\n")
        return 0
    if words[0] == "--version":
        print(f"collapse_theory {__version__}")
        return 0
    name = name_of(QUESTIONS)(words[0])
    if name not in QUESTIONS:
        raise ValueError(f"unknown question {name!r}; known: {', '.join(QUESTIONS)}")
    return _answer(_question(name), words[1:])


def _list():
    """Lines: what the command does, then of each question its name, its time and its first sentence."""
    yield __doc__ or "python -m analysis NAME --help\n"  # `python -OO` keeps no docstrings
    for question in map(_question, QUESTIONS):
        yield f"{question.NAME}: {question.TIME}"
        yield from textwrap.wrap(_first_line(question), 74, initial_indent="    ", subsequent_indent="    ")


def _answer(question, words):
    """Measure, record, and print what matters."""
    parser = parser_of(question)
    options = parser.parse_args(words)
    to_library(np.zeros(1), options.on)
    options.out = record.folder_to_write(options)
    options.command = partial(spelled_out, parser, options)
    how = {"on": options.on, "folder": options.out, "command": options.command}
    rows = question.answer(options, partial(measuring, question.NAME, **how))
    if rows is None:
        return UNFINISHED
    if not rows:  # it has looked at what was recorded before
        return 0
    if options.quiet:
        return 0
    print(*question.conclusions(rows), "", sep="\n")
    if not record.is_there(question.NAME, options.out):  # all of it is committed
        return 0
    found = record.load(question.NAME, options.out)
    memory = f", {found['peak_memory_mib']} MiB at most" if "peak_memory_mib" in found else ""
    print(f"{found['seconds']:.0f} s{memory}; recorded in {options.out / question.NAME}.json")
    if question.NAME in DRAWN:
        print(f"To draw it: python -m figures {question.NAME} {record.reading(options.out)}")
    return 0


def parser_of(question):
    """The options of a question: its own, and those that all have."""
    says = [_first_line(question), *question.SAYS, f"Time: {question.TIME}."]
    parser = Parser(f"python -m analysis {question.NAME}", says, question.EXAMPLES)
    question.options(parser)
    libraries = getattr(question, "ON", LIBRARIES)
    parser.add_argument("--on", choices=libraries, default=libraries[0], help="array library to compute with")
    parser.add_argument("--seed", type=whole(**SEED), default=0, metavar="N", help="seed of all that is random")
    parser.add_argument("--quiet", action="store_true", help="record, but print no conclusions")
    record.add_options(parser)
    return parser


def _first_line(question):
    return (question.__doc__ or question.NAME.replace("_", " ")).split("\n", 1)[0]


def _question(name):
    return importlib.import_module(f"analysis.{name}")


if __name__ == "__main__":
    if "accuracy_of_learned_networks" in sys.argv[1:2]:
        keep_freed_memory()  # of the whole process, so that it is for the command alone
    sys.exit(main())
