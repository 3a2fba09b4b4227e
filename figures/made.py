"""How the parts of a page were made, in HTML: commands, data, numbers of images, settings, versions and machines."""

import html
import importlib
import shlex

from analysis import separation_across_layers as measurement
from analysis.instruments.sources import SOURCES
from analysis.instruments.tables import NOT_RECORDED

from . import contents


def title(name):
    """The question that a result answers, or its name in words."""
    try:
        module = importlib.import_module(f"analysis.{name}")
    except ModuleNotFoundError:
        module = None
    return (getattr(module, "__doc__", None) or name.replace("_", " ")).split("\n", 1)[0]


def glossary(rows):
    """What the classes and the settings of `separation_across_layers` are, as far as they are the project's own."""
    names = [name for name in dict.fromkeys(row["data"] for row in rows) if getattr(SOURCES.get(name), "__doc__", None)]
    terms = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(' '.join(SOURCES[name].__doc__.split()))}</dd>" for name in names
    )
    terms += f"<dt>settings</dt><dd>{html.escape(measurement.SAYS[0].split(': ', 1)[1].split('. ')[0])}.</dd>"
    return f"<details><summary>The classes and the settings</summary><dl>{terms}</dl></details>"


def result(name, record):
    """How a result was measured: the command, what was read, how many images, settings, versions, machine."""
    facts = {
        "machine": _each(record, "machine"),
        "threads": _each(record, "threads"),
        "array library": record["on"],
        "time": _time(record),
        "the same bits each time": _in_words(record["reproducible"]),
        "versions": ", ".join(f"{package} {number}" for package, number in record["versions"].items()),
    }
    left = "".join(f"<li>{html.escape(line)}</li>" for line in record.get("left_out", ()))
    return (
        f"{_commands(name, record)}{_read(record)}{_split(record)}"
        + (f"<p>Left out:</p><ul>{left}</ul>" if left else "")
        + f"<dl>{''.join(f'<dt>{key}</dt><dd>{html.escape(str(value))}</dd>' for key, value in facts.items())}</dl>"
        + f"<details><summary>Settings</summary>{_settings(_settings_of(record))}</details>"
    )


def _each(record, field):
    """What the rows say of a field, once each, or the record."""
    found = dict.fromkeys(str(row[field]) for row in record["rows"] if field in row)
    return ", ".join(found) or record[field]


def _time(record):
    """Of the measurement, or of the trainings that have a row each."""
    seconds = [row["seconds"] for row in _trainings(record)]
    return f"{sum(seconds):,.0f} s in {len(seconds)} trainings" if seconds else f"{record['seconds']:,.0f} s"


def _settings_of(record):
    """By name: of trainings that of each row, else those of the record."""
    rows = enumerate(_trainings(record), 1)
    numbered = {f"{number}. {row['preset']}, {row['network']}": row["setting"] for number, row in rows}
    return numbered or record["settings"]


def _trainings(record):
    """The rows that have a setting of their own."""
    return [row for row in record["rows"] if isinstance(row.get("setting"), dict)]


def figure(name, source):
    """The command that draws a figure.

    source : "--recorded", or "--from FOLDER", of a figure of results
    """
    own = [f"--{contents.OPTION_OF[name]}", "FOLDER"] if name in contents.OPTION_OF else []
    words = ["python", "-m", "figures", name, *own, *(source.split() if contents.results_of(name) else ())]
    return _command(words)


def _command(words):
    """A command line, which breaks between its words alone."""
    return f"<code>{' '.join(f'<span>{html.escape(shlex.quote(word))}</span>' for word in words)}</code>"


def _commands(name, record):
    """That of the record, or those of its rows, each once."""
    given = [record.get("command"), *(row.get("command") for row in record["rows"])]
    lines = dict.fromkeys(_command(words) for words in given if words)
    if lines:
        return f"<pre>{chr(10).join(lines)}</pre>"
    asked = _command(["python", "-m", *(["tests.benchmarks"] if name == "benchmarks" else ["analysis", name])])
    return f"<p>The exact command was {NOT_RECORDED}; {asked} asks this question.</p>"


def _read(record):
    """A table of the data that were read, and what was done to them."""
    found = record["data_identity"]
    if found == NOT_RECORDED:
        return f"<p>What was read was {NOT_RECORDED}.</p>"
    prepared = "".join(
        f"<p>{html.escape(name)}: {html.escape(what)}.</p>" for name, what in record.get("prepared", {}).items()
    )
    words = {True: "as published", False: "no published sum", None: "not checked"}
    lines = [
        (name, of["path"] or "–", f"{of['images']:,}", f"{of['sha256'][:16]}…", words[of["verified"]])
        for name, of in found.items()
    ]
    return prepared + (_table(("files read", "folder", "images", "sha256", "checked"), lines) if lines else "")


def _split(record):
    """A table of the numbers of images, by data and setting, to fit on and to measure on."""
    found = record.get("split", {})
    lines = [
        (name, len(parts["train"]) or len(parts["test"]), *(_counted(parts[part]) for part in ("train", "test")))
        for name, parts in found.items()
    ]
    return _table(("images drawn", "classes", "to fit on", "to measure on"), lines) if lines else ""


def _counted(counts):
    if not counts:
        return "none"
    least, most = min(counts.values()), max(counts.values())
    return f"{sum(counts.values()):,} ({least:,}{f' to {most:,}' if most > least else ''} per class)"


def _settings(settings):
    """A table with a column for each setting."""
    flat = {name: dict(_flat("", fields)) for name, fields in settings.items()}
    keys = dict.fromkeys(key for fields in flat.values() for key in fields)
    lines = [(key, *(fields.get(key, "–") for fields in flat.values())) for key in keys]
    return _table(("", *flat), lines)


def _flat(name, value):
    """Pairs of a field in words and its value, of fields within fields, too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}, {key}".strip(", "), inner)
    else:
        yield name.replace("_", " "), _in_words(value)


def _in_words(value):
    if isinstance(value, list):
        return ", ".join(map(str, map(_in_words, value)))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else "none" if value is None else value


def _table(head, lines):
    """A plain table; everything is escaped."""
    top = "".join(f'<th scope="col">{html.escape(str(name))}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(value))}</td>' for value in line)}</tr>" for line in lines)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
