"""The training loop: stochastic gradient descent as published, which can be stopped at any moment and resumed."""

import logging
import math
import os
import time
from collections.abc import Callable
from contextlib import contextmanager, nullcontext

import torch

from ..arguments import check_count, check_number
from ..machine import reproducible
from . import checkpoints, distributed
from .augmentation import RANDOM_NUMBERS, order_of_samples
from .descent import Descent
from .draws import drawing_apart
from .evaluation import evaluate
from .identity import architecture, computation, schedule
from .interruption import Interruption, add_note
from .keeping import Keeper
from .labelled import Labelled
from .not_finite import NotFinite
from .outside import Outside
from .precision import settled
from .recipes import Outcome, Recipe
from .resumption import restore
from .runs import Elsewhere, RunFolder
from .suitability import check_suitable

__all__ = ["Outcome", "Recipe", "architecture", "restore", "train"]

_LOG = logging.getLogger(__name__)


def train(
    network: torch.nn.Module,
    data: tuple[Labelled, Labelled],
    recipe: Recipe,
    *,
    folder: str | os.PathLike,
    optimizer: Callable[..., torch.optim.Optimizer] | None = None,
    about: dict | None = None,
    progress: Callable[[dict], object] | None = None,
    checkpoint: str | None = None,
    checkpoint_seconds: float = 120,
    log_every: int = 50,
    log_seconds: float = 10,
    stop_after: float | None = None,
    tensorboard: bool = True,
) -> Outcome:
    """Train a network, or resume its training where this run folder was left.

    network : torch module of images (N, C, H, W), on the device of the data; gets the trained parameters
    data : (train, test), two of `labelled_images` or `labelled_dataset`
    recipe : Recipe
    folder : of the run. The same call resumes from its newest checkpoint. So does one with more epochs, of a finished
        run too, if the learning rates of an epoch do not depend on how many there are. On a CPU, with the same number
        of threads, it ends bit for bit where an uninterrupted call would. For that the network may draw by the global
        generators of torch, NumPy or Python or by those that its modules hold; what changes in its modules must be
        buffers, tensors or plain values. What no checkpoint can hold, as an object that counts, is named in the log
    optimizer : function of the parameters that makes an optimiser of torch, in the place of that of the recipe, as
        `lambda parameters: torch.optim.AdamW(parameters, lr=1e-3)`. Its momentum and weight decay count, and its
        learning rates follow the schedule in proportion to `recipe.rate`; None for the recipe's
    about : dict of plain values that say which run this is; the folder of another one is refused
    progress : function that is called after each step with a dict: step, steps, epoch, epochs, loss, accuracy,
        images_per_second, seconds_left; None for none
    checkpoint : name of the checkpoint to resume from; None for the newest
    checkpoint_seconds : time between checkpoints; there is one at the end too
    log_every, log_seconds : steps, and most seconds, between lines of the metrics; each end of an epoch has a line too
    stop_after : seconds after which a checkpoint is written and the call returns; None for never
    tensorboard : also write scalars for TensorBoard, if it is installed

    Where torch has a process group, all of its processes call this alike. They train one network, each on its part of
    every batch, see `distributed.together`; the first one writes the folder and calls `progress`.
    A module that is in evaluation while the network is not stays so: it is frozen. Bits do not depend on the calls
    before, see `machine.reproducible`. Ctrl-C, the signals that end a process, and whatever `progress` raises leave a
    checkpoint of the last whole step. What is raised says so in a note; for SIGTERM the log says so.

    Returns an `Outcome`.
    Memory: besides the network and its gradients, the momentum, a copy of all buffers, the average if there is one,
    twice while it is evaluated, and for each checkpoint a copy of weights, momentum and average on the host.
    Raises, before anything is trained: ValueError or TypeError for data that the network does not take, for what makes
    no optimiser, for the folder of another run, and for one in which anything was changed; RunFolderInUse, a
    RuntimeError, for a folder in use. Raises TypeError at the first checkpoint for an optimiser that it cannot hold.
    Raises at any time: OSError for a folder that cannot be written to, was moved or was removed; NotFinite, an
    ArithmeticError that names the layer, if a loss or a gradient is NaN or infinite; that step changes nothing;
    RuntimeError if another process has ended.
    """
    check_suitable(network, data, recipe)
    check_count("log_every", log_every)
    limits = {"checkpoint_seconds": checkpoint_seconds, "log_seconds": log_seconds, "stop_after": stop_after or 0}
    for name, seconds in limits.items():
        check_number(name, 0 if seconds == math.inf else seconds, least=0)
    if not (progress is None or callable(progress)):
        raise TypeError(f"progress: expected a function of a dict, or None, got {progress!r}")
    identity = {
        "about": about or {},
        "recipe": schedule(recipe),
        "data": {name: part.fingerprint() for name, part in zip(("train", "test"), data, strict=True)},
        "architecture": architecture(network),
        "network": computation(network),
        "random numbers": RANDOM_NUMBERS,
    }
    outside, descent = Outside(network), Descent(network, data[0], recipe, own=optimizer)
    if optimizer is not None:
        identity["optimizer"] = descent.optimizers.told()
    draws, every = drawing_apart(data[0].device), {"checkpoint_seconds": checkpoint_seconds, "log_every": log_every}
    with distributed.together(data[0].device), reproducible(), torch.enable_grad(), draws:
        run = Elsewhere(folder)
        if distributed.number() == 0:
            run = RunFolder(folder, identity, tensorboard=tensorboard, threads=torch.get_num_threads())
        distributed.check_same("training", identity)
        keeper = Keeper(run, network=network, outside=outside, descent=descent, steps=_steps(recipe, data[0]))
        run.moved = lambda: keeper.moved(checkpoint)
        with run, Interruption(patient=distributed.count() > 1) as signals:
            training = _Training(data, recipe, run=run, signals=signals, descent=descent, keeper=keeper)
            training.resume(checkpoint)
            try:
                training.to_the_end(progress, **every, log_seconds=log_seconds, stop_after=stop_after)
            except BaseException as error:
                training.rescue(error)
                raise
            return training.outcome()


