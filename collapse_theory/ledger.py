"""The ledger: every claim verified here and now, on this library and machine, with its worst instance."""

import time
from dataclasses import asdict, dataclass

import numpy as np

from .arrays import array_namespace, to_host
from .claims import CLAIMS

__all__ = ["Entry", "error_of", "ledger", "margin_of", "ratio_of", "verify"]

ROUNDING = 1e-9
_SHARPNESS_ERROR = 1e-3


@dataclass(frozen=True)
class Entry:
    """What the verification of one claim found.

    worst : largest deviation / bound, or relative error of an identity, over the instances
    sharpness, reached : the ratio at the hardest instance, predicted and measured; None for an identity
    broken : the ratio, or error, at the hardest instance once a hypothesis is removed
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
    """Verify one claim: its random instances, its hardest one, and that it fails without its hypothesis."""
    start, identity = time.perf_counter(), hasattr(claim, "sides")
    measure, limit = (error_of, ROUNDING) if identity else (ratio_of, 1 + ROUNDING)
    measured = [measure(claim, lift, *claim.instance(np.random.default_rng(seed))) for seed in range(examples)]
    x, parameters = claim.hardest()
    hardest, broken = measure(claim, lift, x, parameters), measure(claim, lift, x, parameters | claim.BROKEN)
    failures = [
        f"instance(numpy.random.default_rng({seed})) gives {value:.6g}, allowed {limit:.10g}"
        for seed, value in enumerate(measured)
        if not value <= limit
    ]
    if not hardest <= limit or not (identity or _as_predicted(hardest, claim.SHARPNESS)):
        failures.append(f"hardest() gives {hardest:.6g}, predicted {getattr(claim, 'SHARPNESS', 0)}")
    if not broken > (1000 * ROUNDING if identity else limit):
        failures.append(f"hardest() with BROKEN gives {broken:.6g}: the hypothesis is not needed")
    return Entry(
        name=claim.__name__.rsplit(".", 1)[-1],
        statement=claim.__doc__.split("\n", 1)[0],
        kind="identity" if identity else "inequality",
        instances=examples,
        worst=max([*measured, hardest]),
        sharpness=None if identity else claim.SHARPNESS,
        reached=None if identity else hardest,
        broken=broken,
        seconds=time.perf_counter() - start,
        failures=tuple(failures),
    )


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


def _as_predicted(value, sharpness):
    if isinstance(sharpness, tuple):
        return sharpness[0] <= value <= sharpness[1]
    return abs(value - sharpness) <= _SHARPNESS_ERROR * sharpness
