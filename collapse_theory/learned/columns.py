"""How the channels of a mixing lie in a row of numbers: plane by plane, as the wavelets make them."""

import torch

__all__ = ["from_planes", "in_planes", "matrix_of", "running_statistics", "take_up", "to_planes"]


def to_planes(values, order, axis=0):
    """Channels with the angle fastest, (.., C L, ..), to all channels of an angle at a time, in this order."""
    if len(order) == 1:
        return values
    pieces = values.unflatten(axis, (-1, len(order))).unbind(axis + 1)
    return torch.cat([pieces[angle] for angle in order], axis)


def from_planes(values, order):
    """The inverse of `to_planes`, of the first axis."""
    pieces = values.unflatten(0, (len(order), -1))
    return torch.stack([pieces[order.index(angle)] for angle in range(len(order))], 1).flatten(0, 1)


def in_planes(values, order):
    """One value a channel, (C L,), by planes: (L, C)."""
    return to_planes(values, order).view(len(order), -1)


def matrix_of(mixing, orders):
    """P of a `Mixing` as a real matrix on rows: of each part the real parts of its planes, then the imaginary ones.

    orders : of each part, of its angles
    """
    weights = mixing.weight.split(mixing.sizes, 1)
    return torch.cat(
        [
            column
            for weight, order, standardization in zip(weights, orders, mixing.standardization, strict=True)
            for column in mixing.columns(to_planes(weight, order, 1), complex=_complex(standardization))
        ],
        1,
    )


def running_statistics(mixing, orders):
    """Running mean and variance of each column, (n,) each."""
    means, variances = [], []
    for standardization, order in zip(mixing.standardization, orders, strict=True):
        means += [to_planes(mean, order) for mean in standardization.mean.unbind(1)]
        variances += [to_planes(standardization.variance, order)] * standardization.mean.shape[1]
    return torch.cat(means), torch.cat(variances)


def take_up(mixing, orders, *, mean, variance, count):
    """Update the running statistics of a `Mixing` by those of `count` rows.

    variance : of each channel, over both its parts, at each of its columns
    """
    sizes = [standardization.mean.numel() for standardization in mixing.standardization]
    pieces = zip(mixing.standardization, orders, mean.split(sizes), variance.split(sizes), strict=True)
    for standardization, order, means, variances in pieces:
        means = means.view(standardization.mean.shape[1], -1)
        means = torch.stack([from_planes(each, order) for each in means], 1)
        variances = from_planes(variances[: len(means)], order)
        standardization.follow(means, variances, count)


def _complex(standardization):
    return standardization.mean.shape[1] == 2
