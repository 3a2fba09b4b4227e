"""Weights of trained networks in small files, each of which says how its network was trained.

What has two axes or more is kept in bfloat16, which has 8 bits of a mantissa; the rest, with all statistics of
normalisations, as it is. The phase collapse at 1/8 of the width is 0.8 MiB.
"""

import json
from dataclasses import asdict
from pathlib import Path

from collapse_theory import learned
from collapse_theory.files import write_atomically
from collapse_theory.learned.recipes import Recipe

from .learning import network_of
from .trainings import Setting, completed

__all__ = ["keep", "kept"]


def keep(network, setting, path):
    """Write the weights of a network that was trained as a setting says."""
    from safetensors.torch import save

    weights = {name: _small(value) for name, value in network.state_dict().items()}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save(weights, metadata={"setting": json.dumps(asdict(setting))}))


def _small(value):
    return value.bfloat16().contiguous() if value.is_floating_point() and value.ndim > 1 else value.contiguous()


def kept(path):
    """The network whose weights are in a file of `keep`, in evaluation; None for a file of another kind.

    Raises ValueError for a network that is not known, and for weights that do not fit it.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            told = (file.metadata() or {}).get("setting")
    except (OSError, SafetensorError):
        return None
    if told is None:
        return None
    try:
        told = completed(json.loads(told))
        network = network_of(Setting(**told | {"recipe": Recipe(**told["recipe"])}))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"weights: {path} says of them what this version does not know ({error!r})") from None
    return learned.load_weights(network, path).eval()
