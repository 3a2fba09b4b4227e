"""Doubts about operations: are they those of the products, forwards and backwards, and is the network left alone?"""

import pytest

pytest.importorskip("torch")

import torch

from collapse_theory import learned
from collapse_theory.learned.flops import flops_per_image


def test_a_linear_map_takes_two_operations_a_weight_forwards_and_as_many_for_its_gradient():
    images = learned.labelled_images(torch.rand(6, 3, 4, 4), torch.arange(6) % 2, classes=2)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 5), torch.nn.Linear(5, 2))
    network[1].weight.grad = torch.ones(5, 48)
    # The images need no gradient, so the first map has only that of its weights.
    assert flops_per_image(network, images, batch=4) == 2 * (48 * 5 * 2 + 5 * 2 * 3)
    assert (network[1].weight.grad == 1).all()
    assert network[2].weight.grad is None


def test_the_passes_of_a_block_are_counted_and_its_statistics_stay():
    images = learned.labelled_images(torch.rand(4, 3, 32, 32), torch.arange(4) % 2, classes=10)
    network = learned.scattering_network(width=1 / 16, skip=True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    mixing = 0
    for block in network.blocks:
        columns = sum(s.mean.numel() for s in block.mixing.standardization)
        mixing += 3 * 2 * block.wavelets.after**2 * columns * 2 * len(block.mixing.weight)
    found = flops_per_image(network, images)
    assert mixing < found < 4 * mixing
    assert all((value == before[name]).all() for name, value in network.state_dict().items())
