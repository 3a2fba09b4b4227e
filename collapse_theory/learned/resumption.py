"""From a checkpoint to a network: whether a run has written it, and its weights restored."""

import math

from torch import nn

from .checkpoints import Checkpoint, damaged
from .evaluation import check_network, in_words
from .identity import architecture, keys_of, shape_and_type
from .named_weights import as_named

__all__ = ["check_outside", "check_resumable", "moved_in", "restore", "restore_outside"]


def restore(network: nn.Module, checkpoint: Checkpoint) -> None:
    """Put the weights of a checkpoint in a network.

    network : torch module of the architecture that the checkpoint was written of; whether one of the two was wrapped,
        by torch.compile or for several devices, does not count
    checkpoint : as `checkpoints.load` reads one

    Raises ValueError, naming the first difference, if they are of another architecture; TypeError for no checkpoint.
    """
    check_network(network)
    if not isinstance(checkpoint, Checkpoint):
        raise TypeError(f"checkpoint: expected what learned.checkpoints.load reads, got {in_words(checkpoint)}")
    weights = as_named(network, checkpoint.tensors.get("weights", {}))
    difference = _difference(network, weights)
    if difference:
        raise ValueError(f"the checkpoint is of another architecture: {difference}")
    network.load_state_dict(weights)


def check_resumable(checkpoint, network, *, groups, path):
    """Raise DamagedCheckpoint if this is no checkpoint of a run of this network.

    groups : of tensors that it holds beside the weights, such as the momentum
    """
    state, parameters = checkpoint.state, dict(network.named_parameters())
    if checkpoint.tensors.keys() - {"outside"} != {"weights", *groups}:
        held, wanted = (", ".join(sorted(names)) for names in (checkpoint.tensors, groups))
        raise damaged(path, f"it holds {held or 'no tensors'}, not weights, {wanted}")
    for group in {"weights", "average"} & checkpoint.tensors.keys():
        difference = _difference(network, checkpoint.tensors[group])
        if difference:
            raise damaged(path, f"it is of another architecture: {difference}")
    for name, momentum in checkpoint.tensors["momentum"].items():
        if name not in parameters or shape_and_type(momentum) != shape_and_type(parameters[name]):
            raise damaged(path, f"the network has no parameter {name} of its momentum, {shape_and_type(momentum)}")
    for place in (*checkpoint.tensors.get("optimizer", {}), *_names(state.get("optimizer", {}), path)):
        if place.partition(" of ")[2] not in parameters:
            raise damaged(path, f"the network has no parameter of its {place!a}")
    check_outside(checkpoint, path=path)
    sums, metrics = (state.get(name) if isinstance(state.get(name), dict) else {} for name in ("sums", "metrics"))
    counts = (checkpoint.step, sums.get("right"), sums.get("seen"), metrics.get("lines"))
    numbers = (state.get("seconds"), sums.get("loss"))
    if not (
        all(type(count) is int and 0 <= count < 2**63 for count in counts)
        and all(type(number) in (int, float) and math.isfinite(number) for number in numbers)
        and isinstance(metrics.get("chain"), str)
    ):
        raise damaged(path, "its state is not one of a run")


def check_outside(checkpoint, *, path):
    """Raise DamagedCheckpoint unless it tells of what is outside of the weights as one that was written does."""
    state = checkpoint.state
    if not (_is_table_of_tables(state.get("outside", {})) and _are_names(state.get("unsaved", []))):
        raise damaged(path, "its state has no table of what is outside of the weights")


def restore_outside(outside, checkpoint, *, path):
    """Restore what the network holds outside of its weights.  Raises DamagedCheckpoint if it has no place for it."""
    try:
        outside.restore(checkpoint.tensors.get("outside", {}), checkpoint.state.get("outside", {}))
    except ValueError as error:
        raise damaged(path, error) from None


def moved_in(checkpoint):
    """The (module, name) of `identity.computation` that a checkpoint, if there is one, puts in its place."""
    if checkpoint is None:
        return set()
    names = [*checkpoint.tensors.get("outside", {}), *checkpoint.state.get("unsaved", [])]
    found = [name.rpartition(".")[::2] for name in names]
    found += [(module, name) for module, held in checkpoint.state.get("outside", {}).items() for name in held]
    return {key for module, name in found for key in keys_of(module, name)}


def _names(table, path):
    if not isinstance(table, dict) or not all(type(v) in (bool, int, float, str) for v in table.values()):
        raise damaged(path, "its state has no table of the optimiser")
    return table


def _is_table_of_tables(value):
    return isinstance(value, dict) and all(isinstance(held, dict) for held in value.values())


def _are_names(value):
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _difference(network, weights):
    """In words, the first name at which weights are not those that a network has, or None."""
    wanted = architecture(network)
    for name in dict.fromkeys([*wanted, *sorted(weights)]):
        found = shape_and_type(weights[name]) if name in weights else None
        if found != wanted.get(name):
            return f"{name} is {found or 'absent'} there and {wanted.get(name, 'absent')} in the network"
    return None
