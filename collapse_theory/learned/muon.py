"""Muon: momentum whose singular values are brought near 1 before it moves a matrix, real or complex.

    V ← μ V + G,   D = G + μ V with Nesterov's momentum, else V,   P ← (1 − η λ) P − η √max(1, K / C) polar(D)

polar(D) = A Bᴴ where D = A Σ Bᴴ is K x C. For a complex P the gradient of its real pairs is that of P, and every
transpose a conjugate one.
Source: Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks; Higham (1986), Computing the
polar decomposition, for the iteration. `torch.optim.Muon` takes real matrices alone.
"""

import torch

from .layers import Mixing

__all__ = ["Muon", "matrices_of", "orthogonalized"]

_SETTINGS = ("lr", "momentum", "weight_decay", "nesterov")
_QUINTIC, _ITERATIONS = (3.4445, -4.7750, 2.0315), 5  # of Jordan et al.


def orthogonalized(matrix):
    """A matrix of the same singular vectors, whose singular values are between 0.68 and 1.21, about.

        X ← D / ‖D‖,   then five times   X ← a X + b X Xᴴ X + c X Xᴴ X Xᴴ X

    So it is for singular values of at least 0.003 ‖D‖; smaller ones grow by a^5 = 485 at most.
    matrix : (K, C), real or complex

    Returns (K, C), of the same type.
    """
    a, b, c = _QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mH if tall else matrix
    x = x / torch.linalg.vector_norm(x).clamp_min(torch.finfo(x.dtype).tiny)
    for _ in range(_ITERATIONS):
        gram = x @ x.mH
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mH if tall else x


def matrices_of(network):
    """The learned matrices P of all `Mixing` layers of a network.

    Raises ValueError if there is none.
    """
    found = [m.weight for m in network.modules() if isinstance(m, Mixing) and m.weight.requires_grad]
    if not found:
        raise ValueError("optimizer: 'muon' steps the matrices of Mixing layers, got a network that has none to train")
    return found


class Muon(torch.optim.Optimizer):
    """The steps above on real matrices (K, C), and on complex ones as real pairs (K, C, 2).

    matrices : parameters
    lr, momentum, weight_decay : η, μ, λ
    nesterov : whether the momentum is Nesterov's, as published
    """

    def __init__(self, matrices, *, lr, momentum=0.95, weight_decay=0.0, nesterov=True):
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "nesterov": nesterov}
        super().__init__(matrices, settings)

    @torch.no_grad()
    def step(self, closure=None):
        """Move each matrix that has a gradient."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._move(matrix, **{name: group[name] for name in _SETTINGS})

    def _move(self, matrix, *, lr, momentum, weight_decay, nesterov):
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        velocity = state["momentum_buffer"].mul_(momentum).add_(matrix.grad)
        direction = matrix.grad + momentum * velocity if nesterov else velocity
        direction = direction.contiguous()  # of whatever strides, the same bits
        if direction.ndim == 3:
            moved = torch.view_as_real(orthogonalized(torch.view_as_complex(direction)))
        else:
            moved = orthogonalized(direction)
        rows, columns = matrix.shape[:2]
        matrix.mul_(1 - lr * weight_decay).sub_(moved, alpha=lr * max(1.0, rows / columns) ** 0.5)
