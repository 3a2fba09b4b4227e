"""Doubts about the queue of the tables: is the best trial taken, is what was stopped resumed, are networks paired?"""

from dataclasses import asdict, replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("skimage")

from base64 import b64encode

import torch
from safetensors.torch import save_file

from analysis import __main__ as command
from analysis import accuracy_of_learned_networks as question
from analysis import record
from analysis import tuning_of_learned_networks as tuning
from analysis.instruments import cells, kept_weights, learning, queue
from analysis.instruments.trainings import PRESETS
from collapse_theory import learned


def test_the_best_trial_is_the_one_that_was_right_most_often():
    base = cells.searched()[1]
    rows = [{"setting": asdict(t), "accuracy": [n % 5, 0, 1]} for n, t in enumerate(cells.trials(base))]
    assert queue.best_of(rows, base) == cells.trials(base)[4]
    assert queue.best_of(rows[:-1], base) is None
    chosen = cells.tuned(replace(base, recipe=replace(base.recipe, seed=7, epochs=40)), cells.trials(base)[5])
    assert (chosen.recipe.rate, chosen.start, chosen.recipe.seed, chosen.recipe.epochs) == (0.25, 0.01, 7, 40)
    assert (chosen.images, chosen.validation) == (None, None)


@pytest.fixture
def small_tables(monkeypatch, tmp_path):
    """A table of two small cells, whose trials are one each."""
    base = replace(PRESETS["smoke"], width=1 / 64, tested=24, measured=24)
    base = replace(base, recipe=replace(base.recipe, epochs=1))
    bases = [replace(base, nonlinearity=name) for name in ("phase collapse", "identity")]
    trials = {b: [replace(b, images=32, validation=16, recipe=replace(b.recipe, rate=0.02))] for b in bases}
    monkeypatch.setattr(cells, "cells", lambda table: [cells.Cell(table, b, b) for b in bases])
    for module in (queue, tuning):
        monkeypatch.setattr(module, "trials", trials.__getitem__)
    monkeypatch.setattr(queue, "cells", lambda table: [cells.Cell(table, b, b) for b in bases])
    monkeypatch.setattr(queue, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(tuning, "searched", lambda: bases)
    return tmp_path


def test_a_table_is_tuned_stopped_resumed_and_recorded(small_tables, capsys):
    out = ["--out", str(small_tables / "out")]
    assert command.main([tuning.NAME, "--first", "1", *out]) == 0
    assert "phase collapse: learning rate 0.02, at an end of what was tried" in capsys.readouterr().out
    table = [question.NAME, "--table", "2", *out]
    assert command.main([*table, "--minutes", "0"]) == 75
    assert "stopped after 0 minutes; the same command goes on" in capsys.readouterr().out
    assert command.main(table) == 0
    first = capsys.readouterr()
    assert first.err.startswith("resuming from step 1\n")
    assert "identity: not trained, trials are missing; make them with: python -m analysis tuning" in first.out
    assert command.main([tuning.NAME, *out, "--quiet"]) == 0
    assert "phase collapse" not in capsys.readouterr().err
    assert command.main(table) == 0
    said = capsys.readouterr()
    assert "phase collapse" not in said.err
    assert "table 2, without skip: phase collapse − identity, %" in said.out
    rows = record.load(question.NAME, small_tables / "out")["rows"]
    assert [(row["network"], row["preset"]) for row in rows] == [("phase collapse", "table 2"), ("identity", "table 2")]
    for row in rows:
        assert row["setting"]["recipe"]["rate"] == 0.02
        assert learning.right_of(row).sum() == round(row["accuracy"][0] * 24)
        assert row["flops_per_image"] > 1e5
        check_weights(row, small_tables / "out" / "weights")
    assert rows[0]["flops_per_image"] < rows[1]["flops_per_image"]


def check_weights(row, folder):
    """Those of a cell are kept, in 8 bits of mantissa, and make the network again."""
    network = kept_weights.kept(folder / row["weights"])
    exact = learned.load(queue.RUNS / row["weights"].removesuffix(".safetensors")).state_dict()
    for name, value in network.state_dict().items():
        assert torch.allclose(value, exact[name], rtol=2**-8, atol=0)
    assert not network.training
    assert abs(row["accuracy_of_weights"] - row["accuracy"][0]) < 0.2
    assert kept_weights.kept(__file__) is None
    with pytest.raises(ValueError, match="says of them what this version does not know"):
        kept_weights.kept(_of_later(folder))


def _of_later(folder):
    save_file({"a": torch.zeros(1)}, folder / "later.safetensors", metadata={"setting": '{"recipe": {}, "more": 1}'})
    return folder / "later.safetensors"


def test_what_is_committed_is_not_trained_again_and_stands_behind_ones_own(small_tables, capsys, monkeypatch):
    committed, out = small_tables / "committed", ["--out", str(small_tables / "out")]
    assert command.main([tuning.NAME, "--quiet", "--out", str(committed)]) == 0
    monkeypatch.setattr(record, "RESULTS", committed)
    assert command.main([tuning.NAME, *out]) == 0
    assert not (small_tables / "out" / f"{tuning.NAME}.json").exists()
    assert "identity: learning rate 0.02" in capsys.readouterr().out
    assert command.main([question.NAME, "--table", "2", "--quiet", *out]) == 0
    rows = queue.rows_known(question.NAME, small_tables / "out")
    assert queue.rows_known(question.NAME, committed) == []
    own = record.load(question.NAME, small_tables / "out")["rows"]
    assert rows == own
    record.save(question.NAME, [own[0] | {"seconds": 1.0}], settings={}, folder=committed, seconds=1.0, on="torch")
    assert queue.rows_known(question.NAME, small_tables / "out") == own
    assert queue.rows_known(question.NAME, committed)[0]["seconds"] == 1.0


def test_a_cell_that_another_process_trains_is_passed_over(small_tables, capsys, monkeypatch):
    out = ["--out", str(small_tables / "out"), "--quiet"]
    assert command.main([tuning.NAME, *out]) == 0
    setting = next(queue.untrained("2", small_tables / "out"))
    from collapse_theory.learned.runs import RunFolder

    monkeypatch.chdir(small_tables)
    with RunFolder(queue.folder_of("table 2", setting), {"other": "run"}, tensorboard=False, threads=1):
        assert command.main([question.NAME, "--table", "2", *out]) == 0
    assert "another process trains it" in capsys.readouterr().out
    assert [row["network"] for row in record.load(question.NAME, small_tables / "out")["rows"]] == ["identity"]


def test_what_diverges_is_right_nowhere_and_does_not_stop_the_others(small_tables, capsys, monkeypatch):
    from collapse_theory.learned.not_finite import NotFinite

    train, out = learning.learned.train, ["--out", str(small_tables / "out"), "--quiet"]

    def diverge(network, data, recipe, **options):
        if options["about"]["nonlinearity"] == "identity":
            raise NotFinite("step 3: the loss is inf")
        return train(network, data, recipe, **options)

    monkeypatch.setattr(learning.learned, "train", diverge, raising=False)
    assert command.main([tuning.NAME, *out]) == 0
    rows = record.load(tuning.NAME, small_tables / "out")["rows"]
    assert [row.get("diverged") for row in rows] == [None, "step 3: the loss is inf"]
    assert rows[1]["accuracy"][0] == 0 < rows[0]["accuracy"][0]
    assert command.main([question.NAME, "--table", "2", *out]) == 0
    assert "    it diverged: step 3: the loss is inf" in capsys.readouterr().out
    assert [row["network"] for row in record.load(question.NAME, small_tables / "out")["rows"]] == ["phase collapse"]


def row_of(right, seed=0, name="phase collapse"):
    right = np.asarray(right, bool)
    recipe = {"seed": seed, "epochs": 1}
    setting = {"network": "learned scattering", "nonlinearity": name, "skip": True, "terms": "published"}
    return {
        "preset": "table 2",
        "setting": setting | {"recipe": recipe, "mixing": "complex", "width": 1 / 8},
        "accuracy": [right.mean(), 0, 1],
        "right": b64encode(np.packbits(right)).decode(),
        "split": {"test": {"0": len(right)}},
    }


def test_one_seed_is_paired_by_image():
    one, other = np.arange(100) < 80, np.arange(100) % 10 < 7
    values = one.astype(float) - other
    mean, low, high = queue.difference([(row_of(one), row_of(other))])
    assert mean == pytest.approx(0.1)
    assert high - mean == pytest.approx(mean - low) == pytest.approx(1.96 * values.std() / 10)


def test_several_seeds_are_paired_by_seed_and_no_difference_is_said_to_be_none():
    rows = [row_of(np.arange(100) < 50 + 5 * seed, seed) for seed in (2, 0, 1)]
    others = [row_of(np.arange(100) < 50 + 5 * seed - more, seed, "identity") for seed, more in enumerate((9, 10, 11))]
    lines = queue.differences([*rows, *others])
    half = 4.302653 / 3**0.5  # Student's quantile for two degrees of freedom
    assert lines == [
        "table 2, with skip: phase collapse − identity, %",
        f"    +10.0 [{10 - half:+.1f}, {10 + half:+.1f}] over 3 seeds",
    ]
    same = queue.differences([row_of(np.arange(100) < 50), row_of(np.arange(100)[::-1] < 50, name="identity")])
    assert same[1].endswith("over the test images, for one seed; no difference is shown")
    assert queue.differences(rows) == []
