"""Random numbers that a network draws: by torch, NumPy and Python, which are seeded here, and by its own generators."""

import random
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["GENERATORS", "begin_draws", "drawing_apart", "generator_state", "set_generator_state"]

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random, torch.Generator)


def begin_draws(seed):
    """Seed torch and the global generators of NumPy and Python."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


@contextmanager
def drawing_apart(device):
    """Draws inside, on this device or the processor, do not change the caller's generators."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng([device] if torch.device(device).type == "cuda" else []):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002


def generator_state(generator):
    """The state of one of GENERATORS, as plain values for JSON."""
    if isinstance(generator, torch.Generator):
        return generator.get_state().tolist()
    if isinstance(generator, random.Random):
        return _plain(generator.getstate())
    bits = generator.get_state(legacy=False) if isinstance(generator, np.random.RandomState) else None
    return _plain(bits or generator.bit_generator.state)


def set_generator_state(generator, state):
    """Restore a state of `generator_state`.  Raises whatever the generator raises for anything else."""
    if isinstance(generator, torch.Generator):
        generator.set_state(torch.tensor(state, dtype=torch.uint8))
    elif isinstance(generator, random.Random):
        version, words, gauss = state
        generator.setstate((version, tuple(words), gauss))
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.bit_generator.state = state


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
