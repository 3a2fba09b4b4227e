"""Checks that a network can be trained on its data, before anything is trained or written."""

import torch

from . import distributed
from .draws import drawing_apart
from .evaluation import as_logits, check_labelled, check_network, in_words, unchanged
from .precision import in_precision
from .recipes import Recipe

__all__ = ["check_suitable"]


def check_suitable(network, data, recipe):
    """Raise ValueError or TypeError unless the network takes the data, and has an output for each class.

    It is run on two images in evaluation, on two as in training, and on one if an epoch ends with one, or a step has
    parts of one. Its modes and running statistics are left as they were.
    """
    check_network(network)
    train, test = _pair(data)
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe: expected a learned.Recipe, got {in_words(recipe)}")
    if tuple(train.shape) != tuple(test.shape) or train.classes != test.classes:
        raise ValueError(
            f"data: train has images {tuple(train.shape)} of {train.classes} classes, "
            f"test {tuple(test.shape)} of {test.classes}"
        )
    placed = {t.device for t in (*network.parameters(), *network.buffers())} or {train.device}
    if {train.device, test.device} | placed != {train.device}:
        raise ValueError(f"data: on {train.device} and {test.device}, the network on {', '.join(map(str, placed))}")
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise ValueError("network: expected parameters to train, got none that asks for a gradient")
    with unchanged(network), drawing_apart(train.device), torch.no_grad():
        _output(network.eval(), train, recipe, (2,))
    with unchanged(network), drawing_apart(train.device), torch.enable_grad():
        _check_batches(network if network.training else network.train(), train, recipe)


def _pair(data):
    if not isinstance(data, list | tuple) or len(data) != 2:
        raise TypeError(f"data: expected (train, test), two of learned.labelled_images, got {in_words(data)}")
    for name, part in zip(("train", "test"), data, strict=True):
        check_labelled(f"data, {name}", part)
    return data


def _check_batches(network, train, recipe):
    batch, images = recipe.batch, len(train)
    if recipe.drop_last and images < batch:
        raise ValueError(f"batch: expected at most {images}, the images there are, as drop_last is set, got {batch}")
    whole, last = min(batch, images), images % batch if batch < images else images
    processes, least = distributed.launched()[0], whole if recipe.drop_last else min(whole, last or whole)
    if least < processes:
        raise ValueError(
            f"batch: of {images} images, {batch} at a time, the fewest of a step are {least}, too few for {processes} "
            "processes; choose another batch, or Recipe(drop_last=True)"
        )
    part = -(-whole // min(recipe.accumulation, whole))
    if part > 1:
        _output(network, train, recipe, (2, part))
    alone = [size for size in (whole, *([] if recipe.drop_last else [last])) if 0 < size < 2 * recipe.accumulation]
    if alone:
        try:
            _output(network, train, recipe, (1,))
        except ValueError as error:
            way_out = "" if whole in alone else ", or Recipe(drop_last=True)"
            parted = f" in {recipe.accumulation} parts" if recipe.accumulation > 1 else ""
            raise ValueError(
                f"batch: of {images} images, {batch} at a time{parted}, the last is alone, and the network cannot "
                f"train on one ({error}); choose another batch{way_out}"
            ) from error


def _output(network, train, recipe, counts):
    """Run the network on so many images; on more, if it does not take fewer."""
    count, *more = counts
    x = train.batch(slice(0, count))[0]
    try:
        with in_precision(recipe.precision, train.device):
            output = network(x)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        if more:
            return _output(network, train, recipe, more)
        raise ValueError(f"images: the network does not take {tuple(x.shape[1:])}: {error}") from error
    logits = as_logits(output, network, images=len(x), classes=train.classes)
    if torch.is_grad_enabled() and not logits.requires_grad:
        raise ValueError(f"network: expected an output that has a gradient, got {in_words(output)} without one")
    return logits
