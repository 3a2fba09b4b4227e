"""What of a table is not trained yet, with what its trials have chosen; and how far trained networks are apart."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .. import record
from .cells import cells, trials, tuned
from .learning import right_of
from .options import slug
from .trainings import completed

TRIALS = "tuning_of_learned_networks"
RUNS = Path("runs")
_FAR = 1.96  # standard deviations of a normal distribution that hold 95 %


def untrained(table, folder):
    """The settings of a table that no row of the recorded results in `folder` has, in order, read anew for each.

    Those whose trials are not all recorded are left out: `waiting` has them.
    """
    for cell in cells(table):
        best = best_of(rows_known(TRIALS, folder), cell.searched)
        if best is not None:
            setting = tuned(cell.base, best)
            if not _is_recorded(setting, f"table {table}", folder):
                yield setting


def waiting(table, folder):
    """A line for each network of a table that cannot be trained yet, as its trials are not all recorded."""
    for base in dict.fromkeys(cell.searched for cell in cells(table)):
        if best_of(rows_known(TRIALS, folder), base) is None:
            yield f"{base.label}: not trained, trials are missing; make them with: python -m analysis {TRIALS}"


def untried(base, folder):
    """Those of the trials of a setting that the results in `folder` lack, in order, read anew for each."""
    for trial in trials(base):
        if not _is_recorded(trial, None, folder, name=TRIALS):
            yield trial


def folder_of(kind, setting):
    """The run folder of a setting, whose name ends in a digest of all of it."""
    name = f"{kind} {setting.label} {setting.recipe.seed} {record.digest(asdict(setting))[:8]}"
    return RUNS / slug(name)


def record_beside(name, row, settings, folder):
    """Record a row beside those recorded before, in the place of one of the same setting."""
    row = json.loads(json.dumps(row))
    about = {"settings": settings, "seconds": row["seconds"], "on": "torch", "data": row["data_identity"]}

    def is_other(old):
        return _key(old["setting"]) != _key(row["setting"]) or old.get("preset") != row.get("preset")

    record.save(name, [row], folder=folder, keep=is_other, **about)


def best_of(found, base):
    """The trial of `base` that was right most often, of equal ones the first; None if any is missing.

    found : rows of trials
    """
    shares, tried = {_key(row["setting"]): row["accuracy"][0] for row in found}, trials(base)
    if any(_key(asdict(trial)) not in shares for trial in tried):
        return None
    return max(tried, key=lambda trial: shares[_key(asdict(trial))])


def differences(rows):
    """Lines: how much more often a phase collapse is right than each network that was trained alike."""
    lines = []
    for (preset, skip, *_), networks in _alike(rows).items():
        collapse = networks.pop("phase collapse", {})
        for name, other in networks.items():
            pairs = [(collapse[seed], other[seed]) for seed in sorted(collapse.keys() & other.keys())]
            if not pairs:
                continue
            value, low, high = (100 * share for share in difference(pairs))
            over = f"{len(pairs)} seeds" if len(pairs) > 1 else "the test images, for one seed"
            shown = "" if low > 0 or high < 0 else "; no difference is shown"
            lines.append(f"{preset}, {'with' if skip else 'without'} skip: phase collapse − {name}, %")
            lines.append(f"    {value:+.1f} [{low:+.1f}, {high:+.1f}] over {over}{shown}")
    return lines


def difference(pairs):
    """[mean, low, high], 95 %, of how much more often the first of two networks is right.

    pairs : of rows, of the same test images and one seed each. Of several seeds the interval is Student's over the
        differences of seeds; of one it is over images, each of which is paired with itself, and leaves out the seed
    """
    if len(pairs) > 1:
        from scipy.stats import t

        values = np.array([one["accuracy"][0] - other["accuracy"][0] for one, other in pairs])
        half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    else:
        one, other = pairs[0]
        values = right_of(one).astype(float) - right_of(other)
        half = _FAR * values.std() / len(values) ** 0.5
    mean = float(values.mean())
    return [mean, mean - float(half), mean + float(half)]


def _alike(rows):
    """{what they have in common: {non-linearity and terms: {seed: row}}} of rows that may be compared."""
    groups = {}
    for row in rows:
        setting = row["setting"]
        if "right" in row and setting["network"] == "learned scattering":
            alike = (row["preset"], setting["skip"], setting["recipe"]["epochs"], setting["mixing"], setting["width"])
            terms = f", {setting['terms']} terms" * (setting["terms"] != "published")
            networks = groups.setdefault(alike, {})
            networks.setdefault(setting["nonlinearity"] + terms, {})[setting["recipe"]["seed"]] = row
    return groups


def _is_recorded(setting, preset, folder, name="accuracy_of_learned_networks"):
    rows = rows_known(name, folder)
    return any(_key(row["setting"]) == _key(asdict(setting)) and row.get("preset") == preset for row in rows)


def rows_known(name, folder):
    """Rows of the committed result, then those of the one in `folder`, which stand in the place of equal ones."""
    places = [place for place in (record.RESULTS, folder) if record.is_there(name, place)]
    found = {(row.get("preset"), _key(row["setting"])): row for p in places for row in record.load(name, p)["rows"]}
    return list(found.values())


def _key(setting):
    return json.dumps(completed(setting), sort_keys=True)
