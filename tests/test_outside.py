"""Doubts about what a network keeps outside of its state_dict: does a run that was stopped end with the same bits?"""

import copy
import json
import random
from collections import deque

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn

from collapse_theory.learned import checkpoints, evaluate
from collapse_theory.learned.checkpoints import DamagedCheckpoint
from collapse_theory.learned.training import train
from tests.small_network import assert_same_end, small_data, small_recipe
from tests.test_crafted_checkpoints import vouched


class Moving(nn.Module):
    """Scales images by the result of `scale`, which may change whatever the module holds."""

    def __init__(self, scale, **held):
        super().__init__()
        self.register_buffer("running", torch.zeros(1), persistent=False)
        self._scale = scale
        vars(self).update(held)

    def forward(self, x):
        return x * self._scale(self)


def counted(name, every=1):
    def scale(module):
        value = getattr(module, name) + 1
        setattr(module, name, value)
        return 1 + 0.1 * (value // every % 3)

    return scale


def averaged(name):
    def scale(module):
        new = 0.5 * getattr(module, name) + 0.5
        setattr(module, name, new)
        return 1 + new

    return scale


def buffered(module):
    module.running.mul_(0.5).add_(0.5)
    return 1 + module.running


def listed(module):
    module.seen.append(len(module.seen) % 3)
    module.table["last"] = module.seen[-1]
    return 1 + 0.1 * module.table["last"] + 0.01 * len(module.seen)


def replaced(module):
    module.mean = module.mean + 1
    return 1 + 0.1 * float(module.mean[0] % 3)


def in_place(module):
    module.mean += 1
    return 1 + 0.1 * float(module.mean[0] % 3)


def paired(module):
    count, table = module.pair
    module.pair = (count + 1, {"a": [*table["a"], count * 1j][-2:]})
    return 1 + 0.1 * (count % 3) + 0.01 * abs(table["a"][-1])


def made_late(module):
    module.late = getattr(module, "late", 0) + 1
    return 1 + 0.1 * (module.late % 3)


def draws(draw):
    return lambda module: 1 + 0.1 * draw(module)


def drawn_by(make, name="draws"):
    return lambda: Moving(draws(lambda module: float(module.generator.random())), generator=make())


MOVING = {
    "counter": lambda: Moving(counted("steps"), steps=0),
    "private counter": lambda: Moving(counted("_steps"), _steps=0),
    "counter that acts late": lambda: Moving(counted("steps", every=3), steps=0),
    "counter that comes late": lambda: Moving(made_late),
    "number": lambda: Moving(averaged("mean"), mean=0.0),
    "tensor": lambda: Moving(averaged("mean"), mean=torch.zeros(1)),
    "buffer": lambda: Moving(buffered),
    "buffer that is replaced": lambda: Moving(averaged("running")),
    "list and table": lambda: Moving(listed, seen=[], table={"last": 0}),
    "array": lambda: Moving(replaced, mean=np.zeros(1)),
    "array in place": lambda: Moving(in_place, mean=np.zeros(2)),
    "number of NumPy": lambda: Moving(averaged("mean"), mean=np.float32(0)),
    "pair": lambda: Moving(paired, pair=(0, {"a": [1j]})),
    "Python's draws": lambda: Moving(draws(lambda _: random.random())),
    "NumPy's draws": lambda: Moving(draws(lambda _: float(np.random.rand()))),  # noqa: NPY002
    "torch's draws": lambda: Moving(draws(lambda _: torch.rand(1))),
    "own generator": drawn_by(lambda: np.random.default_rng(3)),
    "own Mersenne twister": drawn_by(lambda: np.random.Generator(np.random.MT19937(3))),
    "own Philox": drawn_by(lambda: np.random.Generator(np.random.Philox(3))),
    "own generator of old": drawn_by(lambda: np.random.RandomState(3)),
    "own generator of Python": drawn_by(lambda: random.Random(3)),
    "own generator of torch": lambda: Moving(
        draws(lambda module: torch.rand(1, generator=module.generator)), generator=torch.Generator()
    ),
}


def network(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(MOVING[name](), nn.Flatten(), nn.Linear(192, 4))


def trained(network, folder, **options):
    return train(network, small_data(), small_recipe(1), folder=folder, log_every=1, tensorboard=False, **options)


@pytest.mark.parametrize("again", ["a new network", "the same network"])
@pytest.mark.parametrize("name", MOVING)
def test_what_a_network_keeps_besides_its_weights_does_not_change_the_end_of_a_stopped_run(
    tmp_path, name, again, caplog
):
    trained(network(name), tmp_path / "whole")
    stopped, lives = network(name), 0
    while not trained(stopped, tmp_path / "parts", stop_after=0).finished:
        lives += 1
        random.seed(lives)
        np.random.seed(lives)  # noqa: NPY002
        stopped = network(name) if again == "a new network" else stopped
    assert lives > 3
    assert_same_end(tmp_path / "whole", tmp_path / "parts")
    assert caplog.messages == []


@pytest.mark.parametrize("name", MOVING)
def test_training_and_evaluation_leave_the_draws_of_the_caller_and_evaluation_all_that_moves(tmp_path, name):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.rand()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    moving, (data, _) = network(name), small_data()
    first = evaluate(moving, data)
    assert evaluate(moving, data) == first
    trained(moving, tmp_path)
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002


@pytest.mark.parametrize(
    ("held", "scale"),
    [
        ({"held": {"mean": torch.zeros(1)}}, lambda m: m.held.update(mean=m.held["mean"] + 1)),
        ({"held": [np.random.default_rng(3)]}, lambda m: m.held[0].random()),
        ({"held": deque()}, lambda m: m.held.append(1)),
        ({"held": {1}}, lambda m: m.held.add(len(m.held) + 1)),
    ],
)
def test_what_changes_within_a_collection_and_is_not_saved_is_named(tmp_path, caplog, held, scale):
    def made():
        moving = Moving(lambda module: (scale(module) and 1.0) or 1.0, **copy.deepcopy(held))
        return nn.Sequential(moving, nn.Flatten(), nn.Linear(192, 4))

    for again in range(2):
        trained(made(), tmp_path, stop_after=0)
        assert ("no checkpoint holds what the network changed as it was trained, 0.held" in caplog.text) == bool(again)


class Counts:
    """An object that counts."""

    def __init__(self):
        self.steps = 0


def test_what_no_checkpoint_holds_is_named_as_a_run_goes_on(tmp_path, caplog):
    def scale(module):
        module.counts.steps += 1
        return 1.0

    def made():
        return nn.Sequential(Moving(scale, counts=Counts()), nn.Flatten(), nn.Linear(192, 4))

    first = made()
    trained(first, tmp_path, stop_after=0)
    assert caplog.messages == []
    for again in (first, made()):
        caplog.clear()
        trained(again, tmp_path, stop_after=0)
        assert "no checkpoint holds what the network changed as it was trained, 0.counts" in caplog.text


def test_what_is_built_otherwise_is_refused_whatever_has_moved(tmp_path):
    def made(gain):
        return nn.Sequential(Moving(counted("steps"), steps=0, gain=gain), nn.Flatten(), nn.Linear(192, 4))

    moved = made(1.0)
    trained(moved, tmp_path, stop_after=0)
    with pytest.raises(ValueError, match=r"is of another run: network, 0, gain is 1\.0 there and 2\.0 here"):
        trained(made(2.0), tmp_path)
    moved[0].gain = 2.0
    with pytest.raises(ValueError, match=r"network, 0, gain is 1\.0 there and 2\.0 here"):
        trained(moved, tmp_path)


def test_what_is_too_large_for_a_checkpoint_does_not_damage_it(tmp_path, caplog):
    def scale(module):
        module.words = module.words + ["word"] * 10**5
        module.last = torch.ones(2**23)
        return 1.0

    def made():
        return nn.Sequential(Moving(scale, words=[], last=None), nn.Flatten(), nn.Linear(192, 4))

    trained(made(), tmp_path, stop_after=0)
    trained(made(), tmp_path, stop_after=0)
    assert "as it was trained, 0.words, 0.last" in caplog.text


@pytest.mark.parametrize(
    "outside",
    [
        {"nowhere": {"steps": 1}},
        {"0": {"forward": 1}},
        {"0": {"training": True}},
        {"0": {"_parameters": {}}},
        {"0": {"__class__": 1}},
        {"0": {"generator": {"bit_generator": "PCG64"}}},
        {"0": {"generator": None}},
        {"0": {"running": 1}},
        {"2": {"in_features": "many"}},
        {"2": {"in_features": {"array": ["O", [1]]}}},
        {"2": {"in_features": {"a": 1, "b": 2}}},
        {"0": 3},
        [],
    ],
)
def test_a_crafted_state_outside_of_the_weights_is_refused(tmp_path, outside):
    trained(network("own generator"), tmp_path, stop_after=0)
    (name,) = checkpoints.names(tmp_path / "checkpoints")
    folder = tmp_path / "checkpoints" / name
    state = json.loads((folder / "state.json").read_text()) | {"outside": outside}
    vouched(folder, state_json=json.dumps(state).encode())
    with pytest.raises(DamagedCheckpoint, match=f"{name} is damaged: ") as caught:
        trained(network("own generator"), tmp_path)
    assert "\n" not in str(caught.value)
