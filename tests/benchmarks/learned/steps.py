"""The works of the table of training steps: networks as they are, and as they were computed one layer after the other.

python -m tests.benchmarks.learned.steps WORK THREADS ROUNDS       (started by the command, once per row)

It says in one line of JSON the seconds of each side, taken in turns, and the rate of float32 products.
python -m tests.benchmarks.learned.steps WORK SIDE                 says the bytes that two steps add at their peak
"""

import json
import statistics
import sys
import time
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from collapse_theory.learned import ARCHITECTURES, Architecture, scattering_network
from collapse_theory.learned.augmentation import cropped
from collapse_theory.learned.precision import in_precision, products_in
from collapse_theory.learned.products import multiply_rows
from tests.plain_network import plain

from ..machine import peak_memory, reset_peak

__all__ = ["SIDES", "WORKS", "Work", "flops"]


@dataclass(frozen=True)
class Work:
    """A row of the table.

    title, goal : the goal in times of what the plain layers need, for float32
    batch, options : of the step, of the network
    half : the goal with bfloat16 numbers, if there is one
    """

    title: str
    goal: float
    batch: int
    options: dict
    half: float | None = None


# Two blocks of the network for ImageNet, the whole octave and the first half octave after it.
_IMAGENET = Architecture(224, 3, 10, ARCHITECTURES["imagenet"].channels[:2], 8, octaves=1)
_OTHERS = {
    **{name: {"nonlinearity": name} for name in ("soft threshold", "tanh", "sigmoid", "unit amplitude", "identity")},
    "soft threshold on equal terms": {"nonlinearity": "soft threshold", "terms": "equal"},
}
WORKS = {
    "eighth-skip": Work("1/8, with skip", 4, 128, {"width": 1 / 8, "skip": True}),
    **{
        name.replace(" ", "-"): Work(f"1/8, with skip, {name}", 2.5, 128, {"width": 1 / 8, "skip": True, **options})
        for name, options in _OTHERS.items()
    },
    "quarter": Work("1/4, without skip", 4, 128, {"width": 1 / 4}),
    "quarter-skip": Work("1/4, with skip", 3.5, 128, {"width": 1 / 4, "skip": True}),
    "full": Work("full, without skip", 2.5, 128, {}, half=5),
    "full-skip": Work("full, with skip", 2.5, 128, {"skip": True}, half=5),
    "imagenet": Work("two blocks of ImageNet, 224 x 224", 2, 8, {"data": _IMAGENET}),
    "augmentation": Work("1/8, with skip: augmentation of its batch", 1, 128, {"width": 1 / 8, "skip": True}),
}
SIDES = {"plain": "float32", "float32": "float32", "products": "bfloat16 products", "bfloat16": "bfloat16"}


def flops(network):
    """Operations per image of the products of a training step: the mixing three times, separable wavelets twice."""
    total = 0
    for block in network.blocks:
        layer, mixing = block.wavelets, block.mixing
        inputs = sum(s.mean.numel() for s in mixing.standardization)
        total += 3 * 2 * layer.after**2 * inputs * len(mixing.weight) * (1 + mixing.complex)
        if layer.separable:
            channels = mixing.sizes[0]
            second = sum(matrix.numel() for matrix in layer.second()) * layer.after
            total += 2 * 2 * channels * (layer.first.numel() * layer.side + second)
    return total


def step_of(work, side):
    """A function without arguments that does one training step, and the network."""
    network = scattering_network(**work.options)
    network = plain(network) if side == "plain" else network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    architecture, generator = network.architecture, torch.Generator().manual_seed(0)
    shape = (work.batch, architecture.colors, architecture.side, architecture.side)
    x, labels = torch.randn(shape, generator=generator), torch.arange(work.batch) % architecture.classes

    def step():
        optimizer.zero_grad(set_to_none=True)
        with products_in(SIDES[side], "cpu"):
            with in_precision(SIDES[side], "cpu"):
                logits = network(x)
            cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step, network


def timed(work, threads, rounds):
    """Median seconds of each side, measured in turns; on one thread processor time, which others disturb least."""
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    made = {side: step_of(work, side) for side in SIDES}
    steps = {side: step for side, (step, _) in made.items()}
    seconds = {side: [] for side in steps}
    for number in range(rounds + 1):
        for side, step in steps.items():
            start = clock()
            step()
            if number:
                seconds[side].append(clock() - start)
    found = {side: statistics.median(values) for side, values in seconds.items()}
    return {"seconds": found, "flops": work.batch * flops(made["float32"][1]), "rate": _rate(clock)}


def augmented(work, threads, rounds):
    """Median seconds per step, and per augmentation of its batch."""
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    images, index = torch.zeros((work.batch, 3, 32, 32), dtype=torch.uint8), torch.arange(work.batch)
    step, _ = step_of(work, "float32")
    sides = {"float32": step, "augmentation": lambda: cropped(images, index, seed=0, epoch=0, count=len(index))}
    seconds = {side: [] for side in sides}
    for _ in range(rounds + 1):
        for side, function in sides.items():
            start = clock()
            function()
            seconds[side].append(clock() - start)
    return {"seconds": {side: statistics.median(values[1:]) for side, values in seconds.items()}}


def _rate(clock):
    """Operations per second of the best product of float32 matrices."""
    x, matrix = torch.randn(8192, 1536), torch.randn(512, 1536)
    found = []
    for _ in range(5):
        start = clock()
        multiply_rows(x, matrix)
        found.append(clock() - start)
    return 2 * x.numel() * len(matrix) / min(found)


def peak(work, side):
    """Bytes that two steps add to the memory of the process, with the network; None where that is unknown."""
    before = reset_peak()
    step, _ = step_of(work, side)
    for _ in range(2):
        step()
    return None if before is None else peak_memory() - before


def main(name, *others):
    """Print the row that was asked for, in JSON."""
    work = WORKS[name]
    if others[0] in SIDES:
        print(json.dumps(peak(work, others[0])))
        return
    threads, rounds = map(int, others)
    print(json.dumps((augmented if name == "augmentation" else timed)(work, threads, rounds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
