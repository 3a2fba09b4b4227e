"""Measure what is needed, draw figures, and write report.html.

python -m figures                  measure separation_across_layers (2 minutes), draw every figure
python -m figures NAME ...         draw these figures
python -m figures --recorded       draw the committed results, and measure nothing
python -m figures --from FOLDER    draw the results that are in a folder, as runs/results
"""

import importlib
import io
import json
import shlex
import sys
import time
from pathlib import Path

import numpy as np

from analysis import __main__ as questions
from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments.options import Parser, name_of
from analysis.instruments.stopping import answered
from collapse_theory.arrays import LIBRARIES, to_library
from collapse_theory.files import locked, write_atomically

DRAWN = Path(__file__).parent / "drawn"
RESULT_OF = {  # the recorded result that a figure draws; None: it computes what it draws
    "separation_across_layers": "separation_across_layers",
    "two_rings": None,
    "concentration_against_separation": None,
    "rectifier_in_two_halves": None,
    "energy_across_layers": None,
    "image_moved": None,
    "stability_to_deformations": None,
    "wavelets_and_their_sum": None,
    "learned_network": None,
    "scattering_disk": None,
    "what_the_phase_knew": "what_the_phase_knew",
    "do_real_images_separate": "do_real_images_separate",
    "how_cost_grows": "benchmarks",
}
NAMES = tuple(RESULT_OF)
ON_REQUEST = ("how_cost_grows",)  # drawn when named
BY_DEFAULT = tuple(name for name in NAMES if name not in ON_REQUEST)
_SAYS = (
    "Measures what is needed, draws figures, and writes report.html with all of them.",
    "Without --recorded and --from, separation_across_layers is measured if it is to be drawn, and its result goes to "
    "the folder --out; what_the_phase_knew, do_real_images_separate and how_cost_grows are drawn from the committed "
    "results, and the others compute what they draw. With --from and no NAME, the figures of the results in that "
    "folder are drawn, and no others.",
)
_EXAMPLES = (
    "python -m figures --recorded",
    "python -m figures two_rings",
    "python -m figures --from runs/results",
    "python -m figures separation_across_layers --recorded --out figures/shown",
)


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code."""
    return answered(lambda: _run(_parser().parse_args(arguments)))


def _run(options):
    for name in options.names:
        if name not in NAMES:
            raise ValueError(f"unknown figure {name!r}; known: {', '.join(NAMES)}")
    to_library(np.zeros(1), options.on)
    out, names = record.check_writable(options.out or DRAWN), options.names or BY_DEFAULT
    folders = dict.fromkeys(NAMES, record.RESULTS)
    if options.results is not None:
        folders = dict.fromkeys(NAMES, Path(options.results))
        names = options.names or _of_results_in(folders[measurement.NAME])
    elif not options.recorded and measurement.NAME in names:
        folders[measurement.NAME] = out
        print(f"measuring {measurement.NAME}; --recorded draws the committed result", file=sys.stderr, flush=True)
        code = questions.main([measurement.NAME, "--on", options.on, "--out", str(out), "--quiet"])
        if code:
            return code
    pictures = draw(names, out, folders)
    if not options.names:
        _report(out, folders[measurement.NAME], pictures)
    else:
        print(*pictures, sep="\n")
    return 0


def _of_results_in(folder):
    """The figures whose results lie in a folder.  Raises FileNotFoundError if there is none."""
    names = [name for name in BY_DEFAULT if RESULT_OF[name] and (folder / f"{RESULT_OF[name]}.json").is_file()]
    if not names:
        made = "; make one with: python -m analysis separation_across_layers"
        raise FileNotFoundError(f"no result that can be drawn in the folder {folder}{made}")
    return names


def draw(names, out, folders):
    """Draw the figures `names` into the folder `out`.  Returns a dict of caption by path.

    folders : of the recorded results, by name of the figure
    """
    pictures = {}
    for name in names:
        module = importlib.import_module(f"figures.{name}")
        for suffix, data in _data(name, module, folders[name]):
            caption = _caption(module).replace("\n", f" ({suffix[1:]})\n", 1) if suffix else _caption(module)
            pictures[_save(module.draw(data), out / f"{name}{suffix}.png", data)] = caption
    return pictures


def _data(name, module, folder):
    """Pairs of the end of a file's name and the data of a picture: one per setting, or one."""
    if name == measurement.NAME:
        rows = record.load(name, folder)["rows"]
        for setting in dict.fromkeys(row["setting"] for row in rows):
            yield f"_{setting}", module.data(setting, rows)
    elif RESULT_OF[name] == "benchmarks":
        yield "", module.data(folder)
    elif RESULT_OF[name]:
        yield "", module.data(record.load(name, folder)["rows"])
    else:
        yield "", module.data()


def _caption(module):
    """What a figure's module says of it, title first; only its name where `python -OO` kept no docstring."""
    return module.__doc__ or module.__name__.rsplit(".", 1)[-1].replace("_", " ") + "\n"


def described(figure, data):
    """What a picture carries in words: the text of its axes and legends, and the sha256 of what is drawn, if plain."""
    axes = [(ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes]
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    try:
        numbers = record.digest(data)
    except TypeError:
        numbers = "not plain values"
    return {"Description": json.dumps([axes, labels]), "Source": numbers}


def _save(figure, path, data=None):
    from matplotlib import pyplot as plt

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata=described(figure, data) | {"Software": None})
    plt.close(figure)
    return write(path, drawn.getvalue())


def write(path, content):
    """Write a picture or a page, atomically, whoever writes into the folder at the same time."""
    with locked(path.parent):
        write_atomically(path, content)
    return path


def _report(out, folder, pictures):
    from . import report

    path = folder / f"{measurement.NAME}.json"
    result = record.load(measurement.NAME, folder) if path.is_file() else None
    lines = measurement.conclusions(result["rows"]) if result else []
    page = report.page(lines=lines, pictures=pictures, rows=result["rows"] if result else [], about=_about(result))
    write(out / "report.html", page)
    print(*lines, "", f"Report: {out / 'report.html'}", sep="\n")


def _about(result):
    """How a result was made, by heading."""
    made = {"page made": time.strftime("%Y-%m-%d")}
    if result is None:
        return made
    command = result.get("command")
    return {
        "command": shlex.join(command) if command else record.NOT_RECORDED,
        "machine": result["machine"],
        "seconds": result["seconds"],
        "array library": result["on"],
        "reproducible": result["reproducible"],
        "threads": result["threads"],
        "data": result["data_identity"],
        "what was done to the images": result.get("prepared") or "nothing beyond what the settings say",
        "images per class": result.get("split", record.NOT_RECORDED),
        "versions": ", ".join(f"{name} {number}" for name, number in result["versions"].items()),
        "settings": result["settings"],
    } | made


def _parser():
    parser = Parser("python -m figures", _SAYS, _EXAMPLES)
    names = f"any of {', '.join(NAMES)}; {', '.join(ON_REQUEST)} only when named (default: all)"
    parser.add_argument("names", nargs="*", type=name_of(NAMES), metavar="NAME", help=names)
    results = parser.add_mutually_exclusive_group()
    results.add_argument("--recorded", action="store_true", help="draw the committed results, and measure nothing")
    own = "draw the results in this folder, and measure nothing"
    results.add_argument("--from", dest="results", metavar="FOLDER", help=own)
    parser.add_argument("--on", choices=LIBRARIES, default="numpy", help="array library to measure on")
    parser.add_argument("--out", metavar="FOLDER", help="folder to draw into (default: figures/drawn)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
