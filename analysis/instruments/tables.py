"""The shape of every recorded result: what its rows hold, which fields tell them apart, what must be complete."""

import json

from collapse_theory.arrays import LIBRARIES
from collapse_theory.datasets import TEXTURE_NAMES

from .shapes import (
    anything,
    choice,
    count,
    either,
    fields,
    interval,
    listed,
    maybe,
    number,
    optional,
    table,
    text,
    truth,
    whole_interval,
    word,
)

MEASURES = ("between_over_energy", "fisher_trace", "accuracy_linear", "accuracy_nearest_mean")
ROLES = ("reduction", "control")
OPERATIONS = ("phase collapse", "soft threshold", "tanh", "unit amplitude", "identity")
REPRESENTATIONS = ("coefficients", "moduli", "order 1", "order 2")
DESCRIPTIONS = ("pixels", "principal components", "Fourier moduli", "scattering, order 1", "scattering, order 2")
NOT_RECORDED = "not recorded"  # by the version that measured it

_IDENTITY = fields(path=maybe(text), images=count(), sha256=text, verified=maybe(truth))
_PARTS = fields(train=table(count()), test=table(count()))  # images per class
_HEAD = {
    "command": optional(listed(text, 1)),
    "prepared": optional(table(text)),
    "left_out": optional(listed(text)),
    "split": optional(table(_PARTS)),
    "name": text,
    "on": text,
    "seconds": number(0),
    "reproducible": either(NOT_RECORDED, shape=truth),
    "threads": either(NOT_RECORDED, shape=count(1)),
    "data_identity": either(NOT_RECORDED, shape=table(_IDENTITY)),
    "machine": text,
    "versions": table(text),
    "settings": table(table(anything)),
}
_CASCADE = {
    "setting": word,
    "data": text,
    "operation": choice(*OPERATIONS),
    "depth": count(0, 100),
    "channels": count(1),
    "pixels": listed(count(1), 2, 2),
    "zeros": number(0, 1),
}
_EVIDENCE = fields(
    operation=choice(*OPERATIONS),
    role=choice(*ROLES),
    measure=choice(*MEASURES),
    value=maybe(number()),
    error=maybe(number(0)),
    freedom=maybe(number(0)),
)
_SEPARATION = fields(
    **_CASCADE,
    classes=count(2),
    role=choice("collapse", *ROLES),
    chance=number(0, 1),
    margin=number(0),
    verdict=choice("more", "less", "no difference", "undecided"),
    difference=maybe(fields(**{name: maybe(whole_interval) for name in MEASURES})),
    growth=maybe(whole_interval),
    evidence=maybe(_EVIDENCE),
    **{name: maybe(whole_interval) for name in MEASURES},
)
_STATISTICS = {
    "energy": number(0),
    "mean_energy": interval,
    "within_class_variance": interval,
    "between_class_variance": interval,
    "fisher_trace": interval,
    "accuracy_of_features": maybe(interval),
}
_WAVES = fields(between_class_variance=number(), fisher_trace=number())
_PASS = fields(
    **_CASCADE,
    **_STATISTICS,
    classes=optional(count(1)),
    waves=maybe(_WAVES),
    accuracy_of_averages=maybe(interval),
    penalties=table(number(0)),
    images=count(1),
    images_per_second=number(0),
)
_FEW = fields(data=text, description=choice(*DESCRIPTIONS), features=number(0), samples=count(1), accuracy=interval)
_PHASE = fields(
    texture=choice(*TEXTURE_NAMES),
    scales=count(1, 30),
    representation=choice(*REPRESENTATIONS),
    numbers_a_pixel=number(0),
    misfit=number(0),
    relative_error=number(0),
    psnr=number(),
    picture=optional(lambda value, at: _picture(value, at)),
)
_BLOCK = fields(layer=text, shape=listed(count(1)), fisher_trace=maybe(number()), zeros=maybe(number(0, 1)))
_TRAINING = {
    "setting": fields(data=text, images=maybe(count(1)), nonlinearity=text, skip=truth, terms=text, width=number(0)),
    "network": text,
    "parameters": count(),
    "flops_per_image": optional(number(0)),
    "accuracy": interval,
    "train_accuracy": number(0, 1),
    "test_accuracy_of_epochs": listed(number(0, 1), 1),
    "seconds": number(0),
    "images_per_second": number(0),
    "device": text,
    "threads": count(1),
    "machine": text,
    "data_identity": optional(either(NOT_RECORDED, shape=table(_IDENTITY))),
    "command": optional(listed(text, 1)),
    "split": optional(_PARTS),
}
_TRIED = fields(**_TRAINING, diverged=optional(text))
_TRAINED = fields(
    **_TRAINING,
    preset=text,
    accuracy_with_mirrors=optional(interval),
    right=optional(text),
    weights=optional(text),
    accuracy_of_weights=optional(number(0, 1)),
    zeros_at_start_batch=table(number(0, 1)),
    zeros_running=table(number(0, 1)),
    dead_channels_running=table(number(0, 1)),
    blocks=listed(_BLOCK),
)
_ANATOMY = fields(
    kind=choice("layer", "network", "intervention", "kernel", "unmeasured"), number=count(), network=text, data=text
)
_CEILINGS = fields(name=text, threads=count(1), date=text, ceilings=table(number(0)))
_GROWTH = fields(
    name=text,
    work=text,
    on=choice(*LIBRARIES),
    grows=text,
    sizes=listed(number(0), 1, 100),
    seconds=listed(number(0), 1, 100),
    slope=number(),
)
_WORK = fields(
    name=text,
    work=text,
    on=text,
    threads=count(1),
    error=maybe(number(0)),
    peak=maybe(number()),
    rounds=count(),
    asked=count(),
    absent=table(text),
    limit=maybe(text),
    goal=maybe(number(0)),
    seconds=optional(number(0)),
    all=optional(table(number(0))),
    ratio=optional(interval),
    share=optional(interval),
    peer=optional(text),
)


