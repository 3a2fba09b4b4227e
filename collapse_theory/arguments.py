"""What an argument must be: the errors that name it, say what it got and what it wants."""

import numpy as np

__all__ = ["check_choice", "check_count"]


def check_choice(name, value, known):
    """Raise ValueError, listing what is known, if `value` is not among `known`."""
    if value not in known:
        raise ValueError(f"{name}: unknown {value!r}; known: {', '.join(map(repr, known))}")


def check_count(name, value, least=1):
    """Raise ValueError if `value` is not an integer of at least `least`."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name}: expected an integer of at least {least}, got {value!r}")
