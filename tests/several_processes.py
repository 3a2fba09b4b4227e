"""Networks that several processes train together, for the tests.

python -m tests.several_processes WHAT FOLDER PROCESS PROCESSES does its part of what a function of this file says.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import distributed, nn

from collapse_theory import learned
from collapse_theory.learned import ranks
from tests.small_network import small_data, small_network, small_recipe, train_small

SIDE = 9
CHECKS = 1  # passes as in training by which a network is tried before it is trained
TINY = learned.Architecture(side=SIDE, colors=3, classes=4, channels=(4, 5, 3))


class Double(nn.Module):
    """A network in double precision, for images in single precision."""

    def __init__(self, network):
        super().__init__()
        self.network = network.double()

    def forward(self, x):
        return self.network(x.double())


def networks():
    """{name: (network, what the recipe has beside)}: each way to take statistics of a batch, and to use them."""
    return {
        "collapse": (learned.scattering_network(TINY, skip=True), {"accumulation": 2}),
        "real mixing": (learned.scattering_network(TINY, angles=8, circle="full", mixing="real"), {}),
        "threshold": (learned.scattering_network(TINY, "soft threshold", skip=True, terms="equal"), {}),
        "convolution": (convolutions(), {"average": 0.5, "nesterov": True, "largest_gradient": 1.0}),
    }


def convolutions():
    """Batch normalisation with and without gain, and a parameter that no image reaches."""
    network = nn.Sequential(*small_network()[:3], nn.Flatten(), nn.Linear(96, 4), nn.BatchNorm1d(4, affine=False))
    network.unused = nn.Parameter(torch.ones(2))
    return network


def prepared(network):
    """The network in double precision, its thresholds at the median of the part of the images that is here."""
    (images,) = ranks.part_of(small_data(side=SIDE)[0].batch(slice(0, 16))[0].double(), 1)
    network = Double(network)
    learned.calibrate(network, images)
    return network


def train_networks(folder):
    """Two epochs of each, whose last batches hold 3 of 19 images.  Returns {name: what it has come to}."""
    ends, data = {}, small_data(19, side=SIDE)
    for name, (network, changes) in networks().items():
        with ranks.together():
            network = prepared(network)
        options = {"folder": folder / name, "tensorboard": False}
        outcome = learned.train(network, data, small_recipe(2, rate=0.02, **changes), **options)
        epochs = [{k: v for k, v in line.items() if k != "seconds"} for line in outcome.epochs]
        ends[name] = {"weights": network.state_dict(), "epochs": epochs}
    return ends


def equal(folder, process):
    torch.save(train_networks(folder / "several"), folder / f"end-{process}")


def whole(folder, process):
    train_small(folder / "whole", 2)


def killed(folder, process):
    """The second process is killed in the middle of its seventh step."""
    network = small_network()
    if process == 1:
        network[4].register_forward_hook(_at_step(7, lambda: os.kill(os.getpid(), signal.SIGKILL)))
    learned.train(network, small_data(), small_recipe(2), folder=folder / "killed", log_every=1)


def interrupted(folder, process):
    """The second process gets a signal in the middle of its third step."""
    network = small_network()
    if process == 1:
        network[4].register_forward_hook(_at_step(3, lambda: signal.raise_signal(signal.SIGINT)))
    learned.train(network, small_data(), small_recipe(2), folder=folder / "killed", log_every=1)


def _at_step(number, act):
    """A hook that acts in this step of a training."""
    seen = []

    def hook(module, *_):
        if module.training and torch.is_grad_enabled():
            seen.append(1)
            if len(seen) == number + CHECKS:
                act()

    return hook


def resumed(folder, process):
    train_small(folder / "killed", 2)


def launch(what, folder, count=2):
    """Processes that do it together."""
    store = folder / f"store-{what}"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "COLLAPSE_STORE": str(store)}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.several_processes", what, str(folder), str(process), str(count)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(count)
    ]


def main(what, folder, process, count):
    torch.set_num_threads(1)
    store = os.environ["COLLAPSE_STORE"]
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=process, world_size=count)
    start = time.monotonic()
    try:
        globals()[what](folder, process)
    finally:
        print(f"{time.monotonic() - start:.2f} s", flush=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
