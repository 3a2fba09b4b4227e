"""Doubts about data files: does a damaged one end in a sentence, and is it ever read in silence where a sum could tell?

python -m tests.test_damaged_data     every damage of the whole campaign, counted
"""

import gzip
import hashlib
import importlib
import io
import pickle
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from collapse_theory import datasets
from tests.test_mnist import IMAGES, LABELS, idx

image = pytest.importorskip("PIL.Image")

# The names in the package are those of functions.
CIFAR, MNIST = (importlib.import_module(f"collapse_theory.datasets.{name}") for name in ("cifar", "mnist"))
FLIPS, CUTS = 300, 50
SLOW = 5  # seconds of the processor
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(256, size=(10, 3072), dtype=np.uint8)
DIGITS = RNG.integers(256, size=(10, 28, 28), dtype=np.uint8)
PHOTOGRAPH = np.kron(RNG.integers(256, size=(6, 8, 3), dtype=np.uint8), np.ones((4, 4, 1), np.uint8))
ZIPPED = f"{IMAGES}.gz"


class Data(NamedTuple):
    """Made-up files, the first of which is damaged; how they are read; which of its outcomes may be silent."""

    files: dict[str, bytes]
    read: object
    silent: frozenset = frozenset()


def _photograph(kind, **options):
    file = io.BytesIO()
    image.fromarray(PHOTOGRAPH).save(file, kind, **options)
    return file.getvalue()


def _published(data):
    """A row that is compared with the sums of its own files, as the published ones are."""
    sums = {name.removesuffix(".gz"): hashlib.md5(_unzipped(raw)).hexdigest() for name, raw in data.files.items()}

    def read(folder):
        with pytest.MonkeyPatch.context() as patch:
            forms = [
                replace(form, md5=form.md5 | {name: sums[name] for name in form.md5 if name in sums})
                for form in CIFAR._CIFAR10.forms
            ]
            patch.setattr(CIFAR, "_CIFAR10", replace(CIFAR._CIFAR10, forms=tuple(forms)))
            patch.setattr(CIFAR, "_COUNTS", {"train": 50, "test": 10})
            patch.setattr(MNIST, "_MNIST", replace(MNIST._MNIST, md5=sums, counts={"train": 10}))
            return data.read(folder, verify=True)

    return Data(data.files, read)


def _unzipped(raw):
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw


def _cifar10(folder, verify=False):
    return datasets.cifar10(folder, "test", verify=verify)


def _cifar100(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CIFAR, "_COUNTS", {"train": 500, "test": 100})
        return datasets.cifar100(folder, "test")


def _mnist(folder, verify=False):
    return datasets.mnist(folder, verify=verify)


def _folder(folder):
    return datasets.image_folder(folder, side=16, colour=True, workers=1)[:2]


def _records(*labels):
    return np.concatenate([np.transpose(labels), np.resize(PIXELS, (len(labels[0]), 3072))], axis=1).tobytes()


