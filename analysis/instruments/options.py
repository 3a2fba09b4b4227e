"""Options of commands: every number in its range, every mistake one sentence that begins with the option."""

import argparse
import math

SEED = {"least": 0, "most": 2**32 - 1}


class Parser(argparse.ArgumentParser):
    """Raises ValueError, where argparse would print its usage and leave."""

    def error(self, message):
        raise ValueError(message.removeprefix("argument ").removeprefix("--"))


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
