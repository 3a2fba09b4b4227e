"""Draw a small picture of each figure, and write the table of all figures into README.md.

python -m figures.gallery            draw those that changed since, and write the table
python -m figures.gallery NAME ..    draw these anew, and write the table
"""

import contextlib
import hashlib
import importlib
import io
import re
import sys
import tempfile
from pathlib import Path

from analysis import record
from analysis.instruments.options import Parser, name_of
from analysis.instruments.stopping import answered
from collapse_theory.files import write_atomically

from . import __main__ as command
from .contents import NAMES, OPTION_OF, results_of

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "shown" / "gallery"
# The five graphics of the paper, of its poster and of its page, which are drawn here from data made here.
PAPER = {
    "wavelets_and_their_sum": 1,
    "learned_network": 2,
    "two_rings": 3,
    "rectifier_in_two_halves": 4,
    "concentration_against_separation": 5,
}
_HEAD = ("| figure | picture | caption | file | paper |", "|---|---|---|---|---|")
_SIZE, _COLOURS = (640, 480), 128  # pixels at most, and colours of a palette
_SAYS = (
    "Draws a small picture of each figure into figures/shown/gallery, from the committed results, and writes the table "
    "of all figures into figures/README.md. Without NAME it draws the figures whose file changed since.",
)


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code."""
    return answered(lambda: _run(_parser().parse_args(arguments)), "the same command draws what is left")


def _run(options):
    for name in options.names or [name for name in pictured() if not is_current(name)]:
        if name not in pictured():
            raise ValueError(f"unknown figure {name!r}; known: {', '.join(pictured())}")
        print(draw(name), flush=True)
    readme = FOLDER / "README.md"
    write_atomically(readme, with_table(readme.read_text(encoding="utf-8")).encode())
    print(readme)
    return 0


def pictured():
    """Names of the figures that have a picture."""
    return [name for name in NAMES if name not in OPTION_OF]


def draw(name):
    """Draw the first picture of a figure, small.  Returns its path.  Raises ValueError if the figure is not drawn."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(io.StringIO()):
            if command.main([name, "--recorded", "--out", folder]):
                raise ValueError(f"{name}: it was not drawn")
        image = Image.open(min(Path(folder).glob("*.png"))).convert("RGB")
    image.thumbnail(_SIZE, Image.Resampling.LANCZOS)
    words, drawn = PngInfo(), io.BytesIO()
    words.add_text("Source", source_of(name))
    image.quantize(_COLOURS).save(drawn, "PNG", pnginfo=words, optimize=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    write_atomically(PICTURES / f"{name}.png", drawn.getvalue())
    return PICTURES / f"{name}.png"


def source_of(name):
    """The sha256 of the file of a figure and of the recorded results that it draws."""
    results = (record.RESULTS / f"{result}.json" for result in results_of(name))
    files = [FOLDER / f"{name}.py", *(path for path in results if path.exists())]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def is_current(name):
    """Whether the picture of a figure is there, and was drawn by the file, from the results, as they are."""
    path = PICTURES / f"{name}.png"
    return path.is_file() and source_of(name).encode() in path.read_bytes()


def with_table(text):
    """A README with the table of the figures in the place of its first table."""
    return re.sub(r"(^\|.*\n)+", lambda _: "".join(f"{line}\n" for line in table()), text, count=1, flags=re.MULTILINE)


def table():
    """Lines of Markdown: of each figure its name, picture, caption and file, and which of the paper's it is."""
    rows = []
    for name in NAMES:
        title, _, rest = (importlib.import_module(f"figures.{name}").__doc__ or name).partition("\n")
        caption = f"**{title.strip()}** {' '.join(rest.split())}".strip().replace("|", r"\|").replace("<", "&lt;")
        where = f"shown/gallery/{name}.png"
        picture = f"![{name.replace('_', ' ')}]({where})" if name in pictured() else "of a folder of yours"
        rows.append(f"| `{name}` | {picture} | {caption} | [{name}.py]({name}.py) | {PAPER.get(name, '')} |")
    return [*_HEAD, *rows]


def _parser():
    parser = Parser("python -m figures.gallery", _SAYS)
    names = "figures to draw anew (default: those that changed since they were drawn)"
    parser.add_argument("names", nargs="*", type=name_of(NAMES), metavar="NAME", help=names)
    return parser


if __name__ == "__main__":
    sys.exit(main())
