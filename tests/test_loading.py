"""Doubts about what was trained: does it come back in one line, the last and the best, and are its mistakes counted?"""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from torch import nn

from collapse_theory import learned
from collapse_theory.learned.training import train
from tests.small_network import metrics, small_data, small_network, small_recipe, train_small

SMALL = learned.Architecture(side=8, colors=3, classes=4, channels=(3, 4))
OURS = {
    "published": lambda: learned.scattering_network(SMALL, pi=3.1415),
    "equal terms": lambda: learned.scattering_network(SMALL, "soft threshold", True, terms="equal", mixing="real"),
    "full circle": lambda: learned.scattering_network(SMALL, "tanh", angles=8, circle="full", seed=3),
    "residual": lambda: learned.resnet20("tanh", bias=False, classes=5),
    "baseline": lambda: learned.scattering_baseline(learned.Baseline(8, 3, 4, 1, 4, 6), "fixed"),
}


def same(first, second):
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("average", [None, 0.5])
def test_a_network_of_ours_is_built_again_and_gets_its_weights(tmp_path, name, average):
    network = OURS[name]()
    train(network, small_data(), small_recipe(1, average=average, batch=18), folder=tmp_path)
    found = learned.load(str(tmp_path))
    assert not found.training
    assert same(found, network)
    assert learned.evaluate(found, small_data()[1]) == learned.evaluate(network, small_data()[1])


def test_another_network_is_given_and_a_different_one_refused(tmp_path):
    network, _ = train_small(tmp_path, 1)
    with pytest.raises(ValueError, match=r"network: expected the network that was trained, as load\(folder, network="):
        learned.load(tmp_path)
    assert same(learned.load(tmp_path, network=small_network(seed=1)), network)
    other = small_network()
    other[3] = nn.Dropout(0.5)
    with pytest.raises(ValueError, match=r"network: expected the one that was trained, got another: 3, p is 0.2 there"):
        learned.load(tmp_path, network=other)
    with pytest.raises(TypeError, match="network: expected a torch module, got a int"):
        learned.load(tmp_path, network=3)
    with pytest.raises(ValueError, match="checkpoint: no 'worst' in"):
        learned.load(tmp_path, "worst", network=small_network())
    with pytest.raises(ValueError, match=r"run\.json cannot be read: No such file"):
        learned.load(tmp_path / "nothing")


def test_the_best_epoch_is_kept_beside_the_last(tmp_path):
    recipe = small_recipe(6, rate=0.5)  # which goes up and down
    outcome = train(small_network(), small_data(), recipe, folder=tmp_path)
    accuracies = [line["test_accuracy"] for line in outcome.epochs]
    best, last = (learned.load(tmp_path, which, network=small_network()) for which in ("best", "last"))
    assert learned.evaluate(best, small_data()[1])["accuracy"] == max(accuracies)
    assert learned.evaluate(last, small_data()[1])["accuracy"] == accuracies[-1]
    assert accuracies[-1] < max(accuracies), "the test needs a run whose last epoch is not its best"
    assert learned.checkpoints.names(tmp_path / "best") == [f"step-{5 * (1 + np.argmax(accuracies)):08d}"]
    for _ in range(31):
        train(small_network(), small_data(), recipe, folder=tmp_path / "parts", stop_after=0)
    found = learned.load(tmp_path / "parts", "best", network=small_network())
    assert same(found, best)
    assert [line for line in metrics(tmp_path) if line["kind"] == "epoch"] == metrics(tmp_path / "parts")


def test_mistakes_are_counted_by_class():
    network, (data, _) = small_network(), small_data(count=30)
    network.eval()
    x, labels = data.batch(slice(0, 30))
    with torch.no_grad():
        taken = network(x).argmax(1)
    expected = [[int(((labels == y) & (taken == k)).sum()) for k in range(4)] for y in range(4)]
    found = learned.confusion_matrix(network, data, batch=7)
    assert found.tolist() == expected
    assert found.trace() / found.sum() == learned.evaluate(network, data)["accuracy"]
    shares = learned.accuracy_by_class(found)
    assert shares.tolist() == [expected[y][y] / sum(expected[y]) for y in range(4)]
    assert np.isnan(learned.accuracy_by_class(np.array([[3, 1], [0, 0]]))).tolist() == [False, True]
    more = nn.Sequential(network, nn.Linear(4, 6))
    found = learned.confusion_matrix(more, data)
    assert (found.shape, found.trace() / 30) == ((4, 6), learned.evaluate(more, data)["accuracy"])
    for wrong in (np.zeros((3, 2), int), np.zeros((2, 2)), -np.eye(2, dtype=int)):
        with pytest.raises(ValueError, match=r"confusion: expected counts \(K, M\), .* got"):
            learned.accuracy_by_class(wrong)
