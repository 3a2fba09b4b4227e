"""Doubts about the audit: are its numbers those of an offline computation, and is what it cannot see said?"""

import csv
import io

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.nn import functional

from collapse_theory import learned
from collapse_theory.separation import ClassMoments
from tests.architectures import ARCHITECTURES, RowsByLSTM, Siamese, Swin
from tests.small_network import small_network

N, K = 60, 4
LABELS = np.arange(N) % K


def images(side=16, seed=0):
    """Four classes of noise around a mean of their own."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(K, 3, side, side))
    return (rng.normal(size=(N, 3, side, side)) + means[LABELS]).astype(np.float32)


def audited(network, data=None, **options):
    return learned.audit(network, (images(), LABELS) if data is None else data, **{"moved": 0, "batch": 23} | options)


def small(side=16):
    """A convolution, its rectifier in place, and two linear maps."""
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(4 * ((side - 1) // 2) ** 2, 12), nn.ReLU(), nn.Linear(12, K))


def offline(features):
    """Statistics of (N, D) features from all of them at once, in double precision."""
    means = np.stack([features[y == LABELS].mean(axis=0) for y in range(K)])
    rest, centred = features - means[LABELS], means - features.mean(axis=0)
    within, between = rest.T @ rest / N, centred.T @ centred / K
    values, vectors = np.linalg.eigh(between)
    largest = vectors[:, 1 - K :] / values[1 - K :] @ vectors[:, 1 - K :].T
    variances = [np.trace(rest[y == LABELS].T @ rest[y == LABELS]) * K / N for y in range(K)]
    pairs = [(y, z) for y in range(K) for z in range(y)]
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    gram, ideal = centred @ centred.T, np.eye(K) - 1 / K
    total, norms = within + between, np.linalg.norm(centred, axis=1)
    return {
        "within_class_variance": np.trace(within),
        "between_class_variance": np.trace(between),
        "fisher_trace": np.trace(between) / np.trace(within),
        "nc1": np.trace(within @ np.linalg.pinv(between, rcond=1e-12)) / K,
        "nc1_svd": np.trace(within @ largest) / K,
        "nc1_quotient": np.trace(within) / np.trace(between),
        "cdnv": np.mean([(variances[y] + variances[z]) / 2 / np.sum((means[y] - means[z]) ** 2) for y, z in pairs]),
        "nc2_norms": np.std(norms) / np.mean(norms),
        "nc2_angles": np.mean([abs(unit[y] @ unit[z] + 1 / (K - 1)) for y, z in pairs]),
        "nc2_etf": np.linalg.norm(gram / np.linalg.norm(gram) - ideal / np.linalg.norm(ideal)),
        "effective_rank": np.trace(total) ** 2 / np.sum(total**2),
    }


def features_of(network, x):
    """(N, D) outputs of each layer of a sequence, in double precision."""
    network, outputs = network.eval(), []
    with torch.no_grad():
        for layer in network:
            x = layer(x.clone())
            outputs.append(x.flatten(1).double().numpy())
    return outputs


@pytest.mark.parametrize("known", [True, False])  # how many images come: then rows are kept, else moments of folds
def test_every_number_is_that_of_an_offline_computation_in_one_pass(known):
    network = small()
    data = [(torch.as_tensor(images()[i : i + 23]), torch.as_tensor(LABELS[i : i + 23])) for i in range(0, N, 23)]
    report = audited(network, (images(), LABELS) if known else data, interventions="none")
    for row, features in zip(report.to_dicts(), features_of(network, torch.as_tensor(images())), strict=True):
        for name, value in offline(features).items():
            assert row[name] == pytest.approx(value, rel=1e-6), (row["layer"], name)
        moments = ClassMoments(groups=5).update(features, LABELS)
        assert row["fisher_trace_unbiased"] == pytest.approx(moments.unbiased().fisher_trace)
        assert row["sketch_error"] == 0
        assert row["fisher_trace_unbiased_low"] < row["fisher_trace_unbiased"] < row["fisher_trace_unbiased_high"]


def test_the_classifier_is_compared_with_the_class_means():
    network = small()
    report = audited(network, interventions="none")
    *_, features, logits = features_of(network, torch.as_tensor(images()))
    means = np.stack([features[y == LABELS].mean(axis=0) for y in range(K)])
    centred, weight = means - features.mean(axis=0), network[6].weight.detach().double().numpy()
    nearest = np.argmin(np.sum((features[:, None] - means) ** 2, axis=2), axis=1)
    found = report.classifier
    assert found["classifier"] == "6"
    difference = weight / np.linalg.norm(weight) - centred / np.linalg.norm(centred)
    assert found["nc3"] == pytest.approx(np.sum(difference**2), rel=1e-6)
    assert found["nc4"] == np.mean(nearest == logits.argmax(axis=1))
    assert found["accuracy"] == np.mean(logits.argmax(axis=1) == LABELS)
    assert found["nc4_images"] == N


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.__name__)
def test_public_architectures_give_a_report_and_are_left_as_they_were(architecture):
    torch.manual_seed(0)
    network = architecture().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    report = audited(network, moved=4, batch=30)
    assert {name: bool(torch.equal(t, before[name])) for name, t in network.state_dict().items()} == dict.fromkeys(
        before, True
    )
    assert all(module.training for module in network.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    seen = {row["layer"].split("#")[0].split("[")[0] for row in report.rows + report.unmeasured}
    weighted = {
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear | nn.LSTM) and "self_attn" not in name and "attention" not in name
    }
    assert weighted <= seen
    assert all(row["reason"] for row in report.unmeasured)
    assert report.classifier["accuracy"] is not None
    assert all(0 <= row["between_class_variance"] <= row["energy"] * (1 + 1e-9) for row in report.rows)
    assert str(report)


def test_windows_are_named_time_is_turned_and_a_second_call_has_a_row():
    windows = audited(Swin(), interventions="none")
    assert [row["layer"] for row in windows.rows] == ["patches", "norm", "head"]
    assert {row["layer"] for row in windows.unmeasured} > {"mlp.0.1", "attention.0[0]"}
    assert "several entries per image" in windows.unmeasured[0]["reason"]
    rows = {row["layer"]: row for row in audited(RowsByLSTM(), interventions="none").rows}
    assert [*rows] == ["lstm[0]", "lstm[1][0]", "lstm[1][1]", "norm", "tanh()", "fc"]
    assert rows["lstm[0]"]["shape"] == [16, 12]
    rows = {row["layer"]: row for row in audited(Siamese(), interventions="none").rows}
    assert rows["branch.1"]["fisher_trace"] != rows["branch.1#2"]["fisher_trace"]
    assert rows["abs()"]["odd_energy"] == 0


def test_an_output_that_is_changed_in_place_is_measured_before():
    class Added(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.linear = nn.Conv2d(3, 1, 3), nn.Linear(196, K)

        def forward(self, x):
            out = self.convolution(x)
            out *= 100
            features = functional.relu_(out.flatten(1))
            output = self.linear(features)
            features.zero_()
            return output

    network = Added()
    report = audited(network, interventions="none")
    rows = report.rows
    expected = offline(network.convolution(torch.as_tensor(images())).detach().flatten(1).double().numpy())
    for name in ("within_class_variance", "nc1", "effective_rank"):
        assert rows[0][name] == pytest.approx(expected[name], rel=1e-6), name
    assert 1000 * rows[0]["energy"] < rows[1]["energy"]
    assert rows[1]["odd_fisher"] == pytest.approx(rows[0]["fisher_trace_unbiased"])
    assert report.classifier["fisher_trace"] == pytest.approx(rows[1]["fisher_trace_unbiased"])


def test_compiled_parallel_and_half_networks_are_measured():
    plain = audited(small(), interventions="none").to_dicts()
    compiled = torch.compile(small(), backend="eager").eval()
    compiled(torch.as_tensor(images()))
    inner, inside = small(), small().eval()
    inner[0] = torch.compile(inner[0], backend="eager")
    inside.compile(backend="eager")
    inside(torch.as_tensor(images()))
    for network in (compiled, inner, inside, nn.DataParallel(small())):
        assert audited(network, interventions="none").to_dicts() == plain
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        rows = audited(small().to(dtype)).rows
        assert rows[2]["fisher_trace"] == pytest.approx(plain[2]["fisher_trace"], rel=0.05)


def test_what_goes_wrong_in_one_layer_is_said_and_what_goes_wrong_in_the_network_leaves_no_hooks():
    class Beside(nn.Module):
        def __init__(self, other):
            super().__init__()
            self.other, self.inner = other, small()

        def forward(self, x):
            self.other(x)
            return self.inner(x)

    class Nothing(nn.Module):
        def forward(self, x):
            return x * torch.nan

    report = audited(Beside(Nothing()), interventions="none")
    assert [row["layer"] for row in report.unmeasured] == ["other"]
    assert report.unmeasured[0]["reason"].startswith("features: expected finite values")
    assert len(report.rows) == 7

    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError("broken")

    network = Beside(Broken())
    with pytest.raises(RuntimeError, match="broken"):
        audited(network)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    assert torch.overrides._get_current_function_mode_stack() == []


@pytest.mark.parametrize("kind", ["set", "loader", "generator", "pairs", "names"])
def test_data_come_as_people_have_them(kind):
    x, y = torch.as_tensor(images()), torch.as_tensor(LABELS)
    data = torch.utils.data.TensorDataset(x, y)
    network, expected = small(), audited(small(), interventions="none").rows[2]["fisher_trace"]
    if kind == "loader":
        data = torch.utils.data.DataLoader(data, batch_size=7)
    if kind == "generator":
        data = ((x[i : i + 9].numpy(), LABELS[i : i + 9, None]) for i in range(0, N, 9))
    if kind in ("pairs", "names"):

        class Two(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = small()

            def forward(self, one, other):
                return self.inner(one * other)

        network = Two()
        parts = [(x[i : i + 9], torch.ones_like(x[i : i + 9, :1]), y[i : i + 9]) for i in range(0, N, 9)]
        data = [((a, b) if kind == "pairs" else {"other": b, "one": a}, labels) for a, b, labels in parts]
    report = audited(network, data, moved=4)
    assert report.rows[2]["fisher_trace"] == pytest.approx(expected, rel=1e-6)
    assert bool(report.interventions) == (kind != "generator") != bool(report.notes)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (3, TypeError, "data: expected labelled images, a pair of arrays, .*, got a int"),
        ((images(), LABELS[:9]), ValueError, r"data: expected images \(N, C, H, W\) and labels \(N,\), got"),
        ((images(), LABELS * 0.5), ValueError, "data: expected 23 integers as labels, got float64"),
        ((images(), LABELS - 1), ValueError, "data: expected labels of at least 0, got -1"),
        ((images(), LABELS * 0), ValueError, r"data: expected at least two classes, got \[0\]"),
        ((images()[:0], LABELS[:0]), ValueError, "data: expected at least one image, got none"),
        ([images()], TypeError, "data: expected batches of images and labels, got"),
    ],
)
def test_data_that_are_none_are_refused(data, error, said):
    with pytest.raises(error, match=said):
        audited(small(), data)


def test_the_table_is_written_as_csv(tmp_path):
    report = audited(small(), interventions="none")
    text = report.to_csv(tmp_path / "audit.csv")
    assert (tmp_path / "audit.csv").read_text() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["layer"] for row in rows] == list("0123456")
    assert float(rows[2]["fisher_trace"]) == report.rows[2]["fisher_trace"]
    assert rows[2]["shape"] == "4 x 7 x 7"


def test_layers_are_chosen_by_name():
    report = audited(small_network(), (images(8), LABELS), layers=["2", "5"], interventions="none")
    assert [row["layer"] for row in report.rows] == ["2", "5"]
    with pytest.raises(ValueError, match="layers: unknown '9', expected names of modules, or of calls such as"):
        audited(small(), layers=["9"])
