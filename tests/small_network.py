"""A tiny network and tiny images for the tests of training, and a process that trains it until it is killed.

python -m tests.small_network FOLDER KILLS SEED trains in FOLDER, in processes that are killed with SIGKILL so many
times, each a random number of steps and a random fraction of a step after it began, and then once to the end.
"""

import itertools
import json
import os
import random
import signal
import sys
import time

import numpy as np
import torch
from torch import nn

from collapse_theory.learned.checkpoints import load
from collapse_theory.learned.labelled import labelled_images
from collapse_theory.learned.training import Recipe, train

STEPS_PER_EPOCH = 5
MOST_STEPS_A_LIFE = 4


def small_network(seed=0, channels=3):
    """Convolution, batch normalisation, ReLU, dropout: buffers and random numbers that a resumed run must restore."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(channels, 6, 3, stride=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(54, 4),
        )


def small_data(count=36, side=8, seed=0):
    """(train, test): coloured noise brighter in one quarter, which is its class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    images = rng.integers(0, 200, (count, 3, side, side))
    half = side // 2
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[:, row * half : (row + 1) * half, column * half : (column + 1) * half] += 50
    whole = labelled_images(images.astype(np.uint8), labels, classes=4, mean=[0.4] * 3, deviation=[0.3] * 3)
    return whole, whole


def small_recipe(epochs, **changes):
    """Eight images per batch: the last of 36 is half a batch."""
    return Recipe(
        **{"epochs": epochs, "batch": 8, "rate": 0.05, "rate_factor": 0.5, "rate_step": 8, "padding": 2} | changes
    )


def train_small(folder, epochs, **options):
    """Train the small network in this folder.  Returns (network, outcome)."""
    network = small_network()
    return network, train(network, small_data(), small_recipe(epochs), folder=folder, log_every=1, **options)


def metrics(folder):
    """Lines of the metrics, without what the clock says, and what follows from it."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in ("seconds", "chain")} for line in lines]


def assert_same_end(folder, other):
    """Weights, momentum and every line of the metrics agree to the bit."""
    first, second = (load(path / "checkpoints") for path in (folder, other))
    assert first.step == second.step
    assert first.state["sums"] == second.state["sums"]
    for group in ("weights", "momentum"):
        assert first.tensors[group].keys() == second.tensors[group].keys()
        assert all(torch.equal(a, second.tensors[group][name]) for name, a in first.tensors[group].items())
    assert metrics(folder) == metrics(other)


def _teller(pipe):
    """Writes a byte to the pipe after each step, and waits to be killed after as many steps as a life may have."""
    steps = itertools.count(1)

    def tell(report):
        os.write(pipe, b".")
        if next(steps) > MOST_STEPS_A_LIFE:
            time.sleep(600)

    return tell


def _live(folder, epochs, pipe=None):
    """Train in a process of its own, which tells its steps to the pipe if there is one.  Returns its number."""
    child = os.fork()
    if child:
        return child
    try:
        train_small(folder, epochs, progress=pipe and _teller(pipe), checkpoint_seconds=0.01)
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def _import_what_a_step_needs():
    """Once here, not in each process: torch imports a good part of itself in the first step of an optimiser."""
    parameter = nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    torch.optim.SGD([parameter], lr=0.1).step()


def kill_often(folder, kills, seed):
    """Returns after the last, unharmed, process; the run is long enough for every kill to find one at work."""
    chance = random.Random(seed)
    epochs = kills * (MOST_STEPS_A_LIFE + 2) // STEPS_PER_EPOCH + 2
    for _ in range(kills):
        receive, send = os.pipe()
        child = _live(folder, epochs, send)
        os.close(send)
        start, steps = time.perf_counter(), chance.randint(0, MOST_STEPS_A_LIFE)
        for _ in range(steps):
            assert os.read(receive, 1), "the process had ended by itself"
        time.sleep(chance.random() * min((time.perf_counter() - start) / max(steps, 1), 0.05))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(receive)
        assert os.WIFSIGNALED(status), f"the process had ended by itself: {status}"
    _, status = os.waitpid(_live(folder, epochs), 0)
    assert status == 0, status
    print(epochs)


if __name__ == "__main__":
    torch.set_num_threads(1)  # a process with threads must not be forked
    _import_what_a_step_needs()
    kill_often(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
