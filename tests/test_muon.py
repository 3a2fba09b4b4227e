"""Doubts about Muon: is what it steps by near the polar factor, also a complex one, and are steps those of torch?"""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from collapse_theory import learned
from collapse_theory.learned.muon import Muon, matrices_of, orthogonalized


def matrix(rows, columns, *, complex, seed=0):
    rng = np.random.default_rng(seed)
    real, imaginary = rng.normal(size=(2, rows, columns))
    return torch.from_numpy(real + 1j * imaginary if complex else real)


@pytest.mark.parametrize("complex", [False, True])
@pytest.mark.parametrize("shape", [(5, 12), (12, 5), (8, 8), (1, 6)])
def test_the_singular_vectors_are_those_of_the_polar_factor_and_the_values_near_one(shape, complex):
    x = matrix(*shape, complex=complex)
    left, values, right = torch.linalg.svd(x, full_matrices=False)
    values = values / torch.linalg.vector_norm(values)
    expected = values.clone()
    for _ in range(5):
        expected = 3.4445 * expected - 4.7750 * expected**3 + 2.0315 * expected**5
    known = values > 0.003
    assert bool(((expected > 0.68) & (expected < 1.21))[known].all())
    torch.testing.assert_close(orthogonalized(x), (left * expected) @ right, rtol=1e-10, atol=1e-10)
    polar = left @ right
    if bool(known.all()):
        assert float(torch.linalg.matrix_norm(orthogonalized(x) - polar, 2)) < 0.33


def test_singular_values_are_brought_near_one_from_a_three_hundredth_on():
    values = torch.logspace(np.log10(0.003), -0.01, 400, dtype=torch.float64)
    for value in values:
        pair = torch.diag(torch.stack([value, torch.sqrt(1 - value**2)]))
        assert torch.all((torch.linalg.svdvals(orthogonalized(pair)) - 0.945).abs() < 0.265)


def test_nothing_is_made_of_nothing():
    assert torch.equal(orthogonalized(torch.zeros(3, 5)), torch.zeros(3, 5))


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon")
@pytest.mark.parametrize("nesterov", [True, False])
def test_steps_on_a_real_matrix_are_those_of_torch_but_for_its_bfloat16(nesterov):
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2, "nesterov": nesterov}
    ends = []
    for make in (Muon, torch.optim.Muon):
        parameter = torch.nn.Parameter(matrix(12, 5, complex=False).float())
        optimizer = make([parameter], **settings)
        for step in range(3):
            parameter.grad = matrix(12, 5, complex=False, seed=step + 1).float()
            optimizer.step()
        ends.append(parameter.detach())
    assert float((ends[0] - ends[1]).abs().max()) < 0.03 < float((ends[0] - matrix(12, 5, complex=False)).abs().max())


def test_it_steps_the_mixing_and_nothing_else():
    architecture = learned.Architecture(side=8, colors=3, classes=4, channels=(3, 4))
    for mixing, shapes in (("complex", [(3, 15, 2), (4, 15, 2)]), ("real", [(3, 15), (4, 15)])):
        network = learned.scattering_network(architecture, mixing=mixing)
        assert [tuple(m.shape) for m in matrices_of(network)] == shapes
    with pytest.raises(ValueError, match="optimizer: 'muon' steps the matrices of Mixing layers, got a network that"):
        matrices_of(learned.resnet20())
