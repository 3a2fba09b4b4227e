"""Doubts about the sums of results: is any flipped byte, cut file, lost or moved line read in silence?

python -m tests.test_damaged_results     every damage of the whole campaign, counted
"""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from analysis import record

RESULTS = sorted(path.stem for path in record.RESULTS.glob("*.json"))
FLIPS, CUTS = 300, 50


def campaign(name, folder, share):
    """Counts of detected, same and silent by kind of damage, of a share of the whole campaign, drawn from a seed."""
    path, chance = Path(folder) / f"{name}.json", random.Random(name)
    raw, whole = (record.RESULTS / f"{name}.json").read_bytes(), record.load(name)
    counts = Counter()
    for kind, damaged in damages(raw, chance, share):
        path.write_bytes(damaged)
        try:
            outcome = "same" if record.load(name, folder) == whole else "silent"
        except ValueError as error:
            outcome = "detected" if str(path) in str(error) else "unnamed"
        counts[kind, outcome] += 1
    return counts


def damages(raw, chance, share):
    """Pairs of a kind of damage and the damaged bytes."""
    for _ in range(int(FLIPS * share)):
        place, flip = chance.randrange(len(raw)), chance.randrange(1, 256)
        yield "flip", raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :]
    for _ in range(int(FLIPS * share)):
        digits = [place for place in chance.sample(range(len(raw)), 50) if raw[place : place + 1].isdigit()]
        place = digits[0] if digits else raw.index(b"1")
        other = b"%d" % ((int(raw[place : place + 1]) + chance.randrange(1, 10)) % 10)
        yield "digit", raw[:place] + other + raw[place + 1 :]
    for _ in range(int(CUTS * share)):
        yield "cut", raw[: chance.randrange(len(raw))]
    lines = raw.splitlines(keepends=True)
    rows = [number for number, line in enumerate(lines) if line.startswith(b"  {")]
    for _ in range(int(CUTS * share)):
        lost = chance.choice(rows[:-1])
        yield "line lost", b"".join(lines[:lost] + lines[lost + 1 :])
        first, second = sorted(chance.sample(rows[:-1], 2)) if len(rows) > 2 else (rows[0], rows[0])
        moved = lines[:first] + lines[first + 1 : second + 1] + [lines[first]] + lines[second + 1 :]
        yield "line moved", b"".join(moved)


def check(name, folder, share):
    counts = campaign(name, folder, share)
    assert {outcome for _, outcome in counts} <= {"detected", "same"}, counts
    assert counts["cut", "detected"] == int(CUTS * share)
    assert counts["line lost", "detected"] == int(CUTS * share)


@pytest.mark.parametrize("name", RESULTS)
def test_a_tenth_of_the_damages_is_noticed(name, tmp_path):
    check(name, tmp_path, 0.1)


@pytest.mark.deep
@pytest.mark.parametrize("name", RESULTS)
def test_every_damage_is_noticed(name, tmp_path):
    check(name, tmp_path, 1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room:
        total = sum((campaign(name, room, 1) for name in RESULTS), Counter())
    for kind in dict.fromkeys(kind for kind, _ in total):
        print(kind, *(f"{outcome} {total[kind, outcome]}" for outcome in ("detected", "same", "silent")))
    sys.exit(any(outcome == "silent" for _, outcome in total))
