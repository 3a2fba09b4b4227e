"""Pictures of figures: the same bytes each time, in several formats, with what they show in words."""

import importlib
import inspect
import io
import json
from dataclasses import dataclass
from pathlib import Path

from analysis import record
from collapse_theory.files import locked, write_atomically

from . import contents

FORMATS = ("png", "pdf", "svg")


@dataclass(frozen=True)
class Picture:
    """What the report shows of a figure.

    figure : name of its module
    caption : title, then what it shows
    png : the picture
    words : what stands on its axes, for who cannot see it
    files : where it was written, the pictures first
    """

    figure: str
    caption: str
    png: bytes
    words: str = ""
    files: tuple[Path, ...] = ()

    @property
    def key(self):
        """Its name, unique in a page: of the figure, and of the setting if there is one picture for each."""
        return self.files[0].stem if self.files else self.figure


def draw(names, out, folders, *, formats=("png",), options=None, named=True):
    """Draw figures into a folder, as wide as `style.width` says.

    names : of the figures
    out : folder
    folders : of the recorded results, by name of the result
    formats : some of FORMATS
    options : dict of what figures of `contents.OPTION_OF` take, by name of the option
    named : whether a figure that needs torch is an error where torch is not installed, or is left out

    Returns a list of `Picture`s, and a list of lines on what was left out.
    Raises FileNotFoundError if a result that is needed is not there.
    """
    pictures, left_out = [], []
    for name in names:
        try:
            pictures += _drawn(name, out, folders, formats=formats, options=options or {})
        except ImportError as error:
            if named or (error.name or "").split(".")[0] not in ("torch", "safetensors"):
                raise
            left_out.append(f"{name} is left out: it is computed with torch, which is not installed.")
    return pictures, left_out


def _drawn(name, out, folders, *, formats, options):
    from . import style

    module, pictures = importlib.import_module(f"figures.{name}"), []
    for part, data in _data(name, module, folders, options):
        caption = caption_of(module).replace("\n", f" ({part})\n", 1) if part else caption_of(module)
        stem = f"{name}_{part}" if part else name
        takes_width = "width" in inspect.signature(module.draw).parameters
        figure = module.draw(data, **({"width": style.width_cm()} if takes_width else {}))
        files = [out / f"{stem}.{suffix}" for suffix in formats]
        png, words = _picture(figure, files, data)
        texts = module.texts(data) if hasattr(module, "texts") else {}
        files += [write(out / f"{stem}.{suffix}", text) for suffix, text in texts.items()]
        pictures.append(Picture(name, caption, png, words, tuple(files)))
    return pictures


def _data(name, module, folders, options):
    """Pairs of the name of a part and the data of its picture: one per setting, or one, without a name."""
    results = contents.results_of(name)
    needed = [record.load(result, folders[result])["rows"] for result in results[:1]]
    if name == "separation_across_layers":
        (rows,) = needed
        for setting in dict.fromkeys(row["setting"] for row in rows):
            yield setting, module.data(setting, rows)
        return
    if results == ("benchmarks",):
        yield "", module.data(folders["benchmarks"])
        return
    others = [_rows_if_there(result, folders[result]) for result in results[1:]]
    taken = {key: options[key] for key in [contents.OPTION_OF.get(name)] if key}
    yield "", module.data(*needed, *others, **taken)


def _rows_if_there(name, folder):
    return record.load(name, folder)["rows"] if (Path(folder) / f"{name}.json").is_file() else []


def caption_of(module):
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


def in_words(figure):
    """What stands on the axes of a figure, once each, in a sentence or two."""
    kinds = {
        "Panels": [ax.get_title() for ax in figure.axes],
        "Horizontal axes": [ax.get_xlabel() for ax in figure.axes],
        "Vertical axes": [ax.get_ylabel() for ax in figure.axes],
        "Legend": [text.get_text() for legend in figure.legends for text in legend.get_texts()],
        "Words": [text.get_text() for ax in figure.axes if not ax.axison for text in ax.texts],  # of a diagram
    }
    said = []
    for kind, texts in kinds.items():
        texts = [" ".join(text.replace(r"\$", "$").split()) for text in texts]
        if any(texts):
            said.append(f"{kind}: {'; '.join(dict.fromkeys(filter(None, texts)))}.")
    return " ".join(said)


def _picture(figure, paths, data):
    """(the PNG, words for it) of a figure that is written to these files, and closed."""
    from matplotlib import pyplot as plt

    written = {path.suffix: save(figure, path, data) for path in paths}
    png, words = written.get(".png") or encoded(figure, "png", data), in_words(figure)
    plt.close(figure)
    return png, words


def save(figure, path, data=None):
    """Write a figure in the format that the name of the file ends in.  Returns the bytes."""
    content = encoded(figure, path.suffix[1:], data)
    write(path, content)
    return content


def encoded(figure, format, data=None):
    """A figure as bytes of a format, the same each time: without dates, and without the version of the painter."""
    about = described(figure, data)
    metadata = {
        "png": about | {"Software": None},
        "pdf": {"Subject": about["Description"], "Keywords": about["Source"]}
        | dict.fromkeys(("Creator", "Producer", "CreationDate")),
        "svg": about | {"Creator": None, "Date": None},
    }[format]
    drawn = io.BytesIO()
    figure.savefig(drawn, format=format, metadata=metadata)
    return drawn.getvalue()


def write(path, content):
    """Write a picture or a page, atomically, whoever writes into the folder at the same time."""
    with locked(path.parent):
        write_atomically(path, content)
    return path