class _Training:
    """A network on its way: everything that a checkpoint holds is here."""

    def __init__(self, data, recipe, *, run, signals, descent, keeper):
        self.recipe, self.run, self.signals, self.descent, self.keeper = recipe, run, signals, descent, keeper
        self.network, (self.train, self.test) = descent.network, data
        self.steps_per_epoch, self.steps = recipe.steps_of_epoch(len(self.train)), _steps(recipe, self.train)
        self.step, self.seconds, self._at_rest = 0, 0.0, True
        self._begin_epoch()
        if not self.network.training:
            self.network.train()

    def resume(self, name):
        checkpoint = self.keeper.load(name)
        if checkpoint is None:
            return
        self.step = checkpoint.step
        self.seconds, self.sums = checkpoint.state["seconds"], checkpoint.state["sums"]
        if self.step < self.steps:
            self._compare("threads", self.run.threads, torch.get_num_threads())
            self._compare("processes", checkpoint.state.get("processes", 1), distributed.count())
            if unsaved := checkpoint.state.get("unsaved"):
                _LOG.warning(
                    "%s: no checkpoint holds what the network changed as it was trained, %s: the bits may be "
                    "others; a buffer of it would be held",
                    self.run.path,
                    ", ".join(ascii(name)[1:-1][:100] for name in unsaved[:5]),
                )

    def _compare(self, what, then, now):
        if then != now and distributed.number() == 0:
            text = "%s was begun with %s %s and is resumed with %s: the last bits will differ"
            _LOG.warning(text, self.run.path, then, what, now)

    def to_the_end(self, progress, *, checkpoint_seconds, log_every, log_seconds, stop_after):
        start = saved = before = logged = time.perf_counter()
        first, batches, order_of = self.step, None, None
        if self._epoch_is_open():  # it was stopped while it evaluated
            self._end_epoch()
            self._save_if(self.step == self.steps)
        while self.step < self.steps:
            self.run.check_there()
            epoch, position = divmod(self.step, self.steps_per_epoch)
            if order_of != epoch:
                batches, order_of = self._batches(epoch, position), epoch
            with self._whole():
                loss, accuracy = self._descend(next(batches))
                now = time.perf_counter()
                self.seconds, before = self.seconds + now - before, now
                if self.step % log_every == 0 or now - logged > log_seconds:
                    logged = now
                    self.run.log({"kind": "step", **self._place(epoch), "loss": loss, "accuracy": accuracy})
            if self._epoch_is_open():
                self._end_epoch()
            speed = (self.step - first) / max(now - start, 1e-9)
            if progress is not None and distributed.number() == 0:
                progress(self._report(epoch, loss, accuracy, speed))
            stop = self._agreed(stop_after is not None and now - start > stop_after)
            if self._save_if(stop or self.step == self.steps or now - saved > checkpoint_seconds):
                saved = time.perf_counter()
            if stop:
                break

    def _agreed(self, stop):
        """Whether to stop, as the first process says.  Raises what a signal that waits in any of them raises."""
        stop, signal = distributed.largest(stop and distributed.number() == 0, self.signals.waiting)
        if signal:
            self.signals.act(signal)
        return bool(stop)

    def rescue(self, error):
        """Write a checkpoint if no step is half done, and say in a note what is left."""
        if distributed.number() > 0:
            return add_note(error, f"process {distributed.number()}; what is left, the first process says")
        try:
            self.run.check_there()
            self._save_if(self._at_rest and self.step > self.keeper.saved)
            left = checkpoints.names(self.run.checkpoints)
            note = f"stopped after step {self.step} of {self.steps}; " + (
                f"the same call resumes from {self.run.checkpoints / left[-1]}" if left else "no checkpoint was written"
            )
        except Exception as second:
            note = str(second)
        add_note(error, note)
        if isinstance(error, SystemExit):  # which shows no notes
            _LOG.warning(note)
        return None

    @contextmanager
    def _whole(self):
        """What is done in here is done wholly: a signal waits, and after an exception no checkpoint is written."""
        with self.signals.held():
            self._at_rest = False
            yield
            self._at_rest = True

    def _batches(self, epoch, position):
        """The samples of each step that is left of an epoch, of which so many are done."""
        order = order_of_samples(len(self.train), seed=self.recipe.seed, epoch=epoch, device=self.train.device)
        batches = order.split(self.recipe.batch)[position : self.steps_per_epoch]
        self.descent.expect(batches, number=self.step)
        return iter(batches)

    def _begin_epoch(self):
        self.sums = {"loss": 0.0, "right": 0, "seen": 0}

    def _epoch_is_open(self):
        """Whether all steps of an epoch are done, but not its evaluation."""
        return self.step % self.steps_per_epoch == 0 and self.sums["seen"] > 0

    def _end_epoch(self):
        seen, recipe = self.sums["seen"], self.recipe
        train = {"loss": self.sums["loss"] / seen, "accuracy": self.sums["right"] / seen}
        average = self.descent.average
        with nullcontext() if average is None else average.standing_in():
            test = evaluate(self.network, self.test, batch=recipe.batch, precision=recipe.precision)
        measured = {f"train_{k}": v for k, v in train.items()} | {f"test_{k}": v for k, v in test.items()}
        place = self._place((self.step - 1) // self.steps_per_epoch)
        with self._whole():
            self.run.log({"kind": "epoch", **place, **measured, "seconds": self.seconds})
            self.keeper.save_if_best(self.step, test["accuracy"])
            self._begin_epoch()

    def _place(self, epoch):
        rate = self.recipe.rate_at(self.step - 1, self.steps_per_epoch)
        return {"step": self.step, "epoch": epoch + 1, "rate": rate}

    def _descend(self, index):
        """One step.  Returns the loss and the accuracy of its batch, before it."""
        try:
            loss, right = self.descent.step(index, number=self.step)
        except NotFinite as error:
            known = checkpoints.names(self.run.checkpoints)
            raise NotFinite(f"{error}. The newest checkpoint is {known[-1] if known else 'none'}") from None
        except BaseException:
            self._at_rest = self.descent.whole
            raise
        self.step += 1
        for name, value in (("loss", loss * len(index)), ("right", right), ("seen", len(index))):
            self.sums[name] += value
        return loss, right / len(index)

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

    def _save_if(self, due):
        """Write a checkpoint if one is due.  Returns whether one was."""
        if due:
            self.run.check_there()
            with self._whole():
                state = {"seconds": self.seconds, "sums": self.sums, "processes": distributed.count()}
                self.keeper.save(self.step, state)
        return due

    def outcome(self):
        if self.step == self.steps and self.descent.average is not None:
            self.descent.average.put()
        epochs = tuple(distributed.agreed([line for line in self.run.metrics.read() if line["kind"] == "epoch"]))
        precision = settled(self.recipe.precision, self.train.device)
        return Outcome(self.step == self.steps, self.step, self.seconds, epochs, torch.get_num_threads(), precision)


def _steps(recipe, images):
    return recipe.epochs * recipe.steps_of_epoch(len(images))