BYTES = np.arange(10, dtype=np.uint8)
PICKLED = {"test_batch": pickle.dumps({b"labels": BYTES.tolist(), b"data": PIXELS}, protocol=3)}
BINARY = {"test_batch.bin": _records(BYTES)}
HUNDRED = np.arange(100, dtype=np.uint8)
DIGIT_IMAGES, DIGIT_LABELS = {IMAGES: idx(DIGITS)}, {LABELS: idx(BYTES)}
ZIPPED_IMAGES = {ZIPPED: gzip.compress(DIGIT_IMAGES[IMAGES], mtime=0)}
FLIPPED = frozenset({"flip"})
WITHOUT_SUMS = {
    "CIFAR-10, pickle": Data(PICKLED, _cifar10, FLIPPED),
    "CIFAR-10, binary": Data(BINARY, _cifar10, FLIPPED),
    "MNIST, images": Data(DIGIT_IMAGES | DIGIT_LABELS, _mnist, FLIPPED),
    "MNIST, images, gz": Data(ZIPPED_IMAGES | DIGIT_LABELS, _mnist),
    "MNIST, labels": Data(DIGIT_LABELS | DIGIT_IMAGES, _mnist, FLIPPED),
}
ROWS = (
    {name: _published(data) for name, data in WITHOUT_SUMS.items()}
    | {f"{name}, verify=False": data for name, data in WITHOUT_SUMS.items()}
    | {"CIFAR-100, binary": Data({"test.bin": _records(HUNDRED // 5, HUNDRED)}, _cifar100, FLIPPED)}
    | {
        kind: Data({f"a/x.{suffix}": raw, "b/x.bmp": _photograph("BMP")}, _folder, silent)
        for kind, suffix, raw, silent in (
            ("PNG", "png", _photograph("PNG"), frozenset()),
            ("JPEG", "jpg", _photograph("JPEG"), FLIPPED),
            ("JPEG, progressive", "jpg", _photograph("JPEG", progressive=True), FLIPPED),
            ("BMP", "bmp", _photograph("BMP"), FLIPPED),
            ("TIFF", "tif", _photograph("TIFF"), FLIPPED),
            ("TIFF, LZW", "tif", _photograph("TIFF", compression="tiff_lzw"), FLIPPED),
            ("WebP", "webp", _photograph("WEBP"), FLIPPED),
            ("GIF", "gif", _photograph("GIF"), FLIPPED),
            ("PPM", "ppm", _photograph("PPM"), FLIPPED),
        )
    }
)
OUTCOMES = ("detected", "same", "silent", "other", "slow")


def campaign(name, folder, share):
    """Counts of outcomes by kind of damage, of a share of the whole campaign, drawn from a seed."""
    data, chance, counts = ROWS[name], random.Random(name), Counter()
    for file, raw in data.files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(raw)
    whole = data.read(folder)
    file, raw = next(iter(data.files.items()))
    for kind, damaged in damages(raw, chance, share):
        (folder / file).write_bytes(damaged)
        start = time.process_time()
        outcome = _outcome(data, folder, whole)
        counts[kind, "slow" if time.process_time() - start > SLOW else outcome] += 1
    return counts


def damages(raw, chance, share):
    """Pairs of a kind of damage and the damaged bytes."""
    for _ in range(round(FLIPS * share)):
        place, flip = chance.randrange(len(raw)), chance.randrange(1, 256)
        yield "flip", raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :]
    for _ in range(round(CUTS * share)):
        yield "cut", raw[: chance.randrange(len(raw))]


def _outcome(data, folder, whole):
    try:
        found = data.read(folder)
    except ValueError as error:
        return "detected" if str(folder) in str(error) else "other"
    except Exception:
        return "other"
    same = all(a.shape == b.shape and np.array_equal(a, b) for a, b in zip(found, whole, strict=True))
    return "same" if same else "silent"


def check(name, folder, share):
    counts = campaign(name, folder, share)
    assert not {outcome for _, outcome in counts} & {"other", "slow"}, counts
    assert {kind for kind, outcome in counts if outcome == "silent"} <= ROWS[name].silent, counts
    assert counts["cut", "detected"] >= 0.9 * round(CUTS * share), counts


@pytest.mark.parametrize("name", ROWS)
def test_a_tenth_of_the_damages_ends_in_a_sentence(name, tmp_path):
    check(name, tmp_path, 0.1)


@pytest.mark.deep
@pytest.mark.parametrize("name", ROWS)
def test_every_damage_ends_in_a_sentence(name, tmp_path):
    check(name, tmp_path, 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of Pillow
    print("| data | damage | tried | detected | same content | silent | other exception | slow |")
    print("|---|---|---|---|---|---|---|---|")
    wrong = 0
    for row in ROWS:
        with tempfile.TemporaryDirectory() as room:
            found = campaign(row, Path(room), 1)
        for kind, called in (("flip", "one byte changed"), ("cut", "cut")):
            numbers = [found[kind, outcome] for outcome in OUTCOMES]
            wrong += sum(numbers[3:])
            print(f"| {row} | {called} | {' | '.join(map(str, [sum(numbers), *numbers]))} |", flush=True)
    sys.exit(wrong > 0)
