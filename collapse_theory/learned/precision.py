"""The precision in which a network is computed: switches of the whole process, restored afterwards."""

import logging
import time
from contextlib import ExitStack, contextmanager
from functools import lru_cache

import torch

from ..arguments import check_choice
from .recipes import PRECISIONS

__all__ = ["in_precision", "products_in", "settled"]

_LOG = logging.getLogger(__name__)
_MULTIPLIED = {"float32": "highest", "bfloat16 products": "medium", "bfloat16": "highest"}  # torch's own words


@contextmanager
def in_precision(precision, device):
    """The context for a forward pass, whatever the caller is in: a name of `PRECISIONS`.

    float32             every product of single precision
    bfloat16 products   products may round what they multiply to bfloat16 (on GPUs: to TF32 or bfloat16), where that
                        is what this machine's libraries do; all else is in single precision
    bfloat16            torch's autocast: what it knows to be safe is computed on bfloat16 numbers
    auto                the first or the second, as `settled`
    """
    device = torch.device(device)
    with ExitStack() as stack:
        stack.enter_context(products_in(precision, device))
        stack.enter_context(torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"))
        yield


@contextmanager
def products_in(precision, device):
    """The context for a whole step: of the precision, what concerns matrix products, forwards and backwards.

    Raises ValueError if `precision` is unknown.
    """
    check_choice("precision", precision, PRECISIONS)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(_MULTIPLIED[settled(precision, device)])
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def settled(precision, device):
    """The precision itself; for "auto" the quicker of "float32" and "bfloat16 products" on this device, measured once.

    It never is "bfloat16", which changes the outputs of a network. What was measured goes to the log.
    """
    return _quicker(torch.device(device).type) if precision == "auto" else precision


@lru_cache
def _quicker(device):
    seconds = {name: _seconds(name, device) for name in ("float32", "bfloat16 products")}
    quicker = min(seconds, key=seconds.get)
    told = ", ".join(f"{name} {1000 * value:.3g} ms" for name, value in seconds.items())
    _LOG.info("precision: auto takes %s on this device (a product of 1024 x 1024 matrices: %s)", quicker, told)
    return quicker


def _seconds(precision, device):
    """Of a matrix product, the best of five."""
    matrix, found = torch.ones((1024, 1024), dtype=torch.float32, device=device), []
    with products_in(precision, device), torch.no_grad():
        for _ in range(6):
            start = time.perf_counter()
            float((matrix @ matrix)[0, 0])  # waits for a GPU
            found.append(time.perf_counter() - start)
    return min(found[1:])
