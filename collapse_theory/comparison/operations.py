"""The operations of a comparison: names or functions, what part each plays, and whether it is seen to expand."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import place, to_host
from ..nonlinearities import LAWS, NONLINEARITIES, identity

__all__ = ["CONTROL", "Operation", "operations_of", "seen_to_expand"]

CONTROL = "identity"
_NEEDS_REAL = ("rectifier",)


@dataclass(frozen=True)
class Operation:
    """An operation: its name, the name or the function that `fitted` is given, and the part that it plays.

    role : "collapse", "reduction", "control", or "other": measured, and not part of the verdict
    """

    name: str
    rho: Callable | str
    role: str

    @property
    def expands(self):
        """Whether it is known to expand; None if that is to be seen."""
        return None if callable(self.rho) else "non-expansive" not in LAWS[self.rho]


def operations_of(given, collapse, reductions):
    """A list of `Operation`s, the control among them, from names and (name, function) pairs.

    Raises ValueError or TypeError, naming the argument, for what is none, comes twice, or leaves nothing to compare.
    """
    pairs = []
    if isinstance(given, str):
        raise TypeError(f"operations: expected a sequence of names or (name, function) pairs, got {given!r}")
    for each in given:
        name, rho = (each, each) if isinstance(each, str) else each if _is_pair(each) else (None, None)
        if name is None:
            raise TypeError(f"operations: expected names or (name, function) pairs, got {each!r}")
        if isinstance(rho, str) and (rho not in NONLINEARITIES or rho in _NEEDS_REAL):
            known = ", ".join(repr(one) for one in NONLINEARITIES if one not in _NEEDS_REAL)
            raise ValueError(f"operations: unknown {name!r}; known: {known}; or (name, function)")
        pairs.append((name, rho))
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"operations: expected names that differ, got {', '.join(names)}")
    if collapse not in names:
        raise ValueError(f"collapse: expected one of the operations {', '.join(map(repr, names))}, got {collapse!r}")
    for name in reductions or ():
        if name not in names or name == collapse:
            raise ValueError(f"reductions: expected operations that are compared with {collapse!r}, got {name!r}")
    if all(rho not in (CONTROL, identity) or name == collapse for name, rho in pairs):
        pairs.append((CONTROL if CONTROL not in names else "control", identity))
    found = [Operation(name, rho, _role(name, rho, collapse, reductions)) for name, rho in pairs]
    if not any(one.role == "reduction" for one in found):
        raise ValueError(f"operations: expected a reduction to compare {collapse!r} with, got {', '.join(names)}")
    return found


def seen_to_expand(function, z, seed):
    """Whether |f(z) − f(w)| > |z − w| for some coefficient, w being z moved by 1e-3 to 3 times the mean of |z|.

    z : (n, C, K, H, W) complex host or other array
    """
    rng, size = np.random.default_rng(seed), float(np.mean(np.abs(to_host(z)), dtype=np.float64))
    angles, lengths = rng.uniform(0, 2 * np.pi, z.shape), 10 ** rng.uniform(-3, 0.5, z.shape)
    step = place(max(size, 1e-300) * lengths * np.exp(1j * angles), like=z)
    w = z + step
    moved, apart = np.abs(to_host(function(z)) - to_host(function(w))), np.abs(to_host(w - z))
    return bool(np.any(moved > apart * (1 + 1e-2)))


def _role(name, rho, collapse, reductions):
    if name == collapse:
        return "collapse"
    if rho in (CONTROL, identity):
        return "control"
    if reductions is not None:
        return "reduction" if name in reductions else "other"
    return "reduction" if callable(rho) or "phase-equivariant" in LAWS[rho] else "other"


def _is_pair(each):
    return isinstance(each, list | tuple) and len(each) == 2 and isinstance(each[0], str) and _is_operation(each[1])


def _is_operation(rho):
    return callable(rho) or (isinstance(rho, str) and rho in NONLINEARITIES)
