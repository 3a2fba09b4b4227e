"""MNIST, Fashion-MNIST and EMNIST, from their published IDX files."""

import gzip
import math
import os
import zlib
from dataclasses import dataclass, field

import numpy as np

from ..arguments import check_choice
from .data_files import SEARCH_PATH, DataNotFound, Published, check_md5, find

__all__ = [
    "EMNIST_NAMES",
    "FASHION_MNIST_NAMES",
    "MNIST_NAMES",
    "emnist",
    "fashion_mnist",
    "mnist",
    "read_emnist",
    "read_fashion_mnist",
    "read_mnist",
]

MNIST_NAMES = tuple("0123456789")
FASHION_MNIST_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MERGED = MNIST_NAMES + tuple(_CAPITALS) + tuple("abdefghnqrt")
EMNIST_NAMES = {
    "balanced": _MERGED,
    "byclass": MNIST_NAMES + tuple(_CAPITALS + _CAPITALS.lower()),
    "bymerge": _MERGED,
    "digits": MNIST_NAMES,
    "letters": tuple(_CAPITALS),
    "mnist": MNIST_NAMES,
}

_PREFIXES = {"train": "train", "test": "t10k"}
_SIDE, _CLASSES = 28, 10
_GZIP = b"\x1f\x8b"
_MOST_EXPANSION = 1032  # DEFLATE cannot expand further: two bits for a copy of 258 bytes


@dataclass(frozen=True)
class _Idx:
    """A data set of images and labels in IDX files.

    name : how an error calls it
    folders : that hold it, best first
    files : the names of images and labels, by split
    counts : of images, by split, as published
    labels : (first, number of classes)
    md5 : of the files without their compression: one sum, whoever compressed them; {} where none is published
    alone : whether the names of the files tell whose they are
    """

    name: str
    folders: tuple[str, ...]
    files: dict[str, tuple[str, str]]
    counts: dict[str, int]
    labels: tuple[int, int] = (0, _CLASSES)
    md5: dict[str, str] = field(default_factory=dict)
    alone: bool = False

    @property
    def advice(self):
        return (
            f"Get the IDX files of {self.name} and name the folder that holds them as `folder`, or put them in a "
            f"folder {self.folders[0]} within an entry of the environment variable {SEARCH_PATH}; compressed or not"
        )


def _pair(prefix):
    return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"


