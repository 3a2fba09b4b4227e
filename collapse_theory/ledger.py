"""The ledger: every claim verified here and now, on this library and machine, with its worst instance."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import ModuleType

import numpy as np

from .arrays import array_namespace, to_host
from .claims import CLAIMS

__all__ = [
    "ROUNDING",
    "Entry",
    "error_of",
    "excess_of",
    "kind_of",
    "lawful",
    "ledger",
    "measure_of",
    "ratio_of",
    "ratios_of",
    "statement_of",
    "table",
    "variants",
    "verify",
]

ROUNDING = 1e-9
_SHARPNESS_ERROR = 1e-3


@dataclass(frozen=True)
class Entry:
    """What the verification of one claim found.

    kind : "inequality", "identity" or "witness"
    worst : largest deviation / bound, relative error of an identity, or excess of a witness, over the instances
    sharpness, reached : the ratio at the hardest instance, predicted and measured, a list where the claim has rows;
        None unless it is an inequality
    broken : the ratio, error or excess at the hardest instance once a hypothesis is removed: the least, if there are
        several variants
    failures : what went wrong, in words that name the instance; empty if the claim stands
    """

    name: str
    statement: str
    kind: str
    instances: int
    worst: float
    sharpness: float | tuple[float, float] | list | None
    reached: float | list | None
    broken: float
    seconds: float
    failures: tuple[str, ...]

    def as_json(self):
        """A dict of plain values."""
        return asdict(self)


def ledger(lift=np.asarray, examples=100, progress=lambda entry: None):
    """Verify every claim.

    lift : puts a NumPy array in the library, device and double precision to verify
    examples : random instances of each claim; instance number n is `claim.instance(numpy.random.default_rng(n))`
    progress : called with each entry as soon as it is there

    Returns a list of `Entry`, in the order of the paper.
    """
    entries = []
    for claim in CLAIMS:
        entries.append(verify(claim, lift, examples))
        progress(entries[-1])
    return entries


def verify(claim: ModuleType, lift: Callable = np.asarray, examples: int = 100) -> "Entry":
    """Verify one claim: its random instances, its hardest one, and that it fails without its hypothesis.

    A witness has no random instances: its one construction is checked.

    claim : a module of CLAIMS, or any object that defines what `collapse_theory.claims` says
    lift, examples : as `ledger`

    Returns an `Entry`, whose `failures` are empty if the claim stands.

        >>> entry = ledger.verify(claims.tight_bank_keeps_the_energy, examples=5)
        >>> entry.kind, entry.worst < 1e-9, entry.failures
        ('identity', True, ())
    """
    start, kind = time.perf_counter(), kind_of(claim)
    measure, limit = measure_of(claim)
    seeds = range(0 if kind == "witness" else examples)
    measured = {seed: measure(claim, lift, *claim.instance(np.random.default_rng(seed))) for seed in seeds}
    x, parameters = lawful(claim)
    hardest = measure(claim, lift, x, parameters)
    reached = _reached(claim, lift, x, parameters) if kind == "inequality" else None
    broken = float(np.min([measure(claim, lift, x, parameters | variant) for variant in variants(claim)]))
    failures = [
        f"instance(numpy.random.default_rng({seed})) gives {value:.6g}, allowed {limit:.10g}"
        for seed, value in measured.items()
        if not value <= limit
    ]
    return Entry(
        name=claim.__name__.rsplit(".", 1)[-1],
        statement=statement_of(claim),
        kind=kind,
        instances=max(1, len(seeds)),
        worst=float(np.max([*measured.values(), hardest])),
        sharpness=claim.SHARPNESS if kind == "inequality" else None,
        reached=reached,
        broken=broken,
        seconds=time.perf_counter() - start,
        failures=(*failures, *_failures_at_hardest(claim, hardest, reached, broken)),
    )


def lawful(claim):
    """The instance on which BROKEN acts, (x, parameters): the hardest one, or the construction of a witness."""
    return claim.witness() if kind_of(claim) == "witness" else claim.hardest()


def statement_of(claim):
    """The statement of a claim: the first line of its docstring, or its name in words under `python -OO`."""
    return (claim.__doc__ or claim.__name__.rsplit(".", 1)[-1].replace("_", " ")).split("\n", 1)[0]


def kind_of(claim):
    """ "inequality", "identity" or "witness": by what the claim defines."""
    return "witness" if hasattr(claim, "certificate") else "identity" if hasattr(claim, "sides") else "inequality"


def measure_of(claim):
    """What is measured at an instance of a claim, a function as `ratio_of`, and how much of it is allowed."""
    return _MEASURES[kind_of(claim)][:2]


def variants(claim):
    """The broken variants of a claim, a tuple of parameters."""
    return claim.BROKEN if isinstance(claim.BROKEN, tuple) else (claim.BROKEN,)


def ratio_of(claim, lift, x, parameters):
    """Largest deviation / bound of an inequality at one instance: the largest of `ratios_of`."""
    return float(np.max(ratios_of(claim, lift, x, parameters)))


def ratios_of(claim, lift, x, parameters):
    """Largest deviation / bound at one instance, of each row of the first axis if SHARPNESS has rows.  (rows,) or (1,).

    0 where the deviation is rounding, infinite where either side is NaN or a bound of zero is exceeded.
    """
    x = lift(x)
    left, right = np.broadcast_arrays(*(to_host(side(x, **parameters)) for side in (claim.deviation, claim.bound)))
    ratios = np.divide(left, right, out=np.full(left.shape, np.inf), where=right > 0)
    ratios = np.where(left <= _rounding(claim, x), 0.0, ratios)
    ratios = np.where(np.isnan(left) | np.isnan(right), np.inf, ratios)
    return np.max(ratios.reshape(len(left) if isinstance(claim.SHARPNESS, list) else 1, -1), axis=1)


def error_of(claim, lift, x, parameters):
    """Largest difference of the sides of an identity at one instance, in units of the larger of their maxima.

    0 where both sides are nothing but rounding.
    """
    x = lift(x)
    left, right = claim.sides(x, **parameters)
    xp = array_namespace(left, right)
    scale = max(float(xp.max(xp.abs(left))), float(xp.max(xp.abs(right))))
    return 0.0 if scale <= _rounding(claim, x) else float(xp.max(xp.abs(left - right))) / scale


def excess_of(claim, lift, x, parameters):
    """The largest distance of a number of a witness outside of its interval; negative if all are inside."""
    numbers = claim.certificate(lift(x), **parameters)
    numbers = {name: float(to_host(numbers[name])) for name in claim.REQUIRED}
    return float(np.max([(low - numbers[name], numbers[name] - high) for name, (low, high) in claim.REQUIRED.items()]))


def table():
    """The claims as a table in Markdown: name, statement, sharpness, and what breaks each one.  A string of lines."""
    lines = ["| claim | statement | sharpness | broken by |", "|---|---|---|---|"]
    for claim in CLAIMS:
        name = claim.__name__.rsplit(".", 1)[-1]
        cells = f"[`{name}`]({name}.py)", statement_of(claim), _printed_sharpness(claim), claim.BROKEN_BY
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _printed_sharpness(claim):
    if kind_of(claim) != "inequality":
        return kind_of(claim)
    rows = claim.SHARPNESS if isinstance(claim.SHARPNESS, list) else [claim.SHARPNESS]
    return ", ".join("{:g} to {:g}".format(*row) if isinstance(row, tuple) else f"{row:.4g}" for row in rows)


def _failures_at_hardest(claim, hardest, reached, broken):
    kind = kind_of(claim)
    _, limit, beyond = _MEASURES[kind]
    if kind == "inequality" and not (hardest <= limit and _as_predicted(reached, claim.SHARPNESS)):
        yield f"hardest() gives {reached}, predicted {claim.SHARPNESS}"
    if kind == "identity" and not hardest <= limit:
        yield f"hardest() gives {hardest:.6g}, allowed {limit:.10g}"
    if kind == "witness" and not hardest <= limit:
        yield f"witness() gives numbers that leave {claim.REQUIRED} by {hardest:.6g}"
    if not broken > beyond:
        yield f"with BROKEN it gives {broken:.6g}: the hypothesis is not needed"


def _reached(claim, lift, x, parameters):
    """The ratios at the hardest instance, in the form of SHARPNESS."""
    ratios = ratios_of(claim, lift, x, parameters).tolist()
    return ratios if isinstance(claim.SHARPNESS, list) else ratios[0]


def _as_predicted(value, sharpness):
    if isinstance(sharpness, list):
        return all(_as_predicted(*pair) for pair in zip(value, sharpness, strict=True))
    if isinstance(sharpness, tuple):
        return sharpness[0] <= value <= sharpness[1]
    return abs(value - sharpness) <= _SHARPNESS_ERROR * sharpness


def _rounding(claim, x):
    """What rounding may make of zero, for sides of the degree of the claim in numbers of the size of `x`."""
    x, degree = to_host(x), getattr(claim, "DEGREE", 1)
    return 20 * float(np.finfo(x.dtype).eps * np.max(np.abs(x), initial=0.0) ** degree)


# Of each kind: what is measured at an instance, how much of it is allowed, and what a broken variant must exceed.
_MEASURES = {
    "inequality": (ratio_of, 1 + ROUNDING, 1 + ROUNDING),
    "identity": (error_of, ROUNDING, 1000 * ROUNDING),
    "witness": (excess_of, ROUNDING, 1000 * ROUNDING),
}
