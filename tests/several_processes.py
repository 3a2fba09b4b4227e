"""Networks that several processes train together, for the tests.

python -m tests.several_processes WHAT FOLDER PROCESS PROCESSES does its part of what a function of this file says.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import torch
from torch import nn
from torch.utils.data import TensorDataset

from collapse_theory import learned
from collapse_theory.learned import blocks, distributed
from tests.small_network import small_data, small_network, small_recipe

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
    layers = learned.scattering_network(TINY, terms="equal", skip=True)
    layers.blocks[0].mixing.register_forward_hook(lambda *_: None)  # so that no block goes by parts
    return {
        "passes": (learned.scattering_network(TINY, skip=True), {"accumulation": 2, "drop_last": True}),
        "steps": (learned.scattering_network(TINY, angles=8, circle="full", mixing="real"), {}),
        "layers": (layers, {"optimizer": "muon"}),
        "threshold": (learned.scattering_network(TINY, "soft threshold", skip=True, terms="equal"), {}),
        "threshold by steps": (learned.scattering_network(TINY, "soft threshold", terms="equal"), {}),
        "convolution": (convolutions(), {"average": 0.5, "nesterov": True, "largest_gradient": 1.0}),
    }


def convolutions():
    """Batch normalisation with and without gain, and a parameter that no image reaches."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        last = nn.Linear(96, 4), nn.BatchNorm1d(4, affine=False)
    network = nn.Sequential(*small_network()[:3], nn.Flatten(), *last)
    network.unused = nn.Parameter(torch.ones(2))
    return network


def prepared(network):
    """The network in double precision, its thresholds at the median of the part of the images that is here."""
    (images,) = distributed.part_of(small_data(side=SIDE)[0].batch(slice(0, 16))[0].double(), 1)
    network = Double(network)
    learned.calibrate(network, images)
    return network


def train_networks(folder):
    """Two epochs of each, whose last batches hold 3 of 19 images.  Returns {name: what it has come to}."""
    ends, (images, test) = {}, small_data(19, side=SIDE)
    lazy = learned.labelled_dataset(TensorDataset(images.images, images.labels), classes=4)
    for name, (network, changes) in networks().items():
        data = (lazy if name == "convolution" else images, test)
        with distributed.together():
            network = prepared(network)
        options = {"folder": folder / name, "tensorboard": False}
        by_steps = mock.patch.object(blocks.Passes, "apply", blocks._in_steps)  # as on a GPU
        with by_steps if "steps" in name else nullcontext():
            outcome = learned.train(network, data, small_recipe(2, rate=0.02, **changes), **options)
        epochs = [{k: v for k, v in line.items() if k not in ("seconds", "kind")} for line in outcome.epochs]
        ends[name] = {"weights": network.state_dict(), "epochs": epochs}
    return ends


def killed(folder, process):
    """The second process is killed in the middle of its seventh step."""
    network = small_network()
    if process == 1:
        network[4].register_forward_hook(at_step(7, lambda: os.kill(os.getpid(), signal.SIGKILL)))
    small_training(folder / "killed", network)


def all_else(folder, process):
    """Each of the others, one after another, in the same two processes."""
    said = {}
    small_training(folder / "killed")
    small_training(folder / "whole")
    torch.save(train_networks(folder / "several"), folder / f"end-{process}")
    for name, act in (("interrupted", signalled), ("left", broken), ("not finite", spoiled)):
        network = small_network()
        if process == 1:
            network[4].register_forward_hook(at_step(3, act))
        try:
            small_training(folder / name, network)
        except BaseException as error:
            said[name] = [type(error).__name__, str(error), *getattr(error, "__notes__", [])]
    small_training(folder / "interrupted")
    said["remembered"] = remembered(folder / "remembered")
    for name, changes in (("other recipe", {"rate": process + 1.0}), ("few images", {"batch": 35})):
        try:
            learned.train(small_network(), small_data(), small_recipe(1, **changes), folder=folder / name)
        except ValueError as error:
            said[name] = str(error)
    (folder / f"said-{process}").write_text(json.dumps(said))


class Remembering(nn.Module):
    """Saves the mean of what has passed here, and tells what it has drawn."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self._drawn = []

    def forward(self, x):
        self._drawn.append(float(torch.rand(())))
        if self.training:
            self.mean.copy_(x.detach().mean())
        return x


def remembered(folder):
    """What a network has saved of images of its own, and what it has drawn in its steps."""
    memory = Remembering()
    small_training(folder, nn.Sequential(memory, *small_network()))
    return [float(memory.mean), memory._drawn]


def small_training(folder, network=None):
    network = small_network() if network is None else network
    return learned.train(network, small_data(), small_recipe(2), folder=folder, log_every=1, tensorboard=False)


def signalled():
    signal.raise_signal(signal.SIGINT)


def broken():
    raise BrokenPipeError("nobody reads")


def spoiled():
    return torch.tensor(torch.nan)


def at_step(number, act):
    """A hook that acts in this step of a training; what it returns is multiplied with the output."""
    seen = []

    def hook(module, _, output):
        if module.training and torch.is_grad_enabled():
            seen.append(1)
            if len(seen) >= number + CHECKS and (answer := (len(seen) == number + CHECKS or act is spoiled) and act()):
                return output * answer
        return output

    return hook


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


def ended(processes, seconds):
    """What processes have written to their errors, and their codes, once they have ended, or were killed for it."""
    errors = []
    for process in processes:
        try:
            errors.append(process.communicate(timeout=seconds)[1])
        except subprocess.TimeoutExpired:
            process.kill()
            errors.append(f"it did not end: {process.communicate()[1]}")
    return errors, [process.returncode for process in processes]


def main(what, folder, process, count):
    torch.set_num_threads(1)
    store = os.environ["COLLAPSE_STORE"]
    torch.distributed.init_process_group("gloo", init_method=f"file://{store}", rank=process, world_size=count)
    globals()[what](folder, process)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
