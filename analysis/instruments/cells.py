"""What is trained for the paper's tables, and the trials that choose how, in the order of what they are worth.

Every network is trained with as much care as every other: eight short trials on a part of the training images, scored
on others of them, choose its learning rate, and where its thresholds or gains start. No test image is seen in them.
"""

from dataclasses import dataclass, replace

from .trainings import FAST, Setting

TABLES = ("2", "goals", "1", "3")
_RATES = (1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1.0)
_FEWER_RATES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # each with both starts
_STARTS = {  # two for each parameter; the first is the published one
    ("soft threshold", "published"): [{"start": 0.1}, {"start": 0.01}],
    ("soft threshold", "equal"): [{"quantile": 0.5}, {"quantile": 0.2}],
    ("sigmoid", "published"): [{"start": 1.0}, {"start": 10.0}],
    ("sigmoid", "equal"): [{"start": 1.0}, {"start": 10.0}],
}
_CELL = Setting(skip=True, width=1 / 8, recipe=replace(FAST, epochs=10))
_RESIDUAL = replace(_CELL, network="residual", nonlinearity="rectifier", skip=False, width=1.0)
_FIXED = replace(_CELL, network="fixed scattering", skip=False, width=1.0)
_TERMS = {"soft threshold": ("published", "equal"), "sigmoid": ("published", "equal"), "tanh": ("published", "equal")}
_OF_TABLE_2 = ("phase collapse", "soft threshold", "identity", "unit amplitude", "sigmoid", "tanh")
_OF_TABLE_3 = ("rectifier", "phase collapse", "soft threshold", "tanh", "compression")
_SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Cell:
    """One training of a table, as it begins: `tuned` makes of `base` what is trained.

    table : a name of TABLES
    base : Setting, whose recipe has the epochs and the seed
    searched : Setting of the trials, of other width, mixing or skip than `base` where none of its own were made
    """

    table: str
    base: Setting
    searched: Setting


def searched():
    """The settings of which there are trials, each once, in the order of the tables that need them."""
    return list(dict.fromkeys(cell.searched for table in TABLES for cell in cells(table)))


def trials(base):
    """The eight settings that are tried for one."""
    starts = _STARTS.get((base.nonlinearity, base.terms)) if base.network == "learned scattering" else None
    rates, starts = (_FEWER_RATES, starts) if starts else (_RATES, [{}])
    recipe = replace(base.recipe, epochs=3, seed=0)
    return [
        replace(base, **start, recipe=replace(recipe, rate=rate), images=12_500, validation=5000)
        for rate in rates
        for start in starts
    ]


def tuned(setting, chosen):
    """A setting with the learning rate and the start that a trial has shown to be the best."""
    recipe = replace(setting.recipe, rate=chosen.recipe.rate)
    return replace(setting, recipe=recipe, start=chosen.start, quantile=chosen.quantile)


def cells(table):
    """The cells of a table, in the order in which they are trained."""
    return {"2": _table_2, "goals": _goals, "1": _table_1, "3": _table_3}[table]()


def _table_2():
    several = ("phase collapse", "soft threshold", "identity")
    bases = [_networks(_OF_TABLE_2)]
    bases += [_with_seed(_networks(several), seed) for seed in _SEEDS[1:]]
    bases += [[replace(base, skip=False) for base in _networks(_OF_TABLE_2)]]
    return [Cell("2", base, replace(_with_seed([base], 0)[0], skip=True)) for group in bases for base in group]


def _networks(names):
    return [
        replace(_CELL, nonlinearity=name, terms=terms) for name in names for terms in _TERMS.get(name, ("published",))
    ]


def _with_seed(bases, seed):
    return [replace(base, recipe=replace(base.recipe, seed=seed)) for base in bases]


def _goals():
    collapse, *thresholds = _networks(("phase collapse", "soft threshold"))
    real = replace(collapse, mixing="real")
    runs = [(_for(collapse, 16), collapse), (_for(real, 16), collapse)]
    runs += [(_for(threshold, 16), threshold) for threshold in thresholds]
    runs += [(_for(collapse, 40), collapse), (_for(real, 40), collapse)]
    runs += [(_for(_RESIDUAL, 30), _RESIDUAL), (_for(replace(collapse, width=1 / 4), 20), collapse)]
    runs += [(_for(replace(collapse, width=1 / 2), 30), collapse)]
    return [Cell("goals", *run) for run in runs]


def _for(base, epochs):
    return replace(base, recipe=replace(base.recipe, epochs=epochs))


def _table_1():
    """At equal epochs, then the two collapses again with the operations that ten epochs of ResNet-20 take.

    Per image and training step these are 0.242 GFLOP, against 0.178 with skip and 0.101 without (`flops_per_image`).
    """
    skip = _networks(("phase collapse",))[0]
    plain = replace(skip, skip=False)
    bases = [(plain, skip), (skip, skip), (_FIXED, _FIXED), (_RESIDUAL, _RESIDUAL)]
    bases += [(_for(plain, 24), skip), (_for(skip, 14), skip)]
    return [Cell("1", *each) for each in bases]


def _table_3():
    bases = [replace(_RESIDUAL, nonlinearity=name, bias=False) for name in _OF_TABLE_3]
    bases += [replace(_RESIDUAL, nonlinearity="soft threshold", bias=False, learns=True)]
    return [Cell("3", base, base) for base in bases]
