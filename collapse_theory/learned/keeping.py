"""What of a training is kept in its run folder: the newest checkpoints, and the best network so far."""

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from . import checkpoints, distributed
from .checkpoints import Checkpoint
from .resumption import check_resumable, moved_in, restore, restore_outside

__all__ = ["Keeper"]


class Keeper:
    """Writes the checkpoints of a training, and puts one back.

    Of several processes that are together the first one reads and writes, and the others get what it has.
    run : RunFolder
    network, outside, descent : of the training, see `Outside` and `Descent`
    steps : that the training has

    best : largest accuracy on the test images so far; None before the first epoch ends
    saved : number of steps of the newest checkpoint
    """

    def __init__(self, run, *, network, outside, descent, steps):
        self._run, self._network, self._outside, self._descent, self._steps = run, network, outside, descent, steps
        self._size = sum(tensor.nbytes for tensor in network.state_dict().values())
        more = (descent.average is not None) + 4 * descent.is_own
        self._most = outside.most + more * self._size
        self.best, self.saved = None, 0

    def load(self, name):
        """Put a checkpoint back, by default the newest.  Returns it; None if there is none.

        Raises DamagedCheckpoint; ValueError if it has done more steps than the training has; OSError without room.
        """
        found = self._load(name) if distributed.number() == 0 else None
        if distributed.count() == 1:
            return found
        state = (
            {} if found is None else {k: found.state[k] for k in ("seconds", "sums", "processes") if k in found.state}
        )
        held = _sent(self._held(self.saved, state) if distributed.number() == 0 else None)
        if distributed.number() > 0:
            self._put_back(held)
        return held if held.step else None

    def _load(self, name):
        folder = self._run.checkpoints
        checkpoint = checkpoints.load(folder, name, check=self._check, most=self._most)
        if checkpoint is None:
            checkpoints.check_room(self._run.path, 2 * self._size)
            self._run.start_metrics(0)
            return None
        if checkpoint.step > self._steps:
            raise ValueError(
                f"recipe: expected at least the {checkpoint.step} steps that the run in {self._run.path} has done, "
                f"got epochs of {self._steps} steps together"
            )
        if checkpoint.step < self._steps:
            checkpoints.check_room(self._run.path, 2 * self._size)
        self._put_back(checkpoint)
        checkpoints.go_back(folder, checkpoints.name_of(self.saved))  # before the metrics are cut
        lines = checkpoint.state["metrics"]
        self._run.start_metrics(self.saved, lines["lines"], lines["chain"])
        ends = [line["test_accuracy"] for line in self._run.metrics.read() if line["kind"] == "epoch"]
        self.best = max(ends, default=None)
        return checkpoint

    def moved(self, name):
        """What of the network a checkpoint puts back, see `moved_in`."""
        return moved_in(checkpoints.load(self._run.checkpoints, name, most=self._most))

    def save(self, step, state):
        """Write a checkpoint after so many steps, with the state of the training beside that of the network."""
        if distributed.number() == 0:
            self._run.metrics.flush()
            lines = {"lines": self._run.metrics.count, "chain": self._run.metrics.chain}
            checkpoints.save(self._run.checkpoints, self._held(step, state | {"metrics": lines}))
        self.saved = step

    def save_if_best(self, step, accuracy):
        """Write what was evaluated to the folder `best`, if no epoch before had as large an accuracy."""
        if distributed.number() > 0 or (self.best is not None and accuracy <= self.best):
            return
        average = self._descent.average
        outside, values, _ = self._outside.moved()
        tensors = {"weights": self._network.state_dict() if average is None else average.values}
        tensors |= {"outside": outside} if outside else {}
        state = {"test_accuracy": accuracy, "outside": values}
        checkpoints.save(self._run.best, Checkpoint(step, tensors, state), keep=1)
        self.best = accuracy

    def _held(self, step, state):
        """What there is now, as a checkpoint."""
        tensors, kept = self._descent.state()
        outside, values, unsaved = self._outside.moved()
        tensors = {"weights": self._network.state_dict()} | tensors | ({"outside": outside} if outside else {})
        return Checkpoint(step, tensors, state | kept | {"outside": values, "unsaved": unsaved})

    def _put_back(self, checkpoint):
        path = self._run.checkpoints / checkpoints.name_of(checkpoint.step)
        restore(self._network, checkpoint)
        restore_outside(self._outside, checkpoint, path=path)
        self._descent.restore(checkpoint)
        self.saved = checkpoint.step

    def _check(self, checkpoint):
        path = self._run.checkpoints / checkpoints.name_of(checkpoint.step)
        check_resumable(checkpoint, self._network, groups=set(self._descent.state()[0]), path=path)
        self._run.metrics.verified(checkpoint.state["metrics"]["lines"], checkpoint.state["metrics"]["chain"])


def _sent(checkpoint):
    """A checkpoint of the first process, for all of them."""
    told = None
    if checkpoint is not None:
        told = {"step": checkpoint.step, "state": checkpoint.state, "groups": list(checkpoint.tensors)}
    told = distributed.agreed(told)
    tensors = {}
    for name in told["groups"]:
        group = None if checkpoint is None else checkpoints.on_host(checkpoint.tensors[name])
        tensors[name] = load_tensors(distributed.message(None if group is None else save_tensors(group)))
    return Checkpoint(told["step"], tensors, told["state"])
