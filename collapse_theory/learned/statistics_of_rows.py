"""Mean and variance of the columns of rows that come one group after the other."""

import torch

from .products import scratch

__all__ = ["Statistics"]


class Statistics:
    """Mean and variance of each column, from sums about a value near the mean, so that no digits cancel.

    rows : (G, N, n), of which `add` gets one group after the other
    """

    def __init__(self, rows):
        self.count = len(rows) * rows.shape[1]
        self.sums, self.squares = rows.new_zeros(rows.shape[2]), rows.new_zeros(rows.shape[2])
        self.near = None

    def add(self, rows):
        """The rows of one group of images, (N, n)."""
        self.near = rows.mean(0) if self.near is None else self.near
        difference = torch.sub(rows, self.near, out=scratch("difference", rows.shape, rows))
        self.sums += difference.sum(0)
        self.squares += torch.mul(difference, difference, out=difference).sum(0)

    def read(self):
        """(mean, variance)."""
        offset = self.sums / self.count
        return self.near + offset, (self.squares / self.count - offset.square()).clamp_(min=0)
