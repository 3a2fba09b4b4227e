"""The audit of any network: one pass over labelled images, all layers at once, within one bound on the memory."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import nn

from ...arguments import check_choice, check_count, check_number
from ..evaluation import check_network, evaluating
from ..labelled import Labelled
from ..ranks import among_ranks, merge_across_ranks
from .budget import ways_to_keep
from .calls import layers_of, plain_name, unwrapped, watching
from .classifier import Classifier, logits_in
from .data import Batches, forward, rows_of
from .folds import folds_of
from .interventions import interventions as intervened
from .law import separation_law
from .layer import Layer
from .layouts import layouts
from .probes import share_with_interval
from .report import Audit
from .stability import kernels, stability

__all__ = ["audit"]

_OF_ROWS = 1 / 8  # of the memory, for the inputs of the classifier
_GUESSED = 10  # classes, where nobody says
_CHANGES = ("translation_change", "deformation_change")


def audit(
    network: nn.Module,
    data: Labelled | Iterable,
    *,
    layers: Sequence[str] | None = None,
    classes: int | None = None,
    batch: int = 128,
    memory: float = 2**30,
    interventions: str = "all",
    moved: int = 64,
    progress: Callable[[int], None] | None = None,
) -> Audit:
    """Say of each layer of a network how it separates classes, what it does to them, and what it could do without.

    network : torch module, also compiled or in DataParallel; it is run in evaluation, in its own precision
    data : Labelled; a pair of arrays, images (N, C, H, W) as the network takes them and integers (N,), where
        uint8 counts as x / 255; a Dataset; a DataLoader; or any batches (images, labels), where images may be a tuple
        or a dict of what the network takes
    layers : names, as of `named_modules`, or `path.relu()` for an activation that is a function; default: all modules
        that contain no other, and all activations
    classes : how many there are, where the data do not say: the memory is planned for so many
    batch : images per forward pass, of data that do not come in batches
    memory : most bytes that is kept of all layers together, beside the network's own memory for one batch. Layers that
        do not fit are measured on a sketch, and its error is said
    interventions : "all": replace all rectifiers at once by their parts; "each": each alone, too; "none"
    moved : images, the first, that are moved and deformed; 0 for none
    progress : called with the number of images of each batch of the first pass

    Returns an `Audit`, whose rows have
        layer, type, shape, numbers, images : which call it is, the shape of its output per image, how many numbers that
            is, from how many images
        within_class_variance, between_class_variance, mean_energy, fisher_trace, energy : of `ClassMoments`, per image,
            biased
        between_over_energy, fisher_trace_unbiased : without finite-sample bias
        fisher_full : without its bias; None where there are fewer than about two images per number
        nc1, nc1_svd, nc1_quotient, cdnv, nc2_norms, nc2_angles, nc2_etf, effective_rank : see the module `statistics`
        accuracy_linear, accuracy_nearest_mean : of classifiers on this layer, on held-out images; see `probes`
        NAME_low, NAME_high : 95 % intervals by the jackknife over folds of images; None where a class has too few
        numbers_of_folds, numbers_of_means, sketch_error : on how many numbers what needs covariances, and what needs
            class means alone, was measured; the relative error of a squared length from sketching, 0 for all numbers
        zeros, dead_channels : shares of numbers that are 0, and of units that always are
        even_energy, odd_energy, even_fisher, odd_fisher : of an activation, see the module `rectifiers`
        translation_change, deformation_change : see the module `stability`
        is_activation, note : whether it looks at one number at a time; what is to be known beside
    Under torch.distributed every rank gives its own images and gets the same report; the network is not wrapped.

    The network ends as it was, to the bit, and without hooks. Activations written as arithmetic, such as x * (x > 0),
    and modules whose `forward` is called by name cannot be seen; modules that are not called are listed.
    Raises TypeError or ValueError, naming the argument, for a network or data that are none, fewer than two classes, an
    unknown layer, or too little memory.

        >>> import torch
        >>> labels = torch.arange(40) % 2
        >>> images = torch.rand(40, 3, 8, 8) + labels[:, None, None, None]
        >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2), torch.nn.ReLU())
        >>> report = learned.audit(network, (images, labels))
        >>> [(row["layer"], row["type"]) for row in report.to_dicts()]
        [('0', 'Flatten'), ('1', 'Linear'), ('2', 'ReLU')]
    """
    check_network(network)
    check_choice("interventions", interventions, ("all", "each", "none"))
    check_count("moved", moved, least=0)
    check_number("memory", memory, least=0)
    network = unwrapped(network)
    device = next((t.device for t in (*network.parameters(), *network.buffers())), torch.device("cpu"))
    batches, notes = Batches(data, batch, device), []
    with evaluating(network, "float32", device):
        first = batches.beginning(max(3, moved))
        if not first:
            raise ValueError("data: expected at least one image, got none")
        among, silent = _watched(network, rows_of(first, slice(0, 3)), layers)
        planned, output = layouts(network, rows_of(first, slice(0, 3)), among)
        planned = _asked(planned, layers, among)
        count = max(among_ranks(_classes(data, batches, classes, output)))
        alone = len(among_ranks(None)) == 1
        ways = ways_to_keep(planned, count, memory=memory * (1 - _OF_ROWS), images=batches.images if alone else None)
        kept = {name: Layer(layout, ways.get(name), batches.images) for name, layout in planned.items()}
        classifier, labels = _one_pass(network, batches, kept, among, room=memory * _OF_ROWS, progress=progress)
        kept, classifier = _merged(kept, classifier)
        rows, unmeasured = _rows(kept, classifier.images)
        distances, convolution = stability(network, rows_of(first, slice(0, moved)), kept, among)
        replaced = []
        if interventions != "none" and batches.again:
            how = {"which": interventions, "among": among, "merge": merge_across_ranks}
            replaced = list(intervened(network, batches, kept, **how))
        elif interventions != "none":
            notes.append("The rectifiers were not replaced, since the data can be read only once.")
    distances = among_ranks(distances)[0]
    rows = [row | _changes(row, distances.get(row["layer"], {})) for row in rows]
    unmeasured += [_not_called(*each) for each in silent.items()]
    law, seen = separation_law(rows), kernels(convolution)
    return Audit(rows, unmeasured, _told(classifier), replaced, law, seen, labels, tuple(notes))


def _watched(network, few, asked):
    """({name: module} that are watched, {name: module} that are not called), by default those of `layers_of`."""
    found, silent = layers_of(network, lambda: forward(network, few))
    if asked is None:
        return found, silent
    known = {plain_name(name): m for name, m in network.named_modules(remove_duplicate=False)}
    return {name: known[name] for name in asked if name in known}, {n: m for n, m in silent.items() if n in asked}


def _asked(planned, asked, among):
    """The layouts of the calls that are asked for.  Raises ValueError for a name that is no module and no call."""
    if asked is None:
        return planned
    parts = {
        name: {name, name.split("#")[0], *(each for each in among if name.startswith((f"{each}[", f"{each}.")))}
        for name in planned
    }
    unknown = [name for name in asked if name not in among and not any(name in own for own in parts.values())]
    if unknown:
        raise ValueError(f"layers: unknown {unknown[0]!r}, expected names of modules, or of calls such as 'relu()'")
    return {name: layout for name, layout in planned.items() if parts[name] & set(asked)}


def _classes(data, batches, given, output):
    """How many classes there are, at least about."""
    if given is not None:
        return check_count("classes", given, least=2)
    if isinstance(data, Labelled):
        return data.classes
    found = logits_in(output, min(3, batches.images or 3), 2)
    return _GUESSED if found is None else found.shape[1]


def _one_pass(network, batches, kept, among, *, room, progress):
    """What the classifier keeps, and how many classes came, of one pass in which the layers see all images."""
    classifier, before, now = Classifier(room), {}, {}

    def see(call):
        classifier.see(call)
        if call.name in kept:
            kept[call.name].add(call, *now["labels"])

    with watching(network, see, among) as begin:
        for inputs, labels in batches:
            now["labels"] = labels, folds_of(labels, before)
            begin()
            classifier.add(forward(network, inputs), labels)
            if progress is not None:
                progress(len(labels))
    every = set().union(*among_ranks(set(before)))
    if len(every) < 2:
        raise ValueError(f"data: expected at least two classes, got {sorted(every)}")
    return classifier, len(every)


def _merged(kept, classifier):
    """Layers and classifier of all ranks; a layer that some rank lacks is that of the others."""
    names = list(dict.fromkeys(name for own in among_ranks(list(kept)) for name in own))
    merged = {}
    for name in names:
        first, *rest = [layer for layer in among_ranks(kept.get(name)) if layer is not None]
        for other in rest:
            first.merge(other)
        merged[name] = first
    return merged, merge_across_ranks(classifier)


def _rows(kept, images):
    """Rows of what was measured, and {"layer", "reason"} of the rest. Layers give back their memory."""
    rows, unmeasured = [], []
    for name, layer in kept.items():
        reason = layer.reason or ("" if layer.images else "it was called for the first images alone")
        if reason:
            unmeasured.append({"layer": name, "type": layer.layout.kind, "reason": reason} | layer.shares())
            continue
        note = "" if layer.images == images else f"it was called for {layer.images} of {images} images"
        rows.append(layer.row() | {"is_activation": layer.layout.is_activation, "note": note})
        layer.forget()
    return rows, unmeasured


def _changes(row, distances):
    """How far the layer moves, relative to its variance."""
    total = 2 * (row["within_class_variance"] + row["between_class_variance"])
    return {name: distances[name] / total if name in distances and total > 0 else None for name in _CHANGES}


def _not_called(name, module):
    compiled = isinstance(module, torch.jit.ScriptModule)
    reason = "torch.jit has compiled it" if compiled else "it was not called, or its forward was called by name"
    return {"layer": name, "type": type(module).__name__, "reason": reason}


def _told(classifier):
    found = classifier.numbers()
    right, ends = found.pop("right"), (None, None)
    if right is not None:
        ends = share_with_interval(np.array([right]), np.array([found["images"]]))[1:]
    return found | dict(zip(("accuracy_low", "accuracy_high"), ends, strict=True))
