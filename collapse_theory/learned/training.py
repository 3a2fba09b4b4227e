"""The training loop: stochastic gradient descent as published, that can be stopped at any moment and taken up again."""

import time
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch.nn import functional

from ..machine import reproducible
from . import checkpoints
from .augmentation import order_of_samples
from .checkpoints import Checkpoint
from .evaluation import evaluate, in_precision
from .finiteness import NotFinite, blame
from .recipes import Recipe
from .runs import RunFolder

__all__ = ["Outcome", "Recipe", "architecture", "restore", "train"]


@dataclass(frozen=True)
class Outcome:
    """What a call of `train` has led to.

    finished : whether all epochs are done, or the call stopped before
    step, seconds : steps done and time spent on them, over all calls
    epochs : the lines of the metrics that end an epoch
    threads : that torch computes with on the processor; with as many, the same call gives the same bits
    """

    finished: bool
    step: int
    seconds: float
    epochs: tuple[dict, ...]
    threads: int


def train(
    network,
    data,
    recipe,
    *,
    folder,
    about=None,
    progress=None,
    checkpoint=None,
    checkpoint_seconds=120,
    log_every=50,
    stop_after=None,
    tensorboard=True,
):
    """Train a network, or go on where this run folder was left.

    network : torch module of images (N, C, H, W), on the device of the data; gets the trained parameters
    data : (train, test), two `LabelledImages`
    recipe : Recipe
    folder : of the run. The same call goes on from its newest checkpoint, on the processor with the same bits as if it
        had never been stopped, given the same number of threads
    about : dict of plain values that say which run this is; a folder of another one is refused
    progress : called after each step with a dict: step, steps, epoch, epochs, loss, accuracy, images_per_second,
        seconds_left
    checkpoint : name of the one to go on from; None for the newest
    checkpoint_seconds : between checkpoints, besides the one at the end
    log_every : steps, between lines of the metrics besides those that end an epoch
    stop_after : seconds after which a checkpoint is written and the call returns; None: never
    tensorboard : also write scalars for TensorBoard, if it is installed

    Returns an `Outcome`.
    Raises, before anything is trained: ValueError or TypeError for data that the network does not take, a folder of
    another run, or a damaged checkpoint; RuntimeError for a folder in use; OSError for one that cannot be written to.
    Raises NotFinite, naming the layer, when a loss or a gradient is NaN or infinite; nothing is changed by that step.
    """
    _check_fit(network, data, recipe)
    identity = {
        "about": about or {},
        "recipe": asdict(recipe),
        "data": {name: part.fingerprint() for name, part in zip(("train", "test"), data, strict=True)},
        "architecture": architecture(network),
    }
    run = RunFolder(folder, identity, tensorboard=tensorboard)
    with run, reproducible(), torch.random.fork_rng(_gpus(data[0])):
        training = _Training(network, data, recipe, run)
        training.resume(checkpoint)
        every = {"checkpoint_seconds": checkpoint_seconds, "log_every": log_every, "stop_after": stop_after}
        return training.to_the_end(progress or (lambda report: None), **every)


def architecture(network):
    """Names, shapes and types of all that a network saves, as plain values."""
    return {name: f"{str(t.dtype).removeprefix('torch.')} {tuple(t.shape)}" for name, t in network.state_dict().items()}


def restore(network, checkpoint):
    """Put the weights of a checkpoint in a network.  Raises ValueError, naming the first difference, if they differ."""
    weights, wanted = checkpoint.tensors["weights"], architecture(network)
    for name in dict.fromkeys([*wanted, *sorted(weights)]):
        t = weights.get(name)
        found = None if t is None else f"{str(t.dtype).removeprefix('torch.')} {tuple(t.shape)}"
        if found != wanted.get(name):
            raise ValueError(
                f"the checkpoint is of another architecture: {name} is {found or 'absent'} there "
                f"and {wanted.get(name, 'absent')} in the network"
            )
    network.load_state_dict(weights)


