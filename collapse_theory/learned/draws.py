"""What a network draws: by torch, NumPy and Python, whose numbers begin where we say, and by generators of its own."""

import random
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["GENERATORS", "begin_draws", "drawing_apart", "generator_state", "set_generator_state"]

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random, torch.Generator)


def begin_draws(seed):
    """Let what torch and the global generators of NumPy and Python draw from here on depend on this seed alone."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


@contextmanager
def drawing_apart(device):
    """What is drawn inside, on this device or the processor, leaves the draws of the caller as they were."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng([device] if torch.device(device).type == "cuda" else []):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002


def generator_state(generator):
    """The state of one of GENERATORS, as plain values, as JSON has them."""
    if isinstance(generator, torch.Generator):
        return generator.get_state().tolist()
    if isinstance(generator, random.Random):
        return _plain(generator.getstate())
    bits = generator.get_state(legacy=False) if isinstance(generator, np.random.RandomState) else None
    return _plain(bits or generator.bit_generator.state)


def set_generator_state(generator, state):
    """Put back what `generator_state` has told.  Raises whatever the generator raises if it is something else."""
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