_FILES = {split: _pair(prefix) for split, prefix in _PREFIXES.items()}
_COUNTS = {"train": 60_000, "test": 10_000}
_MNIST = _Idx(
    "MNIST",
    ("mnist", "MNIST/raw", "MNIST"),
    _FILES,
    _COUNTS,
    md5={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
)
_FASHION = _Idx(
    "Fashion-MNIST",
    ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST", "data/fashion"),
    _FILES,
    _COUNTS,
    md5={
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
)
_EMNIST = {
    kind: _Idx(
        f"EMNIST, {kind}",
        ("emnist", "EMNIST/raw", "EMNIST", "gzip"),
        {split: _pair(f"emnist-{kind}-{split}") for split in _PREFIXES},
        dict(zip(_PREFIXES, counts, strict=True)),
        labels=(int(kind == "letters"), len(EMNIST_NAMES[kind])),
        alone=True,
    )
    for kind, counts in {
        "balanced": (112_800, 18_800),
        "byclass": (697_932, 116_323),
        "bymerge": (697_932, 116_323),
        "digits": (240_000, 40_000),
        "letters": (124_800, 20_800),
        "mnist": (60_000, 10_000),
    }.items()
}


def mnist(
    folder: str | os.PathLike | None = None, split: str = "train", *, verify: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """MNIST: 60,000 train and 10,000 test handwritten digits, from its four IDX files, plain or compressed by gzip.

    folder : the folder of the files, or one that holds it as `mnist`, `MNIST` or `MNIST/raw`, itself or one level
        below; None for every entry of COLLAPSE_THEORY_DATA, which must hold it under such a name: Fashion-MNIST has
        files of the same names. They may also be called train-images.idx3-ubyte, as some archives write it
    split : "train" or "test"
    verify : compare the files with their md5 sums; False reads other files of the same layout, of any length

    Returns (images (N, 1, 28, 28) uint8, labels (N,) int64), in the order of the files; ink is 255, paper 0.
    Memory: twice the images, 784 bytes each.
    Raises DataNotFound, a FileNotFoundError, if a file is missing; ValueError if one is damaged, or `split` unknown.
    Source: LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition.
    """
    return read_mnist(folder, split, verify=verify)[:2]


def fashion_mnist(
    folder: str | os.PathLike | None = None, split: str = "train", *, verify: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Fashion-MNIST: 60,000 train and 10,000 test photographs of ten kinds of clothing, in the layout of MNIST.

    folder : as in `mnist`, under the name `fashion_mnist`, `fashion-mnist`, `FashionMNIST` or `FashionMNIST/raw`; or a
        clone of its repository, which has them in `data/fashion`
    split, verify : as in `mnist`

    Returns (images (N, 1, 28, 28) uint8, labels (N,) int64), in the order of the files; labels index
    FASHION_MNIST_NAMES, the background is 0.
    Raises as `mnist`.
    Source: Xiao, Rasul & Vollgraf (2017), Fashion-MNIST: a novel image dataset.
    """
    return read_fashion_mnist(folder, split, verify=verify)[:2]


def emnist(
    folder: str | os.PathLike | None = None, split: str = "train", *, kind: str = "balanced", verify: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """EMNIST: handwritten digits and letters, in the layout of MNIST, divided in six ways.

    folder : the folder of the files emnist-KIND-train-images-idx3-ubyte and so on, plain or compressed by gzip, or one
        that holds it as `emnist`, `EMNIST`, `EMNIST/raw` or `gzip`, itself or one level below; None for every entry
        of COLLAPSE_THEORY_DATA
    split : "train" or "test"
    kind : "byclass", 62 digits, capitals and small letters; "bymerge", 47, without the small letters that look like
        their capitals; "balanced", these 47, as many of each; "letters", 26, capital or small; "digits" or "mnist", 10
    verify : count the images, since no checksum of the files is published; False reads any number of them

    Returns (images (N, 1, 28, 28) uint8, labels (N,) int64), in the order of the files; labels index
    EMNIST_NAMES[kind]. The files hold each image with rows and columns exchanged, and number letters from 1: here
    images are upright, as MNIST's, and labels begin at 0.
    Raises as `mnist`.
    Source: Cohen, Afshar, Tapson & van Schaik (2017), EMNIST: an extension of MNIST to handwritten letters.
    """
    return read_emnist(folder, split, kind=kind, verify=verify)[:2]


def read_mnist(folder, split, *, verify):
    """MNIST as `Published`.  Raises as `mnist`."""
    return _read(_MNIST, folder, split, verify)


def read_fashion_mnist(folder, split, *, verify):
    """Fashion-MNIST as `Published`.  Raises as `mnist`."""
    return _read(_FASHION, folder, split, verify)


def read_emnist(folder, split, *, kind="balanced", verify):
    """EMNIST as `Published`.  Raises as `mnist`."""
    check_choice("kind", kind, tuple(_EMNIST))
    found = _read(_EMNIST[kind], folder, split, verify)
    return found._replace(images=np.ascontiguousarray(found.images.swapaxes(-2, -1)))


def _read(data, folder, split, verify):
    check_choice("split", split, tuple(_PREFIXES))
    files = [_spellings(file) for file in data.files[split]]
    wanted = [f"{inner}/{spelling}" for inner in data.folders for spelling in files[0]]
    alone = data.alone or folder is not None
    place = find(data.name, folder, wanted=wanted, advice=data.advice, alone=alone).parent
    paths = [next((place / name for name in spellings if (place / name).is_file()), None) for spellings in files]
    if None in paths:
        lacking = files[paths.index(None)]
        raise DataNotFound(f"{data.name}: {place} lacks {lacking[0]} and {lacking[0]}.gz. {data.advice}.")
    count, (first, classes) = data.counts[split] if verify else None, data.labels
    images, raw_images = _read_idx(paths[0], (count, _SIDE, _SIDE))
    labels, raw_labels = _read_idx(paths[1], (len(images),))
    md5 = data.md5 if verify else {}
    for file, path, raw in zip(data.files[split], paths, (raw_images, raw_labels), strict=True):
        check_md5(path, raw, md5.get(file))
    if labels.min() < first or labels.max() >= first + classes:
        expected = f"labels in {first} .. {first + classes - 1}"
        raise ValueError(f"{paths[1]}: expected {expected}, got {labels.min()} .. {labels.max()}")
    return Published(images[:, None].copy(), labels.astype(np.int64) - first, place, bool(md5))


def _spellings(file):
    """The names that a file goes by: as published, as archives write it, and each compressed."""
    return [f"{name}{suffix}" for name in (file, file.replace("-idx", ".idx")) for suffix in ("", ".gz")]


def _read_idx(path, expected):
    """Read an IDX file of bytes.

    path : Path of the file; whether it is compressed is read off its first bytes, not off its name
    expected : the shape that the array must have, with None for a length that is not known; another one is refused by
        the header, before anything is decompressed

    Returns (array uint8, read-only; the whole uncompressed file as bytes).
    Raises ValueError, naming the file, if its magic number or its shape is another, if it is shorter or longer than its
    header says, or does not fit into memory.
    Source: the format is described at the end of the page of MNIST, http://yann.lecun.com/exdb/mnist/.
    """
    with path.open("rb") as plain:
        compressed = plain.read(2) == _GZIP
        plain.seek(0)
        try:
            raw, shape = _read_whole(path, gzip.GzipFile(fileobj=plain) if compressed else plain, expected)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: a damaged or truncated gzip file ({error})") from error
        except (MemoryError, OverflowError):
            raise ValueError(f"{path}: more than fits into memory") from None
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * len(shape)).reshape(shape), raw


def _read_whole(path, file, expected):
    """The whole file, never more than its header promises and one byte; and the shape."""
    axes = len(expected)
    head, magic = file.read(4 + 4 * axes), bytes([0, 0, 8, axes])
    if head[:4] != magic or len(head) < 4 + 4 * axes:
        wanted = f"the magic number {magic.hex()} (bytes, {axes} axes) and {axes} sizes"
        raise ValueError(f"{path}: not this IDX file: expected {wanted}, got {head[:4].hex() or 'nothing'}")
    shape = tuple(int(n) for n in np.frombuffer(head, dtype=">u4", offset=4))
    if any(wanted not in (None, got) for wanted, got in zip(expected, shape, strict=True)) or 0 in shape:
        wanted = str(tuple("N" if n is None else n for n in expected)).replace("'", "")
        raise ValueError(f"{path}: expected an array of shape {wanted}, none of them 0, got {shape}")
    promised, size = math.prod(shape), path.stat().st_size
    rest = file.read(promised + 1) if promised <= _MOST_EXPANSION * size else b""
    if len(rest) != promised:
        got = "more" if len(rest) > promised else f"{len(rest):,}" if rest else f"a file of {size:,} in all"
        raise ValueError(f"{path}: the header promises {shape}, {promised:,} bytes, got {got}")
    return head + rest, shape
