"""Runs that are killed and damaged, many times, and a count of what became of them.

python -m tests.campaigns           the two tables of SECURITY.md, in full
python -m tests.campaigns 0.1       a tenth of it
python -m tests.campaigns save FOLDER KILLS SEED     one campaign of kills, in a process without threads; also append
"""

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from collapse_theory.learned import checkpoints
from collapse_theory.learned.checkpoints import Checkpoint
from collapse_theory.learned.metrics import Metrics
from tests.small_network import assert_same_end, metrics, train_small

FLIPS = {
    "checkpoints/step-00000010/weights.safetensors": 150,
    "checkpoints/step-00000010/momentum.safetensors": 150,
    "checkpoints/step-00000010/state.json": 150,
    "checkpoints/step-00000010/manifest.json": 150,
    "checkpoints/LATEST": 60,
    "metrics.jsonl": 600,
    "run.json": 600,
    "lock": 20,
}
KILLS = {"save": 120, "append": 120}


def finished_run(folder):
    """A run of ten steps, with two checkpoints."""
    train_small(folder, 2, stop_after=0)
    train_small(folder, 2, checkpoint_seconds=0)
    return folder


def damage_often(run, room, *, share, seed):
    """Flip bytes of each file of a finished run, then cut them, and resume with what is left.

    Returns {file: {"flips" or "cuts": {"tried", "detected", "same", "silent"}}}: refused by the name of the file or the
    checkpoint; ended as the run that was not damaged; ended in another way.
    """
    chance, counts = random.Random(seed), {}
    for file, flips in FLIPS.items():
        content = (run / file).read_bytes()
        for kind, tries in (("flips", round(share * flips)), ("cuts", max(2, round(share * flips / 6)))):
            found = counts.setdefault(file, {}).setdefault(
                kind, dict.fromkeys(("tried", "detected", "same", "silent"), 0)
            )
            for _ in range(tries):
                place = chance.randrange(len(content))
                other = chance.choice([byte for byte in range(256) if byte != content[place]])
                changed = content[:place] + (bytes([other]) + content[place + 1 :] if kind == "flips" else b"")
                found["tried"] += 1
                found[_outcome(run, room, file=file, changed=changed)] += 1
    return counts


def _outcome(run, room, *, file, changed):
    folder = room / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(run, folder)
    (folder / file).write_bytes(changed)
    try:
        outcome = train_small(folder, 2)[1]
    except ValueError as error:
        named = str(folder / file) in str(error) or str((folder / file).parent) in str(error)
        return "detected" if named and "\n" not in str(error) else "silent"
    try:
        assert_same_end(folder, run)
    except AssertionError:
        return "silent"
    epochs = [{k: v for k, v in line.items() if k != "seconds"} for line in outcome.epochs]
    return "same" if epochs == [line for line in metrics(run) if line["kind"] == "epoch"] else "silent"


def kill_often(kind, folder, *, kills, seed):
    """Kill a process that saves, or appends, without end, so many times.  Returns after how many all was right."""
    chance = random.Random(seed)
    act, check = {"save": (_save, _check_saved), "append": (_append, _check_appended)}[kind]
    for done in range(kills):
        receive, send = os.pipe()
        child = os.fork()
        if not child:
            act(folder, lambda send=send: os.write(send, b"."))
            os._exit(1)
        os.close(send)
        for _ in range(acknowledged := chance.randint(0, 3)):
            os.read(receive, 1)
        time.sleep(chance.random() * 0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while os.read(receive, 1):
            acknowledged += 1
        os.close(receive)
        check(folder, acknowledged)
        yield done + 1


def _state(step):
    return Checkpoint(step, {"weights": {"a": torch.full((1000,), float(step))}}, {"half": step / 2})


def _save(folder, say):
    found = checkpoints.load(folder)
    for step in itertools.count(found.step + 1 if found else 1):
        checkpoints.save(folder, _state(step))
        say()


MOST_LINES_A_LIFE = 400  # some ten milliseconds
SEEN = {"steps": 0, "lines": 0}


def _check_saved(folder, acknowledged):
    found = checkpoints.load(folder)
    SEEN["steps"] += acknowledged
    if found is None:
        assert SEEN["steps"] == 0
        return
    assert found.step >= SEEN["steps"]
    SEEN["steps"] = found.step
    assert torch.equal(found.tensors["weights"]["a"], _state(found.step).tensors["weights"]["a"])
    assert found.state == _state(found.step).state
    checkpoints.settle(folder)
    assert {path.name for path in folder.iterdir()} == {"LATEST", *checkpoints.names(folder)}
    assert len(checkpoints.names(folder)) <= 3


def _whole_lines(folder):
    path = folder / "metrics.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return len(lines), json.loads(lines[-1])["chain"] if lines else None


def _append(folder, say):
    lines = Metrics(folder / "metrics.jsonl", "a run")
    lines.start(*_whole_lines(folder))
    for step in range(lines.count + 1, lines.count + MOST_LINES_A_LIFE):
        lines.append({"kind": "step", "step": step, "loss": 1 / step})
        say()
    time.sleep(600)


def _check_appended(folder, acknowledged):
    count, chain = _whole_lines(folder)
    assert count >= SEEN["lines"] + acknowledged
    SEEN["lines"] = count
    if count:
        lines = Metrics(folder / "metrics.jsonl", "a run").verified(count, chain)
        assert [json.loads(line)["step"] for line in lines] == list(range(1, count + 1))


def in_a_process(kind, folder, *, kills, seed):
    """A campaign of kills in a process of its own, whose torch has one thread.  Returns how many ended well."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.campaigns", kind, str(folder), str(kills), str(seed)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


def main(arguments):
    if len(arguments) == 4:
        kind, folder, kills, seed = arguments
        torch.set_num_threads(1)
        print(sum(1 for _ in kill_often(kind, Path(folder), kills=int(kills), seed=int(seed))))
        return
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("share", nargs="?", type=float, default=1.0, help="of all kills and damages (default: 1)")
    share = parser.parse_args(arguments).share
    with tempfile.TemporaryDirectory() as room:
        room = Path(room)
        print("| killed while it | killed | nothing lost |\n|---|---|---|")
        for kind, kills in KILLS.items():
            count = round(share * kills)
            print(f"| {kind}s | {count} | {in_a_process(kind, room / kind, kills=count, seed=1)} |")
        print("\n| file | damage | tried | detected | same end | silent |\n|---|---|---|---|---|---|")
        for file, kinds in damage_often(finished_run(room / "run"), room, share=share, seed=1).items():
            for kind, counts in kinds.items():
                print(f"| {Path(file).name} | {kind} | {' | '.join(map(str, counts.values()))} |")


if __name__ == "__main__":
    main(sys.argv[1:])
