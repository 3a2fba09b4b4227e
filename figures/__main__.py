"""Measure what is needed, draw figures, and write report.html.

python -m figures                  measure separation_across_layers (2 minutes), draw every figure
python -m figures NAME ...         draw these figures
python -m figures --recorded       draw the committed results, and measure nothing
python -m figures --from FOLDER    draw the results that are in a folder, as runs/results
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from analysis import __main__ as questions
from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments.options import Parser, name_of
from analysis.instruments.stopping import answered
from collapse_theory.arrays import LIBRARIES, to_library
from collapse_theory.machine import reproducible

from . import contents, numbers, pictures
from .contents import NAMES

DRAWN = Path(__file__).parent / "drawn"
_SAYS = (
    "Measures what is needed, draws figures, and writes report.html with them, their numbers and how they were made.",
    "Without --recorded and --from, separation_across_layers is measured if it is to be drawn, and its result goes to "
    "the folder --out; other results are the committed ones, and some figures compute what they draw. With --from and "
    "no NAME, the figures of the results in that folder are drawn, and no others.",
    "A picture of a result or a computed one has the same bytes each time, and so has the page.",
)
_EXAMPLES = (
    "python -m figures --recorded",
    "python -m figures two_rings",
    "python -m figures --from runs/results",
    "python -m figures two_rings --format pdf,svg --width 8.6cm --out FOLDER",
)
_CM = {"cm": 1.0, "mm": 0.1, "in": 2.54, "": 1.0}


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code."""
    return answered(lambda: _run(_parser().parse_args(arguments)))


def _run(options):
    from . import style

    with style.width(options.width):
        return _drawn(options)


def _drawn(options):
    for name in options.names:
        if name not in NAMES:
            raise ValueError(f"unknown figure {name!r}; known: {', '.join(NAMES)}")
    taken = _options_of_figures(options)
    to_library(np.zeros(1), options.on)
    out = record.check_writable(options.out or DRAWN)
    names, folders = options.names or contents.by_default(), defaultdict(lambda: record.RESULTS)
    if options.results is not None:
        folders = defaultdict(lambda: Path(options.results))
        names = options.names or _of_results_in(Path(options.results))
    elif not options.recorded and measurement.NAME in names:
        folders[measurement.NAME] = out
        print(f"measuring {measurement.NAME}; --recorded draws the committed result", file=sys.stderr, flush=True)
        code = questions.main([measurement.NAME, "--on", options.on, "--out", str(out), "--quiet"])
        if code:
            return code
    how = {"formats": options.format, "options": taken, "named": bool(options.names)}
    with reproducible():
        drawn, left_out = pictures.draw(names, out, folders, **how)
    _report(options, drawn, _results(options.names, folders), left_out)
    return 0


def _options_of_figures(options):
    """Values of the options that figures take, by name.  Raises ValueError if one lacks its figure, or the reverse."""
    found = {}
    for figure, option in contents.OPTION_OF.items():
        value = getattr(options, option)
        if figure in options.names and value is None:
            raise ValueError(f"{option}: {figure} needs --{option} FOLDER")
        if figure not in options.names and value is not None:
            raise ValueError(f"{option}: only {figure} takes it, which is not named")
        found[option] = value
    return found


def _of_results_in(folder):
    """The figures whose results lie in a folder.  Raises FileNotFoundError if there is none that is shown."""
    there = {path.stem for path in folder.glob("*.json")}
    names = [name for name in contents.by_default() if {*contents.results_of(name)[:1]} & there]
    if not names and not there & {*numbers.COLUMNS}:
        made = "; make one with: python -m analysis separation_across_layers"
        raise FileNotFoundError(f"no result that can be drawn in the folder {folder}{made}")
    return names


def _results(names, folders):
    """Records by name: of the figures that were named, or all that are there."""
    wanted = (
        dict.fromkeys(result for name in names for result in contents.results_of(name)) if names else numbers.COLUMNS
    )
    there = [name for name in wanted if (folders[name] / f"{name}.json").is_file()]
    return {name: record.load(name, folders[name]) for name in there}


def _report(options, drawn, results, left_out):
    from . import report

    out, source = Path(options.out or DRAWN), "--recorded" if options.results is None else "--from FOLDER"
    page = report.page(pictures=drawn, results=results, source=source, left_out=left_out)
    path = pictures.write(out / "report.html", page)
    lines = [*left_out, *(file for picture in drawn for file in picture.files)]
    if not options.names:
        found = results.get(measurement.NAME)
        lines = [*left_out, *(measurement.conclusions(found["rows"]) if found else ()), ""]
    print(*lines, f"Report: {path}", sep="\n")


def _formats(text):
    """A type of option: formats between commas."""
    found = text.split(",")
    unknown = [name for name in found if name not in pictures.FORMATS]
    if unknown or len({*found}) < len(found):
        known = ", ".join(pictures.FORMATS)
        raise argparse.ArgumentTypeError(f"expected some of {known}, each once, with commas, got {text[:40]!r}")
    return tuple(found)


def _width(text):
    """A type of option: a width in cm, or in the unit behind the number."""
    found = re.fullmatch(r"(\d+\.?\d*)\s*(cm|mm|in|)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected a width as 17.8cm, 178mm or 7in, got {text[:40]!r}")
    return float(found[1]) * _CM[found[2]]


def _parser():
    parser = Parser("python -m figures", _SAYS, _EXAMPLES)
    names = f"any of {', '.join(NAMES)} (default: all but {', '.join(contents.ON_REQUEST)})"
    parser.add_argument("names", nargs="*", type=name_of(NAMES), metavar="NAME", help=names)
    results = parser.add_mutually_exclusive_group()
    results.add_argument("--recorded", action="store_true", help="draw the committed results, and measure nothing")
    own = "draw the results in this folder, and measure nothing"
    results.add_argument("--from", dest="results", metavar="FOLDER", help=own)
    formats = f"some of {', '.join(pictures.FORMATS)}, with commas"
    parser.add_argument("--format", type=_formats, default="png", metavar="FORMATS", help=formats)
    width = "width of the pictures in print, as 8.6cm for one column, 178mm or 7in"
    parser.add_argument("--width", type=_width, default="17.8cm", metavar="WIDTH", help=width)
    for figure, option in contents.OPTION_OF.items():
        parser.add_argument(f"--{option}", metavar="FOLDER", help=f"folder of a training, which {figure} draws")
    parser.add_argument("--on", choices=LIBRARIES, default="numpy", help="array library to measure on")
    parser.add_argument("--out", metavar="FOLDER", help="folder to draw into (default: figures/drawn)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
