"""The ledger: every claim verified here and now, on this library and machine, with its worst instance."""

import time
from dataclasses import asdict, dataclass

import numpy as np

from .arrays import array_namespace, to_host
from .claims import CLAIMS

__all__ = [
    "Entry",
    "error_of",
    "excess_of",
    "kind_of",
    "lawful",
    "ledger",
    "margin_of",
    "ratio_of",
    "statement_of",
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
    sharpness, reached : the ratio at the hardest instance, predicted and measured; None unless it is an inequality
    broken : the ratio, error or excess at the hardest instance once a hypothesis is removed: the least, if there are
        several variants
    failures : what went wrong, in words that name the instance; empty if the claim stands
    """

    name: str
    statement: str
    kind: str
    instances: int
    worst: float
    sharpness: float | tuple[float, float] | None
    reached: float | None
    broken: float
    seconds: float
    failures: tuple[str, ...]

    def as_json(self):
        """A dict of plain values."""
        return asdict(self)


def ledger(lift=np.asarray, examples=100, progress=lambda entry: None):
    """Verify every claim.  Returns a list of `Entry`, in the order of the paper.

    lift : puts a NumPy array in the library, device and double precision to verify
    examples : random instances of each claim; instance number n is `claim.instance(numpy.random.default_rng(n))`
    progress : called with each entry as it comes
    """
    entries = []
    for claim in CLAIMS:
        entries.append(verify(claim, lift, examples))
        progress(entries[-1])
    return entries


def verify(claim, lift=np.asarray, examples=100):
    """Verify one claim: its random instances, its hardest one, and that it fails without its hypothesis.

    A witness has no random instances: its one construction is checked.
    """
    start, kind = time.perf_counter(), kind_of(claim)
    measure, limit, _ = _MEASURES[kind]
    seeds = range(0 if kind == "witness" else examples)
    measured = {seed: measure(claim, lift, *claim.instance(np.random.default_rng(seed))) for seed in seeds}
    x, parameters = lawful(claim)
    hardest = measure(claim, lift, x, parameters)
    broken = min(measure(claim, lift, x, parameters | variant) for variant in variants(claim))
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
        worst=max([*measured.values(), hardest]),
        sharpness=claim.SHARPNESS if kind == "inequality" else None,
        reached=hardest if kind == "inequality" else None,
        broken=broken,
        seconds=time.perf_counter() - start,
        failures=(*failures, *_failures_at_hardest(claim, hardest, broken)),
    )


def lawful(claim):
    """The instance on which BROKEN acts, (x, parameters): the hardest one, or the construction of a witness."""
    return claim.witness() if kind_of(claim) == "witness" else claim.hardest()


def statement_of(claim):
    """What a claim says in one line: the first of its docstring, or its name in words if `python -OO` kept none."""
    return (claim.__doc__ or claim.__name__.rsplit(".", 1)[-1].replace("_", " ")).split("\n", 1)[0]


def kind_of(claim):
    """ "inequality", "identity" or "witness": by what the claim defines."""
    return "witness" if hasattr(claim, "certificate") else "identity" if hasattr(claim, "sides") else "inequality"


def variants(claim):
    """The broken variants of a claim, a tuple of parameters."""
    return claim.BROKEN if isinstance(claim.BROKEN, tuple) else (claim.BROKEN,)


def ratio_of(claim, lift, x, parameters):
    """Largest deviation / bound of an inequality at one instance; 0 where both are 0."""
    left, right = (to_host(side(lift(x), **parameters)) for side in (claim.deviation, claim.bound))
    return float(np.max(np.divide(left, right, out=np.where(left > 0, np.inf, 0.0), where=right > 0)))


def margin_of(claim, lift, x, parameters):
    """Largest deviation − bound of an inequality at one instance, in units of the largest bound."""
    left, right = claim.deviation(lift(x), **parameters), claim.bound(lift(x), **parameters)
    scale = float(np.max(to_host(right), initial=0.0))
    return float(np.max(to_host(left - right))) / (scale or 1.0)


def error_of(claim, lift, x, parameters):
    """Largest difference of the sides of an identity at one instance, in units of the larger of their maxima."""
    left, right = claim.sides(lift(x), **parameters)
    xp = array_namespace(left, right)
    scale = max(float(xp.max(xp.abs(left))), float(xp.max(xp.abs(right))))
    return float(xp.max(xp.abs(left - right))) / (scale or 1.0)


def excess_of(claim, lift, x, parameters):
    """How far the numbers of a witness lie outside of their intervals, at worst; negative if all are inside."""
    numbers = claim.certificate(lift(x), **parameters)
    numbers = {name: float(to_host(numbers[name])) for name in claim.REQUIRED}
    return float(np.max([(low - numbers[name], numbers[name] - high) for name, (low, high) in claim.REQUIRED.items()]))


def _failures_at_hardest(claim, hardest, broken):
    kind = kind_of(claim)
    _, limit, beyond = _MEASURES[kind]
    if kind == "inequality" and not (hardest <= limit and _as_predicted(hardest, claim.SHARPNESS)):
        yield f"hardest() gives {hardest:.6g}, predicted {claim.SHARPNESS}"
    if kind == "identity" and not hardest <= limit:
        yield f"hardest() gives {hardest:.6g}, allowed {limit:.10g}"
    if kind == "witness" and not hardest <= limit:
        yield f"witness() gives numbers that leave {claim.REQUIRED} by {hardest:.6g}"
    if not broken > beyond:
        yield f"with BROKEN it gives {broken:.6g}: the hypothesis is not needed"


def _as_predicted(value, sharpness):
    if isinstance(sharpness, tuple):
        return sharpness[0] <= value <= sharpness[1]
    return abs(value - sharpness) <= _SHARPNESS_ERROR * sharpness


# Of each kind: what is measured at an instance, how much of it is allowed, and what a broken variant must exceed.
_MEASURES = {
    "inequality": (ratio_of, 1 + ROUNDING, 1 + ROUNDING),
    "identity": (error_of, ROUNDING, 1000 * ROUNDING),
    "witness": (excess_of, ROUNDING, 1000 * ROUNDING),
}