class _Training:
    """A network on its way: everything that a checkpoint holds is here."""

    def __init__(self, network, data, recipe, run):
        self.network, self.recipe, self.run = network, recipe, run
        self.train, self.test = data
        # One group of parameters: weight decay on all of them.
        self.optimizer = torch.optim.SGD(
            network.parameters(), lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )
        self.steps_per_epoch = -(-len(self.train) // recipe.batch)
        self.steps = recipe.epochs * self.steps_per_epoch
        self.step, self.seconds, self._forget_epoch = 0, 0.0, None
        self._begin_epoch()

    def resume(self, name):
        checkpoint = checkpoints.load(self.run.checkpoints, name)
        size = sum(t.numel() * t.element_size() for t in self.network.state_dict().values())
        checkpoints.check_room(self.run.path, 2 * size)
        if checkpoint is not None:
            restore(self.network, checkpoint)
            momentum = checkpoint.tensors["momentum"]
            for parameter_name, parameter in self.network.named_parameters():
                if parameter_name in momentum:
                    state = self.optimizer.state[parameter]
                    state["momentum_buffer"] = momentum[parameter_name].to(parameter.device)
            self.step = checkpoint.step
            self.seconds, self.sums = checkpoint.state["seconds"], checkpoint.state["sums"]
        self.run.start_metrics(self.step)

    def to_the_end(self, progress, *, checkpoint_seconds, log_every, stop_after):
        start = saved = before = time.perf_counter()
        first, order, order_of = self.step, None, None
        while self.step < self.steps:
            epoch, position = divmod(self.step, self.steps_per_epoch)
            if order_of != epoch:
                order, order_of = self._order(epoch), epoch
            index = order[position * self.recipe.batch : (position + 1) * self.recipe.batch]
            loss, accuracy = self._descend(epoch, index)
            now = time.perf_counter()
            self.seconds, before = self.seconds + now - before, now
            speed = (self.step - first) / max(now - start, 1e-9)
            self._log(epoch, loss, accuracy, log_every)
            progress(self._report(epoch, loss, accuracy, speed))
            stop = stop_after is not None and now - start > stop_after
            if stop or self.step == self.steps or now - saved > checkpoint_seconds:
                self._save()
                saved = time.perf_counter()
            if stop:
                break
        return self._outcome()

    def _order(self, epoch):
        return order_of_samples(len(self.train), seed=self.recipe.seed, epoch=epoch, device=self.train.device)

    def _begin_epoch(self):
        self.sums = {"loss": 0.0, "right": 0, "seen": 0}

    def _descend(self, epoch, index):
        """One step.  Returns the loss and the accuracy of its batch, before it."""
        recipe = self.recipe
        x, labels = self.train.batch(index, seed=recipe.seed, epoch=epoch, padding=recipe.padding)
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate_of(epoch)
        self.optimizer.zero_grad(set_to_none=True)
        loss, right = self._loss(x, labels)
        loss.backward()
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        loss, norm, right = torch.stack([loss.detach(), norm, right.to(loss.dtype)]).tolist()  # one transfer a step
        if not np.isfinite([loss, norm]).all():
            raise NotFinite(self._why(epoch, loss, norm, lambda: self._loss(x, labels)[0]))
        self.optimizer.step()
        self.step += 1
        self.sums["loss"] += loss * len(index)
        self.sums["right"] += int(right)
        self.sums["seen"] += len(index)
        return loss, right / len(index)

    def _loss(self, x, labels):
        """Mean cross-entropy in float32, and how many are right.  What the network draws depends on the step alone."""
        torch.manual_seed(int(np.random.SeedSequence([self.recipe.seed, self.step]).generate_state(1)[0]))
        with in_precision(self.recipe.precision, x.device):
            logits = self.network(x)
        logits = logits.float()
        return functional.cross_entropy(logits, labels), (logits.argmax(1) == labels).sum()

    def _why(self, epoch, loss, norm, loss_of):
        what = f"the loss is {loss}" if not np.isfinite(loss) else f"the norm of the gradient is {norm}"
        known = checkpoints.names(self.run.checkpoints)
        return (
            f"step {self.step + 1}, epoch {epoch + 1}, learning rate {self.recipe.rate_of(epoch):g}: {what}; "
            f"{blame(self.network, loss_of)}. The newest checkpoint is {known[-1] if known else 'none'}"
        )

    def _log(self, epoch, loss, accuracy, log_every):
        line = {"step": self.step, "epoch": epoch + 1, "rate": self.recipe.rate_of(epoch)}
        if self.step % log_every == 0:
            self.run.log({"kind": "step", **line, "loss": loss, "accuracy": accuracy})
        if self.step % self.steps_per_epoch == 0:
            train = {"loss": self.sums["loss"] / self.sums["seen"], "accuracy": self.sums["right"] / self.sums["seen"]}
            test = evaluate(self.network, self.test, batch=self.recipe.batch, precision=self.recipe.precision)
            measured = {f"train_{k}": v for k, v in train.items()} | {f"test_{k}": v for k, v in test.items()}
            self.run.log({"kind": "epoch", **line, **measured, "seconds": self.seconds})
            self._begin_epoch()

    def _report(self, epoch, loss, accuracy, speed):
        return {
            "step": self.step,
            "steps": self.steps,
            "epoch": epoch + 1,
            "epochs": self.recipe.epochs,
            "loss": loss,
            "accuracy": accuracy,
            "images_per_second": speed * min(self.recipe.batch, len(self.train)),
            "seconds_left": (self.steps - self.step) / max(speed, 1e-9),
        }

    def _save(self):
        self.run.flush()
        momentum = {
            name: self.optimizer.state[parameter]["momentum_buffer"]
            for name, parameter in self.network.named_parameters()
            if self.optimizer.state[parameter].get("momentum_buffer") is not None
        }
        tensors = {"weights": self.network.state_dict(), "momentum": momentum}
        state = {"seconds": self.seconds, "sums": self.sums}
        checkpoints.save(self.run.checkpoints, Checkpoint(self.step, tensors, state))

    def _outcome(self):
        epochs = tuple(line for line in self.run.metrics() if line.get("kind") == "epoch")
        return Outcome(self.step == self.steps, self.step, self.seconds, epochs, torch.get_num_threads())


def _gpus(labelled):
    return [labelled.device] if labelled.device.type == "cuda" else []


def _check_fit(network, data, recipe):
    """Raise ValueError unless the network takes the images of the data, and has an output for each label."""
    train, test = data
    if train.images.shape[1:] != test.images.shape[1:] or train.classes != test.classes:
        raise ValueError(
            f"data: train has images {tuple(train.images.shape[1:])} of {train.classes} classes, "
            f"test {tuple(test.images.shape[1:])} of {test.classes}"
        )
    placed = {t.device for t in (*network.parameters(), *network.buffers())} or {train.device}
    if {train.device, test.device} | placed != {train.device}:
        raise ValueError(f"data: on {train.device} and {test.device}, the network on {', '.join(map(str, placed))}")
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad(), in_precision(recipe.precision, train.device):
            logits = network(train.batch(slice(0, 2))[0])
    except (RuntimeError, ValueError, TypeError) as error:
        raise ValueError(f"images: the network does not take {tuple(train.images.shape[1:])}: {error}") from error
    finally:
        network.train(was_training)
    if logits.ndim != 2 or logits.shape[1] < train.classes:
        raise ValueError(f"labels: {train.classes} classes, but the network answers {tuple(logits.shape)} for 2 images")
