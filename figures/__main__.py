"""Measure, draw every figure, and write report.html.

python -m figures                  measure phase collapse against thresholding, then draw everything
python -m figures NAME ...         draw these figures, from recorded results
python -m figures --recorded       draw everything from recorded results, without measuring
"""

import importlib
import io
import sys
import time
from pathlib import Path

import numpy as np

from analysis import record
from analysis import separation_across_layers as measurement
from analysis.instruments.options import Parser
from analysis.instruments.stopping import answered
from collapse_theory.arrays import LIBRARIES, to_library
from collapse_theory.files import locked, write_atomically

DRAWN = Path(__file__).parent / "drawn"
NAMES = (
    "separation_across_layers",
    "two_rings",
    "image_moved",
    "wavelets_and_their_sum",
    "scattering_disk",
    "what_the_phase_knew",
    "do_real_images_separate",
    "how_cost_grows",
)


def main(arguments=None):
    return answered(lambda: _run(_parser().parse_args(arguments)))


def _run(options):
    for name in options.names:
        if name not in NAMES:
            raise ValueError(f"unknown figure {name!r}; known: {', '.join(NAMES)}")
    to_library(np.zeros(1), options.on)
    out = record.check_writable(options.out)
    if not (options.names or options.recorded):
        measurement.main(["--on", options.on, "--out", str(out), "--quiet"])
    folder = out if (out / f"{measurement.NAME}.json").is_file() and not options.recorded else record.RESULTS
    pictures = draw(options.names or NAMES, out, folder)
    if options.names:
        print(*pictures, sep="\n")
        return 0
    _report(out, record.load(measurement.NAME, folder), pictures)
    return 0


def draw(names, out, folder):
    """Draw the figures `names` into the folder `out`.  Returns a dict of caption by path."""
    pictures = {}
    for name in names:
        module = importlib.import_module(f"figures.{name}")
        if name != measurement.NAME:
            pictures[_save(module.draw(module.data()), out / f"{name}.png")] = _caption(module)
            continue
        rows = record.load(name, folder)["rows"]
        for setting in dict.fromkeys(row["setting"] for row in rows):
            caption = _caption(module).replace("\n", f" ({setting})\n", 1)
            pictures[_save(module.draw(module.data(setting, rows)), out / f"{name}_{setting}.png")] = caption
    return pictures


def _caption(module):
    """What a figure's module says of it, title first; only its name where `python -OO` kept no docstring."""
    return module.__doc__ or module.__name__.rsplit(".", 1)[-1].replace("_", " ") + "\n"


def _save(figure, path):
    from matplotlib import pyplot as plt

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    plt.close(figure)
    return write(path, drawn.getvalue())


def write(path, content):
    """Write a picture or a page, at once or not at all, whoever writes into the folder at the same time."""
    with locked(path.parent):
        write_atomically(path, content)
    return path


def _report(out, result, pictures):
    from . import report

    lines = measurement.conclusions(result["rows"])
    about = {
        "command": f"python -m analysis {measurement.NAME}",
        "machine": result["machine"],
        "seconds": result["seconds"],
        "array library": result["on"],
        "reproducible": result["reproducible"],
        "threads": result["threads"],
        "data": result["data_identity"],
        "versions": ", ".join(f"{name} {number}" for name, number in result["versions"].items()),
        "settings": result["settings"],
        "page made": time.strftime("%Y-%m-%d"),
    }
    write(out / "report.html", report.page(lines=lines, pictures=pictures, rows=result["rows"], about=about))
    print(*lines, "", f"Report: {out / 'report.html'}", sep="\n")


def _parser():
    parser = Parser(prog="python -m figures", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; default: all")
    parser.add_argument("--recorded", action="store_true", help="draw recorded results, measure nothing")
    parser.add_argument("--on", choices=LIBRARIES, default="numpy", help="array library to measure on")
    parser.add_argument("--out", default=DRAWN, metavar="FOLDER", help="where pictures and report go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
