"""Options of commands: every number has a range, every default is shown, and every mistake is one sentence."""

import argparse
import math
import re
import textwrap

from collapse_theory import __version__

from .shapes import decoded

SEED = {"least": 0, "most": 2**32 - 1}
_ROOM = 78  # columns of a line of help
_SAYS_HOW = (
    "help",
    "version",
    "quiet",
    "out",
    "record",
    "run",
    "minutes",
    "checkpoint",
    "evaluate",
    "workers",
)  # and changes no number


class Parser(argparse.ArgumentParser):
    """Raises ValueError, where argparse would print its usage and leave; its help ends with examples.

    command : of which it reads the options, as `python -m analysis`
    says : paragraphs of help
    examples : command lines
    """

    def __init__(self, command, says, examples=()):
        paragraphs = "\n\n".join(textwrap.fill(paragraph, _ROOM) for paragraph in says)
        ending = "\n".join(["examples:", *(f"  {example}" for example in examples)]) if examples else None
        super().__init__(prog=command, description=paragraphs, epilog=ending, formatter_class=_Help)
        self.add_argument("--version", action="version", version=f"collapse_theory {__version__}")

    def error(self, message):
        raise ValueError(message.removeprefix("argument ").removeprefix("--"))


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog):
        super().__init__(prog, max_help_position=26, width=_ROOM + 2)

    def _split_lines(self, text, width):
        return textwrap.wrap(text, width, break_on_hyphens=False)

    def _get_help_string(self, action):
        default = action.default
        if default is None or default is False or default == argparse.SUPPRESS or "(default" in action.help:
            return action.help
        shown = " ".join(map(str, default)) if isinstance(default, list | tuple) else str(default)
        return f"{action.help} (default: {shown.replace('%', '%%')})"


def spelled_out(parser, options):
    """The words of a command line that measures the same: all its options, with the values that they had."""
    words = parser.prog.split()
    for action in parser._actions:
        value = getattr(options, action.dest, None)
        if action.dest in _SAYS_HOW or value is None:
            continue
        words.append(action.option_strings[value is False])
        if not isinstance(value, bool):
            words += [decoded(str(item)) for item in (value if isinstance(value, list | tuple) else [value])]
    return words


def slug(name):
    """A name without spaces, commas and underscores: moved-either-sign."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def name_of(known):
    """A type of option: a name of `known`, which may be written as `slug` writes it; other text stays as it is."""
    slugs = {slug(name): name for name in known}

    def name(text):
        return text if text in known else slugs.get(text, text)

    name.is_name = True
    return name


def whole(least, most):
    """A type of option: an integer in a range."""

    def parse(text):
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected an integer from {least} to {most}, got {_short(text)}")
        return value

    return parse


def real(least, most):
    """A type of option: a finite number in a range."""

    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected a number from {least} to {most}, got {_short(text)}")
        return value

    return parse


def _short(text):
    return text if len(text) <= 40 else f"{text[:37]}..."


def check_distinct(name, values):
    """Raise ValueError if a value is asked for twice: its rows could not be told apart."""
    twice = [value for number, value in enumerate(values or ()) if value in values[:number]]
    if twice:
        raise ValueError(f"{name}: {twice[0]!r} is given twice")
