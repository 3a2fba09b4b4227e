"""What recorded values must look like, and the sentence that says where one does not.

A shape is a function `shape(value, at)` that raises ValueError, beginning with `at`, the place of the value.
"""

import math
import re
import reprlib
import unicodedata

_LONGEST_TEXT = 4096


def fields(**shapes):
    """A dict with at least these fields; a field whose shape is `optional` may be absent."""

    def check(value, at):
        _expect(isinstance(value, dict), "an object", value, at)
        missing = [name for name, shape in shapes.items() if name not in value and not hasattr(shape, "may_be_absent")]
        if missing:
            raise ValueError(f"{at}: lacks {', '.join(missing)}")
        for name, shape in shapes.items():
            if name in value:
                shape(value[name], f"{at}.{name}" if at else name)

    return check


def optional(shape):
    """The shape of a field that may be absent."""

    def check(value, at):
        shape(value, at)

    check.may_be_absent = True
    return check


def table(shape):
    """A dict of such values by name."""

    def check(value, at):
        _expect(isinstance(value, dict), "an object", value, at)
        for name, item in value.items():
            text(name, f"a name in {at}")
            shape(item, f"{at}[{reprlib.repr(name)}]")

    return check


def listed(shape, least=0, most=math.inf):
    """A list of so many such values."""

    def check(value, at):
        _expect(isinstance(value, list), "a list", value, at)
        if not least <= len(value) <= most:
            bound = f"{least} values" if least == most else f"at least {least} values"
            raise ValueError(f"{at}: expected {bound}, got {len(value)}")
        for number, item in enumerate(value):
            shape(item, f"{at}[{number}]")

    return check


def number(least=-math.inf, most=math.inf):
    """A finite number in a range."""
    bound = "" if least == -math.inf else f" of at least {least}" if most == math.inf else f" from {least} to {most}"

    def check(value, at):
        real = isinstance(value, int | float) and not isinstance(value, bool)
        _expect(real and abs(value) <= _LARGEST and least <= value <= most, f"a finite number{bound}", value, at)

    return check


_LARGEST = 1.7976931348623157e308  # also of an integer: a larger one is no float


def count(least=0, most=2**63):
    """An integer in a range."""

    def check(value, at):
        whole = isinstance(value, int) and not isinstance(value, bool)
        _expect(whole and least <= value <= most, f"an integer from {least} to {most}", value, at)

    return check


def text(value, at):
    """A string that can be printed on a line, not so long that a page of it would be useless."""
    _expect(isinstance(value, str), "a text", value, at)
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"{at}: expected at most {_LONGEST_TEXT} characters, got {len(value)}")
    _expect(not any(map(is_control, value)), "characters that can be printed", value, at)


def is_control(letter):
    """Whether a letter is none, but half of one, the end of a line, or what a terminal obeys."""
    return unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")


def decoded(name):
    """A path as text for one line, no two alike: what cannot be printed as a backslash and a number."""
    letters = name.replace("\\", "\\\\").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(letter.encode("unicode_escape").decode() if is_control(letter) else letter for letter in letters)


def word(value, at):
    """A short text that may be a part of the name of a file."""
    text(value, at)
    plain = re.fullmatch(r"[\w +,.-]{1,100}", value) and not value.startswith(".")
    _expect(plain, "letters, digits and any of ' +,.-_'", value, at)


def truth(value, at):
    """True or false."""
    _expect(isinstance(value, bool), "true or false", value, at)


def anything(value, at):
    """Whatever JSON can hold."""


def choice(*known):
    """One of these values."""

    def check(value, at):
        _expect(isinstance(value, str) and value in known, f"one of {', '.join(map(repr, known))}", value, at)

    return check


def maybe(shape):
    """Such a value, or null: there was nothing to measure."""
    return lambda value, at: None if value is None else shape(value, at)


def either(*known, shape):
    """One of these values, or such a value."""
    return lambda value, at: None if isinstance(value, str) and value in known else shape(value, at)


def interval(value, at):
    """[value, low, high]; the two ends are null where there is no interval."""
    three = isinstance(value, list) and len(value) == 3
    _expect(three and (value[1] is None) == (value[2] is None), "[value, low, high]", value, at)
    number()(value[0], f"{at}[0]")
    for index in (1, 2):
        maybe(number())(value[index], f"{at}[{index}]")


def whole_interval(value, at):
    """[value, low, high], all of them numbers."""
    listed(number(), 3, 3)(value, at)


def _expect(right, wanted, value, at):
    if not right:
        raise ValueError(f"{at or 'the file'}: expected {wanted}, got {reprlib.repr(value)}")