def shortened(name, room):
    """A name in so many columns: of a longer one both ends, which tell paths apart."""
    return name if len(name) <= room else f"{name[: room // 2 - 1]}…{name[-(room - room // 2) :]}"


def check_record(record, name):
    """Raise ValueError, naming the field, if a record is not what `name` is recorded as."""
    fields(**_HEAD)(record, "")
    choice(name)(record["name"], "name")
    row, keys, complete = _ROWS.get(name, (table(anything), (), None))
    fields(rows=listed(row, least=1))(record, "")
    seen = {}
    for number_, found in enumerate(record["rows"] if keys else ()):
        key = json.dumps([found[field] for field in keys], sort_keys=True)
        if key in seen:
            raise ValueError(f"rows[{number_}]: the same {', '.join(keys)} as rows[{seen[key]}]")
        seen[key] = number_
    if complete is not None:
        complete(record["rows"])


def _picture(value, at):
    listed(listed(count(0, 255), 1, 4096), 1, 4096)(value, at)
    if len({len(line) for line in value}) > 1:
        raise ValueError(f"{at}: expected lines of one length")


_MARKS = (("ceilings", "ceilings"), ("growth", "slope"))


def _benchmark(value, at):
    fields(name=text)(value, at)
    ceilings, growth = (value["name"] == name or mark in value for name, mark in _MARKS)
    for applies, shape in ((ceilings, _CEILINGS), (growth, _GROWTH), (not (ceilings or growth), _WORK)):
        if applies:
            shape(value, at)
    if growth and len(value["sizes"]) != len(value["seconds"]):
        raise ValueError(f"{at}.seconds: expected one for each of the {len(value['sizes'])} sizes")
    if "ratio" in value and value.get("peer") not in value.get("all", {}):
        raise ValueError(f"{at}.peer: expected a name in {at}.all, got {value.get('peer')!r}")


def _every_operation(rows):
    """Raise ValueError if a data set in a setting lacks an operation, or has it at other depths than the others."""
    depths = {}
    for row in rows:
        by_operation = depths.setdefault((row["data"], row["setting"]), {name: [] for name in OPERATIONS})
        by_operation[row["operation"]].append(row["depth"])
    for pair, by_operation in depths.items():
        for name, found in by_operation.items():
            if sorted(found) != list(range(max(map(max, filter(None, by_operation.values()))) + 1)) or len(found) < 2:
                data, setting = pair
                raise ValueError(
                    f"rows: of data {data!r} and setting {setting!r}, operation {name!r} has depth {sorted(found)}"
                )


def _one_picture(rows):
    if not any("picture" in row for row in rows):
        raise ValueError("rows: none has a picture")


_CASCADE_KEY = ("setting", "data", "operation", "depth")
_ROWS = {
    "separation_across_layers": (_SEPARATION, _CASCADE_KEY, _every_operation),
    "do_real_images_separate": (_PASS, _CASCADE_KEY, None),
    "few_samples_a_class": (_FEW, ("data", "description", "samples"), None),
    "what_the_phase_knew": (_PHASE, ("texture", "scales", "representation"), _one_picture),
    "tuning_of_learned_networks": (_TRIED, ("setting",), None),
    "accuracy_of_learned_networks": (_TRAINED, ("preset", "setting"), None),
    "anatomy_of_a_network": (_ANATOMY, ("kind", "number"), None),
    "benchmarks": (_benchmark, (), None),
}
