"""MNIST and Fashion-MNIST, from their published IDX files."""

from ..arguments import check_choice
from .checksums import Published, check_md5
from .idx import read_idx
from .search import SEARCH_PATH, DataNotFound, find

__all__ = ["FASHION_MNIST_NAMES", "MNIST_NAMES", "fashion_mnist", "mnist", "read_fashion_mnist", "read_mnist"]

MNIST_NAMES = tuple("0123456789")
FASHION_MNIST_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)

_PREFIXES = {"train": "train", "test": "t10k"}
_SUFFIXES = ("", ".gz")
_SIDE, _CLASSES = 28, 10
# Of the files without their compression: one sum, whoever compressed them.
_MNIST = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
_FASHION = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
_MNIST_FOLDERS = ("mnist", "MNIST/raw", "MNIST")
_FASHION_FOLDERS = ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST")


def mnist(folder=None, split="train", *, verify=True):
    """MNIST: 60,000 train and 10,000 test handwritten digits, from its four IDX files, plain or compressed by gzip.

    folder : the folder of the files, or one that holds it as `mnist`, `MNIST` or `MNIST/raw`, itself or one level
        below; None for every entry of COLLAPSE_THEORY_DATA, which must hold it under such a name: Fashion-MNIST has
        files of the same names
    split : "train" or "test"
    verify : compare the files with their md5 sums; False reads other files of the same layout, of any length

    Returns (images (N, 1, 28, 28) uint8, labels (N,) int64), in the order of the files; ink is 255, paper 0.
    Raises DataNotFound, a FileNotFoundError, if a file is missing; ValueError if one is damaged, or `split` unknown.
    Source: LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition.
    """
    return read_mnist(folder, split, verify=verify)[:2]


def fashion_mnist(folder=None, split="train", *, verify=True):
    """Fashion-MNIST: 60,000 train and 10,000 test photographs of ten kinds of clothing, in the layout of MNIST.

    folder : as in `mnist`, under the name `fashion_mnist`, `fashion-mnist`, `FashionMNIST` or `FashionMNIST/raw`
    split, verify : as in `mnist`

    Returns (images (N, 1, 28, 28) uint8, labels (N,) int64), in the order of the files; labels index
    FASHION_MNIST_NAMES, the background is 0.
    Raises as `mnist`.
    Source: Xiao, Rasul & Vollgraf (2017), Fashion-MNIST: a novel image dataset.
    """
    return read_fashion_mnist(folder, split, verify=verify)[:2]


def read_mnist(folder, split, *, verify):
    """MNIST as `Published`."""
    return _read("MNIST", folder, split, md5=_MNIST if verify else {}, folders=_MNIST_FOLDERS)


def read_fashion_mnist(folder, split, *, verify):
    """Fashion-MNIST as `Published`."""
    return _read("Fashion-MNIST", folder, split, md5=_FASHION if verify else {}, folders=_FASHION_FOLDERS)


def _read(name, folder, split, *, md5, folders):
    check_choice("split", split, tuple(_PREFIXES))
    files = [f"{_PREFIXES[split]}-images-idx3-ubyte", f"{_PREFIXES[split]}-labels-idx1-ubyte"]
    advice = (
        f"Get the IDX files of {name} and name the folder that holds them as `folder`, or put them in a folder "
        f"{folders[0]} within an entry of the environment variable {SEARCH_PATH}; compressed or not"
    )
    wanted = [f"{inner}/{files[0]}{suffix}" for inner in folders for suffix in _SUFFIXES]
    place = find(name, folder, wanted=wanted, advice=advice, alone=folder is not None).parent
    arrays = [_read_file(name, place, file, md5=md5.get(file), advice=advice) for file in files]
    images, labels = arrays
    if images.shape[1:] != (_SIDE, _SIDE) or labels.shape != images.shape[:1] or not labels.size:
        expected = f"(N, {_SIDE}, {_SIDE}) images and N labels"
        raise ValueError(f"{name}: expected {expected} in {place}, got {images.shape} and {labels.shape}")
    if labels.max() >= _CLASSES:
        raise ValueError(f"{place / files[1]}: expected labels in 0 .. {_CLASSES - 1}, got {labels.max()}")
    return Published(images[:, None].copy(), labels.astype("int64"), place, bool(md5))


def _read_file(name, place, file, *, md5, advice):
    for path in [place / (file + suffix) for suffix in _SUFFIXES]:
        if path.is_file():
            array, raw = read_idx(path, axes=3 if "images" in file else 1)
            check_md5(path, raw, md5)
            return array
    raise DataNotFound(f"{name}: {place} lacks {file} and {file}.gz. {advice}.")
