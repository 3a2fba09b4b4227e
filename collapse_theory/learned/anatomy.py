"""Class statistics and dead outputs of chosen layers, in the states that a training needs; `audit` says more."""

from collections.abc import Sequence

import torch

from ..arguments import check_choice
from ..separation import ClassMoments
from .auditing.calls import layers_of, plain_name, unwrapped, watching
from .auditing.layouts import layouts, numbers_of
from .auditing.rectifiers import Zeros
from .evaluation import check_labelled, check_network, evaluating, output_of
from .labelled import Labelled

__all__ = ["STATISTICS", "class_statistics", "dead_outputs"]

STATISTICS = ("mean_energy", "within_class_variance", "between_class_variance", "fisher_trace")


def class_statistics(
    network: torch.nn.Module,
    labelled: Labelled,
    *,
    layers: Sequence[str] | None = None,
    batch: int = 128,
    memory: int = 2**30,
) -> list[dict]:
    """Class statistics after each layer of any torch module, without finite-sample bias: the network is not changed.

    network : torch module; it is run in evaluation, in single precision
    labelled : of `labelled_images` or `labelled_dataset`, at least two of each class
    layers : names, as of `named_modules`, or of calls, as `audit` has them; default: those of `audit`
    batch : images per forward pass
    memory : most bytes of the class means of all layers together

    A layer is measured if its output is a tensor that has one entry per image along some axis; this is found out on
    three images and on two. Other layers are passed over, or refused if `layers` names them. Half precision counts as
    single, a complex number as two real ones, and each call of a layer has a row of its own.

    Returns one dict per call, in the order of the calls:
        layer, type, shape : its name, its class, the shape of its output per image
        energy : mean of |x|² over the images
        mean_energy, within_class_variance, between_class_variance, fisher_trace : as those of `ClassMoments`, without
            finite-sample bias; fisher_trace is nan where a variance is 0
        zeros, dead_channels : as in `dead_outputs`
    Raises TypeError for a network that is no torch module or images that are no labelled ones; ValueError for no
    images, a batch below 1, an unknown name, a named layer that cannot be measured, or too little memory; and as
    `ClassMoments.update`.
    """
    planned, watched = _planned(network, labelled, layers, wanted=lambda layout: not layout.reason)
    sizes = [ClassMoments.bytes_for(labelled.classes, layout.numbers) for layout in planned.values()]
    if sum(sizes) > memory:
        raise ValueError(
            f"memory: the class means of {len(sizes)} layers take {sum(sizes) / 2**20:.0f} MiB, more than the "
            f"{memory / 2**20:.0f} MiB allowed; name fewer layers, or use learned.audit, which keeps sketches"
        )
    moments, zeros = {}, {}

    def see(call, labels):
        layout = planned[call.name]
        rows = numbers_of(call.output, layout.axis)
        moments.setdefault(call.name, ClassMoments(memory=memory)).update(rows, labels)
        _count(zeros, call, layout)

    _run(network, labelled, watched, planned, see, batch=batch)
    return [
        {"layer": name, "type": planned[name].kind, "shape": list(planned[name].shape)}
        | {"energy": m.mean_energy + m.within_class_variance}
        | {statistic: float(getattr(m.unbiased(), statistic)) for statistic in STATISTICS}
        | zeros[name].shares()
        for name, m in moments.items()
    ]


def dead_outputs(
    network: torch.nn.Module,
    labelled: Labelled,
    *,
    layers: Sequence[str] | None = None,
    batch: int = 128,
    statistics: str = "running",
) -> dict[str, dict[str, float]]:
    """The share of outputs of the activations that are exactly 0, and of channels that always are.

    network : torch module; it is not changed
    labelled : of `labelled_images` or `labelled_dataset`
    layers : names, as of `class_statistics`; default: the activations that look at one number at a time, modules and
        functions. Windows folded into the batch are measured, too
    batch : images per forward pass
    statistics : those that normalisations use. "running": the running ones, as in evaluation; "batch": those of each
        batch, as in training, where dropout drops and modules that are frozen stay so. The two differ most before
        training, when the running statistics have seen nothing, and then `batch` is a part of the result

    Returns {call: {"zeros", "dead_channels"}}: the share of numbers that are 0, over images, channels and pixels; the
    share of channels, or units, that are 0 at every pixel of every image of `labelled`.
    Raises TypeError or ValueError as `class_statistics`; ValueError if `statistics` is unknown.
    """
    check_choice("statistics", statistics, ("running", "batch"))

    def wanted(layout):
        return (layers is not None or layout.is_activation) and (layout.folded or not layout.reason)

    def see(call, _):
        _count(zeros, call, planned[call.name])

    planned, watched = _planned(network, labelled, layers, wanted=wanted)
    zeros = {}
    _run(network, labelled, watched, planned, see, batch=batch, statistics=statistics)
    return {name: found.shares() for name, found in zeros.items()}


def _count(zeros, call, layout):
    output = call.output.detach()
    units = layout.units + (layout.units >= layout.axis)
    counter = zeros.setdefault(call.name, Zeros())
    counter.add(output, units) if output.ndim > 1 else counter.add(output[:, None], 1)


def _planned(network, labelled, asked, *, wanted):
    """{name: Layout} of the calls that are wanted, {name: module} to watch.

    Raises ValueError if a call that is asked for is not wanted.
    """
    check_network(network)
    check_labelled("labelled", labelled)
    network, few = unwrapped(network), labelled.batch(slice(0, 3))[0]
    with evaluating(network, "float32", labelled.device):
        watched = _modules(network, asked)
        if watched is None:
            watched, _ = layers_of(network, lambda: output_of(network, few))
        found, _ = layouts(network, (few,), watched, lambda one, inputs: output_of(one, *inputs))
    if asked is None:
        return {name: layout for name, layout in found.items() if wanted(layout)}, watched
    found = {name: layout for name, layout in found.items() if _is_asked(name, asked)}
    for name, layout in found.items():
        if not wanted(layout):
            raise ValueError(
                f"layers: {name!r} cannot be measured: {layout.reason}; expected one entry per image along some axis"
            )
    missing = [name for name in asked if not any(_is_asked(each, [name]) for each in found)]
    if missing:
        raise ValueError(f"layers: {missing[0]!r} cannot be measured: it is not called, or gives out no tensor")
    return found, watched


def _is_asked(name, asked):
    """Whether a call is one of those names, or a part or another call of them."""
    return any(name == each or name.startswith((f"{each}#", f"{each}[", f"{each}.")) for each in asked)


def _modules(network, asked):
    """{name: module} of the names asked for; None if there are none.  Raises ValueError for an unknown one."""
    if asked is None:
        return None
    known = {plain_name(name): module for name, module in network.named_modules(remove_duplicate=False)}
    unknown = [name for name in asked if name not in known and "()" not in name]
    if unknown:
        raise ValueError(f"layers: unknown {unknown[0]!r}; known: {', '.join(filter(None, known))}")
    return {name: known[name] for name in asked if name in known}


def _run(network, labelled, watched, planned, see, *, batch, statistics="running"):
    """Call `see` with each planned call and the labels, batch by batch."""
    network = unwrapped(network)
    frozen = [module for module in network.modules() if network.training and not module.training]
    now = {}

    def seen(call):
        if call.name in planned:
            see(call, now["labels"])

    with evaluating(network, "float32", labelled.device):
        if statistics == "batch":
            network.train()
            for module in frozen:
                module.training = False
        with watching(network, seen, watched) as begin:
            for x, labels in labelled.batches(batch):
                now["labels"] = labels
                begin()
                output_of(network, x)
