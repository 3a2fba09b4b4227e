"""What an argument must be: the errors that name it, say what it got and what it wants."""

import numpy as np

__all__ = ["check_choice", "check_count", "check_number"]


def check_choice(name, value, known):
    """Raise ValueError, listing what is known, if `value` is not among `known`."""
    if value not in known:
        raise ValueError(f"{name}: unknown {value!r}; known: {', '.join(map(repr, known))}")


def check_count(name, value, least=1, most=np.inf):
    """Raise ValueError if `value` is not an integer from `least` to `most`."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not least <= value <= most:
        bound = f"from {least} to {most}" if most < np.inf else f"of at least {least}"
        raise ValueError(f"{name}: expected an integer {bound}, got {value!r}")


def check_number(name, value, least=-np.inf):
    """`value` as a float.  Raise ValueError if it is not one finite real number of at least `least`."""
    if np.ndim(value) or np.asarray(value).dtype.kind not in "iuf" or not np.isfinite(value) or value < least:
        bound = "" if least == -np.inf else f" of at least {least}"
        raise ValueError(f"{name}: expected a finite number{bound}, got {value!r}")
    return float(value)
